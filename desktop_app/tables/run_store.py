"""The runs of tables: which cells they ask, their answers, and what a killed process has left."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Final

from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.cost import Usage
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.graphemes import shorten
from desktop_app.domain.network.origin import origin
from desktop_app.i18n.translation import N_
from desktop_app.storage.database import Database
from desktop_app.storage.process_identity import is_alive, this_process
from desktop_app.storage.row_conversion import (
    error_to_text,
    from_row,
    read_row,
    to_json,
    to_micros,
    to_row,
    to_text,
)
from desktop_app.storage.row_writing import Row as StoredRow
from desktop_app.storage.row_writing import insert_rows, update_row
from desktop_app.storage.transactions import reading, writing
from desktop_app.tables.outdated import compare_rows
from desktop_app.tables.stored_cells import (
    COSTS,
    CellId,
    StoredAnswer,
    cells_of,
    nanos_of,
    value_row,
)
from desktop_app.tables.table import Cells, CellState, Run, RunMode, RunStatus, Selection, Table

if TYPE_CHECKING:
    from desktop_app.tables.batch_store import TableBatch

INTERRUPTED: Final = "interrupted"
"""The code of the error of a cell that was being asked when its process ended."""
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
    Selection.EMPTY: f"""(a.state IS NULL OR a.state = 'empty'
        OR a.state IN ('done', 'failed') AND a.is_outdated <> 0
        OR a.state = 'failed' AND json_extract(a.error, '$.code') = '{INTERRUPTED}')""",
    Selection.FAILED: "a.state = 'failed'",
    Selection.ALL: "(a.state IS NULL OR a.state IN ('empty', 'done', 'failed'))",
    None: "(a.state IS NULL OR a.state NOT IN ('waiting', 'running'))",
}


class RunStore:
    """The runs of tables. All methods raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

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
                new: StoredRow = {**NEW_ANSWER, **cell._asdict(), "run_id": run.id}
                count = connection.total_changes
                insert_rows(connection, "table_answers", [new], "INSERT OR IGNORE")
                if connection.total_changes == count:
                    continue
            waiting.append(cell)
        connection.execute("UPDATE table_runs SET cells = ? WHERE id = ?", (len(waiting), run.id))
        return waiting

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
        (SELECT {COSTS} FROM table_answers
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


NEW_ANSWER: Final[StoredRow] = {
    "state": "waiting",
    "run_id": "",
    "batch": 0,
    "answer": "",
    "error": "",
    "failures": "[]",
    "conversation_id": "",
    "answered_by": "",
}


def begin_cell(connection: sqlite3.Connection, cell: CellId, run_id: str) -> bool:
    """Mark a waiting cell of a run as running; return False if it waits no longer."""
    sql = """UPDATE table_answers SET state = 'running'
        WHERE row_id = ? AND column_id = ? AND run_id = ? AND state = 'waiting'"""
    return connection.execute(sql, (*cell, run_id)).rowcount > 0


def save_answer(connection: sqlite3.Connection, stored: StoredAnswer) -> None:
    """Save an answer with its values, in the caller's transaction."""
    row: StoredRow = {
        **stored.cell._asdict(),
        "state": stored.state.value,
        "error": error_to_text(stored.error),
        **({"asked": stored.asked} if stored.asked else {}),
    }
    sql = "SELECT answer FROM table_answers WHERE row_id = ? AND column_id = ?"
    if not stored.answer and stored.usage is None:
        earlier = connection.execute(sql, stored.cell).fetchone()
        if earlier is None or earlier["answer"]:  # it stays
            update_row(connection, "table_answers", row, "row_id", "column_id")
            compare_rows(connection, [stored.cell.row_id])
            return
    usage = stored.usage and Usage() + stored.usage  # its columns only
    row |= {
        "answer": to_text(stored.answer),
        **dict.fromkeys(("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens")),
        **({} if usage is None else to_row(usage)),
        "cost": nanos_of(stored.cost),
        "judge_cost": nanos_of(stored.judge_cost),
        "seconds": stored.seconds,
        "first_token_s": stored.first_token_s,
        "has_passed": None if stored.has_passed is None else int(stored.has_passed),
        "failures": to_json(list(stored.failures)),
        "conversation_id": "",
        "answered_by": to_text(stored.answered_by),
    }
    if not update_row(connection, "table_answers", row, "row_id", "column_id"):
        return  # the row or the column was removed meanwhile
    if stored.values is not None:
        sql = "DELETE FROM table_values WHERE row_id = ? AND column_id = ?"
        connection.execute(sql, stored.cell)
        values = [
            value_row(stored.cell, part, value)
            for part, value in stored.values.items()
            if value.text or value.citations
        ]
        insert_rows(connection, "table_values", values)
    compare_rows(connection, [stored.cell.row_id])


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
