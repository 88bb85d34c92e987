"""Writes rows by column name.

Names of tables and columns are formatted into the SQL, so they must never be input.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence

Row = dict[str, str | int | float | None]


def insert_rows(
    connection: sqlite3.Connection, table: str, rows: Sequence[Row], verb: str = "INSERT"
) -> None:
    """Insert rows with the same columns; `verb` may be INSERT OR REPLACE or INSERT OR IGNORE."""
    if rows:
        connection.executemany(_insertion(table, rows[0], verb), rows)


def upsert_row(
    connection: sqlite3.Connection, table: str, row: Row, unchanged: Collection[str] = ()
) -> None:
    """Insert a row, or update the row with its id, except for the columns in `unchanged`."""
    changes = _assignments(name for name in row if name != "id" and name not in unchanged)
    sql = f"{_insertion(table, row)} ON CONFLICT (id) DO UPDATE SET {changes}"
    connection.execute(sql, row)


def update_row(connection: sqlite3.Connection, table: str, row: Row, *keys: str) -> int:
    """Update the row whose columns `keys` have the values in `row`. Return 0 if there is none."""
    changes = _assignments(name for name in row if name not in keys)
    conditions = " AND ".join(f"{key} = :{key}" for key in keys)
    sql = f"UPDATE {table} SET {changes} WHERE {conditions}"  # noqa: S608
    return connection.execute(sql, row).rowcount


def _insertion(table: str, row: Mapping[str, object], verb: str = "INSERT") -> str:
    placeholders = ", ".join(f":{name}" for name in row)
    return f"{verb} INTO {table} ({', '.join(row)}) VALUES ({placeholders})"


def _assignments(names: Iterable[str]) -> str:
    return ", ".join(f"{name} = :{name}" for name in names)
