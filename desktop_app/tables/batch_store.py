"""The batches of runs that are answered by tomorrow."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from desktop_app.budget.ledger import insert_call
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.variants import Effort
from desktop_app.domain.spending_report import Call
from desktop_app.domain.value import Value
from desktop_app.providers.jobs.batch_jobs import BatchStatus
from desktop_app.storage.row_conversion import error_to_text, from_row, read_rows, to_row
from desktop_app.storage.row_writing import insert_rows, update_row
from desktop_app.storage.transactions import writing
from desktop_app.tables.run_store import RunStore, save_answer
from desktop_app.tables.stored_cells import CellId, StoredAnswer


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


class BatchStore(RunStore):
    """The runs of tables with their batches. All methods raise StorageError."""

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

    async def save_sent(self, sent: Sequence[tuple[str, int]]) -> None:
        """Save what cells are asked, each by its hash and the number of its request."""
        sql = "UPDATE table_answers SET sent = ? WHERE id = ?"
        await self._database.write(lambda connection: connection.executemany(sql, sent))

    async def cells_of(self, run_id: str, ids: Sequence[int]) -> dict[int, tuple[CellId, str]]:
        """Return cells of a run that still wait, and what they were asked, by their numbers."""
        sql = """SELECT id, row_id, column_id, sent FROM table_answers WHERE run_id = ?
            AND state = 'waiting' AND batch > 0 AND id IN (SELECT value FROM json_each(?))"""
        rows = await self._database.rows(sql, run_id, json.dumps(list(ids)))
        return {row[0]: (CellId(row[1], row[2]), row[3]) for row in rows}

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
