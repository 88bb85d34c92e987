"""Values of JSON as tables: which have one, and what is exported of the others."""

from __future__ import annotations

from typing import Any

import pytest

from desktop_app.domain.json_table import MAX_COLUMNS, JsonTable, rows_for_export, table_of

GEESE = [{"name": "Geese", "count": 3}, {"seen": None, "name": "Gänse", "at": ["é"]}]
TABLE = JsonTable(
    ("name", "count", "seen", "at"), (("Geese", "3", "", ""), ("Gänse", "", "", '["é"]'))
)
WIDE = [{str(number): number for number in range(MAX_COLUMNS)}]


@pytest.mark.parametrize(
    ("value", "table"),
    [
        (GEESE, TABLE),
        ({"birds": GEESE}, TABLE),
        ({"birds": GEESE, "more": True}, None),
        ({"birds": {"geese": GEESE}}, None),
        ([], None),
        ([{}], None),
        ([{"a": 1}, 2], None),
        ({}, None),
        ("geese", None),
    ],
)
def test_a_table_is_a_list_of_objects(value: Any, table: JsonTable | None) -> None:
    assert table_of(value) == table


def test_a_table_has_at_most_as_many_columns_as_can_be_shown() -> None:
    table = table_of(WIDE)
    assert table is not None
    assert len(table.columns) == MAX_COLUMNS
    assert table_of([*WIDE, {"one more": 1}]) is None


@pytest.mark.parametrize(
    ("value", "table"),
    [
        ({"birds": GEESE}, TABLE),
        ({"a": 1, "b": True}, JsonTable(("a", "b"), (("1", "true"),))),
        ({}, JsonTable(("value",), (("{}",),))),
        ([1, None], JsonTable(("value",), (("1",), ("",)))),
        ("geese", JsonTable(("value",), (("geese",),))),
    ],
)
def test_any_value_is_exported(value: Any, table: JsonTable) -> None:
    assert rows_for_export(value) == table
