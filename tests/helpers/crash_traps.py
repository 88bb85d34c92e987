"""Ends a simulated process before or after any of its steps: calls of a store or a provider."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator
from typing import Any


class EndedError(BaseException):
    """The simulated end of the process; a BaseException, so that no handler runs."""


class Trap:
    """Ends the process at step number `at`.

    Attributes:
        steps: the names of the steps that were taken.
    """

    def __init__(self, at: int, *, behind: bool) -> None:
        self._at, self._behind = at, behind
        self.steps: list[str] = []

    def before(self, name: str) -> None:
        self.steps.append(name)
        if len(self.steps) == self._at and not self._behind:
            raise EndedError(name)

    def after(self) -> None:
        if len(self.steps) == self._at and self._behind:
            raise EndedError(self.steps[-1])


class Trapped:
    """A proxy of a store or provider, each of whose methods is a step."""

    def __init__(self, inner: Any, trap: Trap) -> None:
        self._inner, self._trap = inner, trap

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if inspect.isasyncgenfunction(found):

            async def pieces(*given: Any, **named: Any) -> AsyncGenerator[Any, None]:
                self._trap.before(name)
                async for piece in found(*given, **named):
                    yield piece
                self._trap.after()

            return pieces
        if not inspect.iscoroutinefunction(found):
            return found

        async def step(*given: Any, **named: Any) -> Any:
            self._trap.before(name)
            result = await found(*given, **named)
            self._trap.after()
            return result

        return step
