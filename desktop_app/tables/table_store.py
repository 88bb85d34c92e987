"""The store of tables.

Nothing here holds a table in memory: rows are read a window at a time, by their ids in the order
that the user chose. All changes are whole transactions, and an answer is stored in one with its
values.
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Final

from desktop_app.domain.conversations.conversation import new_id, now
from desktop_app.domain.cost import Usage
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.i18n.translation import N_
from desktop_app.storage.deletion_wipe import mark_for_wipe, wipe_deleted
from desktop_app.storage.row_conversion import (
    from_micros,
    read_rows,
    to_json,
    to_micros,
    to_row,
    to_text,
)
from desktop_app.storage.row_writing import Row as StoredRow
from desktop_app.storage.row_writing import insert_rows, update_row, upsert_row
from desktop_app.storage.transactions import reading, writing
from desktop_app.tables.batch_store import BatchStore
from desktop_app.tables.column_figures import ColumnFigures, read_failures, read_figures
from desktop_app.tables.former_cells import FormerCells, put_back, read_former
from desktop_app.tables.outdated import (
    compare_questions,
    compare_rows,
    note_questions,
    note_rows,
    touch,
)
from desktop_app.tables.row_order import UNPROVEN, read_order
from desktop_app.tables.run_store import NEW_ANSWER
from desktop_app.tables.stored_cells import (
    ASKED_STATES,
    BEING_ASKED,
    COSTS,
    SHOWN_CHARS,
    SORTED_CHARS,
    STATE,
    CellId,
    NewValue,
    question_to_text,
    read_cell,
    read_table,
    read_window,
    require_unique_names,
    row_from_row,
    row_to_row,
    value_row,
)
from desktop_app.tables.table import (
    WHOLE,
    Agreement,
    Cell,
    CellState,
    CellValue,
    Column,
    ColumnTotals,
    NewRow,
    Row,
    RowOrder,
    Table,
    TableSummary,
    Window,
)

ROWS_AT_ONCE: Final = 500
"""Rows that are stored in one transaction."""


class TableStore(BatchStore):
    """The tables. All methods raise StorageError."""

    # -- tables and columns

    @reading
    def summaries(
        self, connection: sqlite3.Connection, *, trashed: bool = False
    ) -> list[TableSummary]:
        """Return the tables, or those in the trash, the last changed first."""
        sql = f"""SELECT id, (SELECT count(*) FROM table_rows WHERE table_id = tables.id) AS rows
            FROM tables WHERE trashed_at IS {"NOT NULL" if trashed else "NULL"}
            ORDER BY updated_at DESC, rowid DESC"""  # noqa: S608 - our own words
        summaries = []
        for table_id, rows in connection.execute(sql).fetchall():
            table = read_table(connection, table_id)
            if table is None:
                continue
            states: dict[CellState, int] = {}
            nanos = 0
            for column in table.questions:
                sql = f"""SELECT {STATE}, count(*), {COSTS} FROM table_answers
                    WHERE column_id = ? GROUP BY 1"""  # noqa: S608 - our own words
                for state, count, cost in connection.execute(sql, (column.id,)):
                    nanos += cost
                    if state != CellState.EMPTY.value:
                        states[CellState(state)] = states.get(CellState(state), 0) + count
            summaries.append(TableSummary(table, rows, states, Decimal(nanos) / 1_000_000_000))
        return summaries

    async def get(self, table_id: str) -> Table | None:
        """Return a table; None if it is gone."""
        return await self._database.read(lambda c: read_table(c, table_id))

    async def save(self, table: Table) -> None:
        """Save a table with its columns; values and answers of removed columns are deleted.

        Raises:
            IllegalChoiceError: two columns have the same name.
        """
        require_unique_names(table)
        await self._database.write(partial(_save_table, table))

    @writing
    def change(
        self, connection: sqlite3.Connection, table_id: str, change: Callable[[Table], Table]
    ) -> Table | None:
        """Save a table as `change` returns it; return it, or None if the table is gone.

        No other change of the table is lost: it is read and saved in one transaction.

        Raises:
            IllegalChoiceError: two columns have the same name.
        """
        table = read_table(connection, table_id)
        if table is not None:
            table = change(table)
            require_unique_names(table)
            _save_table(table, connection)
        return table

    async def set_trashed(self, table_id: str, *, is_trashed: bool) -> None:
        """Move a table to the trash, or back."""
        at = to_micros(now()) if is_trashed else None
        await self._database.execute("UPDATE tables SET trashed_at = ? WHERE id = ?", at, table_id)

    async def delete(self, table_id: str) -> None:
        """Delete a table; the ledger keeps what it cost. Its text is wiped from the disk."""

        def delete(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM tables WHERE id = ?", (table_id,))
            mark_for_wipe(connection, is_indexed=False)

        await self._database.write(delete)
        await wipe_deleted(self._database)

    # -- rows

    async def add_rows(self, table_id: str, rows: Sequence[NewRow]) -> list[int]:
        """Add rows at the end, with columns for data that the table lacks; return their ids."""
        ids: list[int] = []
        for start in range(0, len(rows), ROWS_AT_ONCE):
            batch = rows[start : start + ROWS_AT_ONCE]
            ids += await self._database.write(partial(_add_rows, table_id, batch))
        return ids

    @writing
    def save_row(self, connection: sqlite3.Connection, row: Row) -> None:
        """Save the changes to a row: its documents, or why they cannot be read."""
        note_rows(connection, [row.id])
        update_row(connection, "table_rows", {**row_to_row(row), "id": row.id}, "id")
        compare_rows(connection, [row.id])

    @writing
    def remove_rows(self, connection: sqlite3.Connection, row_ids: Sequence[int]) -> FormerCells:
        """Remove rows; return them with their cells, for `put_back`.

        Raises:
            IllegalChoiceError: one of them is being asked.
        """
        row_ids = list(row_ids)
        ids = json.dumps(row_ids)
        former = read_former(connection, _places(connection, "row_id", ids), row_ids)
        _require_unasked(former)
        # Their documents stay for the time in which this is undone.
        sql = """UPDATE attachments SET created_at = max(created_at, ?) WHERE sha256 IN (
            SELECT json_extract(part.value, '$.sha256')
            FROM table_rows AS r, json_each(r.parts) AS part
            WHERE r.id IN (SELECT value FROM json_each(?)))"""
        connection.execute(sql, (to_micros(now()), ids))
        touch(connection, row_ids)
        sql = "DELETE FROM table_rows WHERE id IN (SELECT value FROM json_each(?))"
        connection.execute(sql, (ids,))
        return former

    @writing
    def remove_column(self, connection: sqlite3.Connection, column_id: str) -> FormerCells:
        """Remove a column; return its cells, for `put_back` once the column is there again.

        Raises:
            IllegalChoiceError: it is being asked.
        """
        former = read_former(connection, _places(connection, "column_id", json.dumps([column_id])))
        _require_unasked(former)
        rows = list(dict.fromkeys(row_id for row_id, _ in former.places))
        note_rows(connection, rows)
        connection.execute("DELETE FROM table_columns WHERE id = ?", (column_id,))
        compare_rows(connection, rows)
        return former

    async def row(self, row_id: int) -> Row | None:
        sql = "SELECT * FROM table_rows WHERE id = ?"
        return next(iter(await read_rows(self._database, row_from_row, sql, row_id)), None)

    async def row_ids(self, table_id: str) -> array[int]:
        """Return the ids of all rows, in the table's order."""
        return await self.order(table_id, RowOrder())

    @reading
    def files(
        self, connection: sqlite3.Connection, table_id: str, row_ids: Sequence[int]
    ) -> list[tuple[int, tuple[str, ...], tuple[str, ...], bool]]:
        """Return rows with files: their id, paths, stamps, and whether they were read.

        `row_ids` () are all.
        """
        sql = """SELECT id, paths, stamps, parts <> '[]' AND error = '' FROM table_rows
            WHERE table_id = ?1 AND paths <> '[]'
            AND (?2 = '[]' OR id IN (SELECT value FROM json_each(?2))) ORDER BY position"""
        return [
            (row_id, tuple(json.loads(paths)), tuple(json.loads(stamps or "[]")), bool(is_read))
            for row_id, paths, stamps, is_read in connection.execute(
                sql, (table_id, json.dumps(list(row_ids)))
            )
        ]

    async def updated_at(self, table_id: str) -> datetime:
        """Return when a table, or what it has, was changed last."""
        row = await self._database.row("SELECT updated_at FROM tables WHERE id = ?", table_id)
        return from_micros(0 if row is None else row["updated_at"])

    async def has_documents(self, table_id: str) -> bool:
        sql = "SELECT 1 FROM table_rows WHERE table_id = ? AND paths <> '[]' LIMIT 1"
        return await self._database.row(sql, table_id) is not None

    # -- cells

    async def order(self, table_id: str, order: RowOrder) -> array[int]:
        """Return the ids of the rows that are shown, in their order: 15 ms for 10,000."""
        return await self._database.read(lambda c: read_order(c, table_id, order))

    @reading
    def window(
        self, connection: sqlite3.Connection, row_ids: Sequence[int], max_chars: int = SHOWN_CHARS
    ) -> Window:
        """Return rows with their cells, in the order of `row_ids`; rows that are gone are left out.

        The cells have the beginnings of their values, and no whole answers: see `cell`.
        """
        return read_window(connection, row_ids, max_chars)

    async def cell(self, row_id: int, column_id: str) -> Cell:
        """Return a cell with its whole values and answer; an empty one if it has nothing."""
        place = CellId(row_id, column_id)
        return await self._database.read(lambda c: read_cell(c, place))

    @writing
    def set_values(self, connection: sqlite3.Connection, values: Sequence[NewValue]) -> FormerCells:
        """Set values by hand; return what the cells had. Answers in the cells are kept.

        Raises:
            IllegalChoiceError: one of the cells is being asked.
        """
        cells = list(dict.fromkeys(value.cell for value in values))
        former = read_former(connection, cells)
        _require_unasked(former)
        rows = list(dict.fromkeys(cell.row_id for cell in cells))
        note_rows(connection, rows)
        citations = {
            (r["row_id"], r["column_id"], r["part"]): r["citations"] for r in former.values
        }
        for value in values:
            sql = "DELETE FROM table_values WHERE row_id = ? AND column_id = ? AND part = ?"
            key = (*value.cell, value.part)
            connection.execute(sql, key)
            if value.value != "" or value.is_corrected:
                new = CellValue.of(value.value, is_corrected=value.is_corrected)
                row = value_row(value.cell, value.part, new)
                row["citations"] = citations.get(key, "")
                insert_rows(connection, "table_values", [row])
        for cell in dict.fromkeys(value.cell for value in values if value.is_corrected):
            state: StoredRow = {**cell._asdict(), "state": CellState.CORRECTED.value}
            if not update_row(connection, "table_answers", state, "row_id", "column_id"):
                insert_rows(connection, "table_answers", [{**NEW_ANSWER, **state}])
        compare_rows(connection, rows)
        return former

    @writing
    def clear(self, connection: sqlite3.Connection, cells: Sequence[CellId]) -> FormerCells:
        """Empty cells, with their answers; return what they had.

        Those that a run asks are left as they are.
        """
        former = read_former(connection, cells)
        asked = {
            (a["row_id"], a["column_id"]) for a in former.answers if a["state"] in ASKED_STATES
        }
        if asked:
            former = read_former(connection, [cell for cell in cells if cell not in asked])
        rows = list(dict.fromkeys(row_id for row_id, _ in former.places))
        note_rows(connection, rows)
        for table in ("table_answers", "table_values"):
            sql = f"DELETE FROM {table} WHERE row_id = ? AND column_id = ?"  # noqa: S608
            connection.executemany(sql, former.places)
        compare_rows(connection, rows)
        return former

    @writing
    def put_back(self, connection: sqlite3.Connection, former: FormerCells) -> None:
        """Undo a change by hand; answers that came since stay."""
        put_back(connection, former)
        compare_rows(connection, list(dict.fromkeys(row_id for row_id, _ in former.places)))

    async def failed_cells(self, run_id: str, limit: int) -> list[CellId]:
        """Return the first cells of a run that failed."""
        sql = """SELECT row_id, column_id FROM table_answers WHERE run_id = ? AND state = 'failed'
            ORDER BY id LIMIT ?"""
        rows = await self._database.rows(sql, run_id, limit)
        return [CellId(row["row_id"], row["column_id"]) for row in rows]

    async def record_conversation(self, cell: CellId, conversation_id: str) -> None:
        sql = "UPDATE table_answers SET conversation_id = ? WHERE row_id = ? AND column_id = ?"
        await self._database.execute(sql, conversation_id, *cell)

    # -- totals

    @reading
    def totals(self, connection: sqlite3.Connection, column_id: str) -> ColumnTotals:
        sql = f"""SELECT {STATE}, count(*) FROM table_answers
            WHERE column_id = ? GROUP BY 1"""  # noqa: S608 - our own words
        counts = {CellState(state): n for state, n in connection.execute(sql, (column_id,))}
        counts.pop(CellState.EMPTY, None)
        sql = f"""SELECT coalesce(sum(input_tokens), 0), coalesce(sum(cached_tokens), 0),
            coalesce(sum(output_tokens), 0), coalesce(sum(reasoning_tokens), 0),
            {COSTS}, sum(input_tokens IS NOT NULL AND cost IS NULL),
            count(has_passed), coalesce(sum(has_passed), 0),
            avg(seconds) FILTER (WHERE answer <> '') FROM table_answers WHERE column_id = ?"""  # noqa: S608 - our own words
        *tokens, nanos, uncounted, checked, passed, seconds = connection.execute(
            sql, (column_id,)
        ).fetchone()
        sql = f"""SELECT count(DISTINCT row_id) FROM table_values AS v
            WHERE column_id = ? AND part <> '' AND {UNPROVEN}"""  # noqa: S608 - our own words
        (unproven,) = connection.execute(sql, (column_id,)).fetchone()
        cost = Decimal(nanos) / 1_000_000_000
        usage, unknown = Usage(*tokens), uncounted or 0
        return ColumnTotals(
            counts, usage, cost, unknown, checked, passed, seconds, unproven=unproven
        )

    async def figures(self, column: Column) -> ColumnFigures:
        """Return the figures of a column that compare models."""
        return await self._database.read(partial(read_figures, column=column))

    async def failures(self, column: Column, most: int) -> list[tuple[str, str]]:
        """Return the names of the first rows whose answers fail checks, and which."""
        return await self._database.read(partial(read_failures, column=column, most=most))

    async def agreement(self, first: tuple[str, str], second: tuple[str, str]) -> Agreement:
        """Return how often two columns agree; each is a column's id and a part."""
        sql = """SELECT count(*), coalesce(sum((a.number IS NOT NULL AND a.number = b.number) OR
            (a.sort_key = b.sort_key AND (length(a.sort_key) < ?5 OR a.text = b.text))), 0)
            FROM table_values AS a JOIN table_values AS b ON b.row_id = a.row_id
            AND b.column_id = ?3 AND b.part = ?4 WHERE a.column_id = ?1 AND a.part = ?2"""
        row = await self._database.row(sql, *first, *second, SORTED_CHARS)
        return Agreement(*row) if row is not None else Agreement(0, 0)


def _save_table(table: Table, connection: sqlite3.Connection) -> None:
    former = read_table(connection, table.id)
    note_questions(connection, former)
    row = {**to_row(table, "columns", "settings"), "settings": to_json(dict(table.settings))}
    row["updated_at"] = to_micros(now())
    upsert_row(connection, "tables", row, unchanged=("created_at", "trashed_at"))
    for position, column in enumerate(table.columns):
        values: StoredRow = {
            "id": column.id,
            "table_id": table.id,
            "position": position,
            "name": to_text(column.name.strip()),
            "question": question_to_text(column.question),
        }
        upsert_row(connection, "table_columns", values)
    kept = json.dumps([column.id for column in table.columns])
    sql = """DELETE FROM table_columns
        WHERE table_id = ? AND id NOT IN (SELECT value FROM json_each(?))"""
    connection.execute(sql, (table.id, kept))
    compare_questions(connection, former, table)


def _add_rows(table_id: str, rows: Sequence[NewRow], connection: sqlite3.Connection) -> list[int]:
    sql = "SELECT id, name, question FROM table_columns WHERE table_id = ?"
    # Data are not put into the column of a question that has their name.
    stored = connection.execute(sql, (table_id,)).fetchall()
    columns = {row["name"].casefold(): row["id"] for row in stored if not row["question"]}
    taken = {row["name"].casefold() for row in stored if row["question"]}
    sql = "SELECT coalesce(max(position) + 1, 0) FROM table_rows WHERE table_id = ?"
    (first,) = connection.execute(sql, (table_id,)).fetchone()
    # No id is used a second time: removed rows are put back with theirs.
    (last_id,) = connection.execute("SELECT coalesce(max(id), 0) FROM table_rows").fetchone()
    first_id = max(last_id + 1, to_micros(now()))
    ids = list(range(first_id, first_id + len(rows)))
    cells: list[StoredRow] = []
    places = [{"id": row_id, "position": first + n} for n, row_id in enumerate(ids)]
    stored_rows = [
        {**row_to_row(new.row), "table_id": table_id, **place}
        for new, place in zip(rows, places, strict=True)
    ]
    insert_rows(connection, "table_rows", stored_rows)
    for row_id, (_, data) in zip(ids, rows, strict=True):
        for name, value in data.items():
            name = name.strip()
            while name.casefold() in taken:
                name = f"{name} 2"
            folded = name.casefold()
            if folded not in columns:
                columns[folded] = new_id()
                sql = """INSERT INTO table_columns (id, table_id, position, name, question)
                    SELECT ?1, ?2, coalesce(max(position) + 1, 0), ?3, '' FROM table_columns
                    WHERE table_id = ?2"""
                connection.execute(sql, (columns[folded], table_id, to_text(name)))
            if value if isinstance(value, str) else value.text:
                cells.append(value_row(CellId(row_id, columns[folded]), WHOLE, CellValue.of(value)))
    insert_rows(connection, "table_values", cells)
    connection.execute(
        "UPDATE tables SET updated_at = ? WHERE id = ?", (to_micros(now()), table_id)
    )
    return ids


def _place_of(row: StoredRow) -> tuple[object, object]:
    return row["row_id"], row["column_id"]


def _require_unasked(former: FormerCells) -> None:
    if any(row["state"] in ASKED_STATES for row in former.answers):
        raise IllegalChoiceError(BEING_ASKED, hint=N_("Wait for the answer, or stop that first."))


def _places(connection: sqlite3.Connection, key: str, ids: str) -> list[CellId]:
    """Return the filled cells of rows or columns."""
    these = f"WHERE {key} IN (SELECT value FROM json_each(?1))"  # noqa: S608 - our own words
    sql = f"""SELECT row_id, column_id FROM table_values {these}
        UNION SELECT row_id, column_id FROM table_answers {these}"""  # noqa: S608
    return [CellId(*row) for row in connection.execute(sql, (ids,))]
