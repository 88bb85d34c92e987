"""Who has the store open: told by a lock, which the kernel lets go of however a process ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class StoreLock:
    """Held by every process that has the store open; alone by one that checks or migrates it.

    On a file of its own: closing any descriptor of the database would drop SQLite's own locks.
    """

    def __init__(self, path: Path) -> None:
        file = path.with_name(path.name + "-lock")
        self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def take(self) -> bool:
        """Take it alone and return True; where others hold it, share it and return False."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.share()
            return False
        return True

    def share(self) -> None:
        """Hold it together with others; waits while one holds it alone."""
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def release(self) -> None:
        """Let go of it."""
        os.close(self._descriptor)
