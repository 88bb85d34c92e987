"""Files that only the user can read, and syncing to disk."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path


def create_private_folder(folder: Path) -> None:
    """Create `folder`, for its owner only, and missing parents, unless `folder` exists."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)


def restrict_access(folder: Path) -> None:
    """Remove the access that an older version gave other users to a folder and its entries.

    The entries of subfolders keep their modes: closing a subfolder already hides them. A link to a
    folder is left as it is, because the user may share that folder.
    """
    with suppress(OSError):
        if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
            return
        _close_to_others(folder)
        with os.scandir(folder) as entries:
            for entry in entries:
                with suppress(OSError):  # the entry is gone, or belongs to another user
                    if not entry.is_symlink():
                        _close_to_others(entry)


def _close_to_others(path: Path | os.DirEntry[str]) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        os.chmod(path, mode & 0o700)  # noqa: PTH101 - also for a DirEntry


def create_private(path: Path) -> None:
    """Create an empty file that only its owner can read, unless it exists.

    SQLite gives the same mode to the files that it creates beside the database.
    """
    create_private_folder(path.parent)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def sync(path: Path) -> None:
    """Sync a file's content, or a folder's entries, to disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
