"""Limits on the size of replies, and the errors for exceeding them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from desktop_app.domain.answering.stream_events import (
    CandidateEvent,
    Completed,
    HostedCall,
    ReasoningDelta,
    ReasoningItem,
    RefusalDelta,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
)
from desktop_app.domain.conversations.message_parts import ToolCallPart
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import ReplyTooLargeError
from desktop_app.providers.apis.redacted_answer import _SLICE_CHARS, split_event
from desktop_app.providers.http.reply import reply_limits
from desktop_app.providers.http.reply.reply_limits import AnswerMeter


@pytest.mark.parametrize(
    ("events", "size", "parts"),
    [
        ([TextDelta("abc"), TextDelta("é🙂"), Completed()], 3 + 2 + 4, 1),
        ([TextDelta("a"), ReasoningDelta("b"), RefusalDelta("c"), RefusalDelta("d")], 4, 3),
        (
            [
                TextDelta("a"),
                CandidateEvent(1, TextDelta("b")),
                CandidateEvent(1, RefusalDelta("c")),
            ],
            3,
            3,
        ),
        ([ToolCallDelta(0, "{"), CandidateEvent(1, ToolCallDelta(0, "{"))], 2, 2),
        ([ReasoningItem("rs", "sealed"), ReasoningItem("r2", "")], 10, 2),
        ([ToolCallDelta(0, "{"), ToolCallDelta(0, "}"), ToolCallDelta(1, "{}")], 4, 2),
        ([TextDelta("a"), ToolCallDelta(0, "{"), TextDelta("b"), ToolCallDelta(0, "}")], 4, 3),
        ([ToolCallDelta(0, "{}", extra_content="abc")], 5, 1),
        ([HostedCall(ToolCallPart("a", "search", "{}", result="xy"))] * 2, 8, 1),
        ([HostedCall(ToolCallPart(name, "search", "{}")) for name in "abc"], 6, 3),
    ],
)
def test_an_answer_is_measured_in_bytes_and_parts(
    events: Sequence[StreamEvent], size: int, parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusal(largest: int, most: int) -> Reason | str | None:
        monkeypatch.setattr(reply_limits, "MAX_ANSWER_BYTES", largest)
        monkeypatch.setattr(reply_limits, "MAX_ANSWER_PARTS", most)
        meter = AnswerMeter("P")
        try:
            for event in events:
                meter.add(event)
        except ReplyTooLargeError as error:
            assert error.params["provider"] == "P"
            return error.reason
        return None

    assert refusal(size, parts) is None
    assert refusal(size - 1, parts) is Reason.ANSWER_TOO_LARGE
    assert refusal(size, parts - 1) is Reason.ANSWER_IN_TOO_MANY_PARTS


TEXT = "".join(chr(0x20 + number % 0x2000) for number in range(3 * _SLICE_CHARS + 7))


@pytest.mark.attack("reply-bounds")
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
