"""Reads a database of unknown origin without running anything that it contains.

The file is a private copy, opened read-only and immutable. Its rows are read by full scans of real
tables. Views, triggers, indexes, virtual tables and generated columns are never touched, and an
authorizer refuses every statement that would. No function runs.

Pages can be forged so that a megabyte seems to contain more rows than fit on the disk. Reading is
therefore bounded by the size of the file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Container, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from desktop_app.storage.database.schema import stored_version
from desktop_app.storage.database.sqlite_connection import connect
from desktop_app.storage.database.storage_errors import damaged_error
from desktop_app.storage.recovery.row_checks import TableSchema, Value

# The texts of a sound store are shorter than its file, and a row takes at least eight bytes. Twice
# the size is allowed, because a few texts are read a second time (see `texts`).
_MAX_TEXT_BYTES_PER_FILE_BYTE: Final = 2
_MIN_ROW_BYTES: Final = 8
# For tiny stores. The exact number is arbitrary.
_ALWAYS_ALLOWED_BYTES: Final = 1 << 20
# Every version has had these tables.
_REQUIRED_TABLES: Final = frozenset(
    {"conversations", "messages", "attachments", "ledger", "settings", "profiles"}
)
# Statements of this program need less. The exact numbers are arbitrary, except those of 0.
_SQLITE_LIMITS: Final = {
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 200,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 10,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 10,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}


class ForeignStore:
    """A foreign store whose tables are read within bounds.

    Attributes:
        bytes_read: the bytes of all texts and blobs read so far.
        size: the size of the file in bytes.
    """

    def __init__(
        self, connection: sqlite3.Connection, path: Path, name: str, tables: Container[str]
    ) -> None:
        self._connection = connection
        self._name = name
        self.size = path.stat().st_size
        self.bytes_read = 0
        self._max_bytes = _MAX_TEXT_BYTES_PER_FILE_BYTE * self.size + _ALWAYS_ALLOWED_BYTES
        self._columns = self._read_columns(tables)
        connection.text_factory = self._decode
        connection.set_authorizer(_authorizer(frozenset(self._columns)))

    def _read_columns(self, expected_tables: Container[str]) -> dict[str, frozenset[str]]:
        """Return the columns of each expected table that exists.

        Raise StoreDamagedError if a view or virtual table has the name of an expected table:
        reading it would run code of its author.
        """
        sql = """SELECT name, type = 'table' AND rootpage > 0 FROM sqlite_master
            WHERE type IN ('table', 'view')"""
        columns_by_table = {}
        for name, is_real in self._connection.execute(sql).fetchall():
            if name not in expected_tables:
                continue
            if not is_real:
                raise damaged_error(self._name, f"{name} is not a table")
            columns = self._connection.execute(f'PRAGMA table_xinfo("{name}")').fetchall()
            # SQLite marks generated columns, whose values come from expressions, as hidden.
            columns_by_table[name] = frozenset(row["name"] for row in columns if not row["hidden"])
        if missing := sorted(_REQUIRED_TABLES - columns_by_table.keys()):
            raise damaged_error(self._name, f"it has no {missing[0]}")
        return columns_by_table

    def rows(self, table: TableSchema) -> Iterator[tuple[Value, ...]]:
        """Yield the raw rows of a table; none if it does not exist.

        A column that the store of an older version lacks gets its default.

        Raises:
            StoreDamagedError: the table has more content than fits into the file, or lacks a
                required column.
            sqlite3.Error: the file is damaged.
        """
        known_columns = self._columns.get(table.name)
        if known_columns is None:
            return
        for column in table.columns:
            if column.name not in known_columns and column.is_required and column.default is None:
                raise damaged_error(self._name, f"{table.name} has no column {column.name}")
        expressions = ", ".join(
            f'"{column.name}"' if column.name in known_columns else _sql_literal(column.default)
            for column in table.columns
        )
        rows_left = self.size // _MIN_ROW_BYTES
        with closing(self._connection.cursor()) as cursor:
            cursor.row_factory = None  # plain tuples
            # NOT INDEXED, because a forged index leads to rows that the table does not have.
            cursor.execute(f'SELECT {expressions} FROM "{table.name}" NOT INDEXED')  # noqa: S608
            for row in cursor:
                rows_left -= 1
                # `_decode` has counted the texts.
                self.bytes_read += sum(len(value) for value in row if type(value) is bytes)
                if rows_left < 0 or self.bytes_read > self._max_bytes:
                    raise self._too_large_error()
                yield row

    def texts(self, sql: str, table: str) -> Iterator[str]:
        """Yield the texts of one column, read by a trusted statement, if `table` exists."""
        if table in self._columns:
            for (value,) in self._connection.execute(sql):
                if isinstance(value, str):
                    yield value

    def _decode(self, data: bytes) -> str:
        """Decode a text, for SQLite. It need not be valid: the file may be forged."""
        self.bytes_read += len(data)
        if self.bytes_read > self._max_bytes:
            raise self._too_large_error()
        return data.decode("utf-8", "replace")

    def _too_large_error(self) -> Exception:
        return damaged_error(self._name, "it holds more than its size")


@contextmanager
def foreign_store(path: Path, name: str, tables: Container[str]) -> Iterator[ForeignStore]:
    """Open a private copy of a foreign database.

    Args:
        name: the name of the file in error messages.
        tables: the names of the tables to be read.

    Raises:
        sqlite3.Error, StoreDamagedError: it cannot be read.
        StoreTooNewError: a newer version wrote it.
    """
    with closing(connect(path, "ro", is_immutable=True)) as connection:
        stored_version(connection, Path(name))
        for limit, value in _SQLITE_LIMITS.items():
            connection.setlimit(limit, value)
        connection.setlimit(
            sqlite3.SQLITE_LIMIT_LENGTH, max(_ALWAYS_ALLOWED_BYTES, path.stat().st_size)
        )
        yield ForeignStore(connection, path, name, tables)


def _authorizer(
    tables: frozenset[str],
) -> Callable[[int, str | None, str | None, str | None, str | None], int]:
    """Return a callback that allows only reads of these tables, and only direct ones."""

    def authorize(
        action: int, table: str | None, _second: str | None, _base: str | None, accessor: str | None
    ) -> int:
        # `accessor` names the view or trigger that reads; None for a direct read.
        is_read = action == sqlite3.SQLITE_READ and table in tables and accessor is None
        # SQLITE_SELECT allows only the statement: SQLite then asks about each column that it reads.
        if is_read or action == sqlite3.SQLITE_SELECT:
            return sqlite3.SQLITE_OK
        return sqlite3.SQLITE_DENY

    return authorize


def _sql_literal(value: Value) -> str:
    """Return a default as SQL. Defaults are None, integers or texts of this program's schema."""
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"
