"""A folder: the documents in it and below it as one text, those that a file manager would show."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from desktop_app.documents import collection, media_type, reading, refusals
from desktop_app.documents.collection import Collection
from desktop_app.documents.files import read_regular_file
from desktop_app.documents.outcome import OnProgress, Read
from desktop_app.documents.protocol import Limits, Progress
from desktop_app.domain.errors import DocumentError

_DEEPEST: Final = 16


def read(path: Path, limits: Limits, on_progress: OnProgress) -> Read:
    """The files in the order of their names, each under its path. Links lead nowhere from here.

    Raises:
        DocumentTooLargeError, DocumentEmptyError
        OSError: the folder itself cannot be read.
    """
    found = Collection(limits, on_progress, 0, reading.read)
    files: list[os.DirEntry[str]] = []
    for entry in _entries(path, found, str(path), 0):
        files.append(entry)
        if len(files) > limits.pages:
            raise refusals.too_many(path.name, len(files), "files", limits.pages)
    left = limits.unpacked_bytes
    for number, entry in enumerate(files):
        name = os.path.relpath(entry.path, path)
        try:
            data = read_regular_file(Path(entry.path), limits)
        except (OSError, DocumentError):
            found.leave_out(name, "unreadable or too large")
            continue
        left -= len(data)
        if left < 0:
            megabytes = limits.unpacked_bytes >> 20
            raise refusals.too_large(path.name, f"holds more than {megabytes} MB of files")
        found.add(name, data, number, len(files))
    on_progress(Progress(len(files), len(files), "file"))
    if not found.text():
        raise refusals.empty(path.name, found.note() if found.left_out else "")
    return Read(media_type.FOLDER, found.text(), note=found.note())


def _entries(
    folder: Path | str, found: Collection, root: str, depth: int
) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as rows:
        entries = sorted(rows, key=lambda entry: (entry.name.casefold(), entry.name))
    for entry in entries:
        name = os.path.relpath(entry.path, root)
        if collection.is_hidden(entry.name):
            found.leave_out(name, collection.HIDDEN)
        elif entry.is_symlink():
            found.leave_out(name, collection.LINK)
        elif entry.is_dir(follow_symlinks=False):
            if depth < _DEEPEST:
                yield from _entries(entry.path, found, root, depth + 1)
            else:
                found.leave_out(name, "too deep")
        elif entry.is_file(follow_symlinks=False):
            yield entry
        else:
            found.leave_out(name, "no file")
