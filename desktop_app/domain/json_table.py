"""Lists of JSON objects as tables, with a row for each object and a column for each field."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

MAX_COLUMNS: Final = 200


class JsonTable(NamedTuple):
    """The names of the columns, in the order of their first occurrence, and the rows' cells."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def table_of(value: Any) -> JsonTable | None:
    """Return the table in a value; None if it has none.

    The value is a list of objects, or an object with such a list and nothing else.
    """
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    return table_of_list(value)


def table_of_list(value: Any) -> JsonTable | None:
    """Return the table of a list of objects; None for any other value.

    Return None also for an empty list, and for no or more than MAX_COLUMNS columns.
    """
    if not isinstance(value, list) or not value:
        return None
    if not all(isinstance(each, dict) for each in value):
        return None
    columns = columns_of(value)
    if not 0 < len(columns) <= MAX_COLUMNS:
        return None
    return JsonTable(columns, tuple(row_of(each, columns) for each in value))


def rows_for_export(value: Any) -> JsonTable:
    """Return the table in a value; else one row for an object, one column for other values."""
    table = table_of(value)
    if table is not None:
        return table
    if isinstance(value, dict) and value:
        columns = columns_of([value])
        return JsonTable(columns, (row_of(value, columns),))
    values = value if isinstance(value, list) else [value]
    return JsonTable(("value",), tuple((cell_of(each),) for each in values))


def columns_of(objects: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the names of all fields, in the order of their first occurrence."""
    return tuple(dict.fromkeys(name for each in objects for name in each))


def row_of(value: Mapping[str, Any], columns: Iterable[str]) -> tuple[str, ...]:
    """Return the cells of an object; "" for a missing field."""
    return tuple(cell_of(value[name]) if name in value else "" for name in columns)


def cell_of(value: Any) -> str:
    """Return the text of a cell: a text as it is, "" for null, any other value as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
