"""The rows that a question is asked of: those that meet its condition."""

from __future__ import annotations

from collections.abc import Mapping

from desktop_app.tables.table import Cell, Column, Row, Table
from desktop_app.tables.table_store import TableStore
from desktop_app.tables.template import find_reference

_ROWS_AT_ONCE = 500
Chosen = dict[int, tuple[str, ...]]
"""The columns that are to be asked, by the ids of the rows in their order."""


def is_met(table: Table, column: Column, row: Row, cells: Mapping[str, Cell]) -> bool:
    """Return True if a column is asked in a row; `cells` are those of the row."""
    condition = column.question.condition if column.question is not None else None
    if condition is None:
        return True
    found = find_reference(table, condition.word)
    if found is None:  # the row's document
        return condition.is_met(", ".join(part.name for part in row.parts))
    cell = cells.get(found.column.id)
    if cell is None:
        return condition.is_met("")
    parts = found.column.parts if found.part is None else (found.part,)
    return condition.is_met("\n".join(map(cell.text, parts)))


async def met_only(store: TableStore, table: Table, chosen: Chosen, limit: int) -> Chosen:
    """Return the columns to ask without those whose condition is not met in a row.

    One that depends on an answer that is asked as well is decided when that answer is there.

    Args:
        limit: the most rows; 0 for no limit.
    """
    columns = {c.id: c for c in table.questions if c.question and c.question.condition}
    found: Chosen = {}
    row_ids = list(chosen)
    for start in range(0, len(row_ids), _ROWS_AT_ONCE):
        window = await store.window(row_ids[start : start + _ROWS_AT_ONCE])
        for row in window.rows:
            asked = tuple(
                each
                for each in chosen[row.id]
                if each not in columns
                or _is_open(table, columns[each], chosen[row.id])
                or is_met(table, columns[each], row, window.cells[row.id])
            )
            if asked:
                found[row.id] = asked
            if limit and len(found) == limit:
                return found
    return found


def _is_open(table: Table, column: Column, asked: tuple[str, ...]) -> bool:
    condition = column.question.condition if column.question is not None else None
    found = find_reference(table, condition.word) if condition is not None else None
    return found is not None and found.column.id in asked
