"""The progress of batch jobs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.providers.jobs.batch_jobs import (
    BatchCounts,
    BatchJob,
    BatchStatus,
    batch_refusal,
    custom_id,
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


def test_a_status_is_before_the_upload_or_after_the_end() -> None:
    assert [status.value for status in BatchStatus if not status.was_sent] == [
        *("preparing", "ready")
    ]
    assert [status.value for status in BatchStatus if status.is_over] == [
        *("completed", "failed", "expired", "cancelled")
    ]


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
