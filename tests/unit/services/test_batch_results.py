"""Results of a batch in any order, with any faults: every file ends as it should."""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desktop_app.domain.batch.batch_jobs import (
    BatchItem,
    BatchJob,
    BatchResult,
    BatchStatus,
    BatchUpload,
    ItemStatus,
    RemoteBatch,
)
from desktop_app.domain.conversations.conversation import ModelChoice, new_id, now
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.spending.cost import Price, Usage
from desktop_app.providers.jobs.batch_client import lines_of
from desktop_app.providers.jobs.batch_file_format import parse_result
from desktop_app.services.batch.batch_results import ResultFetcher
from desktop_app.services.batch.batch_service import poll_delay_s
from desktop_app.storage.batch.batch_store import BatchStore
from desktop_app.storage.database.database import Database
from desktop_app.storage.spending.ledger import Ledger
from tests.helpers.batch_server import USAGE, answered, cost_at, lines, not_executed, refused
from tests.helpers.blocking import blocking
from tests.helpers.examples import examples

FILES = 5
PRICE = Price(Decimal("0.875"), Decimal(7))
EACH = PRICE.cost(Usage(USAGE["input_tokens"], 0, USAGE["output_tokens"]))

fates = st.sampled_from(["answered", "refused", "expired", "missing", "both", "broken"])
noise = st.lists(
    st.sampled_from(
        [
            b"",
            b"{broken",
            b"[1, 2]",
            b"null",
            b'"words"',
            b'{"custom_id": 7}',
            b'{"custom_id": "nobody-1", "response": null, "error": null}',
            b"\xff\xfe\x00",
            b'{"custom_id": "%s-99", "response": {}}',
        ]
    ),
    max_size=4,
)


class Files:
    """A provider with two files of results, which come in pieces of any size."""

    def __init__(self, output: bytes, errors: bytes, piece: int) -> None:
        self._files = {"out": output, "err": errors}
        self._piece = piece
        self.deleted: list[str] = []

    async def results(self, file_id: str, api: Api) -> AsyncGenerator[BatchResult | None, None]:
        data = self._files[file_id]

        async def pieces() -> AsyncGenerator[bytes, None]:
            for start in range(0, len(data), self._piece):
                yield data[start : start + self._piece]

        async for line in lines_of(pieces()):
            if line.strip():
                yield parse_result(line, "OpenAI", api)

    async def delete_file(self, file_id: str) -> None:
        self.deleted.append(file_id)


def row(fate: str, custom_id: str) -> Any:
    made = answered(custom_id, f"Answer of {custom_id}\u2028and\x85more")
    match fate:
        case "answered":
            return made
        case "refused":
            return refused(custom_id)
        case "expired":
            return not_executed(custom_id)
        case "both":
            return {**made, "error": {"code": "x", "message": "odd"}}
        case _:
            return json.dumps(made)[:-20]


@pytest.mark.parametrize(("age_s", "again_s"), [(-90, 5), (61, 15), (601, 60), (7201, 300)])
def test_an_older_job_is_polled_less_often(age_s: int, again_s: float) -> None:
    job = BatchJob(new_id(), ModelChoice("openai", "gpt-5.2"), "t", "?", now() - timedelta(days=9))
    assert poll_delay_s(job) == 300
    assert poll_delay_s(replace(job, started_at=now() - timedelta(seconds=age_s))) == again_s


@given(
    st.lists(fates, min_size=FILES, max_size=FILES),
    st.randoms(use_true_random=False),
    noise,
    st.lists(st.integers(0, FILES - 1), max_size=3),
    st.integers(1, 700),
    st.booleans(),
)
@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@blocking
async def test_each_file_gets_the_status_of_its_result(
    fates: list[str],
    order: Any,
    noise: list[bytes],
    twice: list[int],
    piece: int,
    is_broken_off: bool,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / "repartee.sqlite3")
        await database.open()
        store = BatchStore(database, Ledger(database))
        choice = ModelChoice("openai", "gpt-5.2")
        job = BatchJob(new_id(), choice, "t", "?", now(), BatchStatus.IN_PROGRESS)
        items = [BatchItem(job.id, n, f"f{n}", status=ItemStatus.READ) for n in range(1, FILES + 1)]
        await store.create(job, items)
        upload = BatchUpload(job.id, 1, batch_id="b", input_file_id="in")
        await store.add_upload(upload, range(1, FILES + 1))
        await store.save_upload(upload)
        names = [item.custom_id for item in items]
        rows = [row(f, n) for f, n in zip(fates, names, strict=True) if f != "missing"]
        again = [row(fates[at], names[at]) for at in twice if fates[at] in ("answered", "both")]
        mixed = [*rows, *again, *(n.replace(b"%s", job.id.encode()) for n in noise)]
        order.shuffle(mixed)
        cut = order.randint(0, len(mixed))
        provider = Files(lines(*mixed[:cut]), lines(*mixed[cut:]), piece)
        batch = RemoteBatch("b", BatchStatus.COMPLETED, "in", "out", "err")
        if is_broken_off:  # an earlier fetch ended after the first file
            half = Files(lines(*mixed[:cut]), b"", piece)
            await _store_results(store, half, job, upload)
        odd = await ResultFetcher(store, provider, job, upload, cost_at(PRICE)).fetch(batch)  # type: ignore[arg-type]
        found = await store.page(job.id, 0)
        for fate, item in zip(fates, found, strict=True):
            _judge(fate, item)
        paid = sum(fate in ("answered", "both") for fate in fates)
        after = await store.get(job.id)
        assert after is not None
        assert after.counts.cost == EACH * paid
        assert (await Ledger(database).spent_in_month(now())).cost == EACH * paid
        assert provider.deleted == ["in"]
        unreadable = fates.count("broken") + sum(_is_unreadable(n) for n in noise)
        assert (odd is not None and bool(odd.params["unreadable"])) == bool(unreadable)
        await database.close()


async def _store_results(
    store: BatchStore, half: Files, job: BatchJob, upload: BatchUpload
) -> None:
    """Store the results received before a crash, without finishing the upload."""
    results = [r async for r in half.results("out", job.api) if r is not None]
    await store.save_results(job, upload, results, frozenset(), cost_at(PRICE))


def _is_unreadable(line: bytes) -> bool:
    return bool(line) and not line.startswith(b'{"custom_id": "')


def _judge(fate: str, item: BatchItem) -> None:
    if fate in ("answered", "both"):
        assert item.status is ItemStatus.ANSWERED
        assert item.answer == f"Answer of {item.custom_id}\u2028and\x85more"
        assert item.cost == EACH
    elif fate == "refused":
        assert item.status is ItemStatus.FAILED
        assert item.error
    else:
        assert item.status is ItemStatus.UNANSWERED
        assert item.error
        assert item.cost is None


FILTERED = {"error": {"code": "content_filter", "message": "Filtered."}}


def chat_body(message: dict[str, Any], reason: str) -> dict[str, Any]:
    choices = [{"message": message, "finish_reason": reason}]
    return {"object": "chat.completion", "choices": choices}


def response_body(part: dict[str, Any], **more: Any) -> dict[str, Any]:
    item = {"type": "message", "role": "assistant", "content": [part]}
    return {"object": "response", "status": "completed", "output": [item], **more}


@pytest.mark.parametrize(
    ("status", "body", "answer", "reason"),
    [
        (200, chat_body({"content": "Half"}, "content_filter"), "Half", "item_ended_by_filter"),
        (200, chat_body({"content": None, "refusal": "No."}, "stop"), "No.", "item_declined"),
        (200, response_body({"type": "refusal", "refusal": "No."}), "No.", "item_declined"),
        (
            200,
            response_body(
                {"type": "output_text", "text": "Half"},
                status="incomplete",
                incomplete_details={"reason": "content_filter"},
            ),
            "Half",
            "item_ended_by_filter",
        ),
        (
            200,
            response_body({"type": "output_text", "text": "Half"}, status="failed", **FILTERED),
            "Half",
            "ended_by_filter",
        ),
        (400, FILTERED, "", "ended_by_filter"),
    ],
)
def test_a_refusal_is_an_outcome_of_its_own(
    status: int, body: dict[str, Any], answer: str, reason: str
) -> None:
    row = {"custom_id": "job-1", "response": {"status_code": status, "body": body}}
    result = parse_result(json.dumps(row).encode(), "OpenAI", Api.RESPONSES)
    assert result is not None
    assert (result.status, result.answer) == (ItemStatus.REFUSED, answer)
    assert result.error is not None
    assert result.error.reason == Reason(reason)
