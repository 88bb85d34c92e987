"""Conversations that take over settings of others."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.conversation import Conversation, ModelChoice
from desktop_app.domain.models.variants import Variant


def test_settings_are_taken_over_but_no_name_and_no_draft() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    one = Conversation("a", "One", noon, noon, ModelChoice("openai", "", Variant.INSTANT))
    other = replace(
        Conversation("b", "Two", noon, noon, ModelChoice("openai", "", Variant.PRO)),
        overrides=Overrides(instructions="Be brief."),
        preset_id="p",
    )
    taken = one.with_settings_of(other)
    assert taken == replace(one, choice=other.choice, overrides=other.overrides, preset_id="p")
    assert (taken.id, taken.title) == ("a", "One")
