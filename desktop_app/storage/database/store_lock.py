"""The lock on an open store, which the kernel releases when a process ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from desktop_app.domain.errors import StorageError


class StoreLock:
    """A lock that all processes share while they have the store open.

    Start-up checks, migrations, restores, repairs and erasures lock exclusively. The lock is on
    a separate file, because closing any descriptor of the database would drop SQLite's own locks.
    """

    def __init__(self, path: Path) -> None:
        lock_file = path.with_name(path.name + "-lock")
        self._descriptor = os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def try_exclusive(self) -> bool:
        """Lock exclusively and return True; if others have the lock, share it and return False."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.share()
            return False
        return True

    def share(self) -> None:
        """Share the lock with other processes. Wait while one of them has it exclusively."""
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def release(self) -> None:
        """Release the lock."""
        os.close(self._descriptor)


@contextmanager
def exclusive_lock(database: Path, message: str, hint: str) -> Iterator[None]:
    """Hold a store's lock exclusively.

    Raises:
        StorageError: other processes have the store open; the error has these sentences.
    """
    lock = StoreLock(database)
    try:
        if not lock.try_exclusive():
            raise StorageError(message, hint)
        yield
    finally:
        lock.release()
