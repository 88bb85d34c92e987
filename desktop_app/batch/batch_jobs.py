"""Batch jobs, read from the tables that they are.

A job is a table with a literal question (`Question.is_literal`), whose rows are its files. Its id
is that of the table. `repartee batch` shows it as scripts know it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Final

from desktop_app.budget.ledger import from_nanos
from desktop_app.domain.conversations.conversation import REFUSED
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart, parts_from_json
from desktop_app.domain.cost import Usage
from desktop_app.domain.error_note import ErrorNote
from desktop_app.i18n.translation import N_
from desktop_app.providers.jobs.batch_jobs import (
    SCHEMA_PROBLEM,
    UNANSWERED,
    BatchCounts,
    BatchEstimate,
    BatchItem,
    BatchJob,
    BatchStatus,
    ItemStatus,
)
from desktop_app.storage.row_conversion import (
    Cells,
    error_from_text,
    from_micros,
    from_row,
    read_row,
    read_rows,
)
from desktop_app.tables.batch_store import TableBatch
from desktop_app.tables.run_store import read_run
from desktop_app.tables.stored_cells import question_from_text
from desktop_app.tables.table import Run

if TYPE_CHECKING:
    from desktop_app.storage.database import Database

PAGE_SIZE: Final = 200
"""The number of files that are read with their answers at a time."""
_UNSENT: Final = ErrorNote(N_("The job was canceled before it was sent. Not charged."))
_COLUMN: Final = """(SELECT id FROM table_columns WHERE table_id = t.id
    AND json_extract(nullif(question, ''), '$.is_literal') ORDER BY position LIMIT 1)"""
_CODE: Final = "json_extract(nullif(a.error, ''), '$.code')"
# The status of a file in its words.
_STATUS: Final = f"""CASE WHEN a.state IN ('waiting', 'running') THEN 'sent'
    WHEN a.state IN ('done', 'corrected') THEN 'answered'
    WHEN a.state = 'failed' AND a.batch = 0 THEN 'left_out'
    WHEN a.state = 'failed' AND {_CODE} = '{REFUSED}' THEN 'refused'
    WHEN a.state = 'failed' AND a.answer <> '' THEN 'answered'
    WHEN a.state = 'failed' AND {_CODE} = '{UNANSWERED}' THEN 'unanswered'
    WHEN a.state = 'failed' THEN 'failed'
    WHEN r.error <> '' THEN 'left_out'
    WHEN r.parts = '[]' AND r.paths <> '[]' THEN 'unread' ELSE 'read' END"""
_ENDS: Final = (BatchStatus.FAILED, BatchStatus.EXPIRED, BatchStatus.CANCELLED)


class BatchJobs:
    """The batch jobs. All methods raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[BatchJob]:
        """Return all jobs, newest first."""
        sql = f"""SELECT t.id FROM tables AS t WHERE trashed_at IS NULL AND {_COLUMN} IS NOT NULL
            ORDER BY created_at DESC, rowid DESC"""  # noqa: S608 - our own words

        def read(connection: sqlite3.Connection) -> list[BatchJob]:
            ids = [row["id"] for row in connection.execute(sql).fetchall()]
            jobs = [_read_job(job_id, connection) for job_id in ids]
            return [job for job in jobs if job is not None]

        return await self._database.read(read)

    async def get(self, job_id: str) -> BatchJob | None:
        """Return a job, or None if it is gone."""
        return await self._database.read(partial(_read_job, job_id))

    async def run(self, job_id: str) -> Run | None:
        """Return the last run of a job; None if it was never sent."""
        return await self._database.read(partial(_read_last_run, job_id))

    async def has_mismatch(self, job_id: str) -> bool:
        """Return True if an answer does not match the schema of its job."""
        sql = """SELECT 1 FROM table_answers WHERE json_extract(nullif(error, ''), '$.code') = ?
            AND row_id IN (SELECT id FROM table_rows WHERE table_id = ?) LIMIT 1"""
        return await self._database.row(sql, SCHEMA_PROBLEM, job_id) is not None

    async def items(self, job: BatchJob) -> list[BatchItem]:
        """Return all files of a job, in order, without their answers."""
        return await self._read_items(job, "'' AS answer", 0, -1)

    async def page(self, job: BatchJob, after: int, limit: int = PAGE_SIZE) -> list[BatchItem]:
        """Return at most `limit` files after number `after`, with their answers, in order."""
        return await self._read_items(job, "coalesce(a.answer, '') AS answer", after, limit)

    async def _read_items(
        self, job: BatchJob, answer: str, after: int, limit: int
    ) -> list[BatchItem]:
        sql = f"""SELECT r.id, r.id AS number, r.name, r.paths, r.parts, {answer},
            {_STATUS} AS status, iif(a.state IS NULL OR a.state = 'empty', r.error, a.error)
            AS error, a.input_tokens, a.cached_tokens, a.output_tokens, a.reasoning_tokens, a.cost,
            coalesce(a.answered_by, '') AS answered_by
            FROM tables AS t JOIN table_rows AS r ON r.table_id = t.id
            LEFT JOIN table_answers AS a ON a.row_id = r.id AND a.column_id = {_COLUMN}
            WHERE t.id = ? AND r.id > ? ORDER BY r.id LIMIT ?"""  # noqa: S608
        read = partial(_item_from_row, job)
        return await read_rows(self._database, read, sql, job.id, after, limit)


def _item_from_row(job: BatchJob, row: Cells) -> BatchItem:
    parts = parts_from_json(json.loads(row["parts"]))
    documents = [part for part in parts if isinstance(part, DocumentPart | ImagePart)]
    status, error = ItemStatus(row["status"]), error_from_text(row["error"] or "")
    if job.status.is_over and status in (ItemStatus.UNREAD, ItemStatus.READ):
        status, error = ItemStatus.UNANSWERED, _UNSENT
    return BatchItem(
        job.id,
        row["number"],
        row["name"],
        next(iter(json.loads(row["paths"])), ""),
        status,
        next(iter(documents), None),
        answer=row["answer"],
        error=error,
        usage=None if row["input_tokens"] is None else from_row(Usage, row),
        cost=None if row["cost"] is None else from_nanos(row["cost"]),
        answered_by=row["answered_by"],
    )


def _read_last_run(table_id: str, connection: sqlite3.Connection) -> Run | None:
    sql = """SELECT id FROM table_runs WHERE table_id = ? ORDER BY created_at DESC, rowid DESC
        LIMIT 1"""
    row = connection.execute(sql, (table_id,)).fetchone()
    return None if row is None else read_run(connection, row["id"])


def _read_job(job_id: str, connection: sqlite3.Connection) -> BatchJob | None:
    sql = f"""SELECT t.id, t.name, t.created_at, c.question FROM tables AS t
        JOIN table_columns AS c ON c.id = {_COLUMN} WHERE t.id = ?"""  # noqa: S608
    row = connection.execute(sql, (job_id,)).fetchone()
    if row is None:
        return None
    run = _read_last_run(job_id, connection)
    sql = "SELECT * FROM table_batches WHERE run_id = ? ORDER BY number"
    rows = connection.execute(sql, ("" if run is None else run.id,)).fetchall()
    batches = [read_row(partial(from_row, TableBatch), each) for each in rows]
    counts, usage, cost = dict.fromkeys(ItemStatus, 0), Usage(), Decimal(0)
    uncounted = 0
    sql = f"""SELECT {_STATUS} AS status, count(*) AS files,
        coalesce(sum(a.input_tokens), 0) AS input_tokens,
        coalesce(sum(a.cached_tokens), 0) AS cached_tokens,
        coalesce(sum(a.output_tokens), 0) AS output_tokens,
        coalesce(sum(a.reasoning_tokens), 0) AS reasoning_tokens,
        coalesce(sum(a.cost), 0) AS cost, sum(a.input_tokens IS NOT NULL AND a.cost IS NULL)
        AS uncounted FROM tables AS t JOIN table_rows AS r ON r.table_id = t.id
        LEFT JOIN table_answers AS a ON a.row_id = r.id AND a.column_id = {_COLUMN}
        WHERE t.id = ? GROUP BY 1"""  # noqa: S608 - our own words
    for each in connection.execute(sql, (job_id,)):
        counts[ItemStatus(each["status"])] += each["files"]
        usage += from_row(Usage, each)
        cost += from_nanos(each["cost"])
        uncounted += each["uncounted"] or 0
    status = _status_of(run, batches, has_unread=counts[ItemStatus.UNREAD] > 0)
    waiting = sum(counts[each] for each in (ItemStatus.UNREAD, ItemStatus.READ, ItemStatus.SENT))
    unanswered = counts[ItemStatus.UNANSWERED]
    if status.is_over:
        waiting, unanswered = 0, unanswered + waiting

    def job_from_row(cells: Cells) -> BatchJob | None:
        question = question_from_text(cells["question"])
        if question is None:
            return None
        return BatchJob(
            cells["id"],
            question.choice,
            cells["name"],
            question.prompt,
            from_micros(cells["created_at"]),
            status,
            parameters=question.overrides.parameters,
            estimate=BatchEstimate(cost=None if run is None else run.estimate),
            counts=BatchCounts(
                sum(counts.values()),
                waiting,
                counts[ItemStatus.LEFT_OUT],
                counts[ItemStatus.ANSWERED],
                counts[ItemStatus.REFUSED],
                counts[ItemStatus.FAILED],
                unanswered,
                usage,
                cost,
                uncounted,
            ),
        )

    job = read_row(job_from_row, row)
    if job is None or run is None:
        return job
    return replace(
        job,
        started_at=run.created_at if status.was_sent else None,
        ended_at=run.ended_at if status.was_sent else None,
        error=run.error,
        is_cancelled=run.is_cancelled,
        batch_ids=tuple(each.batch_id for each in batches if each.batch_id),
        remote_done=run.remote_done,
    )


def _status_of(run: Run | None, batches: Sequence[TableBatch], *, has_unread: bool) -> BatchStatus:
    """Return the status of a job by its last run, and the batches of that."""
    was_accepted = any(each.batch_id or each.input_file_id for each in batches)
    is_refused = run is not None and run.status.is_over and run.error and not run.is_cancelled
    if run is None or (is_refused and not was_accepted):
        return BatchStatus.PREPARING if has_unread else BatchStatus.READY
    if not run.status.is_over:
        open_ones = (each.status for each in batches if not each.status.is_over)
        return next(open_ones, BatchStatus.FINALIZING)
    if run.is_cancelled and not was_accepted:
        return BatchStatus.CANCELLED
    if not was_accepted:
        return BatchStatus.FAILED
    ends = [each.status for each in batches]
    return next((end for end in _ENDS if end in ends), BatchStatus.COMPLETED)
