"""Long texts from a provider are handled in slices, with the same result as at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from desktop_app.domain.answering.stream_events import (
    CandidateEvent,
    ReasoningDelta,
    RefusalDelta,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
)
from desktop_app.providers.apis.redacted_answer import _SLICE_CHARS, split_event

TEXT = "".join(chr(0x20 + number % 0x2000) for number in range(3 * _SLICE_CHARS + 7))

pytestmark = pytest.mark.attack("reply-bounds")


@pytest.mark.parametrize(
    "made",
    [
        TextDelta,
        RefusalDelta,
        lambda text: ReasoningDelta(text, 3),
        lambda text: ToolCallDelta(1, text, "c", "f"),
        lambda text: CandidateEvent(2, TextDelta(text)),
    ],
    ids=["text", "refusal", "reasoning", "tool call", "candidate"],
)
def test_a_long_delta_is_split_into_slices(made: Callable[[str], StreamEvent]) -> None:
    slices = list(split_event(made(TEXT)))
    cuts = range(0, len(TEXT), _SLICE_CHARS)
    assert slices == [made(TEXT[at : at + _SLICE_CHARS]) for at in cuts]
