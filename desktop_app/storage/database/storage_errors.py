"""Turns errors of SQLite and the file system into errors for the user.

Only this module does that. The messages of SQLite and the system name tables, codes and paths,
never a value, so they are safe as details.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
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
"""Errors of reading a damaged or foreign database, whose text may be no UTF-8."""

_FULL_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_READ_ONLY_ERRNOS = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_INVALID_PATH = {
    errno.ENOENT: Reason.PATH_MISSING,
    errno.ENOTDIR: Reason.PATH_THROUGH_FILE,
    errno.EEXIST: Reason.PATH_THROUGH_FILE,  # a file in place of a folder that is to be made
    errno.EISDIR: Reason.PATH_IS_FOLDER,
    errno.ENAMETOOLONG: Reason.PATH_TOO_LONG,
}

# Primary result codes: the low byte of the extended ones. https://www.sqlite.org/rescode.html
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_READ_ONLY = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM})
_REFUSED = frozenset({sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH})
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


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
    details = f"{getattr(exc, 'sqlite_errorname', type(exc).__name__)}: {exc}"
    code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return _full_error(place, details)
    if code == sqlite3.SQLITE_IOERR:  # a failing disk, or a limit on the size of files
        return _unwritable_error(place, details)
    if code in _READ_ONLY:
        return _read_only_error(place, details)
    if code in _DAMAGED:
        return damaged_error(place, details)
    if code in _BUSY:
        return StorageError(Reason.STORE_BUSY, details=details, place=place)
    refuses = code in _REFUSED or isinstance(exc, sqlite3.DataError)
    return (StoreRefusedError if refuses else StorageError)(
        Reason.STORE_UNUSABLE, details=details, place=place
    )


def _from_os(exc: OSError, place: str) -> StorageError:
    details = f"{errno.errorcode.get(exc.errno or 0, type(exc).__name__)}: {exc.strerror}"
    if exc.errno in _FULL_ERRNOS:
        return _full_error(place, details)
    if exc.errno in _READ_ONLY_ERRNOS:
        return _read_only_error(place, details)
    if exc.errno in _INVALID_PATH:
        return StorageError(_INVALID_PATH[exc.errno], details=details, place=place)
    return _unwritable_error(place, details)


def _full_error(place: str, details: str) -> StoreFullError:
    return StoreFullError(Reason.DISK_FULL, details=details, place=place)


def _read_only_error(place: str, details: str) -> StoreFullError:
    return StoreFullError(Reason.READ_ONLY, details=details, place=place)


def _unwritable_error(place: str, details: str) -> StorageError:
    return StorageError(Reason.DISK_FAILED, details=details, place=place)
