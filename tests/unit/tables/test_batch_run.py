"""Cells that are answered by tomorrow: in several files, paid once, whatever process continues."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.errors import IllegalChoiceError, SpendingCapError
from desktop_app.providers.jobs.batch_jobs import BatchStatus
from desktop_app.tables.services import table_service
from desktop_app.tables.stored_cells import CellId
from desktop_app.tables.table import Cells, CellState, Field, FieldType, RunMode, RunStatus
from tests.helpers.batch_server import BatchServer, Outcome, answered, lines, not_executed, refused
from tests.helpers.crash_traps import EndedError, Trap, Trapped
from tests.helpers.family import FAMILY_ENVIRONMENT
from tests.helpers.started_backend import started_backend
from tests.unit.tables.table_setup import EMPTY, Asked, Tables, as_json, column, sent_text

pytestmark = pytest.mark.usefixtures("forked_children")
WORDS = [f"ROW{n}" for n in range(5)]
EACH = Decimal("0.001575")
"""The cost of an answer at half the price of gpt-5.2."""


def outcome(requests: list[dict[str, Any]]) -> Outcome:
    rows = [
        answered(each["custom_id"], as_json(word=sent_text(each["body"]).split()[-1], n="3"))
        for each in requests
    ]
    return Outcome(output=lines(*reversed(rows), b"damaged"))


@asynccontextmanager
async def opened(server: BatchServer) -> AsyncIterator[Tables]:
    """Yield the service of a backend whose provider has batches."""
    named = {"OPENAI_API_KEY": "sk-loopback-0123456789", "OPENAI_BASE_URL": server.base_url}
    async with started_backend({**named, **FAMILY_ENVIRONMENT}) as backend:
        tables = Tables(backend, backend.of(table_service), Asked())
        tables.service._batches.max_requests = 2
        yield tables


ASK = column("Ask", "Say {{word}}", Field("word"), Field("n", FieldType.INTEGER))


async def test_a_run_in_several_files_is_continued_by_another_process() -> None:
    server = BatchServer(outcome)
    async with server.http:
        async with opened(server) as tables:
            table = await tables.table(ASK, words=WORDS)
            plan = await tables.service.plan(table, EMPTY, RunMode.BATCH)
            assert plan.cells == 5
            assert plan.cost is not None
            assert plan.ordinary == 2 * plan.cost
            assert server.seen == []
            run = await tables.service.start_batch(table, EMPTY)
            server.polls = 2
            assert await tables.service.advance(run.id) is not None
            assert [len(server.requests(n)) for n in range(3)] == [2, 2, 1]
            stored = await tables.service.store.run(run.id)
            assert stored is not None
            assert (stored.status, stored.done) == (RunStatus.SENT, 0)
        async with opened(server) as tables:  # as another process
            assert await tables.service.recover() == 0
            [found] = await tables.service.open_batches()
            for _ in range(3):
                await tables.service.advance(found.id)
            assert await tables.service.open_batches() == []
            run = await tables.service.store.run(found.id)
            assert run is not None
            assert (run.status, run.answered, run.failed) == (RunStatus.DONE, 5, 0)
            assert await tables.values(table, ASK, "word") == WORDS
            assert await tables.values(table, ASK, "n") == ["3"] * 5
            spent = await tables.backend.ledger.spent_in_month(now())
            assert (spent.calls, spent.cost, run.cost) == (5, 5 * EACH, 5 * EACH)
            assert len(server.batches) == 3
            held = await tables.backend.database.row(
                "SELECT count(*) FROM table_batches WHERE held IS NOT NULL"
            )
            assert held[0] == 0


async def test_what_a_batch_does_not_answer_fails_and_can_be_asked_again() -> None:
    def some(requests: list[dict[str, Any]]) -> Outcome:
        ids = [each["custom_id"] for each in requests]
        output = lines(answered(ids[0], as_json(word="x", n=1)))
        return Outcome("expired", output, lines(refused(ids[1]), *map(not_executed, ids[2:3])))

    server = BatchServer(some)
    async with server.http, opened(server) as tables:
        tables.service._batches.max_requests = 50
        table = await tables.table(ASK, words=WORDS)
        run = await tables.service.start_batch(table, EMPTY)
        await tables.service.advance(run.id)
        failed = [CellState.FAILED] * 4
        assert await tables.states(table, ASK) == [CellState.DONE, *failed]
        spent = await tables.backend.ledger.spent_in_month(now())
        assert (spent.calls, spent.cost) == (1, EACH)
        ids = await tables.service.store.row_ids(table.id)
        cells = [await tables.service.store.cell(each, ASK.id) for each in ids]
        assert all(cell.error is not None for cell in cells[1:])
        chosen = await tables.service.store.chosen(table, Cells())
        assert chosen == []  # they are not empty, but failed


async def test_a_refused_upload_frees_the_cells_and_a_stop_keeps_what_came() -> None:
    server = BatchServer(outcome)
    async with server.http, opened(server) as tables:
        table = await tables.table(ASK, words=WORDS)
        server.faults.append(("POST", "files", 401))
        run = await tables.service.start_batch(table, EMPTY)
        assert await tables.service.advance(run.id) is None
        stored = await tables.service.store.run(run.id)
        assert stored is not None
        assert stored.error is not None
        assert (stored.status, server.batches) == (RunStatus.STOPPED, {})
        assert await tables.states(table, ASK) == [CellState.EMPTY] * 5
        server.polls = 1
        run = await tables.service.start_batch(table, EMPTY)
        await tables.service.advance(run.id)
        await tables.service.stop(run.id)
        for _ in range(2):
            await tables.service.advance(run.id)
        stored = await tables.service.store.run(run.id)
        assert stored is not None
        assert stored.status is RunStatus.STOPPED
        assert await tables.values(table, ASK, "word") == WORDS


async def test_a_batch_is_refused_before_anything_is_sent() -> None:
    server = BatchServer(outcome)
    async with server.http, opened(server) as tables:
        later = column("Later", "From {{Ask: word}}")
        table = await tables.table(ASK, later, words=WORDS)
        with pytest.raises(IllegalChoiceError):  # its answers come from the same run
            await tables.service.start_batch(table, EMPTY)
        await tables.limit(Decimal("0.001"))
        with pytest.raises(SpendingCapError):
            await tables.service.start_batch(table, Cells(columns=(ASK.id,)))
        assert server.seen == []
        assert await tables.states(table, ASK) == [CellState.EMPTY] * 5


@pytest.mark.parametrize("fault", ["before", "after"])
async def test_a_batch_whose_creation_was_not_confirmed_is_found_again(fault: str) -> None:
    server = BatchServer(outcome)
    async with server.http, opened(server) as tables:
        tables.service._batches.max_requests = 50
        table = await tables.table(ASK, words=WORDS)
        run = await tables.service.start_batch(table, EMPTY)
        server.faults.append(("POST", "batches", fault))
        for _ in range(3):
            await tables.service.advance(run.id)
        assert len(server.batches) == 1
        assert await tables.values(table, ASK, "word") == WORDS


@pytest.mark.slow
@pytest.mark.parametrize("behind", [False, True], ids=["before", "behind"])
async def test_a_run_continues_after_a_crash_at_any_step(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, behind: bool
) -> None:
    async def once(at: int) -> list[str]:
        server = BatchServer(outcome)
        monkeypatch.setenv("REPARTEE_HOME", str(tmp_path / f"{behind}-{at}"))
        async with server.http, opened(server) as tables:
            table = await tables.table(ASK, words=WORDS)
            run = await tables.service.start_batch(table, EMPTY)
            trap = Trap(at, behind=behind)
            runs = tables.service._batches
            store, runs._store = runs._store, Trapped(runs._store, trap)  # type: ignore[assignment]
            try:
                await tables.service.advance(run.id)
                await tables.service.advance(run.id)
            except EndedError:
                pass
            runs._store = store
            for _ in range(3):
                await tables.service.advance(run.id)
            ended = await store.run(run.id)
            assert ended is not None
            where = trap.steps[-1]
            assert (ended.status, ended.answered) == (RunStatus.DONE, 5), where
            assert await tables.values(table, ASK, "word") == WORDS, where
            spent = await tables.backend.ledger.spent_in_month(now())
            assert (spent.calls, spent.cost) == (5, 5 * EACH), where
            assert len(server.batches) == 3, where
            return trap.steps

    for at in range(1, 200):
        if len(await once(at)) < at:
            assert at > 20  # the run ended before this step, so every step was tried
            return
    pytest.fail("the run never ends")


@pytest.mark.parametrize(
    ("ends_as", "is_stopped", "expected"),
    [
        ("completed", False, BatchStatus.COMPLETED),
        ("completed", True, BatchStatus.COMPLETED),  # before the stop came to it
        ("expired", False, BatchStatus.EXPIRED),
        ("expired", True, BatchStatus.CANCELLED),
    ],
)
async def test_a_batch_ends_as_the_provider_says_or_as_stopped(
    ends_as: str, is_stopped: bool, expected: BatchStatus
) -> None:
    server = BatchServer(lambda requests: replace(outcome(requests), status=ends_as))
    async with server.http, opened(server) as tables:
        told: list[str] = []
        tables.service._batches.max_requests = 50
        tables.service._batches._on_change = told.append
        table = await tables.table(ASK, words=WORDS)
        server.polls = 1
        run = await tables.service.start_batch(table, EMPTY)
        await tables.service.advance(run.id)
        assert told == [table.id]
        if is_stopped:
            await tables.service.stop(run.id)
            (batch,) = server.batches.values()
            server._end(batch, None)
        await tables.service.advance(run.id)
        (ended,) = await tables.service.store.batches(run.id)
        assert ended.status is expected
        assert await tables.values(table, ASK, "word") == WORDS


async def test_what_was_asked_of_a_row_that_can_be_asked_no_more_is_kept() -> None:
    def some(requests: list[dict[str, Any]]) -> Outcome:
        first, second = (each["custom_id"] for each in requests)
        return Outcome("completed", lines(answered(first, "Said")), lines(refused(second)))

    server = BatchServer(some)
    async with server.http, opened(server) as tables:
        tables.service._batches.max_requests = 50
        table = await tables.table(ASK, words=WORDS[:2])
        server.polls = 1
        run = await tables.service.start_batch(table, EMPTY)
        await tables.service.advance(run.id)
        word = table.column("word")
        assert word is not None
        await tables.service.store.remove_column(word.id)  # its question names it
        await tables.service.advance(run.id)
        assert await tables.states(table, ASK) == [CellState.OUTDATED, CellState.FAILED]
        assert await tables.values(table, ASK) == ["Said", ""]


async def test_an_answer_by_batch_knows_what_was_sent() -> None:
    server = BatchServer(outcome)
    async with server.http, opened(server) as tables:
        table = await tables.table(ASK, words=WORDS[:2])
        run = await tables.service.start_batch(table, EMPTY)
        server.polls = 1
        await tables.service.advance(run.id)
        ids = await tables.service.store.row_ids(table.id)
        word = next(each for each in table.columns if each.question is None)
        await tables.service.set_values(table, [(CellId(ids[0], word.id), "", "ROW9")])
        for _ in range(3):
            await tables.service.advance(run.id)
        assert await tables.states(table, ASK) == [CellState.OUTDATED, CellState.DONE]
