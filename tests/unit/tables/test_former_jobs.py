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
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.conversations.message_parts import DocumentPart, parts_to_json
from desktop_app.domain.models.model_catalog import Api
from desktop_app.storage import schema
from desktop_app.storage.row_conversion import to_micros
from desktop_app.storage.schema import STEPS
from desktop_app.tables.services import table_service
from desktop_app.tables.table import Cells, CellState, RunMode, RunStatus
from desktop_app.tables.table_service import TableService
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


async def answers_of(tables: TableService, job_id: str) -> list[tuple[CellState, str]]:
    """Return the states of a job's files with their answers, in order."""
    (column,) = (await tables.get(job_id)).questions
    ids = await tables.store.row_ids(job_id)
    cells = [await tables.store.cell(each, column.id) for each in ids]
    return [(cell.state, cell.answer) for cell in cells]


async def check(backend: Backend, server: BatchServer, *, is_restored: bool) -> None:
    """Collect what the provider has, and assert that nothing is lost, or sent or paid twice.

    A restored job waits for the user; one that was not sent yet is as before it.
    """
    tables = backend.of(table_service)
    runs = {run.table_id: run.status for run in await tables.store.runs()}
    assert runs == {
        RUNNING: RunStatus.PAUSED if is_restored else RunStatus.SENT,
        UPLOADED: RunStatus.STOPPED if is_restored else RunStatus.SENDING,
        ENDED: RunStatus.DONE,
    }
    if is_restored:
        requests = len(server.seen)
        assert await tables.open_batches() == []
        assert await tables.advance(RUNNING) is None
        assert len(server.seen) == requests
        await tables.resume(RUNNING)
    running = await tables.get(RUNNING)
    (column,) = running.questions
    assert column.question is not None
    assert (running.name, column.question.prompt) == ("Job", "Say {{this}}.")
    assert (column.question.folder_id, column.question.is_literal) == ("thesis", True)
    waiting, failed = CellState.WAITING, CellState.FAILED
    assert [state for state, _ in await answers_of(tables, RUNNING)][:2] == [waiting] * 2
    budget = await backend.database.rows("SELECT held FROM table_batches WHERE held IS NOT NULL")
    assert [row["held"] for row in budget] == [str(HELD)]
    assert await answers_of(tables, ENDED) == [
        (CellState.DONE, "Former answer"),
        *[(failed, "")] * 3,
    ]
    (column,) = (await tables.get(ENDED)).questions
    assert (await tables.store.totals(column.id)).cost == Decimal("0.001575")
    for run in await tables.open_batches():
        await tables.advance(run.id)
    collected = (RUNNING,) if is_restored else (RUNNING, UPLOADED)
    for job_id in collected:
        assert (await answers_of(tables, job_id))[:2] == [
            (CellState.DONE, f"About {job_id}-{number}") for number in (1, 2)
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
