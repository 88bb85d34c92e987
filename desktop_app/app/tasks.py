"""Asyncio tasks that somebody owns: kept until they end, their failures shown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from desktop_app.domain.errors import UserFacingError

# Writes take milliseconds; a provider that does not answer must not hold up the program's end.
PATIENCE_S = 2.0

Work = Coroutine[Any, Any, Any]


class Tasks:
    """Starts coroutines from plain slots.

    `on_error` gets what is meant for the person; anything else is a defect and goes to the event
    loop's exception handler.
    """

    def __init__(self, on_error: Callable[[UserFacingError], None]) -> None:
        self._on_error = on_error
        self._running: set[asyncio.Task[Any]] = set()
        self._is_over = False

    def start(self, work: Work) -> asyncio.Task[Any]:
        """Run `work` to its end; behind `settle` not at all."""
        task = asyncio.get_running_loop().create_task(work)
        if self._is_over:  # a timer may fire once more while the store closes
            task.cancel()
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, UserFacingError):
            self._on_error(error)
        elif error is not None:
            context = {"message": "a task failed", "exception": error, "task": task}
            task.get_loop().call_exception_handler(context)

    async def settle(self, patience_s: float = PATIENCE_S) -> None:
        """The end: wait for all that runs and for what that starts; what takes longer is cancelled,
        and what is started later does not run: the widgets that it would speak to go."""
        try:
            async with asyncio.timeout(patience_s):
                while self._running:
                    await asyncio.wait(set(self._running))
        except TimeoutError:
            for task in self._running:
                task.cancel()
            while self._running:
                await asyncio.wait(set(self._running))
        self._is_over = True
