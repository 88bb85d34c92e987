"""Batch jobs. Every step of a job is saved before it is taken.

After a crash, or in another process, the store therefore tells which steps may have been taken. A
result is saved together with its ledger entry.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, replace
from decimal import Decimal
from functools import partial
from typing import Final

import msgspec

from desktop_app.domain.answering.generation import PARAMETER_NAMES, Overrides
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.conversations.message_parts import (
    DocumentPart,
    ImagePart,
    PassagesPart,
    parts_from_json,
    parts_to_json,
)
from desktop_app.domain.cost import CountedCost, Usage
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.spending_report import Call, CallPerformance, Purpose
from desktop_app.i18n.translation import N_
from desktop_app.providers.jobs.batch_jobs import (
    FINAL_STATUSES,
    BatchCounts,
    BatchEstimate,
    BatchItem,
    BatchItemSummary,
    BatchJob,
    BatchResult,
    ItemStatus,
    item_number,
)
from desktop_app.spending.ledger import Ledger, insert_call
from desktop_app.storage.database import Database
from desktop_app.storage.deletion_wipe import mark_for_wipe, wipe_deleted
from desktop_app.storage.process_identity import is_alive, this_process
from desktop_app.storage.row_conversion import (
    USAGE_COLUMNS,
    Cells,
    error_from_text,
    error_to_text,
    from_row,
    read_row,
    read_rows,
    to_json,
    to_row,
    to_text,
)
from desktop_app.storage.row_writing import Row, insert_rows, update_row

PAGE_SIZE: Final = 200
"""The number of files that are read with their answers at a time."""
_ITEM_COLUMNS: Final = (
    "id, job_id, number, status, tokens, sha256, name, path, part, input_tokens, cached_tokens, "
    "output_tokens, reasoning_tokens, cost, error, conversation_id, answered_by"
)
BATCH_FULL: Final = N_("The batch was full. Retry this file in a new job. Not charged.")
_COUNTS: Final = """count(*) AS total,
    count(*) FILTER (WHERE status IN ('unread', 'read', 'sent')) AS waiting, """ + ", ".join(
    f"count(*) FILTER (WHERE status = '{status}') AS {status}"
    for status in ("left_out", "answered", "refused", "failed", "unanswered")
)
_NO_COUNTS: Final = msgspec.structs.asdict(BatchCounts())
_ENDED_SQL: Final = ", ".join(f"'{status.value}'" for status in sorted(FINAL_STATUSES))


_JOB_DETAILS: Final = (
    *("api", "template_id", "instructions", "parameters", "examples", "estimate"),
    *("folder_id", "passages"),
)
"""The fields of a job that are in its column `details`."""


def job_to_row(job: BatchJob) -> Row:
    """Return all columns of `batch_jobs` except the sums and the owner."""
    overrides = Overrides(job.instructions, job.parameters, PARAMETER_NAMES, job.examples)
    details = {
        "api": job.api.value,
        "template_id": job.template_id,
        "settings": overrides.to_json(),
        "estimate": msgspec.to_builtins(job.estimate),
        "folder_id": job.folder_id,
        "passages": parts_to_json(job.passages),
    }
    return {**to_row(job, "counts", *_JOB_DETAILS), "details": to_json(details)}


def job_from_row(row: Cells, counts: Cells = _NO_COUNTS) -> BatchJob:
    """Return the job in a row, with the counts of its files by `_COUNTS`."""
    details = json.loads(row["details"])
    overrides = Overrides.from_json(details["settings"])
    passages = parts_from_json(details.get("passages", []))  # older versions wrote none
    return from_row(
        BatchJob,
        row,
        api=Api(details["api"]),
        template_id=details["template_id"],
        instructions=overrides.instructions or "",
        parameters=overrides.parameters,
        examples=overrides.examples,
        folder_id=details.get("folder_id", ""),
        passages=tuple(part for part in passages if isinstance(part, PassagesPart)),
        estimate=from_row(BatchEstimate, details["estimate"]),
        counts=from_row(BatchCounts, {**counts, **row}),
    )


def item_to_row(item: BatchItem) -> Row:
    """Return all columns of `batch_items` except the id, the usage and the cost."""
    return {
        **to_row(item, "part", "usage", "cost"),
        "sha256": item.sha256 or None,
        "part": to_json(parts_to_json([] if item.part is None else [item.part])),
    }


def item_from_row(row: Cells) -> BatchItem:
    """Return the item in a row; `answer` is "" if the row was read without it."""
    parts = parts_from_json(json.loads(row["part"]))
    files = [part for part in parts if isinstance(part, DocumentPart | ImagePart)]
    return from_row(BatchItem, row, part=files[0] if files else None)


class BatchStore:
    """The batch jobs. All methods raise StorageError."""

    def __init__(self, database: Database, ledger: Ledger) -> None:
        self._database = database
        self._ledger = ledger

    # -- reading

    async def all(self) -> list[BatchJob]:
        """Return all jobs, newest first."""
        return await self._database.read(_read_all)

    async def get(self, job_id: str) -> BatchJob | None:
        """Return a job, or None if it is gone."""
        return await self._database.read(lambda c: _read_job(c, job_id))

    async def open_ids(self) -> list[str]:
        """Return the ids of jobs that are running or being prepared, oldest first.

        A job that is READY waits for the user.
        """
        sql = f"""SELECT id FROM batch_jobs WHERE status NOT IN ({_ENDED_SQL}, 'ready')
            ORDER BY created_at"""  # noqa: S608 - our own words
        rows = await self._database.rows(sql)
        return [row["id"] for row in rows]

    async def items(self, job_id: str) -> list[BatchItem]:
        """Return all files of a job, in order, without their answers."""
        sql = f"""SELECT {_ITEM_COLUMNS}, '' AS answer FROM batch_items WHERE job_id = ?
            ORDER BY number"""  # noqa: S608 - our own words
        return await read_rows(self._database, item_from_row, sql, job_id)

    async def item_summaries(self, job_id: str) -> list[BatchItemSummary]:
        """Return all files of a job, in order, as listed: fast for tens of thousands."""
        # "id" names a damaged row in errors.
        sql = """SELECT number AS id, number, name, status, tokens, input_tokens, output_tokens,
            cost, error FROM batch_items WHERE job_id = ? ORDER BY number"""
        return await read_rows(self._database, _summary_from_row, sql, job_id)

    async def page(self, job_id: str, after: int, limit: int = PAGE_SIZE) -> list[BatchItem]:
        """Return at most `limit` files after number `after`, with their answers, in order."""
        sql = "SELECT * FROM batch_items WHERE job_id = ? AND number > ? ORDER BY number LIMIT ?"
        return await read_rows(self._database, item_from_row, sql, job_id, after, limit)

    async def item(self, job_id: str, number: int) -> BatchItem | None:
        """Return a file with its answer, or None if the job has no file with this number."""
        sql = "SELECT * FROM batch_items WHERE job_id = ? AND number = ?"
        items = await read_rows(self._database, item_from_row, sql, job_id, number)
        return items[0] if items else None

    # -- preparing

    async def create(self, job: BatchJob, items: Iterable[BatchItem]) -> None:
        """Save a new job with its files. This process owns it for now."""
        rows = [item_to_row(item) for item in items]
        owner = this_process()

        def insert(connection: sqlite3.Connection) -> None:
            row: Row = {
                **job_to_row(job),
                "owner_pid": owner[0],
                "owner_started": owner[1],
                **dict.fromkeys(USAGE_COLUMNS, 0),
                "cost": "0",
                "uncounted": 0,
            }
            insert_rows(connection, "batch_jobs", [row])
            insert_rows(connection, "batch_items", rows)

        await self._database.write(insert)

    async def save(self, job: BatchJob) -> None:
        """Save the changes to a job, except its cancellation; a job that has ended stays so."""
        await self._database.write(partial(_save_job, job))

    async def mark_cancelled(self, job_id: str) -> None:
        """Ask the owner of a job to cancel it."""
        await self._database.execute("UPDATE batch_jobs SET is_cancelled = 1 WHERE id = ?", job_id)

    async def save_item(self, item: BatchItem) -> None:
        """Save the changes to a file."""
        row = item_to_row(item)
        await self._database.write(lambda c: update_row(c, "batch_items", row, "job_id", "number"))

    async def record_conversation(self, job_id: str, number: int, conversation_id: str) -> None:
        """Record the conversation that was made of a file and its answer."""
        sql = "UPDATE batch_items SET conversation_id = ? WHERE job_id = ? AND number = ?"
        await self._database.execute(sql, conversation_id, job_id, number)

    async def remove(self, job_id: str) -> None:
        """Delete a job, after which its answers are nowhere on disk; the ledger keeps its cost."""

        def delete(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM batch_jobs WHERE id = ?", (job_id,))
            mark_for_wipe(connection)

        await self._database.write(delete)
        await wipe_deleted(self._database)

    # -- ownership

    async def claim(self, job_id: str) -> bool:
        """Become the owner of a job, and return True.

        Return False if another live process is the owner, or the job is gone.
        """
        return await self._database.write(partial(_claim_job, job_id))

    async def release(self, job_id: str) -> None:
        """Let any process continue a job."""
        sql = "UPDATE batch_jobs SET owner_pid = NULL, owner_started = NULL WHERE id = ?"
        await self._database.execute(sql, job_id)

    # -- the batch

    async def save_upload(self, job_id: str, file_id: str, last_number: int) -> None:
        """Save that the files up to number `last_number` were uploaded, and the others were not."""

        def save(connection: sqlite3.Connection) -> None:
            sql = "UPDATE batch_jobs SET input_file_id = ? WHERE id = ?"
            connection.execute(sql, (file_id, job_id))
            sql = """UPDATE batch_items SET status = 'sent'
                WHERE job_id = ? AND status = 'read' AND number <= ?"""
            connection.execute(sql, (job_id, last_number))
            sql = """UPDATE batch_items SET status = 'unanswered', error = ?
                WHERE job_id = ? AND status = 'read'"""
            note = error_to_text(ErrorNote(BATCH_FULL))
            connection.execute(sql, (note, job_id))

        await self._database.write(save)

    async def forget_upload(self, job_id: str) -> None:
        """Save that the provider made no batch of the uploaded files, which are unsent again."""

        def forget(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE batch_jobs SET input_file_id = '' WHERE id = ?", (job_id,))
            sql = "UPDATE batch_items SET status = 'read' WHERE job_id = ? AND status = 'sent'"
            connection.execute(sql, (job_id,))

        await self._database.write(forget)

    async def save_results(
        self,
        job: BatchJob,
        results: Sequence[BatchResult],
        cost_of: Callable[[BatchResult], CountedCost],
    ) -> int:
        """Save results with their costs, each once. Return how many are of no file of the job.

        Args:
            cost_of: returns the US dollars of a result.
        """

        def save(connection: sqlite3.Connection) -> int:
            saved = [_save_result(connection, job, r, cost_of(r)) for r in results]
            return saved.count(False)

        unmatched_count = await self._database.write(save)
        self._ledger.notify(job.choice.provider_id)
        return unmatched_count

    async def end(
        self,
        job: BatchJob,
        status: ItemStatus,
        error: ErrorNote,
        errors_by_number: Mapping[int, ErrorNote],
    ) -> None:
        """End a job: save it, and give each file without a result an error.

        A file in `errors_by_number` fails with that error; the others get `status` and `error`.
        """
        sql = """UPDATE batch_items SET status = ?, error = ?
            WHERE job_id = ? AND status IN ('unread', 'read', 'sent')"""

        def update(connection: sqlite3.Connection) -> None:
            # These first: the last statement then finds only the files without an error.
            for number, item_error in errors_by_number.items():
                row = (ItemStatus.FAILED.value, error_to_text(item_error), job.id, number)
                connection.execute(f"{sql} AND number = ?", row)
            connection.execute(sql, (status.value, error_to_text(error), job.id))
            _save_job(job, connection)

        await self._database.write(update)


def _save_job(job: BatchJob, connection: sqlite3.Connection) -> None:
    sql = f"SELECT 1 FROM batch_jobs WHERE id = ? AND status NOT IN ({_ENDED_SQL})"  # noqa: S608
    if connection.execute(sql, (job.id,)).fetchone():
        row = job_to_row(job)
        del row["is_cancelled"]  # another process may have set it meanwhile
        update_row(connection, "batch_jobs", row, "id")


def _claim_job(job_id: str, connection: sqlite3.Connection) -> bool:
    sql = "SELECT owner_pid, owner_started FROM batch_jobs WHERE id = ?"
    row = connection.execute(sql, (job_id,)).fetchone()
    if row is None:
        return False
    owner = (row["owner_pid"], row["owner_started"])
    me = this_process()
    if owner != me and is_alive(*owner):
        return False
    sql = "UPDATE batch_jobs SET owner_pid = ?, owner_started = ? WHERE id = ?"
    connection.execute(sql, (*me, job_id))
    return True


def _save_result(
    connection: sqlite3.Connection, job: BatchJob, result: BatchResult, cost: CountedCost
) -> bool:
    """Save the first result of a file. Return False if there is no such file."""
    key = (job.id, item_number(job.id, result.custom_id))
    sql = "SELECT status FROM batch_items WHERE job_id = ? AND number = ?"
    row = connection.execute(sql, key).fetchone()
    if row is None:
        return False
    if row["status"] != ItemStatus.SENT.value:
        return True
    usage = result.usage and Usage() + result.usage  # its columns only, without those of CallUsage
    changes: Row = {
        **to_row(replace(result, usage=usage), "custom_id"),
        "job_id": key[0],
        "number": key[1],
        "cost": None if cost.amount is None else str(cost.amount),
    }
    update_row(connection, "batch_items", changes, "job_id", "number")
    # A failure without usage was not billed. An answer was, even if its usage is unknown.
    if result.status is ItemStatus.ANSWERED or result.usage is not None:
        _add_to_ledger(connection, job, usage or Usage(), cost)
    return True


def _add_to_ledger(
    connection: sqlite3.Connection, job: BatchJob, usage: Usage, cost: CountedCost
) -> None:
    """Add a call to the ledger and to the sums of its job."""
    effort = job.choice.effort
    call = Call(
        at=now(),
        provider_id=job.choice.provider_id,
        model=to_text(job.choice.model),
        purpose=Purpose.BATCH.value,
        usage=usage,
        cost=cost.amount,
        is_estimated=cost.is_estimated,
        performance=CallPerformance(effort=effort.value if effort else "", tier="batch"),
    )
    insert_call(connection, call)
    # The cost is a text, so that SQLite does not round it. It is added here.
    row = connection.execute("SELECT cost FROM batch_jobs WHERE id = ?", (job.id,)).fetchone()
    total = Decimal(row["cost"]) + (cost.amount or Decimal(0))
    sums = ", ".join(f"{name} = {name} + ?" for name in USAGE_COLUMNS)
    sql = f"""UPDATE batch_jobs SET cost = ?, uncounted = uncounted + ?, {sums}
        WHERE id = ?"""  # noqa: S608
    connection.execute(sql, (str(total), int(cost.amount is None), *astuple(usage), job.id))


def _summary_from_row(row: sqlite3.Row) -> BatchItemSummary:
    # The tokens that the provider reported, else those that were counted before sending.
    tokens = row["tokens"]
    if row["input_tokens"] is not None:
        tokens = row["input_tokens"] + row["output_tokens"]
    return BatchItemSummary(
        number=row["number"],
        name=row["name"],
        status=ItemStatus(row["status"]),
        tokens=tokens,
        cost=None if row["cost"] is None else Decimal(row["cost"]),
        error=error_from_text(row["error"]),
    )


def _read_all(connection: sqlite3.Connection) -> list[BatchJob]:
    rows = connection.execute("SELECT id FROM batch_jobs ORDER BY created_at DESC, rowid DESC")
    jobs = [_read_job(connection, row["id"]) for row in rows.fetchall()]
    return [job for job in jobs if job is not None]


def _read_job(connection: sqlite3.Connection, job_id: str) -> BatchJob | None:
    row = connection.execute("SELECT * FROM batch_jobs WHERE id = ?", (job_id,)).fetchone()
    if row is None:
        return None
    sql = f"SELECT {_COUNTS} FROM batch_items WHERE job_id = ?"  # noqa: S608 - our own words
    counts = connection.execute(sql, (job_id,)).fetchone()
    return read_row(lambda cells: job_from_row(cells, counts), row)
