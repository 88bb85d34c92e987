"""The progress of batch jobs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.cost import Price
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.providers.jobs.batch_jobs import (
    BatchCounts,
    BatchEstimate,
    BatchJob,
    BatchStatus,
    batch_refusal,
    custom_id,
    estimate_batch,
    item_number,
)
from tests.helpers.fragment import Fragment

JOB = BatchJob(
    "job",
    ModelChoice("openai", "gpt-5.2"),
    "Summarize",
    "Summarize.",
    datetime(2026, 1, 1, tzinfo=UTC),
)


@pytest.mark.parametrize(("answered", "done"), [(0, 5), (4, 5), (8, 8)])
def test_files_count_as_done_before_their_results_are_fetched(answered: int, done: int) -> None:
    job = replace(JOB, remote_done=5, counts=BatchCounts(total=9, answered=answered))
    assert job.done == done


def test_files_without_an_answer_are_done_and_unsuccessful() -> None:
    counts = BatchCounts(total=90, waiting=7, answered=40, refused=1, failed=10, unanswered=20)
    assert (counts.unsuccessful, counts.done) == (31, 71)


def test_an_estimate_adds_files_images_and_answers() -> None:
    batch, ordinary = Price(Decimal(1), Decimal(4)), Price(Decimal(2), Decimal(8))
    assert estimate_batch([1000, 500], 3, batch, ordinary, 250, (2, 100)) == BatchEstimate(
        files=2,
        left_out=3,
        input_tokens=1500,
        cost=Decimal("0.0035"),
        ordinary_cost=Decimal("0.007"),
        image_pages=2,
        image_tokens=100,
        image_cost=Decimal("0.0001"),
    )
    assert estimate_batch([1000], 0, batch, None).cost == Decimal("0.005")
    assert estimate_batch([1000], 0, None, None) == BatchEstimate(1, 0, 1000)


def test_a_status_is_before_the_upload_or_after_the_end() -> None:
    assert [status.value for status in BatchStatus if not status.was_sent] == [
        *("preparing", "ready")
    ]
    assert [status.value for status in BatchStatus if status.is_over] == [
        *("completed", "failed", "expired", "cancelled")
    ]


@pytest.mark.parametrize(("limit", "expected"), [(None, 1000), (999, 999), (1001, 1000)])
def test_answers_are_expected_within_their_limit(limit: int | None, expected: int) -> None:
    job = replace(JOB, parameters=GenerationParameters(max_output_tokens=limit))
    assert job.expected_answer_tokens == expected


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ("job-1-7", 7),
        ("job-1-0", 0),
        ("job-1-999999999", 999_999_999),
        ("job-1-1000000000", None),
        ("job-1-07", None),
        ("job-1-x", None),
        ("job-2-7", None),
    ],
)
def test_an_item_is_found_by_the_id_of_its_request(given: str, number: int | None) -> None:
    assert item_number("job-1", given) == number
    assert number is None or custom_id("job-1", number) == given


@pytest.mark.parametrize(
    ("kind", "offers", "takes", "reason"),
    [
        (ProviderKind.OPENAI, None, None, None),
        (ProviderKind.OPENAI, None, False, "doesn’t support batches"),
        (ProviderKind.OPENAI, False, True, "may not support batches"),
        (ProviderKind.COMPATIBLE, None, True, "may not support batches"),
        (ProviderKind.COMPATIBLE, True, True, None),
        (ProviderKind.COMETAPI, None, True, "doesn’t support batches"),
        (ProviderKind.ON_DEVICE, True, True, "The local model doesn’t support"),
    ],
)
def test_batches_are_refused_with_the_reason(
    kind: ProviderKind, offers: bool | None, takes: bool | None, reason: str | None
) -> None:
    profile = ProviderProfile("p", "P", kind, offers_batches=offers)
    error = batch_refusal(profile, ModelInfo("m", "M", takes_batches=takes))
    assert (error and error.message) == (reason and Fragment(reason))
