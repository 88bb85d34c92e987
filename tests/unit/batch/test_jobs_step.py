"""Batch jobs of an earlier version become tables, and those at the provider are collected."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest

from desktop_app.backend.backend import Backend
from desktop_app.backup.backup import make_backup
from desktop_app.batch.batch_jobs import BatchJobs
from desktop_app.batch.services import batch_jobs
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.conversations.message_parts import DocumentPart, parts_to_json
from desktop_app.domain.models.model_catalog import Api
from desktop_app.providers.jobs.batch_jobs import BatchStatus, ItemStatus
from desktop_app.storage import schema
from desktop_app.storage.row_conversion import to_micros
from desktop_app.storage.schema import STEPS
from desktop_app.tables.services import table_service
from desktop_app.tables.table import Cells, RunMode
from tests.helpers.batch_server import BatchServer, Outcome, answered, lines
from tests.helpers.family import FAMILY_ENVIRONMENT
from tests.helpers.restores import restore_now
from tests.helpers.started_backend import started_backend
from tests.unit.storage.samples import NOON, opened

FORMER = STEPS[: STEPS.index(schema._JOBS_AS_TABLES)]
RUNNING, UPLOADED, ENDED, READY = ("a" * 32, "b" * 32, "c" * 32, "d" * 32)
HELD = Decimal("0.5")
_NOTE = json.dumps({"code": "", "message": "Why.", "hint": "", "params": {}, "details": ""})
_PART = json.dumps(parts_to_json([DocumentPart("1" * 64, "n", "text/plain", 9, tokens=3)]))


def outcome(requests: list[dict[str, str]]) -> Outcome:
    rows = [answered(each["custom_id"], f"About {each['custom_id']}") for each in requests]
    return Outcome(output=lines(*reversed(rows)))


async def add_job(
    backend: Backend,
    base_url: str,
    job_id: str,
    status: str,
    items: Sequence[str],
    file: str = "",
    batch: str = "",
) -> None:
    """Store a job as an earlier version did, whose files have a status each."""
    settings = {"instructions": "Be brief.", "parameters": {}}
    details = {"api": "responses", "template_id": "", "settings": settings}
    details["folder_id"] = "thesis"
    details["estimate"] = {"files": 2, "cost": "0.5"}
    at = to_micros(now())
    held = str(HELD) if status == "in_progress" else None
    row = (
        *(job_id, at, status, "env-openai", base_url, "gpt-5.2", "thinking", "low", "Job"),
        *("Say {{this}}.", json.dumps(details), at, None, "", 0, held, file, batch),
        *(0, None, None, 0, 0, 0, 0, "0", 0),
    )
    marks = ", ".join("?" * len(row))
    await backend.database.execute(f"INSERT INTO batch_jobs VALUES ({marks})", *row)
    for number, item in enumerate(items, 1):
        has_answer = item == "answered"
        error = "" if item in ("read", "sent", "answered") else _NOTE
        # What had failed got its share of the hold, which was not billed.
        usage = (9, 0, 3, 0, "0.001575") if has_answer else (*(None,) * 4, "0.25")
        values = (
            *(job_id, number, item, 9, None, f"{number}.md", f"/{number}.md"),
            *("[]" if item == "left_out" else _PART, *usage, error, ""),
            *("Former answer" if has_answer else "", ""),
        )
        marks = ", ".join("?" * len(values))
        await backend.database.execute(f"INSERT INTO batch_items VALUES (NULL, {marks})", *values)


async def send(backend: Backend, job_id: str) -> tuple[str, str]:
    """Make the batch that an earlier version made of two files; return both ids."""
    (profile,) = (p for p in await backend.providers.profiles() if p.id == "env-openai")
    client, name = await backend.gateway.batches(profile), f"repartee-{job_id}"
    rows = [{"custom_id": f"{job_id}-{number}", "body": {}} for number in (1, 2)]
    file_id = await client.upload(name, BytesIO(lines(*rows)))
    return file_id, (await client.create(name, file_id, Api.RESPONSES)).id


async def answers_of(jobs: BatchJobs, job_id: str) -> list[tuple[ItemStatus, str]]:
    job = await jobs.get(job_id)
    assert job is not None
    return [(item.status, item.answer) for item in await jobs.page(job, 0)]


async def check(backend: Backend, server: BatchServer, *, is_restored: bool) -> None:
    """Collect what the provider has, and assert that nothing is lost, or sent or paid twice.

    A restored job waits for the user; one that was not sent yet is as before it.
    """
    jobs, tables = backend.of(batch_jobs), backend.of(table_service)
    found = {job.id: job for job in await jobs.all()}
    assert {job_id: job.status for job_id, job in found.items()} == {
        RUNNING: BatchStatus.IN_PROGRESS,
        UPLOADED: BatchStatus.FAILED if is_restored else BatchStatus.UPLOADING,
        ENDED: BatchStatus.EXPIRED,
        READY: BatchStatus.READY,
    }
    if is_restored:
        requests = len(server.seen)
        assert await tables.open_batches() == []
        assert await tables.advance(RUNNING) is None
        assert len(server.seen) == requests
        await tables.resume(RUNNING)
    running = found[RUNNING]
    assert (running.title, running.task) == ("Job", "Say {{this}}.")
    (column,) = (await tables.get(RUNNING)).questions
    assert column.question is not None
    assert column.question.folder_id == "thesis"
    assert (running.counts.total, running.counts.left_out, running.counts.waiting) == (3, 1, 2)
    assert found[ENDED].counts.cost == Decimal("0.001575")
    budget = await backend.database.rows("SELECT held FROM table_batches WHERE held IS NOT NULL")
    assert [row["held"] for row in budget] == [str(HELD)]
    assert await answers_of(jobs, ENDED) == [
        (ItemStatus.ANSWERED, "Former answer"),
        (ItemStatus.REFUSED, ""),
        (ItemStatus.FAILED, ""),
        (ItemStatus.UNANSWERED, ""),
    ]
    for run in await tables.open_batches():
        await tables.advance(run.id)
    collected = (RUNNING,) if is_restored else (RUNNING, UPLOADED)
    for job_id in collected:
        assert (await answers_of(jobs, job_id))[:2] == [
            (ItemStatus.ANSWERED, f"About {job_id}-{number}") for number in (1, 2)
        ]
    spent = await backend.ledger.spent_in_month(now())
    count = 2 * len(collected)
    assert (spent.calls, spent.cost) == (count, count * Decimal("0.001575"))
    assert len(server.batches) == 2
    assert await tables.open_batches() == []
    ready = await tables.get(READY)
    plan = await tables.plan(ready, Cells(), RunMode.BATCH)
    assert (plan.cells, len(plan.refused)) == (1, 1)  # a file that could not be read
    assert await backend.database.rows("SELECT held FROM table_batches WHERE held > 0") == []


@pytest.mark.parametrize("is_restored", [False, True])
async def test_jobs_of_an_earlier_version_are_tables_and_are_collected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_restored: bool
) -> None:
    server = BatchServer(outcome)
    async with server.http:
        named = {"OPENAI_API_KEY": "sk-loopback-0123456789", "OPENAI_BASE_URL": server.base_url}
        environment = {**named, **FAMILY_ENVIRONMENT}
        with monkeypatch.context() as former:
            former.setattr(schema, "STEPS", FORMER)
            async with started_backend(environment) as backend:
                path, url = backend.database.path, server.base_url
                sent = ("sent", "sent")
                ids = await send(backend, RUNNING)
                await add_job(backend, url, RUNNING, "in_progress", (*sent, "left_out"), *ids)
                file_id, _ = await send(backend, UPLOADED)
                await add_job(backend, url, UPLOADED, "uploading", sent, file_id)
                ends = ("answered", "refused", "failed", "unanswered")
                await add_job(backend, url, ENDED, "expired", ends, "f", "b")
                await add_job(backend, url, READY, "ready", ("read", "left_out"))
            if is_restored:
                attachments = tmp_path / "attachments"
                archive = make_backup(path, attachments, tmp_path, NOON, lambda *_: None).path
        if is_restored:
            path.unlink()
            async with opened(path):
                pass
            assert restore_now(archive, path, tmp_path / "restored", NOON) is not None
        async with started_backend(environment) as backend:
            await check(backend, server, is_restored=is_restored)
