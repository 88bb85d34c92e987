"""Batch jobs for screenshots: a job that ended with every error, and a job to confirm."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from desktop_app.backend.backend import Backend
from desktop_app.batch.services import batch_store
from desktop_app.domain.conversations.conversation import ModelChoice, new_id, now
from desktop_app.domain.cost import Price, Usage
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.providers.gateway.environment_profiles import OPENAI, OPENAI_URL
from desktop_app.providers.jobs.batch_jobs import (
    BatchItem,
    BatchJob,
    BatchResult,
    BatchStatus,
    ItemStatus,
    estimate_batch,
)
from tests.helpers.batch_server import cost_at

_PRICE = Price(Decimal("1.75"), Decimal(14))
_NAMES = ("Lease Oslo", "Lease Gdańsk", "Supplier Berg", "Supplier Nowak", "NDA Dubois", "Freight")
_ANSWER = """**Summary**

1. Fixed term of five years from 1 March; either side may end it after three with six \
months' notice.
2. Rent NOK 84,000 a month, index-linked from the second year.

**Action items**

S. Berg — 1 Feb — confirm the deposit with the bank
"""


async def fill_batches(backend: Backend) -> None:
    """Put the jobs into the store."""
    ended = await _job(backend, "Summarize", 128, BatchStatus.EXPIRED)
    store = backend.of(batch_store)
    await store.save_upload(ended.id, "file_1", 126)
    usage = Usage(9_400, 0, 420, 80)
    answered = [
        BatchResult(f"{ended.id}-{n}", ItemStatus.ANSWERED, _ANSWER, None, usage)
        for n in range(1, 120)
    ]
    refused = BatchResult(
        f"{ended.id}-120",
        ItemStatus.FAILED,
        "",
        ErrorNote("OpenAI refused the request: content policy."),
    )
    price = _PRICE.times(Decimal("0.5"))
    await store.save_results(ended, [*answered, refused], cost_at(price))
    note = ErrorNote("Not processed within 24 hours. Not charged.")
    await store.end(ended, ItemStatus.UNANSWERED, note, {})
    await _job(backend, "Find the deadlines", 340, BatchStatus.READY)


async def _job(backend: Backend, title: str, files: int, status: BatchStatus) -> BatchJob:
    began = now() - timedelta(days=1, hours=2)
    was_sent = status is not BatchStatus.READY
    job = BatchJob(
        new_id(),
        ModelChoice(OPENAI.id, "gpt-5.2", Variant.THINKING, Effort.MEDIUM),
        title,
        "Summarize it.",
        began if was_sent else now(),
        status,
        OPENAI_URL,
        started_at=began if was_sent else None,
        ended_at=now() if was_sent else None,
    )
    items = [
        BatchItem(
            job.id,
            number,
            f"contracts/{_NAMES[number % len(_NAMES)]} {number}.pdf",
            f"/contracts/{number}.pdf",
            status=ItemStatus.READ,
            tokens=9_000 + 137 * number % 4_000,
        )
        for number in range(1, files + 1)
    ]
    for at, why in ((-2, "“scan.pdf” is encrypted. Remove its password."), (-1, "Too large.")):
        items[at] = replace(items[at], status=ItemStatus.LEFT_OUT, tokens=0, error=ErrorNote(why))
    tokens = [item.tokens for item in items if item.status is ItemStatus.READ]
    job = replace(job, estimate=estimate_batch(tokens, 2, _PRICE.times(Decimal("0.5")), _PRICE))
    await backend.of(batch_store).create(job, items)
    await backend.of(batch_store).release(job.id)
    return job
