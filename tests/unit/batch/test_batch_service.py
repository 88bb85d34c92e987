"""Batch jobs from their files to their answers, with a scripted provider."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from desktop_app.batch.batch_wording import estimate_text, item_error_text
from desktop_app.domain.answering.chat_request import ProviderKind
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.errors import IllegalChoiceError, SpendingCapError
from desktop_app.domain.models.model_facts import ModelFacts
from desktop_app.domain.spending_report import Grouping
from desktop_app.providers.jobs.batch_jobs import BatchStatus, ItemStatus
from desktop_app.providers.models.model_listing import ModelListing
from tests.helpers.batch_server import BatchServer, Outcome, answered, lines, not_executed, refused
from tests.helpers.prompt_delimiters import plain
from tests.unit.batch.batch_setup import TASK, BatchSetup, change_profile, open_setup


@asynccontextmanager
async def open_server_and_setup(
    folder: Path, outcome: Callable[..., Outcome] | None = None, **profile: Any
) -> AsyncIterator[tuple[BatchServer, BatchSetup]]:
    server = BatchServer() if outcome is None else BatchServer(outcome)
    async with server.http, open_setup(folder, server.base_url, **profile) as setup:
        yield server, setup


async def test_answers_are_matched_to_files_and_cost_half_price(tmp_path: Path) -> None:
    async with open_server_and_setup(tmp_path) as (server, setup):
        job = await setup.ready("one", "two words", "three words here")
        assert job.status is BatchStatus.READY
        assert server.seen == []  # nothing is sent before the user confirms
        estimate = job.estimate
        assert estimate.files == 3
        assert estimate.ordinary_cost == estimate.cost * 2
        job = await setup.run((await setup.service.start(job.id)).id)
        assert job.status is BatchStatus.COMPLETED
        items = await setup.items(job.id)
        assert [item.answer for item in items] == [f"Answer to {i.custom_id}" for i in items]
        # 1,000 in at $0.875 and 100 out at $7 a million
        each = Decimal("0.000875") + Decimal("0.0007")
        assert [item.cost for item in items] == [each] * 3
        assert job.counts.cost == each * 3
        assert (await setup.ledger.spent_in_month(now())).cost == each * 3
        (row,) = await setup.ledger.group_spending(Grouping.PURPOSE)
        assert (row.key, row.spent.calls) == ("batch", 3)
        assert job.held is None
        assert server.deleted == ["file-0"]  # the uploaded file
        assert server.count("POST", "batches") == 1


async def test_the_uploaded_lines_hold_the_requests(tmp_path: Path) -> None:
    async with open_server_and_setup(tmp_path) as (server, setup):
        job = await setup.started("Zeilen\u2028und\x85mehr", "žluť")
        await setup.run(job.id)
        first, second = server.requests()
        assert first["custom_id"] == f"{job.id}-1"
        assert (first["method"], first["url"]) == ("POST", "/v1/responses")
        body = first["body"]
        assert body["model"] == "gpt-5.2"
        assert body["store"] is False
        assert body["reasoning"] == {"effort": "medium"}
        assert not {"stream", "background", "include", "service_tier"} & set(body)
        words = body["input"][0]["content"]
        assert plain(words).startswith('<document name="file-1.txt">')
        assert words.endswith(TASK)
        assert "Zeilen\u2028und\x85mehr" in words
        assert "žluť" in second["body"]["input"][0]["content"]
        (_, raw) = server.files["file-0"]
        assert len(raw.decode().splitlines()) == 2  # however lines are split
        (batch,) = server.batches.values()
        assert batch["endpoint"] == "/v1/responses"
        assert batch["completion_window"] == "24h"
        assert batch["metadata"] == {"repartee": f"repartee-{job.id}"}


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ({"kind": ProviderKind.COMETAPI}, "doesn’t support batches"),
        ({"kind": ProviderKind.COMPATIBLE}, "may not support batches"),
        ({"kind": ProviderKind.ON_DEVICE}, "local model doesn’t support batches"),
    ],
)
async def test_a_provider_without_batches_is_refused_with_the_reason(
    tmp_path: Path, profile: dict[str, Any], words: str
) -> None:
    async with open_server_and_setup(tmp_path, **profile) as (_server, setup):
        with pytest.raises(IllegalChoiceError, match=words):
            await setup.service.create(setup.files("one"), setup.resolved(), TASK)
        assert await setup.store.all() == []


async def test_each_failed_file_has_its_own_error(tmp_path: Path) -> None:
    def outcome(requests: list[dict[str, Any]]) -> Outcome:
        ids = [request["custom_id"] for request in requests]
        cut = answered(
            ids[3], "Half an", status="incomplete",
            incomplete_details={"reason": "max_output_tokens"},
        )  # fmt: skip
        both = {**answered(ids[4], "Both"), "error": {"code": "x", "message": "odd"}}
        good = answered(ids[0], "Good")
        return Outcome(
            output=lines(good, "{broken", cut, both, answered("nobody-1", "?"), b"", good),
            errors=lines(refused(ids[1], 400, "Too hot."), {"no": "name"}),
        )

    async with open_server_and_setup(tmp_path, outcome) as (_server, setup):
        job = await setup.run((await setup.started(*"abcdef")).id)
        good, bad, missing, cut, both, last = await setup.items(job.id)
        assert (good.status, good.answer) == (ItemStatus.ANSWERED, "Good")
        assert item_error_text(good) == ""  # the second one is not counted
        assert bad.status is ItemStatus.FAILED
        assert "Too hot" in item_error_text(bad)
        assert missing.status is last.status is ItemStatus.UNANSWERED
        assert item_error_text(missing) == "The provider sent no result."
        assert (cut.status, cut.answer) == (ItemStatus.ANSWERED, "Half an")
        assert item_error_text(cut) == "The response is incomplete: it reached the token limit."
        assert both.answer == "Both"
        assert "came with an error" in item_error_text(both)
        assert job.error
        assert job.error.sentences == "Unusable lines in the results: 3."
        assert job.counts.cost == 3 * Decimal("0.001575")


async def test_a_retry_of_an_expired_job_takes_the_unanswered_files(tmp_path: Path) -> None:
    def outcome(requests: list[dict[str, Any]]) -> Outcome:
        first, *rest = [request["custom_id"] for request in requests]
        if len(rest) < 2:
            return Outcome(output=lines(*(answered(i, "Later") for i in (first, *rest))))
        return Outcome(
            "expired",
            output=lines(answered(first, "In time")),
            errors=lines(*(not_executed(i) for i in rest)),
        )

    async with open_server_and_setup(tmp_path, outcome) as (_server, setup):
        job = await setup.run((await setup.started("a", "b", "c")).id)
        assert job.status is BatchStatus.EXPIRED
        items = await setup.items(job.id)
        assert [item.status for item in items] == [
            ItemStatus.ANSWERED,
            ItemStatus.UNANSWERED,
            ItemStatus.UNANSWERED,
        ]
        assert "Not charged" in item_error_text(items[1])
        again = await setup.service.create_retry(job.id)
        assert again.status is BatchStatus.READY
        again = await setup.run((await setup.service.start(again.id)).id)
        assert [i.name for i in await setup.items(again.id)] == ["file-2.txt", "file-3.txt"]
        assert again.counts.answered == 2
        with pytest.raises(IllegalChoiceError, match="Every file that was sent"):
            await setup.service.create_retry(again.id)


async def test_canceling_fetches_the_answers_that_exist(tmp_path: Path) -> None:
    def outcome(requests: list[dict[str, Any]]) -> Outcome:
        first, second = [request["custom_id"] for request in requests]
        return Outcome(
            output=lines(answered(first, "Came")),
            errors=lines(not_executed(second, "batch_cancelled")),
        )

    async with open_server_and_setup(tmp_path, outcome) as (server, setup):
        server.polls, server.cancel_polls = 100, 2
        job = await setup.started("a", "b")
        assert await setup.service.advance(job.id)
        assert (await setup.job(job.id)).status is BatchStatus.IN_PROGRESS
        with pytest.raises(IllegalChoiceError, match="still running"):
            await setup.service.remove(job.id)
        assert (await setup.job(job.id)).status is BatchStatus.IN_PROGRESS
        await setup.service.cancel(job.id)
        assert await setup.service.advance(job.id)
        assert (await setup.job(job.id)).status is BatchStatus.CANCELLING
        job = await setup.run(job.id)
        assert job.status is BatchStatus.CANCELLED
        first, second = await setup.items(job.id)
        assert (first.status, first.answer) == (ItemStatus.ANSWERED, "Came")
        assert second.status is ItemStatus.UNANSWERED
        assert sum(path.endswith("cancel") for _, path in server.seen) == 1
        assert job.held is None


async def test_a_price_that_the_server_lists_is_estimated_held_and_counted(tmp_path: Path) -> None:
    """The server lists no price of batches, so the ordinary price counts."""
    said = ModelFacts(input_price=Decimal(2), output_price=Decimal(10))

    async with open_server_and_setup(
        tmp_path, kind=ProviderKind.COMPATIBLE, offers_batches=True
    ) as (_server, setup):
        listed = (replace(said, id="gpt-5.2"),)
        setup.listing = ModelListing(setup.profile.base_url, listed, now())
        job = await setup.ready("one two three")
        cost = job.estimate.cost
        assert cost is not None
        assert "at most" in estimate_text(job)
        job = await setup.run((await setup.service.start(job.id)).id)
        each = Decimal("0.002") + Decimal("0.001")  # 1,000 in and 100 out
        assert [item.cost for item in await setup.items(job.id)] == [each]
        assert (await setup.ledger.spent_in_month(now())).cost == each


async def test_the_cap_refuses_a_job_and_counts_what_is_under_way(tmp_path: Path) -> None:
    async with open_server_and_setup(tmp_path) as (_server, setup):
        job = await setup.ready("word " * 100_000)
        cost = job.estimate.cost
        change_profile(setup, monthly_cap=cost * Decimal("0.9"))
        with pytest.raises(SpendingCapError, match="usually costs"):
            await setup.service.start(job.id)
        assert (await setup.job(job.id)).status is BatchStatus.READY
        change_profile(setup, monthly_cap=cost * Decimal("1.9"))
        await setup.service.start(job.id)
        other = await setup.ready("word " * 100_000)
        with pytest.raises(SpendingCapError, match="under way may cost"):
            await setup.service.start(other.id)  # the first still holds what it usually costs
        await setup.run(job.id)
        await setup.service.start(other.id)


@pytest.mark.parametrize("how", ["before", "after"])
@pytest.mark.parametrize(("method", "path"), [("POST", "files"), ("POST", "batches")])
async def test_a_broken_connection_bills_nothing_twice(
    tmp_path: Path, method: str, path: str, how: str
) -> None:
    async with open_server_and_setup(tmp_path) as (server, setup):
        server.faults = [(method, path, how)]
        job = await setup.run((await setup.started("a", "b")).id)
        assert job.status is BatchStatus.COMPLETED
        assert job.counts.answered == 2
        assert len(server.batches) == 1
        uploads = [name for name, _ in server.files.values() if name.startswith("repartee-")]
        # A file costs nothing, so it is not searched for.
        assert len(uploads) == (2 if (path, how) == ("files", "after") else 1)
        assert (await setup.ledger.spent_in_month(now())).cost == 2 * Decimal("0.001575")


async def test_an_unreadable_file_is_left_out_with_the_reason(tmp_path: Path) -> None:
    async with open_server_and_setup(tmp_path) as (server, setup):
        job = await setup.ready("one", "", "w " * 272_001)
        _, empty, large = await setup.items(job.id)
        assert empty.status is ItemStatus.LEFT_OUT
        assert item_error_text(empty) == "“file-2.txt” contains no text. Choose another."
        assert large.status is ItemStatus.LEFT_OUT
        assert "GPT-5.2 Thinking accepts 272,000" in item_error_text(large)
        assert (job.estimate.files, job.estimate.left_out) == (1, 2)
        job = await setup.run((await setup.service.start(job.id)).id)
        assert (job.counts.answered, job.counts.left_out) == (1, 2)
        assert len(server.requests()) == 1


async def test_canceling_before_the_upload_ends_the_job_at_once(tmp_path: Path) -> None:
    async with open_server_and_setup(tmp_path) as (server, setup):
        job = await setup.ready("a")
        job = await setup.service.cancel(job.id)
        assert job.status is BatchStatus.CANCELLED
        assert await setup.service.advance(job.id) is None
        assert server.seen == []
        started = await setup.started("a")
        await setup.service.cancel(started.id)  # confirmed, but nothing has been sent yet
        started = await setup.run(started.id)
        assert started.status is BatchStatus.CANCELLED
        assert server.seen == []
        await setup.service.remove(started.id)
        assert len(await setup.store.all()) == 1
