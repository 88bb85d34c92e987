"""Starts tasks one after another, so that thousands of files do not hold the event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final

MAX_TASKS: Final = 64  # 5,000 tasks at once would hold the event loop for a second

Start = Callable[[], "asyncio.Future[Any] | None"]
"""Starts a task and returns it; returns None if the work was canceled."""


class TaskQueue:
    """A queue of which at most MAX_TASKS tasks run at a time."""

    def __init__(self) -> None:
        self._waiting: deque[Start] = deque()
        self._running = 0

    def add(self, starts: Iterable[Start]) -> None:
        """Add tasks, and start the next ones unless enough run."""
        self._waiting.extend(starts)
        while self._waiting and self._running < MAX_TASKS:
            task = self._waiting.popleft()()
            if task is not None:
                self._running += 1
                task.add_done_callback(self._on_done)

    def _on_done(self, _task: asyncio.Future[Any]) -> None:
        self._running -= 1
        self.add(())
