"""What a chip says of the room that a file takes."""

from __future__ import annotations

import pytest

from desktop_app.chat.cost_estimate import accepted_input
from desktop_app.composer.attachments.attachment_facts import room_fact
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.models.token_counts import TokenCount
from desktop_app.domain.models.variants import Variant
from desktop_app.providers.gateway.environment_profiles import OPENAI
from desktop_app.providers.models.choice_resolution import ResolvedChoice

ROOM = 10_000


@pytest.mark.parametrize(
    ("tokens", "fact"),
    [
        (1, ""),
        (4_900, ""),
        (5_000, "50% of what Thinking can read"),
        (10_000, "100% of what Thinking can read"),
        (10_001, "too long for Thinking"),
        (40_100, "4× too long for Thinking"),
        (1_419_900, "142× too long for Thinking"),
    ],
)
def test_it_says_of_what_and_nothing_below_half(tokens: int, fact: str) -> None:
    model = ModelInfo("m", "Model", max_input=ROOM)
    assert accepted_input(model) == ROOM
    resolved = ResolvedChoice(OPENAI, model, Variant.THINKING, None)
    assert room_fact(TokenCount(tokens, is_exact=True), resolved) == fact
    without_variant = ResolvedChoice(OPENAI, model, None, None)
    assert room_fact(TokenCount(tokens, is_exact=True), without_variant) == fact.replace(
        "Thinking", "Model"
    )


def test_tokens_stand_for_a_share_of_an_unknown_room() -> None:
    resolved = ResolvedChoice(OPENAI, ModelInfo("m", "Model"), None, None)
    assert "1,200" in room_fact(TokenCount(1_200, is_exact=True), resolved)
