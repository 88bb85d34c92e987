"""Reads attached files in the parent process, because the reader is confined.

Named pipes, devices and sockets are refused, and links within a folder.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from desktop_app.documents import refusals
from desktop_app.documents.worker.ignored_files import (
    GITIGNORE,
    MAX_GITIGNORE_BYTES,
    IgnoredFiles,
    contains_mark,
)
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


def files_below(folder: Path) -> Iterator[tuple[Path, SkipReason | None]]:
    """Yield the files in a folder and its subfolders, sorted by name level by level.

    Each comes with the reason why it is left out; None if it is not. A subfolder that is left out
    comes in place of its files. Raises OSError if the folder cannot be listed; a subfolder is then
    left out.
    """
    yield from _files_below(folder, "", IgnoredFiles(), depth=0)


def _files_below(
    folder: Path, inner_path: str, ignored: IgnoredFiles, depth: int
) -> Iterator[tuple[Path, SkipReason | None]]:
    """Yield as `files_below`; `inner_path` is the folder's path in the first one."""
    with os.scandir(folder) as rows:
        entries = sorted(rows, key=lambda entry: (entry.name.casefold(), entry.name))
    names = {entry.name for entry in entries}
    if depth and contains_mark(names):
        yield folder, SkipReason.MADE
        return
    if GITIGNORE in names:
        with suppress(DocumentError):
            limits = Limits(file_bytes=MAX_GITIGNORE_BYTES)
            ignored.add_rules(inner_path, read_file(folder / GITIGNORE, limits, follows_link=False))
    for entry in entries:
        path = folder / entry.name
        entry_path = f"{inner_path}/{entry.name}".removeprefix("/")
        is_folder = entry.is_dir(follow_symlinks=False)
        if is_hidden(entry.name):
            yield path, SkipReason.HIDDEN
        elif entry.is_symlink():
            yield path, SkipReason.LINK
        elif reason := ignored.reason(entry_path, names, is_folder=is_folder):
            yield path, reason
        elif is_folder:
            if depth >= _MAX_DEPTH:
                yield path, SkipReason.TOO_DEEP
                continue
            try:
                yield from _files_below(path, entry_path, ignored, depth + 1)
            except OSError:
                yield path, SkipReason.UNREADABLE
        else:
            is_file = entry.is_file(follow_symlinks=False)
            yield path, None if is_file else SkipReason.NO_FILE


def is_hidden(path: str) -> bool:
    """Return True if a path has a part that is hidden, or that a system made for its own data."""
    return any(step.startswith(".") or step in _SYSTEM_FILES for step in path.split("/"))
