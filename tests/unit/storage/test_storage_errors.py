"""Errors of SQLite and of the file system, as users see them."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import closing

import pytest

from desktop_app.domain import errors
from desktop_app.storage.storage_errors import translate_errors
from tests.helpers.fragment import Fragment


def translated(error: Exception) -> errors.StorageError:
    """Return the error for the user."""
    with pytest.raises(errors.StorageError) as raised, translate_errors("/a/store"):
        raise error
    assert raised.value.__cause__ is error
    return raised.value


def test_text_that_is_not_utf_8_is_damage_and_is_not_quoted() -> None:
    sql = "SELECT CAST(X'736563726574ff' AS TEXT) AS title"  # "secret" and a byte that is no UTF-8
    with (
        closing(sqlite3.connect(":memory:")) as connection,
        pytest.raises(sqlite3.OperationalError, match="secret") as raised,
    ):
        connection.execute(sql).fetchall()
    found = translated(raised.value)
    assert (type(found), found.message) == (errors.StoreDamagedError, Fragment("Your library"))
    assert found.details == "Could not decode to UTF-8 column 'title'"


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        (sqlite3.SQLITE_FULL, errors.StoreFullError, "The disk is too full to save"),
        (sqlite3.SQLITE_IOERR, errors.StorageError, "The disk failed to read or write"),
        (sqlite3.SQLITE_IOERR_SHMSIZE, errors.StoreFullError, "The disk is too full to save"),
        (sqlite3.SQLITE_READONLY, errors.StoreFullError, "because the location is read-only"),
        (sqlite3.SQLITE_CANTOPEN, errors.StoreFullError, "because the location is read-only"),
        (sqlite3.SQLITE_CORRUPT, errors.StoreDamagedError, "Your library"),
        (sqlite3.SQLITE_NOTADB, errors.StoreDamagedError, "Your library"),
        (sqlite3.SQLITE_BUSY, errors.StorageError, "Another program is using your"),
        (sqlite3.SQLITE_LOCKED, errors.StorageError, "Another program is using your"),
        (sqlite3.SQLITE_CONSTRAINT, errors.StoreRefusedError, "Nothing was changed"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, errors.StorageError, "Another program is using your"),
        (sqlite3.SQLITE_ERROR, errors.StoreRefusedError, "Nothing was changed"),
    ],
)
def test_codes_of_sqlite_become_reasons(
    code: int, kind: type[errors.StorageError], reason: str
) -> None:
    error = sqlite3.OperationalError("some words")
    error.sqlite_errorcode, error.sqlite_errorname = code, "SQLITE_NAME"
    found = translated(error)
    assert (type(found), found.message) == (kind, Fragment(reason))
    is_refused = kind is errors.StoreRefusedError
    params = {"place": "/a/store", **({"reason": "some words"} if is_refused else {})}
    assert (found.details, found.params) == ("SQLITE_NAME: some words", params)


@pytest.mark.parametrize(
    ("number", "kind", "reason"),
    [
        (errno.ENOSPC, errors.StoreFullError, "The disk is too full to save"),
        (errno.EDQUOT, errors.StoreFullError, "The disk is too full to save"),
        (errno.EROFS, errors.StoreFullError, "because the location is read-only"),
        (errno.EACCES, errors.StoreFullError, "because the location is read-only"),
        (errno.ENAMETOOLONG, errors.StorageError, "is too long"),
        (errno.ENOENT, errors.StorageError, "Couldn’t find"),
        (errno.ENOTDIR, errors.StorageError, "because part of its path is a file"),
        (errno.EISDIR, errors.StorageError, "a file, but found a folder"),
        (errno.EIO, errors.StorageError, "The disk failed to read or write"),
    ],
)
def test_errors_of_the_system_become_reasons(
    number: int, kind: type[errors.StorageError], reason: str
) -> None:
    found = translated(OSError(number, os.strerror(number)))
    assert (type(found), found.message) == (kind, Fragment(reason))
    assert found.details == f"{errno.errorcode[number]}: {os.strerror(number)}"
    assert found.params == {"place": "/a/store"}
