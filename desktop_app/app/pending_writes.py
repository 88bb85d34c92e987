"""Writes of changes that the window shows already.

Reads wait for them, so that an older state never returns to the window.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from desktop_app.app.tasks import Tasks, Work

_T = TypeVar("_T")


class PendingWrites:
    """Writes that run, and a count of changes that reads must not miss."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._writes: set[asyncio.Future[Any]] = set()
        self._change_count = 0

    def start(self, work: Work) -> None:
        """Start the write of a change that is already shown."""
        task = self._tasks.start(work)
        self.invalidate_reads()
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    def invalidate_reads(self) -> None:
        """Have running reads read again, because what is shown has changed."""
        self._change_count += 1

    async def read_settled(self, read: Callable[[], Awaitable[_T]]) -> _T:
        """Call `read` until nothing changes while it reads; return its result."""
        while True:
            while self._writes:
                await asyncio.wait(set(self._writes))
            changes = self._change_count
            found = await read()
            if changes == self._change_count:
                return found
