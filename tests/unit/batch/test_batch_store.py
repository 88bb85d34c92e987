"""Batch jobs in the store: kept, repaired, backed up and deleted like everything else."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from desktop_app.backup.backup import make_backup
from desktop_app.backup.repair import repair_store
from desktop_app.batch.batch_store import BatchStore
from desktop_app.documents.store.attachment_store import AttachmentStore
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.conversations.conversation import ModelChoice, new_id
from desktop_app.domain.conversations.message_parts import Attachment, DocumentPart
from desktop_app.domain.cost import Price, Usage
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.providers.jobs.batch_jobs import (
    BatchEstimate,
    BatchItem,
    BatchJob,
    BatchResult,
    BatchStatus,
    ItemStatus,
)
from desktop_app.spending.ledger import Ledger
from desktop_app.storage.database import Database
from desktop_app.storage.process_identity import _start_of
from tests.helpers.batch_server import cost_at
from tests.helpers.restores import restore_now
from tests.unit.backup.test_erasure import DATA, SHA256, WORD, holding
from tests.unit.storage.samples import NOON, opened

PRICE = Price(Decimal(1), Decimal(2))


def a_job(**changes: object) -> BatchJob:
    given: dict[str, object] = {
        "choice": ModelChoice("openai", "gpt-5.2", Variant.THINKING, Effort.HIGH),
        "title": f"About {WORD}",
        "task": f"What is {WORD}?",
        "created_at": NOON,
        "status": BatchStatus.IN_PROGRESS,
        "base_url": "https://api.example/v1",
        "api": Api.CHAT_COMPLETIONS,
        "instructions": "Briefly.",
        "parameters": GenerationParameters(temperature=0.5, stop=("a", "b"), verbosity="low"),
        "started_at": NOON,
        "estimate": BatchEstimate(2, 1, 1000, Decimal("0.2"), Decimal("0.4")),
        "error": ErrorNote("It is asked again."),
        "held": Decimal("0.1"),
    }
    return BatchJob(new_id(), **{**given, **changes})  # type: ignore[arg-type]


async def fill(database: Database, folder: Path) -> BatchJob:
    """Store a job with two files and an answer to the first."""
    part = DocumentPart(SHA256, f"{WORD}.txt", "text/plain", len(DATA))
    await AttachmentStore(database, folder / "attachments").add(
        DATA, Attachment(SHA256, part.name, "text/plain", f"{WORD} " * 1500)
    )
    store, job = BatchStore(database, Ledger(database)), a_job()
    items = [BatchItem(job.id, n, f"{WORD} {n}", f"/{WORD}", ItemStatus.READ, part) for n in (1, 2)]
    await store.create(job, items)
    await store.save_upload(job.id, "file_1", 2)
    await store.save(replace(job, input_file_id="file_1", batch_id="batch_1"))
    answer = BatchResult(
        items[0].custom_id, ItemStatus.ANSWERED, f"{WORD} " * 900, usage=Usage(1_000_000, 0, 10),
        answered_by=f"{WORD}-model",
    )  # fmt: skip
    await store.save_results(job, [answer], cost_at(PRICE))
    found = await store.get(job.id)
    assert found is not None
    return found


@asynccontextmanager
async def open_store(folder: Path) -> AsyncIterator[Database]:
    async with opened(folder / "repartee.sqlite3") as database:
        yield database


async def test_a_job_is_read_as_saved(tmp_path: Path) -> None:
    async with open_store(tmp_path) as database:
        job = await fill(database, tmp_path)
        sample = a_job()
        for name in (
            *("choice", "title", "task", "created_at", "status", "base_url", "api"),
            *("instructions", "parameters", "started_at", "estimate", "error", "held"),
        ):
            assert getattr(job, name) == getattr(sample, name), name
        assert (job.batch_id, job.input_file_id) == ("batch_1", "file_1")
        assert (job.counts.answered, job.counts.waiting) == (1, 1)
        assert job.counts.cost == Decimal("1.00002")
        first, second = await BatchStore(database, Ledger(database)).page(job.id, 0)
        assert first.answer.strip().split() == [WORD] * 900
        assert (first.usage, first.cost) == (Usage(1_000_000, 0, 10), Decimal("1.00002"))
        assert (first.answered_by, second.answered_by) == (f"{WORD}-model", "")
        assert (second.status, second.answer) == (ItemStatus.SENT, "")


async def test_documents_are_needed_until_their_job_is_removed(tmp_path: Path) -> None:
    async with open_store(tmp_path) as database:
        job = await fill(database, tmp_path)
        await database.write(lambda c: c.execute("UPDATE attachments SET created_at = 0"))
        attachments = AttachmentStore(database, tmp_path / "attachments")
        assert await attachments.remove_unneeded() == 0
        await BatchStore(database, Ledger(database)).remove(job.id)
        assert await attachments.remove_unneeded() == 1
        spent = await Ledger(database).spent_in_month(NOON)
        assert spent.cost == 0  # it was this month's, not March's
    assert not holding(tmp_path)


async def test_jobs_survive_repair_and_restore(tmp_path: Path) -> None:
    async with open_store(tmp_path) as database:
        job = await fill(database, tmp_path)
    path, attachments = tmp_path / "repartee.sqlite3", tmp_path / "attachments"
    made = make_backup(path, attachments, tmp_path / "backups", NOON, lambda _d, _t: None).path
    repaired = repair_store(path, NOON, lambda _d, _t: None)
    assert repaired.dropped == 0

    async def require_the_job() -> None:
        async with open_store(tmp_path) as database:
            store = BatchStore(database, Ledger(database))
            assert await store.all() == [job]
            assert len((await store.page(job.id, 0))[0].answer) > 1000

    await require_the_job()
    path.unlink()
    restore_now(made, path, attachments, NOON)
    await require_the_job()


async def test_only_one_process_owns_a_job(tmp_path: Path) -> None:
    async with open_store(tmp_path) as database:
        job = await fill(database, tmp_path)
        store = BatchStore(database, Ledger(database))
        assert await store.claim(job.id)  # this process made it
        command = (sys.executable, "-c", "input()")
        other = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE)
        row = (other.pid, _start_of(other.pid), job.id)
        sql = "UPDATE batch_jobs SET owner_pid = ?, owner_started = ? WHERE id = ?"
        await database.write(lambda c: c.execute(sql, row))
        assert not await store.claim(job.id)
        await other.communicate(b"\n")
        assert await store.claim(job.id)  # the other has ended
        await store.release(job.id)
        assert await store.claim(job.id)


async def test_saving_a_job_keeps_its_cancellation(tmp_path: Path) -> None:
    async with open_store(tmp_path) as database:
        job = await fill(database, tmp_path)
        store = BatchStore(database, Ledger(database))
        await store.mark_cancelled(job.id)
        await store.save(job)  # as it was read before
        found = await store.get(job.id)
        assert found is not None
        assert found.is_cancelled
