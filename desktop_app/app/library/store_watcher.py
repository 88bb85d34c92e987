"""What other processes write into the store: `repartee import`, `repartee ask --save`.

The write-ahead log changes with every write, and the system tells of that; nothing is polled.
Whether it was somebody else's is asked of SQLite. Many writes in a row are told a few times a
second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

if TYPE_CHECKING:
    from desktop_app.app.tasks import Tasks
    from desktop_app.storage.database.database import Database

PAUSE_MS = 300


class StoreWatcher(QObject):
    """Watches the store.

    Signals:
        store_changed(): somebody else has written to it.
    """

    store_changed = Signal()

    def __init__(self, database: Database, tasks: Tasks, parent: QObject) -> None:
        super().__init__(parent)
        self._database, self._tasks = database, tasks
        self._log = f"{database.path}-wal"
        self._version = 0
        self._is_closed = False
        self._watcher = QFileSystemWatcher(self)
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._watcher.fileChanged.connect(self._touched)
        self._pause.timeout.connect(lambda: tasks.start(self._look()))

    async def watch(self) -> None:
        """Tell of writes from now on. The store has been read, and so has a log."""
        self._version = await self._database.foreign_version()
        self._watcher.addPath(self._log)

    def close(self) -> None:
        """Tell nothing more: the store is about to be closed."""
        self._is_closed = True
        self._pause.stop()
        self._watcher.removePath(self._log)

    def _touched(self) -> None:
        # Not begun anew by each write: one that writes on and on is followed as well.
        if not self._is_closed and not self._pause.isActive():
            self._pause.start()

    async def _look(self) -> None:
        if self._is_closed:
            return
        version = await self._database.foreign_version()
        if self._log not in self._watcher.files():  # another one since, by whatever means
            self._watcher.addPath(self._log)
        if version != self._version:
            self._version = version
            self.store_changed.emit()
