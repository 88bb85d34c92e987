"""Errors of SQLite and of the file system, as users see them."""

from __future__ import annotations

import errno
import os
import sqlite3

import pytest

from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import (
    StorageError,
    StoreDamagedError,
    StoreFullError,
    StoreRefusedError,
)
from desktop_app.storage.database.storage_errors import translate_errors


def translated(error: Exception) -> StorageError:
    """Return the error for the user."""
    with pytest.raises(StorageError) as raised, translate_errors("/a/store"):
        raise error
    assert raised.value.__cause__ is error
    return raised.value


def test_text_that_is_not_utf_8_is_damage_and_is_not_quoted() -> None:
    sql = "SELECT CAST(X'736563726574ff' AS TEXT) AS title"  # "secret" and a byte that is no UTF-8
    with pytest.raises(sqlite3.OperationalError, match="secret") as raised:
        sqlite3.connect(":memory:").execute(sql).fetchall()
    found = translated(raised.value)
    assert (type(found), found.reason) == (StoreDamagedError, Reason.STORE_DAMAGED)
    assert found.details == "Could not decode to UTF-8 column 'title'"


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        (sqlite3.SQLITE_FULL, StoreFullError, Reason.DISK_FULL),
        (sqlite3.SQLITE_IOERR, StorageError, Reason.DISK_FAILED),
        (sqlite3.SQLITE_IOERR_SHMSIZE, StoreFullError, Reason.DISK_FULL),
        (sqlite3.SQLITE_READONLY, StoreFullError, Reason.READ_ONLY),
        (sqlite3.SQLITE_CANTOPEN, StoreFullError, Reason.READ_ONLY),
        (sqlite3.SQLITE_CORRUPT, StoreDamagedError, Reason.STORE_DAMAGED),
        (sqlite3.SQLITE_NOTADB, StoreDamagedError, Reason.STORE_DAMAGED),
        (sqlite3.SQLITE_BUSY, StorageError, Reason.STORE_BUSY),
        (sqlite3.SQLITE_LOCKED, StorageError, Reason.STORE_BUSY),
        (sqlite3.SQLITE_CONSTRAINT, StoreRefusedError, Reason.STORE_UNUSABLE),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, StorageError, Reason.STORE_BUSY),
        (sqlite3.SQLITE_ERROR, StorageError, Reason.STORE_UNUSABLE),
    ],
)
def test_codes_of_sqlite_become_reasons(
    code: int, kind: type[StorageError], reason: Reason
) -> None:
    error = sqlite3.OperationalError("some words")
    error.sqlite_errorcode, error.sqlite_errorname = code, "SQLITE_NAME"
    found = translated(error)
    assert (type(found), found.reason) == (kind, reason)
    assert (found.details, found.params) == ("SQLITE_NAME: some words", {"place": "/a/store"})


@pytest.mark.parametrize(
    ("number", "kind", "reason"),
    [
        (errno.ENOSPC, StoreFullError, Reason.DISK_FULL),
        (errno.EDQUOT, StoreFullError, Reason.DISK_FULL),
        (errno.EROFS, StoreFullError, Reason.READ_ONLY),
        (errno.EACCES, StoreFullError, Reason.READ_ONLY),
        (errno.ENAMETOOLONG, StorageError, Reason.PATH_TOO_LONG),
        (errno.ENOENT, StorageError, Reason.PATH_MISSING),
        (errno.ENOTDIR, StorageError, Reason.PATH_THROUGH_FILE),
        (errno.EISDIR, StorageError, Reason.PATH_IS_FOLDER),
        (errno.EIO, StorageError, Reason.DISK_FAILED),
    ],
)
def test_errors_of_the_system_become_reasons(
    number: int, kind: type[StorageError], reason: Reason
) -> None:
    found = translated(OSError(number, os.strerror(number)))
    assert (type(found), found.reason) == (kind, reason)
    assert found.details == f"{errno.errorcode[number]}: {os.strerror(number)}"
    assert found.params == {"place": "/a/store"}
