"""Which rows of a table are shown, and in which order."""

from __future__ import annotations

import json
import re
import sqlite3
from array import array
from typing import Final

from desktop_app.tables.stored_cells import STATE
from desktop_app.tables.table import Filter, RowOrder, SortKey


def read_order(connection: sqlite3.Connection, table_id: str, order: RowOrder) -> array[int]:
    """Return the ids of the rows that are shown, in their order."""
    conditions = ["r.table_id = :table"]
    values: dict[str, str | float] = {"table": table_id}
    direction = "DESC" if order.is_descending else "ASC"
    sorting = "r.position"
    if order.column_id == ":name":
        sorting = f"r.name COLLATE NOCASE {direction}, r.position"
    elif not order.column_id:
        sorting = f"r.position {direction}"
    if order.search.strip():
        conditions.append(
            f"""({_contains(connection, "r.name", order.search, "search", values)} OR EXISTS (
            SELECT 1 FROM table_values AS f WHERE f.row_id = r.id
            AND {_contains(connection, "f.text", order.search, "search", values)}))"""  # noqa: S608
        )
    for number, each in enumerate(order.filters):
        conditions += _filter_sql(connection, each, f"f{number}", values)
    sql = f"""SELECT r.id FROM table_rows AS r
        WHERE {" AND ".join(conditions)} ORDER BY {sorting}"""  # noqa: S608 - values are bound
    ids = array("q", (row[0] for row in connection.execute(sql, values)))
    if order.then:
        return _sorted_by_all(connection, ids, order)
    if not order.column_id or order.column_id == ":name":
        return ids
    # The index has this order. A sorted join takes five times as long.
    sql = f"""SELECT row_id FROM table_values WHERE column_id = ? AND part = ?
        ORDER BY number {direction}, sort_key {direction}, row_id {direction}"""  # noqa: S608
    shown = set(ids)
    rows = connection.execute(sql, (order.column_id, order.part))
    filled = array("q", (row[0] for row in rows if row[0] in shown))
    shown.difference_update(filled)
    return filled + array("q", (row_id for row_id in ids if row_id in shown))  # empty ones last


def _contains(
    connection: sqlite3.Connection, place: str, text: str, name: str, values: dict[str, str | float]
) -> str:
    """Return the SQL by which a text contains another, without regard to case."""
    if text.isascii():
        escaped = re.sub(r"([\\%_])", r"\\\1", text.strip())
        values[name] = f"%{escaped}%"
        return f"{place} LIKE :{name} ESCAPE '\\'"
    values[name] = text.strip().casefold()
    connection.create_function("folded", 1, lambda cell: str(cell).casefold(), deterministic=True)
    return f"instr(folded({place}), :{name}) > 0"


def _filter_sql(
    connection: sqlite3.Connection, each: Filter, name: str, values: dict[str, str | float]
) -> list[str]:
    """Return the conditions of a filter; the names of its values begin with `name`."""
    conditions = []
    values[f"{name}_column"] = each.column_id
    if each.text.strip():
        values[f"{name}_part"] = each.part
        contains = _contains(connection, "v.text", each.text, f"{name}_text", values)
        conditions.append(
            f"""EXISTS (SELECT 1 FROM table_values AS v WHERE v.row_id = r.id
            AND v.column_id = :{name}_column AND v.part = :{name}_part AND {contains})"""  # noqa: S608
        )
    bounds = [("least", ">=", each.least), ("most", "<=", each.most)]
    wanted = []
    for bound, sign, number in bounds:
        if number is not None:
            values[f"{name}_{bound}"] = number
            wanted.append(f"v.number {sign} :{name}_{bound}")
    if each.is_unproven:
        wanted.append(f"v.part <> '' AND {UNPROVEN}")
    if wanted:
        values[f"{name}_part"] = each.part
        conditions.append(
            f"""EXISTS (SELECT 1 FROM table_values AS v WHERE v.row_id = r.id
            AND v.column_id = :{name}_column AND v.part = :{name}_part
            AND {" AND ".join(wanted)})"""  # noqa: S608
        )
    answer = f"table_answers AS a WHERE a.row_id = r.id AND a.column_id = :{name}_column"
    if each.states:
        values[f"{name}_states"] = json.dumps([state.value for state in each.states])
        conditions.append(
            f"""coalesce((SELECT {STATE} FROM {answer}), 'empty')
            IN (SELECT value FROM json_each(:{name}_states))"""  # noqa: S608
        )
    if each.passed is not None:
        conditions.append(f"(SELECT a.has_passed FROM {answer}) IS {int(each.passed)}")  # noqa: S608
    return conditions


# A page was named, but the words are not in the document.
UNPROVEN: Final = """v.citations <> '' AND EXISTS (SELECT 1 FROM json_each(v.citations) AS c
    WHERE coalesce(c.value ->> '$.end', 0) <= coalesce(c.value ->> '$.start', 0))"""


def _sorted_by_all(connection: sqlite3.Connection, ids: array[int], order: RowOrder) -> array[int]:
    """Return rows sorted by several columns; those without a value come last."""
    sorted_ids = ids.tolist()
    keys = [SortKey(order.column_id, order.part, order.is_descending), *order.then]
    for key in reversed([key for key in keys if key.column_id]):
        if key.column_id == ":name":
            sql = (
                "SELECT id, NULL, name FROM table_rows WHERE id IN (SELECT value FROM json_each(?))"
            )
            rows = connection.execute(sql, (json.dumps(sorted_ids),))
            values = {row[0]: (False, 0.0, row[2].casefold()) for row in rows}
        else:
            sql = """SELECT row_id, number, sort_key FROM table_values
                WHERE column_id = ? AND part = ?"""
            rows = connection.execute(sql, (key.column_id, key.part))
            values = {row[0]: (row[1] is not None, row[1] or 0.0, row[2]) for row in rows}
        filled = [row_id for row_id in sorted_ids if row_id in values]
        filled.sort(key=values.__getitem__, reverse=key.is_descending)
        sorted_ids = filled + [row_id for row_id in sorted_ids if row_id not in values]
    return array("q", sorted_ids)
