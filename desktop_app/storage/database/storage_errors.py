"""Turns errors of SQLite and the file system into errors for the user.

Only this module does that. Their messages name tables, codes and paths, never a value, so they are
safe as details.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from desktop_app.domain.errors import (
    StorageError,
    StoreDamagedError,
    StoreFullError,
    StoreRefusedError,
)

KEPT: Final = "What was saved before is unchanged."

_FULL_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_READ_ONLY_ERRNOS = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_NO_FILE = {
    errno.ENOENT: "is not there",
    errno.ENOTDIR: "is not there: part of its path is a file",
    errno.EISDIR: "is a folder",
}

# Primary result codes: the low byte of the extended ones. https://www.sqlite.org/rescode.html
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_READ_ONLY = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM})
_REFUSED = frozenset({sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH})
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise errors of SQLite and the file system as StorageError; `what` names the file."""
    try:
        yield
    except sqlite3.Error as exc:
        raise _from_sqlite(exc, what) from exc
    except OSError as exc:
        raise _from_os(exc, what) from exc
    except UnicodeDecodeError as exc:  # SQLite quotes the schema, which is damaged
        raise damaged(what, f"{type(exc).__name__}: {exc.reason}") from exc


def damaged(what: str, details: str) -> StoreDamagedError:
    """Return the error for a file that can be read but is not what was written."""
    return StoreDamagedError(
        f"The store {what} is damaged.",
        what_was_kept="The file was left as it is.",
        what_to_do="Start Repartee's window, which offers to repair it or to restore a backup; or "
        "use “repartee repair”.",
        details=details,
    )


def _from_sqlite(exc: sqlite3.Error, what: str) -> StorageError:
    details = f"{getattr(exc, 'sqlite_errorname', type(exc).__name__)}: {exc}"
    code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        # A file size limit is reported as an I/O error, as is a failing disk.
        return _full(what, details) if code == sqlite3.SQLITE_FULL else _unwritable(what, details)
    if code in _READ_ONLY:
        return _read_only(what, details)
    if code in _DAMAGED:
        return damaged(what, details)
    if code in _BUSY:
        return StorageError(
            f"The store {what} is busy: another program has been writing to it for too long.",
            what_was_kept=KEPT,
            what_to_do="Wait for the other program, then try again.",
            details=details,
        )
    refuses = code in _REFUSED or isinstance(exc, sqlite3.DataError)
    return (StoreRefusedError if refuses else StorageError)(
        f"The store {what} could not be used.",
        what_was_kept=KEPT,
        what_to_do="Try again; if it happens again, restart the program.",
        details=details,
    )


def _from_os(exc: OSError, what: str) -> StorageError:
    details = f"{errno.errorcode.get(exc.errno or 0, type(exc).__name__)}: {exc.strerror}"
    if exc.errno in _FULL_ERRNOS:
        return _full(what, details)
    if exc.errno in _READ_ONLY_ERRNOS:
        return _read_only(what, details)
    if exc.errno in _NO_FILE:
        return StorageError(
            f"{what} {_NO_FILE[exc.errno]}.",
            what_was_kept=KEPT,
            what_to_do="Check the path, then try again.",
            details=details,
        )
    return _unwritable(what, details)


def _full(what: str, details: str) -> StoreFullError:
    return StoreFullError(
        f"There is no space left for {what}.",
        what_was_kept=KEPT,
        what_to_do="Free some space on the disk, then try again.",
        details=details,
    )


def _read_only(what: str, details: str) -> StoreFullError:
    return StoreFullError(
        f"{what} could not be written: the folder, the file or the disk is read-only.",
        what_was_kept=KEPT,
        what_to_do="Allow writing there, then try again.",
        details=details,
    )


def _unwritable(what: str, details: str) -> StorageError:
    return StorageError(
        f"The disk failed to read or write {what}.",
        what_was_kept=KEPT,
        what_to_do="Check the disk and the space left on it, then try again.",
        details=details,
    )
