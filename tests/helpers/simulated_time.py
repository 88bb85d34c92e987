"""An event loop whose clock jumps to the next timer instead of waiting for it."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def run_in_simulated_time(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that waits for nothing but timers. The loop's clock begins at 0."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(main)


def in_simulated_time(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Return a coroutine function as a function that runs it on a loop of its own."""

    @wraps(function)
    def run(*arguments: P.args, **options: P.kwargs) -> T:
        return run_in_simulated_time(function(*arguments, **options))

    return run


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._clock = _Clock()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now

    async def shutdown_default_executor(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 — asyncio's signature
    ) -> None:
        """Wait for the threads without a limit, which would pass at once on this clock."""
        del timeout
        await super().shutdown_default_executor()


class _Clock(selectors.SelectSelector):
    """A selector that takes no time."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now += timeout or 0.0
        return super().select(0)
