"""The tables that the features declare (`Core.tables`), for restore, repair and synchronizing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import Any

from desktop_app.domain.stored_table import Effect, StoredTable, SyncedTable
from desktop_app.features import cores, imported
from desktop_app.storage.row_conversion import from_row


@cache
def stored_tables() -> Mapping[str, StoredTable]:
    return {table.name: table for core in cores() for table in core.tables}


@cache
def synced_tables() -> Mapping[str, SyncedTable]:
    """Return how the tables travel that do, by their names."""
    return {name: t.synced for name, t in stored_tables().items() if t.synced is not None}


@cache
def former_tables() -> Mapping[str, tuple[str, Mapping[str, str]]]:
    """Return the tables of earlier versions: their table of today, and renamed columns."""
    return {
        former: (name, columns)
        for name, table in synced_tables().items()
        for former, columns in table.former.items()
    }


@cache
def traveling_columns(table: str) -> tuple[str, ...]:
    """Return the columns of a synchronized table that travel."""
    return tuple(synced_tables()[table].columns.split())


def read_stored(table: str, row: Any) -> object | None:
    """Return the value of a row; None if rows of the table are not read.

    Raises:
        an error of BAD_VALUE: the row cannot be read.
    """
    read = _reader(table)
    return None if read is None else read(row)


@cache
def _reader(table: str) -> Callable[[Any], object] | None:
    place = stored_tables()[table].reader if table in stored_tables() else ""
    found: Any = imported(place) if place else None
    return partial(from_row, found) if isinstance(found, type) else found


def tables_of(*effects: Effect) -> Iterator[str]:
    """Yield the tables whose columns all have one of these effects."""
    for name, table in stored_tables().items():
        if set(table.columns) <= set(effects):
            yield name


def single_columns_of(effect: Effect) -> Iterator[tuple[str, str]]:
    """Yield the columns of this effect in tables that have others, too."""
    for name, table in stored_tables().items():
        if len(table.columns) > 1:
            for column in table.columns.get(effect, "").split():
                yield name, column
