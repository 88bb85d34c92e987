"""Opens attached files in the parent process, because the reader is confined.

The reader receives descriptors of regular files. Named pipes, devices and sockets are refused, as
are links within a folder, even if something creates them after the folder was listed.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Final, NamedTuple, Self

from desktop_app.documents import refusals
from desktop_app.documents.containers import document_bundle
from desktop_app.documents.worker.protocol import Limits
from desktop_app.domain import hints
from desktop_app.domain.documents.document_notes import SkipReason
from desktop_app.domain.errors import DocumentError
from desktop_app.i18n.translation import N_

_MAX_DEPTH: Final = 16  # of subfolders; an arbitrary number
# O_NONBLOCK, because opening a named pipe waits for a writer.
_TO_READ: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Member(NamedTuple):
    """A file in a folder, or a subfolder that is left out.

    Attributes:
        name: its path, relative to the folder.
        skip_reason: why it is not read; "" if it is.
    """

    name: str
    skip_reason: str = ""


class OpenDocument:
    """An open file or folder.

    Attributes:
        descriptor: the open descriptor; -1 once closed.
        size: the bytes of a file; 0 for a folder.
        members: the files in the folder and its subfolders, in reading order; None for a file.
        listing: the members as JSON; b"" for a file.
    """

    def __init__(self, descriptor: int, size: int, members: list[Member] | None) -> None:
        self.descriptor = descriptor
        self.size = size
        self.members = members
        self.listing = b"" if members is None else json.dumps(members).encode()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        descriptor = self.descriptor
        self.descriptor = -1
        if descriptor >= 0:
            os.close(descriptor)

    def open_member(self, number: int) -> int:
        """Return the descriptor of a file in the folder.

        Raises:
            OSError: it cannot be read, or is no longer a regular file.
            IndexError: there is no such member, or it is left out.
        """
        members = self.members or []
        if not 0 <= number < len(members) or members[number].skip_reason:
            raise IndexError(number)
        *folders, name = PurePath(members[number].name).parts
        # Read once: a canceled request closes the folder while a thread opens a file in it.
        top = self.descriptor
        inner = top
        try:
            for folder in folders:
                outer = inner
                inner = os.open(folder, _FOLDER, dir_fd=inner)
                if outer != top:
                    os.close(outer)
            return _require_regular(os.open(name, _TO_READ | os.O_NOFOLLOW, dir_fd=inner))
        finally:
            if inner != top:
                os.close(inner)


def open_document(path: Path, limits: Limits) -> OpenDocument:
    """Open a file or a folder. A link that the user chose is followed.

    Raises:
        DocumentTooLargeError: the file is too large, or the folder has too many files.
        DocumentError: it is neither a file nor a folder, or cannot be opened.
    """
    name = path.name or str(path)  # the root folder has no name
    try:
        # The check precedes opening, because opening a device may change it.
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return _open_folder(path, limits)
        if not stat.S_ISREG(mode):
            raise DocumentError(N_("“{name}” isn’t a file."), hint=hints.CHECK_FILE, name=name)
        descriptor = _require_regular(os.open(path, _TO_READ))
        opened = OpenDocument(descriptor, size=os.fstat(descriptor).st_size, members=None)
    except OSError as error:
        raise refusals.unreadable_error(name, error) from error
    if opened.size > limits.file_bytes:
        opened.close()
        raise refusals.file_too_large_error(name, limits)
    return opened


def _require_regular(descriptor: int) -> int:
    """Return `descriptor` if it is of a regular file; otherwise close it and raise OSError."""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(None, "it is not a file")
    return descriptor


def _open_folder(path: Path, limits: Limits) -> OpenDocument:
    descriptor = os.open(path, _FOLDER & ~os.O_NOFOLLOW)  # the user may have chosen a link
    members = []
    readable_count = 0
    try:
        for member in _members(descriptor, prefix="", depth=0):
            members.append(member)
            if not member.skip_reason:
                readable_count += 1
            if readable_count > limits.pages:
                raise refusals.too_many_files_error(path.name or str(path), limits.pages)
    except (OSError, DocumentError):
        os.close(descriptor)
        raise
    return OpenDocument(descriptor, size=0, members=members)


def _members(folder: int, prefix: str, depth: int) -> Iterator[Member]:
    """Yield the files in an open folder and its subfolders, sorted by name level by level.

    `prefix` is the folder's path, with a separator at its end; "" for the outermost folder.
    """
    with os.scandir(folder) as rows:
        entries = sorted(rows, key=lambda entry: (entry.name.casefold(), entry.name))
    for entry in entries:
        name = f"{prefix}{entry.name}"
        if document_bundle.is_hidden(entry.name):
            yield Member(name, SkipReason.HIDDEN.value)
        elif entry.is_symlink():
            yield Member(name, SkipReason.LINK.value)
        elif entry.is_dir(follow_symlinks=False):
            if depth >= _MAX_DEPTH:
                yield Member(name, SkipReason.TOO_DEEP.value)
                continue
            try:
                inner = os.open(entry.name, _FOLDER, dir_fd=folder)
            except OSError:
                yield Member(name, SkipReason.UNREADABLE.value)
                continue
            try:
                yield from _members(inner, f"{name}{os.sep}", depth + 1)
            except OSError:
                yield Member(name, SkipReason.UNREADABLE.value)
            finally:
                os.close(inner)
        else:
            is_file = entry.is_file(follow_symlinks=False)
            yield Member(name, "" if is_file else SkipReason.NO_FILE.value)
