"""The time that reading in parts takes: as planned, and while it runs."""

from __future__ import annotations

from decimal import Decimal

import pytest

from desktop_app.chat.attachments.chunked_reading import ChunkPlan
from desktop_app.domain.answering.answer_status import AnswerStatus, StatusCode
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.cost import TypicalAnswer
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.providers.gateway.environment_profiles import ON_DEVICE, OPENAI
from desktop_app.providers.models.choice_resolution import ResolvedChoice

MEASURED = {("m", ""): TypicalAnswer(seconds=120.0)}


@pytest.mark.parametrize(
    ("profile", "taker", "expected"),
    [
        (ON_DEVICE, "", 61 * 120.0),
        (ON_DEVICE, "M", 61 * 120.0),
        (OPENAI, "", 16 * 120.0),  # four at once
        (OPENAI, "another model", None),
    ],
)
def test_the_time_is_that_of_the_users_own_answers(
    profile: ProviderProfile, taker: str, expected: float | None
) -> None:
    plan = ChunkPlan(62, 2, 10**6, Decimal(0), note_taker=taker, answerer="M")
    resolved = ResolvedChoice(profile, ModelInfo("m", "M"), None, None)
    assert plan.seconds(resolved, MEASURED) == expected
    assert plan.seconds(resolved, {}) is None


def test_the_progress_says_the_time_left() -> None:
    params = {"done": 3, "total": 60}
    status = AnswerStatus(StatusCode.READING, params, seconds_left=3600)
    assert status.sentences == "Reading in parts: 3 of 60. About 1 h left."
    assert AnswerStatus(StatusCode.READING, params).sentences == "Reading in parts: 3 of 60."
