"""The store of tables.

Nothing here holds a table in memory: rows are read a window at a time, by their ids in the order
that the user chose. All changes are whole transactions, and an answer is stored in one with its
values.
"""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from array import array
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Final, NamedTuple

import msgspec

from desktop_app.budget.ledger import from_nanos, insert_call, to_nanos
from desktop_app.domain.bounds import converted
from desktop_app.domain.conversations.conversation import new_id, now
from desktop_app.domain.conversations.message_parts import (
    DocumentPart,
    ImagePart,
    PassagesPart,
    parts_from_json,
    parts_to_json,
)
from desktop_app.domain.cost import Usage
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.graphemes import shorten
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.variants import Effort
from desktop_app.domain.network.origin import origin
from desktop_app.domain.spending_report import Call
from desktop_app.domain.value import Value
from desktop_app.i18n.translation import N_
from desktop_app.providers.jobs.batch_jobs import BatchStatus
from desktop_app.storage.database import Database
from desktop_app.storage.deletion_wipe import mark_for_wipe, wipe_deleted
from desktop_app.storage.process_identity import is_alive, this_process
from desktop_app.storage.row_conversion import Cells as RowCells
from desktop_app.storage.row_conversion import (
    error_from_text,
    error_to_text,
    from_row,
    read_row,
    read_rows,
    to_json,
    to_micros,
    to_row,
    to_text,
)
from desktop_app.storage.row_writing import Row as StoredRow
from desktop_app.storage.row_writing import insert_rows, update_row, upsert_row
from desktop_app.storage.transactions import reading, writing
from desktop_app.tables.former_cells import FormerCells, put_back, read_former
from desktop_app.tables.table import (
    WHOLE,
    Agreement,
    Cell,
    Cells,
    CellState,
    CellValue,
    Check,
    Citation,
    Column,
    ColumnTotals,
    Filter,
    NewRow,
    Question,
    Row,
    RowOrder,
    Run,
    RunMode,
    RunStatus,
    Selection,
    SortKey,
    Table,
    TableSummary,
    Window,
)
from desktop_app.tables.values import Value as TypedText
from desktop_app.tables.values import ValueType

SHOWN_CHARS: Final = 2_000
"""The characters of a value that a window reads: more than a cell shows."""
WHOLE_VALUES: Final = 1 << 30
"""More characters than a value has."""
INTERRUPTED: Final = "interrupted"
"""The code of the error of a cell that was being asked when its process ended."""
ROWS_AT_ONCE: Final = 500
"""Rows that are stored in one transaction."""
BEING_ASKED: Final = N_("This is being asked.")
"""The message of a change by hand to a cell that waits for its answer."""
_ASKED_STATES: Final = (CellState.WAITING.value, CellState.RUNNING.value)
_SORTED_CHARS: Final = 80
_MAX_SHOWN_CHARS: Final = 80
_INTERRUPTED_NOTE: Final = ErrorNote(
    N_("Repartee ended while this was being asked. It may have been charged."), code=INTERRUPTED
)
# The state of a cell that is no longer waiting: as before it was chosen.
_PREVIOUS_STATE: Final = """CASE WHEN EXISTS (SELECT 1 FROM table_values AS v
        WHERE v.row_id = table_answers.row_id AND v.column_id = table_answers.column_id
        AND v.is_corrected) THEN 'corrected'
    WHEN error <> '' THEN 'failed' WHEN answer <> '' THEN 'done' ELSE 'empty' END"""
_CHOSEN: Final[Mapping[Selection | None, str]] = {
    Selection.EMPTY: f"""(a.state IS NULL OR a.state = 'empty' OR a.state = 'failed'
        AND json_extract(a.error, '$.code') = '{INTERRUPTED}')""",
    Selection.FAILED: "a.state = 'failed'",
    Selection.ALL: "(a.state IS NULL OR a.state IN ('empty', 'done', 'failed'))",
    None: "(a.state IS NULL OR a.state NOT IN ('waiting', 'running'))",
}


class CellId(NamedTuple):
    """The place of a cell."""

    row_id: int
    column_id: str


class NewValue(NamedTuple):
    """A value that the user gives to a cell; "" removes one of data.

    Attributes:
        value: a text is one of data.
        is_corrected: the cell is an answer, which is marked as corrected.
    """

    cell: CellId
    part: str
    value: TypedText | str
    is_corrected: bool = False


class StoredAnswer(NamedTuple):
    """An answer as it is stored in its cell.

    Attributes:
        values: those of the answer; None keeps the values that the cell has.
    """

    cell: CellId
    state: CellState
    answer: str
    values: Mapping[str, CellValue] | None = None
    error: ErrorNote | None = None
    usage: Usage | None = None
    cost: Decimal | None = None
    judge_cost: Decimal | None = None
    seconds: float | None = None
    first_token_s: float | None = None
    has_passed: bool | None = None
    failures: tuple[str, ...] = ()
    answered_by: str = ""


class TableBatch(Value, frozen=True):
    """A file of requests of a run, all of one column, and the batch made of it.

    Attributes:
        number: within the run, from 1.
        model, effort: as they are sent.
        held: US dollars that count against the monthly limit while it runs; None before, after, and
            if unknown.
        input_file_id: of the uploaded requests at the provider. Once it is stored, the batch may
            exist: the provider must be asked before one is created.
        number_offset: of a job that an earlier version sent: what the numbers of its requests lack
            to those of their cells; None for others.
    """

    run_id: str
    number: int
    column_id: str
    status: BatchStatus
    provider_id: str
    base_url: str
    model: str
    effort: Effort | None
    api: Api
    held: Decimal | None
    started_at: datetime
    input_file_id: str = ""
    batch_id: str = ""
    remote_done: int = 0
    number_offset: int | None = None

    @property
    def name(self) -> str:
        """Return the name that identifies the file and the batch at the provider."""
        if self.number_offset is not None:
            return f"repartee-{self.run_id}"
        return f"repartee-{self.run_id}-{self.number}"


class AskedAnswer(NamedTuple):
    """A cell of a batch, by the number that its request has."""

    id: int
    cell: CellId


# -- values and rows


def cells_of(columns: Mapping[int, Sequence[str]]) -> list[CellId]:
    """Return cells by the columns of each row."""
    return [CellId(row_id, column_id) for row_id, each in columns.items() for column_id in each]


def sort_key(text: str) -> str:
    """Return what a text is sorted and compared by."""
    return " ".join(text[: 4 * _SORTED_CHARS].split()).casefold()[:_SORTED_CHARS]


def question_to_text(question: Question | None) -> str:
    """Return a question as the column's text; "" for none."""
    if question is None:
        return ""
    values = msgspec.to_builtins(replace(question, passages=()))
    passages = parts_to_json(question.passages)
    return to_json({**values, "overrides": question.overrides.to_json(), "passages": passages})


def question_from_text(text: str) -> Question | None:
    """Return the question in a column's text. Raises ValueError."""
    if not text:
        return None
    from desktop_app.domain.answering.generation import Overrides

    values = json.loads(text)
    overrides = Overrides.from_json(values.pop("overrides", {}))
    parts = parts_from_json(values.pop("passages", []))
    passages = tuple(part for part in parts if isinstance(part, PassagesPart))
    return replace(converted(values, Question), overrides=overrides, passages=passages)


def require_unique_names(table: Table) -> None:
    """Raise IllegalChoiceError if two columns have the same name."""
    names = [column.name.strip() for column in table.columns]
    folded = [name.casefold() for name in names]
    doubled = next((name for name in names if folded.count(name.casefold()) > 1), None)
    if doubled is not None:
        raise IllegalChoiceError(
            N_("Two columns have the name “{name}”."), hint=N_("Rename one of them."), name=doubled
        )


def column_from_row(row: RowCells) -> Column:
    return Column(row["id"], row["name"], question_from_text(row["question"]))


def row_from_row(row: RowCells) -> Row:
    parts = parts_from_json(json.loads(row["parts"]))
    return from_row(
        Row,
        row,
        parts=tuple(part for part in parts if isinstance(part, DocumentPart | ImagePart)),
        checks=converted(json.loads(row["checks"]), tuple[Check, ...]),
    )


def _row_to_row(row: Row) -> StoredRow:
    """Return the columns of `table_rows` except the id, the table and the position."""
    return {
        **to_row(row, "id", "parts", "checks"),
        "parts": to_json(parts_to_json(row.parts)),
        "checks": to_json(msgspec.to_builtins(row.checks)),
    }


def _table_from_rows(row: RowCells, columns: Iterable[RowCells]) -> Table:
    settings = json.loads(row["settings"])
    return from_row(
        Table,
        row,
        columns=tuple(map(column_from_row, columns)),
        settings=settings if isinstance(settings, dict) else {},
    )


def _value_row(cell: CellId, part: str, value: CellValue) -> StoredRow:
    text = to_text(value.text)
    return {
        "row_id": cell.row_id,
        "column_id": cell.column_id,
        "part": part,
        "text": text,
        "number": value.number,
        "sort_key": sort_key(text),
        "citations": to_json(msgspec.to_builtins(value.citations)) if value.citations else "",
        "is_corrected": int(value.is_corrected),
        "type": value.type.value,
        "format": to_text(value.format),
    }


_TYPES: Final = {each.value: each for each in ValueType}


def _value_from_row(row: RowCells) -> CellValue:
    citations = converted(json.loads(row["citations"] or "[]"), tuple[Citation, ...])
    return CellValue(
        row["text"],
        citations,
        bool(row["is_corrected"]),
        _TYPES[row["type"]],
        row["format"],
        row["number"],
    )


def _amount(nanos: int | None) -> Decimal | None:
    return None if nanos is None else from_nanos(nanos)


def _nanos(amount: Decimal | None) -> int | None:
    return None if amount is None else to_nanos(amount)


def _cell_from_row(row: RowCells, values: Mapping[str, CellValue]) -> Cell:
    return Cell(
        row["row_id"],
        row["column_id"],
        CellState(row["state"]),
        values,
        answer=row["answer"],
        error=error_from_text(row["error"]),
        usage=None if row["input_tokens"] is None else from_row(Usage, row),
        cost=_amount(row["cost"]),
        judge_cost=_amount(row["judge_cost"]),
        seconds=row["seconds"],
        first_token_s=row["first_token_s"],
        has_passed=None if row["has_passed"] is None else bool(row["has_passed"]),
        failures=tuple(json.loads(row["failures"])),
        run_id=row["run_id"],
        conversation_id=row["conversation_id"],
        answered_by=row["answered_by"],
    )


class TableStore:
    """The tables. All methods raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

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
            table = _read_table(connection, table_id)
            if table is None:
                continue
            states: dict[CellState, int] = {}
            nanos = 0
            for column in table.questions:
                sql = f"""SELECT state, count(*), {_COSTS} FROM table_answers
                    WHERE column_id = ? GROUP BY state"""  # noqa: S608 - our own words
                for state, count, cost in connection.execute(sql, (column.id,)):
                    nanos += cost
                    if state != CellState.EMPTY.value:
                        states[CellState(state)] = states.get(CellState(state), 0) + count
            summaries.append(TableSummary(table, rows, states, Decimal(nanos) / 1_000_000_000))
        return summaries

    async def get(self, table_id: str) -> Table | None:
        """Return a table; None if it is gone."""
        return await self._database.read(lambda c: _read_table(c, table_id))

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
        table = _read_table(connection, table_id)
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

    async def save_row(self, row: Row) -> None:
        """Save the changes to a row: its documents, or why they cannot be read."""
        values = {**_row_to_row(row), "id": row.id}
        await self._database.write(lambda c: update_row(c, "table_rows", values, "id"))

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
        connection.execute("DELETE FROM table_columns WHERE id = ?", (column_id,))
        return former

    async def row(self, row_id: int) -> Row | None:
        sql = "SELECT * FROM table_rows WHERE id = ?"
        return next(iter(await read_rows(self._database, row_from_row, sql, row_id)), None)

    async def row_ids(self, table_id: str) -> array[int]:
        """Return the ids of all rows, in the table's order."""
        return await self.order(table_id, RowOrder())

    async def unread_rows(self, table_id: str, row_ids: Sequence[int]) -> list[Row]:
        """Return rows whose documents were not read, or could not be; `row_ids` () are all."""
        sql = """SELECT * FROM table_rows WHERE table_id = ?1 AND paths <> '[]' AND parts = '[]'
            AND (?2 = '[]' OR id IN (SELECT value FROM json_each(?2)))
            ORDER BY position"""
        ids = json.dumps(list(row_ids))
        return await read_rows(self._database, row_from_row, sql, table_id, ids)

    async def has_documents(self, table_id: str) -> bool:
        sql = "SELECT 1 FROM table_rows WHERE table_id = ? AND paths <> '[]' LIMIT 1"
        return await self._database.row(sql, table_id) is not None

    async def keys(self, table_id: str) -> set[str]:
        """Return the ids that the rows had in their files."""
        sql = "SELECT key FROM table_rows WHERE table_id = ? AND key <> ''"
        return {row["key"] for row in await self._database.rows(sql, table_id)}

    # -- cells

    @reading
    def order(self, connection: sqlite3.Connection, table_id: str, order: RowOrder) -> array[int]:
        """Return the ids of the rows that are shown, in their order: 15 ms for 10,000."""
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

    @reading
    def window(
        self, connection: sqlite3.Connection, row_ids: Sequence[int], max_chars: int = SHOWN_CHARS
    ) -> Window:
        """Return rows with their cells, in the order of `row_ids`; rows that are gone are left out.

        The cells have the beginnings of their values, and no whole answers: see `cell`.
        """
        row_ids = list(row_ids)
        ids = json.dumps(row_ids)
        these = "IN (SELECT value FROM json_each(?))"
        sql = f"SELECT * FROM table_rows WHERE id {these}"  # noqa: S608
        rows = {row["id"]: read_row(row_from_row, row) for row in connection.execute(sql, (ids,))}
        values: dict[CellId, dict[str, CellValue]] = {}
        # `substr` would end at a NUL.
        text, given = (
            ("text", ()) if max_chars >= WHOLE_VALUES else ("substr(text, 1, ?)", (max_chars,))
        )
        sql = f"""SELECT id, row_id, column_id, part, {text} AS text, citations, is_corrected,
            type, format, number FROM table_values WHERE row_id {these}"""  # noqa: S608
        for row in connection.execute(sql, (*given, ids)):
            place = CellId(row["row_id"], row["column_id"])
            values.setdefault(place, {})[row["part"]] = read_row(_value_from_row, row)
        cells: dict[int, dict[str, Cell]] = {row_id: {} for row_id in rows}
        for place, parts in values.items():
            cells[place.row_id][place.column_id] = Cell(*place, CellState.DONE, parts)
        sql = f"""SELECT id, '' AS answer, {_ANSWER_COLUMNS} FROM table_answers
            WHERE row_id {these}"""  # noqa: S608
        for row in connection.execute(sql, (ids,)):
            place = CellId(row["row_id"], row["column_id"])
            cells[place.row_id][place.column_id] = _cell(row, values.get(place, {}))
        return Window([rows[row_id] for row_id in row_ids if row_id in rows], cells)

    async def cell(self, row_id: int, column_id: str) -> Cell:
        """Return a cell with its whole values and answer; an empty one if it has nothing."""
        place = CellId(row_id, column_id)
        return await self._database.read(lambda c: _read_cell(c, place))

    @writing
    def set_values(self, connection: sqlite3.Connection, values: Sequence[NewValue]) -> FormerCells:
        """Set values by hand; return what the cells had. Answers in the cells are kept.

        Raises:
            IllegalChoiceError: one of the cells is being asked.
        """
        cells = list(dict.fromkeys(value.cell for value in values))
        former = read_former(connection, cells)
        _require_unasked(former)
        citations = {
            (r["row_id"], r["column_id"], r["part"]): r["citations"] for r in former.values
        }
        for value in values:
            sql = "DELETE FROM table_values WHERE row_id = ? AND column_id = ? AND part = ?"
            key = (*value.cell, value.part)
            connection.execute(sql, key)
            if value.value != "" or value.is_corrected:
                new = CellValue.of(value.value, is_corrected=value.is_corrected)
                row = _value_row(value.cell, value.part, new)
                row["citations"] = citations.get(key, "")
                insert_rows(connection, "table_values", [row])
        for cell in dict.fromkeys(value.cell for value in values if value.is_corrected):
            state: StoredRow = {**cell._asdict(), "state": CellState.CORRECTED.value}
            if not update_row(connection, "table_answers", state, "row_id", "column_id"):
                insert_rows(connection, "table_answers", [{**_NEW_ANSWER, **state}])
        return former

    @writing
    def clear(self, connection: sqlite3.Connection, cells: Sequence[CellId]) -> FormerCells:
        """Empty cells, with their answers; return what they had.

        Those that a run asks are left as they are.
        """
        former = read_former(connection, cells)
        asked = {
            (a["row_id"], a["column_id"]) for a in former.answers if a["state"] in _ASKED_STATES
        }
        if asked:
            former = read_former(connection, [cell for cell in cells if cell not in asked])
        for table in ("table_answers", "table_values"):
            sql = f"DELETE FROM {table} WHERE row_id = ? AND column_id = ?"  # noqa: S608
            connection.executemany(sql, former.places)
        return former

    @writing
    def put_back(self, connection: sqlite3.Connection, former: FormerCells) -> None:
        """Undo a change by hand; answers that came since stay."""
        put_back(connection, former)

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
        sql = "SELECT state, count(*) FROM table_answers WHERE column_id = ? GROUP BY state"
        counts = {CellState(state): n for state, n in connection.execute(sql, (column_id,))}
        counts.pop(CellState.EMPTY, None)
        sql = f"""SELECT coalesce(sum(input_tokens), 0), coalesce(sum(cached_tokens), 0),
            coalesce(sum(output_tokens), 0), coalesce(sum(reasoning_tokens), 0),
            {_COSTS}, sum(input_tokens IS NOT NULL AND cost IS NULL),
            count(has_passed), coalesce(sum(has_passed), 0),
            avg(seconds) FILTER (WHERE answer <> '') FROM table_answers WHERE column_id = ?"""  # noqa: S608 - our own words
        *tokens, nanos, uncounted, checked, passed, seconds = connection.execute(
            sql, (column_id,)
        ).fetchone()
        return ColumnTotals(
            counts,
            Usage(*tokens),
            Decimal(nanos) / 1_000_000_000,
            uncounted or 0,
            checked,
            passed,
            seconds,
        )

    async def agreement(self, first: tuple[str, str], second: tuple[str, str]) -> Agreement:
        """Return how often two columns agree; each is a column's id and a part."""
        sql = """SELECT count(*), coalesce(sum((a.number IS NOT NULL AND a.number = b.number) OR
            (a.sort_key = b.sort_key AND (length(a.sort_key) < ?5 OR a.text = b.text))), 0)
            FROM table_values AS a JOIN table_values AS b ON b.row_id = a.row_id
            AND b.column_id = ?3 AND b.part = ?4 WHERE a.column_id = ?1 AND a.part = ?2"""
        row = await self._database.row(sql, *first, *second, _SORTED_CHARS)
        return Agreement(*row) if row is not None else Agreement(0, 0)

    # -- runs

    async def chosen(self, table: Table, cells: Cells) -> list[CellId]:
        """Return the cells that a run would ask, row by row."""
        chosen = await self.chosen_columns(table, cells)
        return await asyncio.to_thread(cells_of, chosen)

    @reading
    def chosen_columns(
        self, connection: sqlite3.Connection, table: Table, cells: Cells
    ) -> dict[int, tuple[str, ...]]:
        """Return the columns that a run would ask, by the ids of the rows in their order."""
        columns = [c.id for c in table.questions if not cells.columns or c.id in cells.columns]
        sql = f"""SELECT r.id, r.position FROM table_rows AS r
            LEFT JOIN table_answers AS a ON a.row_id = r.id AND a.column_id = ?2
            WHERE r.table_id = ?1 AND (?3 = '[]' OR r.id IN (SELECT value FROM json_each(?3)))
            AND {_CHOSEN[cells.selection]} ORDER BY r.position LIMIT ?4"""  # noqa: S608 - our own words
        ids = json.dumps(list(cells.rows))
        fewer = cells.columns_of_rows
        # The first rows of all columns are among the first rows of each.
        limit = cells.limit if cells.limit and not fewer else -1
        positions: dict[int, int] = {}
        found: dict[int, tuple[str, ...]] = {}
        for column_id in columns:
            # Rows share their tuples: 100,000 would take the collector of garbage four frames.
            with_it: dict[tuple[str, ...], tuple[str, ...]] = {}
            for row_id, position in connection.execute(sql, (table.id, column_id, ids, limit)):
                if not fewer or column_id in fewer.get(row_id, columns):
                    others = found.get(row_id, ())
                    if others not in with_it:
                        with_it[others] = (*others, column_id)
                    found[row_id] = with_it[others]
                    positions[row_id] = position
        rows = sorted(positions, key=lambda row_id: positions[row_id])
        return {row_id: found[row_id] for row_id in rows[: cells.limit or None]}

    @writing
    def begin_run(
        self,
        connection: sqlite3.Connection,
        run: Run,
        cells: Sequence[CellId],
        batches: Sequence[TableBatch] = (),
    ) -> list[CellId]:
        """Save a run of this process with its batches, and mark its cells as waiting.

        Return the cells that wait; others were taken by another run meanwhile.
        """
        owner = this_process()
        row: StoredRow = {
            **to_row(run, "answered", "failed", "cost", "remote_done"),
            "owner_pid": owner[0],
            "owner_started": owner[1],
        }
        insert_rows(connection, "table_runs", [row])
        insert_rows(connection, "table_batches", list(map(to_row, batches)))
        sql = """UPDATE table_answers SET state = 'waiting', run_id = ?, batch = 0
            WHERE row_id = ? AND column_id = ? AND state NOT IN ('waiting', 'running')"""
        waiting = []
        for cell in cells:
            if not connection.execute(sql, (run.id, *cell)).rowcount:
                new: StoredRow = {**_NEW_ANSWER, **cell._asdict(), "run_id": run.id}
                count = connection.total_changes
                insert_rows(connection, "table_answers", [new], "INSERT OR IGNORE")
                if connection.total_changes == count:
                    continue
            waiting.append(cell)
        connection.execute("UPDATE table_runs SET cells = ? WHERE id = ?", (len(waiting), run.id))
        return waiting

    @writing
    def begin_cell(self, connection: sqlite3.Connection, cell: CellId, run_id: str) -> bool:
        """Mark a waiting cell of a run as running; return False if it waits no longer."""
        sql = """UPDATE table_answers SET state = 'running'
            WHERE row_id = ? AND column_id = ? AND run_id = ? AND state = 'waiting'"""
        return connection.execute(sql, (*cell, run_id)).rowcount > 0

    async def wait_again(self, cell: CellId, run_id: str) -> None:
        """Mark a running cell, for which nothing was sent, as waiting again."""
        sql = """UPDATE table_answers SET state = 'waiting'
            WHERE row_id = ? AND column_id = ? AND run_id = ? AND state = 'running'"""
        await self._database.execute(sql, *cell, run_id)

    @writing
    def save_answers(self, connection: sqlite3.Connection, answers: Sequence[StoredAnswer]) -> None:
        for answer in answers:
            save_answer(connection, answer)

    async def run(self, run_id: str) -> Run | None:
        """Return a run with its counts; None if it is gone."""
        return await self._database.read(lambda c: read_run(c, run_id))

    @reading
    def runs(
        self, connection: sqlite3.Connection, table_id: str = "", *, is_open: bool = False
    ) -> list[Run]:
        """Return the runs of a table, or of all, the newest first; only those that are not over."""
        sql = """SELECT id FROM table_runs WHERE (?1 = '' OR table_id = ?1)
            AND (NOT ?2 OR status NOT IN ('done', 'stopped'))
            ORDER BY created_at DESC, rowid DESC"""
        ids = [row["id"] for row in connection.execute(sql, (table_id, is_open)).fetchall()]
        return [run for run_id in ids if (run := read_run(connection, run_id)) is not None]

    @writing
    def save_run(self, connection: sqlite3.Connection, run: Run) -> None:
        """Save the status and the error of a run that is not over."""
        sql = """UPDATE table_runs SET status = ?, error = ?
            WHERE id = ? AND status NOT IN ('done', 'stopped')"""
        connection.execute(sql, (run.status.value, error_to_text(run.error), run.id))

    async def cancel_run(self, run_id: str) -> None:
        """Ask the owner of a run to stop it."""
        await self._database.execute("UPDATE table_runs SET is_cancelled = 1 WHERE id = ?", run_id)

    async def end_run(self, run_id: str, status: RunStatus, error: ErrorNote | None) -> None:
        """End a run: its cells that still wait are as before it."""
        await self._database.write(partial(_end_run, run_id, status, error))

    # -- batches

    async def batches(self, run_id: str) -> list[TableBatch]:
        """Return the batches of a run, in order."""
        sql = "SELECT * FROM table_batches WHERE run_id = ? ORDER BY number"
        return await read_rows(self._database, partial(from_row, TableBatch), sql, run_id)

    async def save_batch(self, batch: TableBatch) -> None:
        row = to_row(batch)
        await self._database.write(
            lambda c: update_row(c, "table_batches", row, "run_id", "number")
        )

    async def asked_answers(
        self, run_id: str, column_id: str, *, batch: int, after: int, limit: int
    ) -> list[AskedAnswer]:
        """Return waiting cells of a batch (0: of none yet), in order, after the number `after`."""
        sql = """SELECT id, row_id, column_id FROM table_answers WHERE run_id = ? AND batch = ?
            AND state = 'waiting' AND column_id = ? AND id > ? ORDER BY id LIMIT ?"""
        rows = await self._database.rows(sql, run_id, batch, column_id, after, limit)
        return [AskedAnswer(row[0], CellId(row[1], row[2])) for row in rows]

    @writing
    def save_upload(self, connection: sqlite3.Connection, batch: TableBatch, last: int) -> None:
        """Save that the waiting cells up to number `last` were uploaded for a batch.

        If others of its column still wait for a batch, one is added, with their share of the hold.
        """
        where = "WHERE run_id = ? AND column_id = ? AND batch = 0 AND state = 'waiting'"
        key = (batch.run_id, batch.column_id)
        sql = f"UPDATE table_answers SET batch = ? {where} AND id <= ?"  # noqa: S608
        sent = connection.execute(sql, (batch.number, *key, last)).rowcount
        sql = f"SELECT count(*) FROM table_answers {where}"  # noqa: S608
        (left,) = connection.execute(sql, key).fetchone()
        sql = """SELECT coalesce(max(number), 0), count(*) FILTER (WHERE column_id = ?
            AND number <> ? AND input_file_id = '' AND status = 'uploading')
            FROM table_batches WHERE run_id = ?"""
        last_number, prepared = connection.execute(
            sql, (batch.column_id, batch.number, batch.run_id)
        ).fetchone()
        if left and not prepared:
            held = None if batch.held is None else batch.held * left / (left + sent)
            number = last_number + 1
            further = replace(batch, number=number, held=held, input_file_id="", number_offset=None)
            insert_rows(connection, "table_batches", [to_row(further)])
            if batch.held is not None and held is not None:
                batch = replace(batch, held=batch.held - held)
        update_row(connection, "table_batches", to_row(batch), "run_id", "number")

    @writing
    def forget_upload(self, connection: sqlite3.Connection, batch: TableBatch) -> None:
        """Save that the provider made no batch of the uploaded cells, which are unsent again."""
        row = to_row(replace(batch, input_file_id=""))
        update_row(connection, "table_batches", row, "run_id", "number")
        sql = """UPDATE table_answers SET batch = 0
            WHERE run_id = ? AND batch = ? AND state = 'waiting'"""
        connection.execute(sql, (batch.run_id, batch.number))

    async def batch_size(self, batch: TableBatch) -> int:
        """Return how many cells were sent with a batch."""
        sql = "SELECT count(*) FROM table_answers WHERE run_id = ? AND batch = ?"
        row = await self._database.row(sql, batch.run_id, batch.number)
        return 0 if row is None else int(row[0])

    async def cells_of(self, run_id: str, ids: Sequence[int]) -> dict[int, CellId]:
        """Return the cells of a run by the numbers of their requests, those that still wait."""
        sql = """SELECT id, row_id, column_id FROM table_answers WHERE run_id = ?
            AND state = 'waiting' AND batch > 0 AND id IN (SELECT value FROM json_each(?))"""
        rows = await self._database.rows(sql, run_id, json.dumps(list(ids)))
        return {row[0]: CellId(row[1], row[2]) for row in rows}

    @writing
    def save_results(
        self, connection: sqlite3.Connection, results: Sequence[tuple[StoredAnswer, Call | None]]
    ) -> None:
        """Save results that still wait, each once, with their entries in the ledger."""
        for stored, call in results:
            sql = """SELECT 1 FROM table_answers
                WHERE row_id = ? AND column_id = ? AND state = 'waiting'"""
            if connection.execute(sql, stored.cell).fetchone() is None:
                continue
            save_answer(connection, stored)
            if call is not None:
                insert_call(connection, call)

    @writing
    def end_batch(
        self,
        connection: sqlite3.Connection,
        batch: TableBatch,
        error: ErrorNote,
        errors_by_place: Mapping[int, ErrorNote],
    ) -> None:
        """Save a batch that has ended; its cells without a result get an error.

        Args:
            errors_by_place: the errors of single requests, by their place in the file, from 0.
        """
        if errors_by_place:
            sql = "SELECT id FROM table_answers WHERE run_id = ? AND batch = ? ORDER BY id"
            ids = [
                row[0] for row in connection.execute(sql, (batch.run_id, batch.number)).fetchall()
            ]
            sql = """UPDATE table_answers SET state = 'failed', error = ?
                WHERE id = ? AND state = 'waiting'"""
            for place, note in errors_by_place.items():
                if 0 <= place < len(ids):
                    connection.execute(sql, (error_to_text(note), ids[place]))
        sql = """UPDATE table_answers SET state = 'failed', error = ?
            WHERE run_id = ? AND batch = ? AND state = 'waiting'"""
        connection.execute(sql, (error_to_text(error), batch.run_id, batch.number))
        update_row(connection, "table_batches", to_row(batch), "run_id", "number")

    # -- owners

    @writing
    def claim(self, connection: sqlite3.Connection, run_id: str) -> bool:
        """Become the owner of a run; return False if a live process owns it, or it is gone."""
        sql = "SELECT owner_pid, owner_started FROM table_runs WHERE id = ?"
        row = connection.execute(sql, (run_id,)).fetchone()
        if row is None:
            return False
        me = this_process()
        if tuple(row) != me and is_alive(*row):
            return False
        sql = "UPDATE table_runs SET owner_pid = ?, owner_started = ? WHERE id = ?"
        connection.execute(sql, (*me, run_id))
        return True

    async def release(self, run_id: str) -> None:
        """Let any process continue a run."""
        sql = "UPDATE table_runs SET owner_pid = NULL, owner_started = NULL WHERE id = ?"
        await self._database.execute(sql, run_id)

    async def recover(self, running: Collection[str] = ()) -> int:
        """End the runs whose process was killed; return how many cells were being asked then.

        Their cells that waited are as before the run. Those that were being asked have an error:
        the provider may have answered, and the ledger counts what was held.

        Args:
            running: the ids of the runs of this process.
        """
        dead = await self._database.read(partial(_dead_runs, running))
        if not dead:  # nothing is written, which a full disk would refuse
            return 0
        return await self._database.write(partial(_recover, dead))


# -- reading


def _read_table(connection: sqlite3.Connection, table_id: str) -> Table | None:
    row = connection.execute("SELECT * FROM tables WHERE id = ?", (table_id,)).fetchone()
    if row is None:
        return None
    sql = "SELECT * FROM table_columns WHERE table_id = ? ORDER BY position"
    columns = connection.execute(sql, (table_id,)).fetchall()
    return read_row(lambda cells: _table_from_rows(cells, columns), row)


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
        wanted.append(f"v.part <> '' AND {_UNPROVEN}")
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
            f"""coalesce((SELECT a.state FROM {answer}), 'empty')
            IN (SELECT value FROM json_each(:{name}_states))"""  # noqa: S608
        )
    if each.passed is not None:
        conditions.append(f"(SELECT a.has_passed FROM {answer}) IS {int(each.passed)}")  # noqa: S608
    return conditions


# A page was named, but the words are not in the document.
_UNPROVEN: Final = """v.citations <> '' AND EXISTS (SELECT 1 FROM json_each(v.citations) AS c
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


_COSTS: Final = "coalesce(sum(cost), 0) + coalesce(sum(judge_cost), 0)"
_ANSWER_COLUMNS: Final = """row_id, column_id, state, run_id, error, input_tokens, cached_tokens,
    output_tokens, reasoning_tokens, cost, judge_cost, seconds, first_token_s, has_passed, failures,
    conversation_id, answered_by"""


def _cell(row: sqlite3.Row, values: Mapping[str, CellValue]) -> Cell:
    return read_row(lambda cells: _cell_from_row(cells, values), row)


def _read_cell(connection: sqlite3.Connection, place: CellId) -> Cell:
    where = "WHERE row_id = ? AND column_id = ?"
    sql = f"SELECT * FROM table_values {where}"  # noqa: S608
    rows = connection.execute(sql, place).fetchall()
    values = {row["part"]: read_row(_value_from_row, row) for row in rows}
    sql = f"SELECT * FROM table_answers {where}"  # noqa: S608
    row = connection.execute(sql, place).fetchone()
    if row is not None:
        return _cell(row, values)
    return Cell(*place, CellState.DONE if values else CellState.EMPTY, values)


def lines_of_acting(connection: sqlite3.Connection) -> list[str]:
    """Return each table with a batch at a provider, with its provider's host and its cells."""
    sql = """SELECT t.name, b.base_url, count(a.id) FROM table_runs AS r
        JOIN tables AS t ON t.id = r.table_id
        JOIN table_batches AS b ON b.run_id = r.id AND b.batch_id <> ''
        LEFT JOIN table_answers AS a ON a.run_id = r.id AND a.batch = b.number
        WHERE r.mode = 'batch' AND r.status NOT IN ('done', 'stopped')
        GROUP BY b.run_id, b.number"""
    return [
        " · ".join(
            (shorten(" ".join(name.split()), _MAX_SHOWN_CHARS), origin(base_url), str(cells))
        )
        for name, base_url, cells in connection.execute(sql)
    ]


def read_run(connection: sqlite3.Connection, run_id: str) -> Run | None:
    """Return a run with its counts, in the caller's transaction; None if it is gone."""
    row = connection.execute("SELECT * FROM table_runs WHERE id = ?", (run_id,)).fetchone()
    if row is None:
        return None
    sql = f"""SELECT count(*) FILTER (WHERE state IN ('done', 'corrected')),
        count(*) FILTER (WHERE state = 'failed'),
        (SELECT {_COSTS} FROM table_answers
        WHERE run_id = ?1 AND state IN ('done', 'corrected', 'failed'))
        FROM table_answers WHERE run_id = ?1"""  # noqa: S608 - our own words
    answered, failed, nanos = connection.execute(sql, (run_id,)).fetchone()
    sql = "SELECT coalesce(sum(remote_done), 0) FROM table_batches WHERE run_id = ?"
    (remote_done,) = connection.execute(sql, (run_id,)).fetchone()

    def convert(cells: sqlite3.Row) -> Run:
        return from_row(
            Run,
            cells,
            answered=answered,
            failed=failed,
            cost=Decimal(nanos) / 1_000_000_000,
            remote_done=remote_done,
        )

    return read_row(convert, row)


# -- writing


def _save_table(table: Table, connection: sqlite3.Connection) -> None:
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
        {**_row_to_row(new.row), "table_id": table_id, **place}
        for new, place in zip(rows, places, strict=True)
    ]
    insert_rows(connection, "table_rows", stored_rows)
    for row_id, (_, data) in zip(ids, rows, strict=True):
        for name, value in data.items():
            if not (value if isinstance(value, str) else value.text):
                continue
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
            cells.append(_value_row(CellId(row_id, columns[folded]), WHOLE, CellValue.of(value)))
    insert_rows(connection, "table_values", cells)
    connection.execute(
        "UPDATE tables SET updated_at = ? WHERE id = ?", (to_micros(now()), table_id)
    )
    return ids


def _place_of(row: StoredRow) -> tuple[object, object]:
    return row["row_id"], row["column_id"]


def _require_unasked(former: FormerCells) -> None:
    if any(row["state"] in _ASKED_STATES for row in former.answers):
        raise IllegalChoiceError(BEING_ASKED, hint=N_("Wait for the answer, or stop that first."))


def _places(connection: sqlite3.Connection, key: str, ids: str) -> list[CellId]:
    """Return the filled cells of rows or columns."""
    these = f"WHERE {key} IN (SELECT value FROM json_each(?1))"  # noqa: S608 - our own words
    sql = f"""SELECT row_id, column_id FROM table_values {these}
        UNION SELECT row_id, column_id FROM table_answers {these}"""  # noqa: S608
    return [CellId(*row) for row in connection.execute(sql, (ids,))]


_NEW_ANSWER: Final[StoredRow] = {
    "state": "waiting",
    "run_id": "",
    "batch": 0,
    "answer": "",
    "error": "",
    "failures": "[]",
    "conversation_id": "",
    "answered_by": "",
}


def save_answer(connection: sqlite3.Connection, stored: StoredAnswer) -> None:
    """Save an answer with its values, in the caller's transaction."""
    row: StoredRow = {
        **stored.cell._asdict(),
        "state": stored.state.value,
        "error": error_to_text(stored.error),
    }
    sql = "SELECT answer FROM table_answers WHERE row_id = ? AND column_id = ?"
    if not stored.answer and stored.usage is None:
        earlier = connection.execute(sql, stored.cell).fetchone()
        if earlier is None or earlier["answer"]:  # it stays
            update_row(connection, "table_answers", row, "row_id", "column_id")
            return
    usage = stored.usage and Usage() + stored.usage  # its columns only
    row |= {
        "answer": to_text(stored.answer),
        **dict.fromkeys(("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens")),
        **({} if usage is None else to_row(usage)),
        "cost": _nanos(stored.cost),
        "judge_cost": _nanos(stored.judge_cost),
        "seconds": stored.seconds,
        "first_token_s": stored.first_token_s,
        "has_passed": None if stored.has_passed is None else int(stored.has_passed),
        "failures": to_json(list(stored.failures)),
        "conversation_id": "",
        "answered_by": to_text(stored.answered_by),
    }
    if not update_row(connection, "table_answers", row, "row_id", "column_id"):
        return  # the row or the column was removed meanwhile
    if stored.values is None:
        return
    sql = "DELETE FROM table_values WHERE row_id = ? AND column_id = ?"
    connection.execute(sql, stored.cell)
    values = [
        _value_row(stored.cell, part, value)
        for part, value in stored.values.items()
        if value.text or value.citations
    ]
    insert_rows(connection, "table_values", values)


def _end_run(
    run_id: str, status: RunStatus, error: ErrorNote | None, connection: sqlite3.Connection
) -> None:
    sql = f"""UPDATE table_answers SET state = {_PREVIOUS_STATE}
        WHERE run_id = ? AND state IN ('waiting', 'running')"""  # noqa: S608
    connection.execute(sql, (run_id,))
    sql = """UPDATE table_runs SET status = ?, error = ?, ended_at = ?, owner_pid = NULL,
        owner_started = NULL WHERE id = ? AND status NOT IN ('done', 'stopped')"""
    row = (status.value, error_to_text(error), to_micros(now()), run_id)
    connection.execute(sql, row)
    sql = (
        "UPDATE tables SET updated_at = ? WHERE id = (SELECT table_id FROM table_runs WHERE id = ?)"
    )
    connection.execute(sql, (to_micros(now()), run_id))


def _dead_runs(running: Collection[str], connection: sqlite3.Connection) -> list[str]:
    sql = "SELECT id, owner_pid, owner_started FROM table_runs WHERE mode = ? AND status = ?"
    rows = connection.execute(sql, (RunMode.NOW.value, RunStatus.RUNNING.value)).fetchall()
    me = this_process()
    return [
        run_id
        for run_id, *owner in rows
        if run_id not in running and (tuple(owner) == me or not is_alive(*owner))
    ]


def _recover(run_ids: Sequence[str], connection: sqlite3.Connection) -> int:
    interrupted = 0
    for run_id in run_ids:
        sql = "UPDATE table_answers SET state = 'failed', error = ? WHERE run_id = ? AND state = ?"
        values = (error_to_text(_INTERRUPTED_NOTE), run_id, CellState.RUNNING.value)
        interrupted += connection.execute(sql, values).rowcount
        _end_run(run_id, RunStatus.STOPPED, None, connection)
    return interrupted
