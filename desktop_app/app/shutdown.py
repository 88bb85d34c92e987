"""The shutdown of a session, in steps."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

from desktop_app.domain.activity_log import described
from desktop_app.domain.errors import UserFacingError

log = logging.getLogger(__name__)

EndStep = Callable[[], Awaitable[object] | None]


class Shutdown:
    """The shutdown of a session.

    Args:
        steps: returns the steps in their order.
    """

    def __init__(self, steps: Callable[[], Iterable[EndStep]]) -> None:
        self._steps = steps
        self._has_ended = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def has_begun(self) -> bool:
        """Return True once it has begun."""
        return self._task is not None

    def begin(self) -> None:
        """Run the steps, unless they run already."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def wait(self) -> None:
        """Wait until all steps have run."""
        await self._has_ended.wait()

    async def _run(self) -> None:
        """Run all steps; a step that raises must not prevent the next."""
        for step in self._steps():
            task = asyncio.create_task(_run_step(step))
            await asyncio.wait([task])
            match task.exception():
                case None:
                    pass
                case UserFacingError() as error:  # there is no window left to show it
                    log.error("%s", described(error))
                case error:
                    log.error("a step of the end failed", exc_info=error)
        self._has_ended.set()


async def _run_step(step: EndStep) -> None:
    work = step()
    if work is not None:
        await work
