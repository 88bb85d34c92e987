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

from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import (
    StorageError,
    StoreDamagedError,
    StoreFullError,
    StoreRefusedError,
)

UNREADABLE: Final = (sqlite3.Error, UnicodeDecodeError)
"""Errors of reading a damaged or foreign database, whose texts may not be UTF-8."""

_NOT_UTF_8: Final = "Could not decode to UTF-8 column"
_ClassAndReason = tuple[type[StorageError], Reason]

_DISK_FULL: Final[_ClassAndReason] = (StoreFullError, Reason.DISK_FULL)
_READ_ONLY: Final[_ClassAndReason] = (StoreFullError, Reason.READ_ONLY)
_DISK_FAILED: Final[_ClassAndReason] = (StorageError, Reason.DISK_FAILED)
_BUSY: Final[_ClassAndReason] = (StorageError, Reason.STORE_BUSY)
_DAMAGED: Final[_ClassAndReason] = (StoreDamagedError, Reason.STORE_DAMAGED)
_REFUSED: Final[_ClassAndReason] = (StoreRefusedError, Reason.STORE_UNUSABLE)
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
    sqlite3.SQLITE_CONSTRAINT: _REFUSED,
    sqlite3.SQLITE_TOOBIG: _REFUSED,
    sqlite3.SQLITE_MISMATCH: _REFUSED,
}
_KIND_OF_ERRNO: Final[Mapping[int | None, _ClassAndReason]] = {
    errno.ENOSPC: _DISK_FULL,
    errno.EDQUOT: _DISK_FULL,
    errno.EFBIG: _DISK_FULL,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _READ_ONLY,
    errno.EPERM: _READ_ONLY,
    errno.ENOENT: (StorageError, Reason.PATH_MISSING),
    errno.ENOTDIR: (StorageError, Reason.PATH_THROUGH_FILE),
    errno.EEXIST: (StorageError, Reason.PATH_THROUGH_FILE),  # a file in place of a new folder
    errno.EISDIR: (StorageError, Reason.PATH_IS_FOLDER),
    errno.ENAMETOOLONG: (StorageError, Reason.PATH_TOO_LONG),
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


def damaged_error(place: str, details: str) -> StoreDamagedError:
    """Return the error for a file that can be read but has invalid content."""
    return StoreDamagedError(Reason.STORE_DAMAGED, details=details, place=place)


def _from_sqlite(exc: sqlite3.Error, place: str) -> StorageError:
    message = str(exc)
    if message.startswith(_NOT_UTF_8):  # has no code: it is an error of Python, not of SQLite
        column, _, _text = message.partition(" with text ")
        return damaged_error(place, column)
    code = getattr(exc, "sqlite_errorcode", 0)
    default_class = StoreRefusedError if isinstance(exc, sqlite3.DataError) else StorageError
    class_and_reason = _KIND_OF_CODE.get(code) or _KIND_OF_CODE.get(code & 0xFF)
    error_class, reason = class_and_reason or (default_class, Reason.STORE_UNUSABLE)
    details = f"{getattr(exc, 'sqlite_errorname', type(exc).__name__)}: {message}"
    return error_class(reason, details=details, place=place)


def _from_os(exc: OSError, place: str) -> StorageError:
    error_class, reason = _KIND_OF_ERRNO.get(exc.errno, _DISK_FAILED)
    details = f"{errno.errorcode.get(exc.errno or 0, type(exc).__name__)}: {exc.strerror}"
    return error_class(reason, details=details, place=place)
