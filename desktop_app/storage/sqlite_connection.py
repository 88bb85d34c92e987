"""Connections to SQLite that trust a file's content as little as possible.

Python supports SQLite's defensive mode from 3.12 on. It prevents writes to the schema and to an
index's internal tables. On 3.11 nothing prevents them, but no statement here makes any, and a
restore takes only a store with exactly this program's schema.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from desktop_app.storage.storage_errors import damaged_error

Mode = Literal["ro", "rw", "rwc"]


def connect(
    path: Path,
    mode: Mode,
    *,
    timeout: float = 5.0,
    is_immutable: bool = False,
    is_for_any_thread: bool = False,
) -> sqlite3.Connection:
    """Open a database; the caller begins and ends transactions.

    Args:
        timeout: seconds to wait for another writer.
        is_immutable: nobody writes to the file; no lock is taken, and the log is ignored.
        is_for_any_thread: other threads than this one may use the connection, one at a time.

    Raises:
        sqlite3.Error: it cannot be opened.
    """
    uri = f"{path.absolute().as_uri()}?mode={mode}{'&immutable=1' if is_immutable else ''}"
    connection = sqlite3.connect(
        uri,
        uri=True,
        timeout=timeout,
        isolation_level=None,
        check_same_thread=not is_for_any_thread,
    )
    return _harden(connection)


def connect_in_memory() -> sqlite3.Connection:
    """Open a new database that has no file, not even for large sorts; it may change threads."""
    connection = _harden(sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False))
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def require_sound(
    connection: sqlite3.Connection,
    check: Literal["quick_check", "integrity_check"],
    place: str,
    name: str,
) -> None:
    """Check a whole database.

    Args:
        check: the pragma. An integrity check also compares the indexes, and takes twice the time.
        place: the file in the error.
        name: begins the details of the error.

    Raises:
        StoreDamagedError: it is damaged.
    """
    verdict = connection.execute(f"PRAGMA {check}(1)").fetchone()[0]
    if verdict != "ok":
        raise damaged_error(place, f"{name}: {verdict}")


@contextmanager
def any_text(connection: sqlite3.Connection) -> Iterator[None]:
    """Read texts that are not UTF-8, too: each wrong byte becomes U+FFFD."""
    before = connection.text_factory
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    try:
        yield
    finally:
        connection.text_factory = before


def remove_log(database: Path) -> None:
    """Remove the write-ahead log of a database that is not open, if there is one."""
    for suffix in ("-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)


def _harden(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.row_factory = sqlite3.Row
    # Forbids harmful functions in views, triggers, indexes and generated columns.
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    if sys.version_info >= (3, 12):
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
    return connection
