"""Detection of writes to the store by other processes, such as `repartee import`.

The write-ahead log changes with every write, and the system reports that, so nothing is polled.
SQLite tells whether another process wrote. A series of writes is reported a few times per second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

if TYPE_CHECKING:
    from desktop_app.app.tasks import Tasks
    from desktop_app.storage.database.database import Database

PAUSE_MS = 300


class StoreWatcher(QObject):
    """Watcher of the store's write-ahead log.

    Signals:
        store_changed(): another process has written to the store.
    """

    store_changed = Signal()

    def __init__(self, database: Database, tasks: Tasks, parent: QObject) -> None:
        super().__init__(parent)
        self._database = database
        self._log_path = f"{database.path}-wal"
        self._seen_version = 0
        self._is_closed = False
        self._watcher = QFileSystemWatcher(self)
        self._timer = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._watcher.fileChanged.connect(self._on_log_changed)
        self._timer.timeout.connect(tasks.slot(self._check_version))

    async def watch(self) -> None:
        """Start watching. The store has been read before, so its log exists."""
        self._seen_version = await self._database.foreign_version()
        self._watcher.addPath(self._log_path)

    def close(self) -> None:
        """Stop watching before the store is closed."""
        self._is_closed = True
        self._timer.stop()
        self._watcher.removePath(self._log_path)

    def _on_log_changed(self) -> None:
        # Writes do not restart the timer, so that an endless series is reported, too.
        if not self._is_closed and not self._timer.isActive():
            self._timer.start()

    async def _check_version(self) -> None:
        if self._is_closed:
            return
        version = await self._database.foreign_version()
        if self._log_path not in self._watcher.files():  # the file was replaced
            self._watcher.addPath(self._log_path)
        if version != self._seen_version:
            self._seen_version = version
            self.store_changed.emit()
