"""The lock on an open store, which the kernel releases when a process ends."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from desktop_app.domain.errors import StorageError
from desktop_app.i18n.translation import N_
from desktop_app.system import OPEN_FLAGS, are_bytes_locked, lock

# SQLite's source, os.h: SHARED_FIRST and SHARED_SIZE.
_SHARED_FIRST: Final = 0x40000002
_SHARED_SIZE: Final = 510
_MAX_RECORD_BYTES: Final = 200
RESTORE_PREFIX: Final = ".restore-"
REPAIR_PREFIX: Final = ".repair-"
UPGRADE_PREFIX: Final = ".upgrade-"


class StoreLock:
    """A lock that all processes share while they have the store open.

    Start-up checks, migrations, restores, repairs and erasures lock exclusively. The lock is on
    a separate file, because closing any descriptor of the database would drop SQLite's own locks.
    """

    def __init__(self, path: Path) -> None:
        lock_file = path.with_name(path.name + "-lock")
        self._descriptor = os.open(lock_file, os.O_RDWR | os.O_CREAT | OPEN_FLAGS, 0o600)

    def try_exclusive(self) -> bool:
        """Lock exclusively and return True; if others have the lock, share it and return False."""
        try:
            lock(self._descriptor, waits=False)
        except BlockingIOError:
            self.share()
            return False
        return True

    def share(self) -> None:
        """Share the lock with other processes. Wait while one of them has it exclusively."""
        lock(self._descriptor, is_shared=True)

    def try_share(self) -> bool:
        """Share the lock and return True; return False if another process has it exclusively."""
        try:
            lock(self._descriptor, is_shared=True, waits=False)
        except BlockingIOError:
            return False
        return True

    def record(self, text: str) -> None:
        """Replace the text for processes that share the lock; the caller has it exclusively."""
        with suppress(OSError):  # without room, the others find ""
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            os.write(self._descriptor, text.encode())

    def recorded(self) -> str:
        """Return the text that the first of the sharing processes recorded."""
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        return os.read(self._descriptor, _MAX_RECORD_BYTES).decode(errors="replace")

    def release(self) -> None:
        os.close(self._descriptor)


@contextmanager
def exclusive_lock(database: Path, message: str, hint: str) -> Iterator[None]:
    """Hold a store's lock exclusively.

    Raises:
        StorageError: other processes have the store open; the error has these sentences, or names
            another program.
    """
    store_lock = StoreLock(database)
    try:
        if not store_lock.try_exclusive():
            raise StorageError(message, hint)
        if is_open_in_sqlite(database):
            raise other_program_error(database)
        yield
    finally:
        store_lock.release()


def remove_abandoned_scratch(database: Path) -> None:
    """Remove what a killed restore, repair or upgrade left beside the store, unless one runs."""
    if not _scratch_folders(database):
        return
    with suppress(OSError):  # the next start tries again
        store_lock = StoreLock(database)
        try:
            if store_lock.try_share():
                remove_scratch_folders(database)
        finally:
            store_lock.release()


def remove_scratch_folders(database: Path) -> None:
    """Remove the folders of restores, repairs and upgrades. The caller has the store's lock."""
    for folder in _scratch_folders(database):
        shutil.rmtree(folder)


def _scratch_folders(database: Path) -> list[Path]:
    prefixes = (RESTORE_PREFIX, REPAIR_PREFIX, UPGRADE_PREFIX)
    return [folder for prefix in prefixes for folder in database.parent.glob(f"{prefix}*")]


def other_program_error(database: Path) -> StorageError:
    """Return the error of a store that a program without the store's lock has open."""
    return StorageError(
        N_("Another program is using your library {place}."),
        hint=N_("Close that program, then try again."),
        place=str(database),
    )


def is_open_in_sqlite(database: Path) -> bool:
    """Return True if another process has the file open, even if somebody removed the lock file.

    SQLite holds a shared lock on these bytes as long as a store in WAL mode is open. This process
    must not have it open: closing the file here would drop its own locks.
    """
    try:
        with database.open("r+b") as file:
            return are_bytes_locked(file.fileno(), _SHARED_FIRST, _SHARED_SIZE)
    except OSError:  # there is no store, or it is read-only
        return False
