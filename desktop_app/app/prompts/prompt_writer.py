"""Writes changes of prompts and presets to the store, one after another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from PySide6.QtCore import QObject, Signal

from desktop_app.app.tasks import Tasks, Work
from desktop_app.domain.errors import StorageError


class PromptWriter(QObject):
    """The queue of changes that the window shows already.

    A change that the store refuses, as on a full disk, stays in the queue until the next change.

    Signals:
        failure_changed(str): the store refuses the changes for this reason; "" if no longer.
    """

    failure_changed = Signal(str)

    def __init__(self, parent: QObject, tasks: Tasks) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._lock = asyncio.Lock()
        self._queue: list[Callable[[], Work]] = []
        self._failure = ""

    @property
    def has_unwritten(self) -> bool:
        """Return True if a change is not stored yet."""
        return bool(self._queue)

    def start(self, write: Callable[[], Work]) -> None:
        """Write a change after the previous ones."""
        self._queue.append(write)
        self._tasks.start(self._write_all())

    async def write_again(self) -> None:
        """Write what is not stored yet."""
        with suppress(StorageError):  # it has been reported
            await self._write_all()

    async def _write_all(self) -> None:
        async with self._lock:
            try:
                while self._queue:
                    await self._queue[0]()
                    del self._queue[0]
            except StorageError as error:
                self._set_failure(error.sentences)
                raise
        self._set_failure("")

    def _set_failure(self, reason: str) -> None:
        if reason or self._failure:
            self._failure = reason
            self.failure_changed.emit(reason)
