"""Reads attached files in the parent process, because the reader is confined.

Named pipes, devices and sockets are refused, and links within a folder.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from desktop_app.documents import refusals
from desktop_app.documents.worker.protocol import Limits
from desktop_app.domain import hints
from desktop_app.domain.documents.document_notes import SkipReason
from desktop_app.domain.errors import DocumentError
from desktop_app.i18n.translation import N_
from desktop_app.system import READ_FLAGS

_MAX_DEPTH: Final = 16  # of subfolders: ends a chain of folders mounted into each other
_SYSTEM_FILES: Final = ("__MACOSX", "Thumbs.db", "desktop.ini")
_NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0)  # Windows has no such flag


def read_file(path: Path, limits: Limits, *, follows_link: bool = True) -> bytes:
    """Return the bytes of a regular file.

    Args:
        follows_link: read the file that a link leads to, because the user chose the link.

    Raises:
        DocumentTooLargeError: the file is too large.
        DocumentError: it is not a file, or cannot be opened.
    """
    name = path.name or str(path)  # the root folder has no name
    try:
        # The check precedes opening, because opening a device may change it.
        _require_regular(path.stat(follow_symlinks=follows_link), name)
        flags = READ_FLAGS if follows_link else READ_FLAGS | _NO_LINK
        with os.fdopen(os.open(path, flags), "rb") as file:
            status = os.fstat(file.fileno())
            _require_regular(status, name)
            data = file.read() if status.st_size <= limits.file_bytes else None
    except OSError as error:
        raise refusals.unreadable_error(name, error) from error
    if data is None or len(data) > limits.file_bytes:
        raise refusals.file_too_large_error(name, limits)
    return data


def _require_regular(status: os.stat_result, name: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise DocumentError(N_("“{name}” isn’t a file."), hint=hints.CHECK_FILE, name=name)


def files_below(folder: Path, depth: int = 0) -> Iterator[tuple[Path, SkipReason | None]]:
    """Yield the files in a folder and its subfolders, sorted by name level by level.

    Each comes with the reason why it is left out; None if it is not. Raises OSError if the folder
    cannot be listed; a subfolder is then left out.
    """
    with os.scandir(folder) as rows:
        entries = sorted(rows, key=lambda entry: (entry.name.casefold(), entry.name))
    for entry in entries:
        path = folder / entry.name
        if is_hidden(entry.name):
            yield path, SkipReason.HIDDEN
        elif entry.is_symlink():
            yield path, SkipReason.LINK
        elif entry.is_dir(follow_symlinks=False):
            if depth >= _MAX_DEPTH:
                yield path, SkipReason.TOO_DEEP
                continue
            try:
                yield from files_below(path, depth + 1)
            except OSError:
                yield path, SkipReason.UNREADABLE
        else:
            is_file = entry.is_file(follow_symlinks=False)
            yield path, None if is_file else SkipReason.NO_FILE


def is_hidden(path: str) -> bool:
    """Return True if a path has a part that is hidden, or that a system made for its own data."""
    return any(step.startswith(".") or step in _SYSTEM_FILES for step in path.split("/"))
