"""Turns errors of SQLite and the file system into errors for the user.

Only this module does that. The messages of SQLite and the system name tables, codes and paths,
never a value, so they are safe as details. Python's message on text that is not UTF-8 quotes the
text, which is left out.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from desktop_app.domain import errors, hints
from desktop_app.i18n.translation import N_

_CHECK_PATH: Final = N_("Check the path, then try again.")

UNREADABLE: Final = (sqlite3.Error, UnicodeDecodeError)
"""Errors of reading a damaged or foreign database, whose texts may not be UTF-8."""

_NOT_UTF_8: Final = "Could not decode to UTF-8 column"
_Kind = tuple[type[errors.StorageError], str, str]

_DISK_FULL: Final[_Kind] = (
    errors.StoreFullError,
    N_("The disk is too full to save {place}."),
    N_("Free up space, then try again."),
)
_READ_ONLY: Final[_Kind] = (
    errors.StoreFullError,
    N_("Couldn’t save {place} because the location is read-only."),
    N_("Allow writing there, then try again."),
)
_DISK_FAILED: Final[_Kind] = (
    errors.StorageError,
    N_("The disk failed to read or write {place}."),
    N_("Check the disk and its free space, then try again."),
)
_BUSY: Final[_Kind] = (
    errors.StorageError,
    N_("Another program is using your library {place}."),
    N_("Close that program, then try again."),
)
_DAMAGED: Final[_Kind] = (
    errors.StoreDamagedError,
    N_("Your library {place} is damaged."),
    hints.REPAIR_LIBRARY,
)
_REFUSED: Final[_Kind] = (
    errors.StoreRefusedError,
    N_("Couldn’t use {place} ({reason}). Nothing was changed."),
    hints.REPAIR_LIBRARY,
)
_THROUGH_FILE: Final[_Kind] = (
    errors.StorageError,
    N_("Couldn’t find {place} because part of its path is a file."),
    _CHECK_PATH,
)
# Extended result codes, or the primary ones in their low byte: https://www.sqlite.org/rescode.html
_KIND_OF_CODE: Final = {
    sqlite3.SQLITE_FULL: _DISK_FULL,
    sqlite3.SQLITE_IOERR_SHMSIZE: _DISK_FULL,  # the index of the log does not fit on the disk
    sqlite3.SQLITE_IOERR: _DISK_FAILED,  # also a limit on the size of files
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
}
_KIND_OF_ERRNO: Final[Mapping[int | None, _Kind]] = {
    errno.ENOSPC: _DISK_FULL,
    errno.EDQUOT: _DISK_FULL,
    errno.EFBIG: _DISK_FULL,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _READ_ONLY,
    errno.EPERM: _READ_ONLY,
    errno.ENOENT: (errors.StorageError, N_("Couldn’t find {place}."), _CHECK_PATH),
    errno.ENOTDIR: _THROUGH_FILE,
    errno.EEXIST: _THROUGH_FILE,  # a file in place of a new folder
    errno.EISDIR: (
        errors.StorageError,
        N_("Expected a file, but found a folder: {place}."),
        _CHECK_PATH,
    ),
    errno.ENAMETOOLONG: (errors.StorageError, N_("The path {place} is too long."), _CHECK_PATH),
}


@contextmanager
def translate_errors(place: str) -> Iterator[None]:
    """Raise errors of SQLite and the file system as StorageError; `place` is the file's path."""
    try:
        yield
    except sqlite3.Error as exc:
        raise _from_sqlite(exc, place) from exc
    except OSError as exc:
        raise _from_os(exc, place) from exc
    except UnicodeDecodeError as exc:  # SQLite quotes the schema, which is damaged
        raise damaged_error(place, f"{type(exc).__name__}: {exc.reason}") from exc


def is_full_or_read_only(error: sqlite3.Error) -> bool:
    """Return True if the disk is full or read-only."""
    code = getattr(error, "sqlite_errorcode", 0)
    kind = _KIND_OF_CODE.get(code) or _KIND_OF_CODE.get(code & 0xFF)
    return kind in (_DISK_FULL, _READ_ONLY)


def damaged_error(place: str, details: str) -> errors.StoreDamagedError:
    """Return the error for a file that can be read but has invalid content."""
    return errors.StoreDamagedError(*_DAMAGED[1:], details=details, place=place)


def _from_sqlite(exc: sqlite3.Error, place: str) -> errors.StorageError:
    message = str(exc)
    if message.startswith(_NOT_UTF_8):  # has no code: it is an error of Python, not of SQLite
        column, _, _text = message.partition(" with text ")
        return damaged_error(place, column)
    code = getattr(exc, "sqlite_errorcode", 0)
    kind = _KIND_OF_CODE.get(code) or _KIND_OF_CODE.get(code & 0xFF, _REFUSED)
    error_class, sentence, hint = kind
    details = f"{getattr(exc, 'sqlite_errorname', type(exc).__name__)}: {message}"
    params: dict[str, errors.Param] = {"place": place}
    if kind is _REFUSED:
        params["reason"] = message
    return error_class(sentence, hint, details=details, params=params)


def _from_os(exc: OSError, place: str) -> errors.StorageError:
    error_class, sentence, hint = _KIND_OF_ERRNO.get(exc.errno, _DISK_FAILED)
    details = f"{errno.errorcode.get(exc.errno or 0, type(exc).__name__)}: {exc.strerror}"
    return error_class(sentence, hint, details=details, place=place)
