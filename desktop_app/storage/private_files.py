"""Files that only the user can read."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from desktop_app.system import OPEN_FLAGS, clone, sync


def create_private_folder(folder: Path) -> None:
    """Create `folder`, for its owner only, and missing parents, unless `folder` exists."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)


def create_private(path: Path) -> None:
    """Create an empty file that only its owner can read, unless it exists.

    SQLite gives the same mode to the files that it creates beside the database.
    """
    create_private_folder(path.parent)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | OPEN_FLAGS, 0o600))


def copy_private(source: Path, target: Path) -> None:
    """Copy a file to disk for its owner only, by sharing its blocks if possible."""
    create_private(target)
    if not clone(source, target):
        shutil.copyfile(source, target)
    sync(target)
