"""Untrusted files: regular files only, and archives whose limits are checked first.

Opening a named pipe waits forever for a writer, a device has no end, and a few kilobytes of ZIP can
unpack to terabytes. Imports and restores open files here.
"""

from __future__ import annotations

import errno
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import BinaryIO, Final

from desktop_app.domain import hints
from desktop_app.domain.errors import ImportRefusedError, filled
from desktop_app.domain.system_error import system_words
from desktop_app.i18n.translation import N_, in_english
from desktop_app.system import NO_LINK, READ_FLAGS

CHUNK_BYTES: Final = 1 << 20
# The directory of a backup takes 140 bytes a member, so 230,000 attachments fit.
_MAX_DIRECTORY_BYTES: Final = 32 << 20

_LOCAL_HEADER_BYTES: Final = 30  # before a member's name
_ENCRYPTED_FLAG: Final = 1
# LZMA and bzip2 are left out: an LZMA header states how many gigabytes unpacking takes.
_COMPRESSION_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# Errors of zipfile for damaged and unsupported archives.
_UNREADABLE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


class RefusedFileError(Exception):
    """Raised if a file is refused.

    Attributes:
        message, params: as in a UserFacingError, but without `file`, which the caller adds.
    """

    def __init__(self, message: str, **params: str | int) -> None:
        super().__init__(message)
        self.message = message
        self.params = params

    def __str__(self) -> str:
        """Return the reason in English, for logs and details."""
        with in_english():
            return filled(self.message, {"file": "The file", **self.params})


class NoArchiveError(RefusedFileError):
    """Raised if a file is not a ZIP archive."""


@contextmanager
def reading_errors(path: Path, hint: str) -> Iterator[None]:
    """Raise errors of reading a foreign file as ImportRefusedError, with the hint if refused."""
    name = path.name or str(path)  # "." has no name
    try:
        yield
    except OSError as exc:
        raise ImportRefusedError(
            N_("Couldn’t read {file}: {words}."),
            hint=hints.CHECK_NAME_AND_PERMISSIONS,
            details=str(path),
            file=name,
            words=system_words(exc),
        ) from exc
    except RefusedFileError as exc:
        raise ImportRefusedError(exc.message, params=exc.params, hint=hint, file=name) from exc
    except MemoryError as exc:
        raise ImportRefusedError(
            N_("There isn’t enough memory to import {file}."), hint=hint, file=name
        ) from exc


def open_file(path: Path, *, follows_link: bool = True) -> BinaryIO:
    """Open a regular file for reading bytes.

    Raises:
        OSError: it is missing, a folder, or cannot be read.
        RefusedFileError: it is a named pipe, a device or a socket, or a link if none is followed.
    """
    _require_regular(path.stat(follow_symlinks=follows_link).st_mode, path)
    # The path may have changed since: the flags keep from waiting for a named pipe's writer.
    descriptor = os.open(path, READ_FLAGS if follows_link else READ_FLAGS | NO_LINK)
    try:
        _require_regular(os.fstat(descriptor).st_mode, path)
    except BaseException:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def _require_regular(mode: int, path: Path) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "Is a directory", str(path))
    if not stat.S_ISREG(mode):
        raise RefusedFileError(N_("{file} isn’t a regular file."))


def read_all(file: BinaryIO, max_bytes: int) -> bytes:
    """Read a regular file up to its current size.

    Files of /proc state no size, and some never end: they count as empty.

    Raises:
        OSError: it cannot be read.
        RefusedFileError: it is empty, or larger than `max_bytes`.
    """
    return b"".join(read_chunks(file, max_bytes))


def read_chunks(file: BinaryIO, max_bytes: int, start: int = 0) -> Iterator[bytes]:
    """Yield the content of a regular file from a place on in pieces. Otherwise as `read_all`."""
    size = os.fstat(file.fileno()).st_size
    if size > max_bytes:
        raise RefusedFileError(N_("{file} is larger than {limit} MB."), limit=max_bytes >> 20)
    if size == 0:
        raise RefusedFileError(N_("{file} is empty."))
    file.seek(start)
    while size > 0 and (chunk := file.read(min(size, CHUNK_BYTES))):
        size -= len(chunk)
        yield chunk


class ForeignArchive:
    """A ZIP archive whose members do not overlap, with a directory of limited size.

    The archive owns the file, and closes it if it refuses the archive.

    Raises:
        RefusedFileError: it is not an archive, or a forged one. All methods raise it, too.
        OSError: the file cannot be read.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        try:
            self._archive = zipfile.ZipFile(_BoundedFile(file.fileno()))
            self.members = self._archive.infolist()
            _require_no_overlap(self.members, os.fstat(file.fileno()).st_size)
        except _UNREADABLE as exc:
            file.close()
            raise NoArchiveError(
                N_("{file} isn’t a readable archive ({words})."), words=str(exc)
            ) from exc
        except BaseException:
            file.close()
            raise

    def close(self) -> None:
        self._archive.close()
        self._file.close()

    def find(self, name: str) -> zipfile.ZipInfo | None:
        """Return the only member of this name, or None."""
        named = [info for info in self.members if info.filename == name]
        if len(named) > 1:
            raise RefusedFileError(
                N_("{file} contains {member} more than once."), member=name[:100]
            )
        return named[0] if named else None

    def read(self, info: zipfile.ZipInfo, max_bytes: int) -> bytes:
        """Return the bytes of a member that unpacks to at most `max_bytes`."""
        if info.file_size > max_bytes:
            raise RefusedFileError(
                N_("{member} in {file} is larger than {limit} MB."),
                member=info.filename[:100],
                limit=max_bytes >> 20,
            )
        return b"".join(self.chunks(info))

    def chunks(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        """Unpack a member in pieces, never more than its stated size."""
        if info.flag_bits & _ENCRYPTED_FLAG:
            raise RefusedFileError(N_("{file} is password-protected."))
        # zipfile cuts a name at a zero byte, which no honest name has.
        has_zero_byte = info.orig_filename != info.filename
        if info.compress_type not in _COMPRESSION_METHODS or has_zero_byte:
            raise RefusedFileError(
                N_("{member} in {file} has an unsupported format."), member=info.filename[:100]
            )
        try:
            bytes_left = info.file_size
            with self._archive.open(info) as packed:
                while chunk := packed.read(CHUNK_BYTES):
                    bytes_left -= len(chunk)
                    yield chunk
            if bytes_left:
                raise zipfile.BadZipFile(f"{info.filename[:100]} has another size")
        except _UNREADABLE as exc:
            raise RefusedFileError(N_("{file} is damaged ({words})."), words=str(exc)) from exc


class _BoundedFile(FileIO):
    """An archive's file with bounded single reads, so that no huge directory is loaded."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, closefd=False)

    def read(self, size: int | None = -1, /) -> bytes:
        """Read `size` bytes, or all if it is negative."""
        if size is None or size < 0:
            size = max(0, os.fstat(self.fileno()).st_size - self.tell())
        if size > _MAX_DIRECTORY_BYTES:
            raise zipfile.BadZipFile("its directory is too large")
        return super().read(size) or b""


def _require_no_overlap(members: list[zipfile.ZipInfo], size: int) -> None:
    """Refuse members that overlap, or that end after the file, which has `size` bytes.

    A small bomb unpacks the same bytes a thousand times.
    """
    end = 0
    for info in sorted(members, key=lambda member: member.header_offset):
        if info.header_offset < end:
            raise RefusedFileError(N_("{file} isn’t safe to open because its contents overlap."))
        header_bytes = _LOCAL_HEADER_BYTES + len(info.orig_filename)
        end = info.header_offset + header_bytes + info.compress_size
    if end > size:
        raise RefusedFileError(N_("{file} is incomplete."))
