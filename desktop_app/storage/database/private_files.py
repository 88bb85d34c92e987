"""Files that only the person can read, and that are on disk when we say so."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path


def create_private_folder(folder: Path) -> None:
    """Make `folder` and its parents where they are missing; `folder` for its owner alone."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)


def tighten(folder: Path) -> None:
    """Take from others what an older version left them of a folder and of what lies in it.

    Subfolders are closed, not entered: that alone hides their files.
    """
    with suppress(OSError):
        if folder.stat().st_uid != os.geteuid():
            return
        _close_to_others(folder)
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.is_symlink():
                    _close_to_others(entry)


def _close_to_others(path: Path | os.DirEntry[str]) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        os.chmod(path, mode & 0o700)  # noqa: PTH101 - also of an entry


def create_private(path: Path) -> None:
    """Make an empty file for its owner alone, unless it is there already.

    SQLite gives the modes of the database to the files that it puts beside it.
    """
    create_private_folder(path.parent)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def sync(path: Path) -> None:
    """Have the content of a file, or the names in a folder, written to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
