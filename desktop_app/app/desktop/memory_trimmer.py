"""The return of memory to the system, after the start and while nothing is visible."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer

from desktop_app.app.startup.gc_policy import collect_and_trim
from desktop_app.app.startup.memory_release import release_file_pages

if TYPE_CHECKING:
    from desktop_app.app.tasks import Tasks

IDLE_MS: Final = 10_000


class MemoryTrimmer(QObject):
    """Timer that frees memory ten seconds after the start, and after the program becomes idle.

    Args:
        is_idle: returns True if nothing is visible and no answer streams.
    """

    def __init__(self, parent: QObject, is_idle: Callable[[], bool], *, tasks: Tasks) -> None:
        super().__init__(parent)
        self._is_idle = is_idle
        self._tasks = tasks
        self._has_released = False
        self._timer = QTimer(self, singleShot=True, interval=IDLE_MS)
        self._timer.timeout.connect(self._release)

    def restart_timer(self) -> None:
        """Wait ten seconds again: the start or an answer ended, or a window was hidden."""
        self._timer.start()

    def close(self) -> None:
        """Stop waiting, because the program ends."""
        self._timer.stop()

    def _release(self) -> None:
        # After the start, even a visible window does not need everything that the start needed.
        if not self._has_released or self._is_idle():
            self._has_released = True
            collect_and_trim()
            self._tasks.start(asyncio.to_thread(release_file_pages))
