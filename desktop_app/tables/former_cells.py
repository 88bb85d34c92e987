"""Cells as they were before the user changed them by hand, so that this can be undone.

They are kept as they are stored: with their costs, pages, checks and marks.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from desktop_app.storage.row_writing import Row as StoredRow
from desktop_app.storage.row_writing import insert_rows

Place = tuple[int, str]
"""The ids of a cell's row and column."""
_CELLS = """WITH cells AS (SELECT json_extract(value, '$[0]') AS row_id,
    json_extract(value, '$[1]') AS column_id FROM json_each(?))"""


class FormerCells(NamedTuple):
    """What cells had before a change.

    Attributes:
        places: of all cells that were changed, empty ones too.
        rows, values, answers: what was stored of removed rows, and of the cells.
    """

    places: Sequence[Place]
    rows: Sequence[StoredRow]
    values: Sequence[StoredRow]
    answers: Sequence[StoredRow]


def read_former(
    connection: sqlite3.Connection, places: Sequence[Place], row_ids: Sequence[int] = ()
) -> FormerCells:
    """Return what cells have now, and rows that are about to be removed."""
    cells = json.dumps(places)
    values = f"{_CELLS} SELECT v.* FROM cells JOIN table_values AS v USING (row_id, column_id)"  # noqa: S608
    answers = f"{_CELLS} SELECT a.* FROM cells JOIN table_answers AS a USING (row_id, column_id)"  # noqa: S608
    rows = "SELECT * FROM table_rows WHERE id IN (SELECT value FROM json_each(?))"
    return FormerCells(
        places,
        [dict(row) for row in connection.execute(rows, (json.dumps(row_ids),))],
        _without_ids(connection.execute(values, (cells,))),
        _without_ids(connection.execute(answers, (cells,))),
    )


def _without_ids(rows: sqlite3.Cursor) -> list[StoredRow]:
    return [{name: row[name] for name in row.keys() if name != "id"} for row in rows]  # noqa: SIM118


def put_back(connection: sqlite3.Connection, former: FormerCells) -> None:
    """Restore cells, and rows that were removed.

    A cell that was asked again since, or is being asked, is left as it is: its answer is paid for.
    So are cells whose row or column is gone.
    """
    tables = {row["id"] for row in connection.execute("SELECT id FROM tables")}
    rows = [row for row in former.rows if row["table_id"] in tables]
    insert_rows(connection, "table_rows", rows, "INSERT OR IGNORE")
    answers = {(row["row_id"], row["column_id"]): row for row in former.answers}
    sql = f"""{_CELLS} SELECT cells.row_id, cells.column_id, a.state, a.run_id, a.answer
        FROM cells JOIN table_rows AS r ON r.id = cells.row_id
        JOIN table_columns AS c ON c.id = cells.column_id
        LEFT JOIN table_answers AS a USING (row_id, column_id)"""  # noqa: S608 - our own words
    restored: set[Place] = set()
    for row_id, column_id, state, *now in connection.execute(sql, (json.dumps(former.places),)):
        was = answers.get((row_id, column_id))
        is_asked_again = now[1] and (was is None or [was["run_id"], was["answer"]] != now)
        if state not in ("waiting", "running") and not is_asked_again:
            restored.add((row_id, column_id))
    for table, stored in (("table_values", former.values), ("table_answers", former.answers)):
        sql = f"DELETE FROM {table} WHERE row_id = ? AND column_id = ?"  # noqa: S608
        connection.executemany(sql, restored)
        rows = [row for row in stored if (row["row_id"], row["column_id"]) in restored]
        insert_rows(connection, table, rows)
