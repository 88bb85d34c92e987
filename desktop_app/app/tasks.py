"""Asyncio tasks with an owner, which keeps them until they end and reports their failures."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from typing import Any, Final, TypeVar

from desktop_app.domain.errors import UserFacingError

# Writes take milliseconds; a slow provider must not delay the program's end.
SHUTDOWN_TIMEOUT_S = 2.0

Work = Coroutine[Any, Any, Any]

RUNNING_COMMAND: Final[ContextVar[str]] = ContextVar("running_command", default="")
"""The title of the command that runs, also in the tasks that it starts."""


class Tasks:
    """Owner of the tasks that plain slots start.

    `on_error` gets errors for the user; others are defects and go to the event loop's exception
    handler.
    """

    def __init__(self, on_error: Callable[[UserFacingError], None]) -> None:
        self._on_error = on_error
        self._running: set[asyncio.Task[Any]] = set()
        self._closed_loop: asyncio.AbstractEventLoop | None = None  # None until `shut_down`

    def start(self, work: Work) -> asyncio.Future[Any]:
        """Start a task that runs `work`; after `shut_down`, return a canceled future instead."""
        if self._closed_loop is not None:  # a timer may still fire, even after the loop's end
            # Not a canceled task: the loop may end before the task's first step.
            work.close()
            canceled: asyncio.Future[Any] = asyncio.Future(loop=self._closed_loop)
            canceled.cancel()
            return canceled
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._on_done)
        return task

    def slot(self, work: Callable[..., Work]) -> Callable[..., None]:
        """Return a slot that starts a task, with the arguments of the signal."""

        def start(*arguments: Any) -> None:
            self.start(work(*arguments))

        return start

    def _on_done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, UserFacingError):
            self._on_error(error)
        elif error is not None:
            context = {"message": "a task failed", "exception": error, "task": task}
            task.get_loop().call_exception_handler(context)

    async def shut_down(self, timeout_s: float = SHUTDOWN_TIMEOUT_S) -> None:
        """Shut down: wait, cancel stragglers, refuse new tasks.

        The widgets that new tasks would change are about to be destroyed.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while self._running:
                    await asyncio.wait(set(self._running))
        except TimeoutError:
            for task in self._running:
                task.cancel()
        # Now, because a timer that starts task after task must not delay the end.
        self._closed_loop = asyncio.get_running_loop()
        while self._running:
            await asyncio.wait(set(self._running))


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
