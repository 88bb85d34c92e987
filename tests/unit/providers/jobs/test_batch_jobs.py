"""Batches, and the ids of their requests."""

from __future__ import annotations

import pytest

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.providers.jobs.batch_jobs import BatchStatus, batch_refusal, custom_id, item_number
from tests.helpers.fragment import Fragment


def test_the_last_statuses_of_a_batch_are_its_ends() -> None:
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
