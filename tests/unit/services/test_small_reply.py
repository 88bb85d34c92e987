"""Replies to requests that the program makes for itself, and the titles made from them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from desktop_app.backend.environment_profiles import OPENAI
from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    Incomplete,
    ReasoningDelta,
    RefusalDelta,
    Started,
    StatusChanged,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
)
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import ContentFilteredError, NetworkError, ReplyTooLargeError
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.spending.spending_report import CallPerformance
from desktop_app.services.answers import answer_clock
from desktop_app.services.chat.small_tasks import small_reply
from desktop_app.services.chat.small_tasks.small_reply import SmallReply
from desktop_app.services.chat.small_tasks.titles import clean_title
from desktop_app.services.models.choice_resolution import ResolvedChoice
from tests.unit.providers.samples import CATALOG

ASKED = ResolvedChoice(OPENAI, CATALOG.for_variant(Variant.THINKING), None, Effort.LOW)


class Clock:
    """A clock that a test sets."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(answer_clock, "time", made)
    return made


@pytest.mark.parametrize(
    ("events", "performance"),
    [
        (
            [
                StatusChanged(1, ErrorNote("w")),
                StatusChanged(),
                StatusChanged(2, ErrorNote("w")),
                TextDelta("a"),
                Completed(),
            ],
            CallPerformance("low", "flex", "complete", 2, 4.0, 5.0),
        ),
        (
            [ReasoningDelta("a"), TextDelta("b"), Started("r", service_tier="batch"), Completed()],
            CallPerformance("low", "batch", "complete", 0, 1.0, 4.0),
        ),
        ([RefusalDelta("a")], CallPerformance("low", "flex", "cancelled", 0, 1.0, 1.0)),
        (
            [Failed(NetworkError(Reason.NOT_REACHED))],
            CallPerformance("low", "flex", "failed", 0, None, 1.0),
        ),
    ],
)
def test_the_performance_of_a_small_call_is_measured(
    events: Sequence[StreamEvent], performance: CallPerformance, clock: Clock
) -> None:
    made = SmallReply("P")
    for event in events:
        clock.now += 1
        made.add(event)
    asked = ResolvedChoice(OPENAI, ASKED.model, None, Effort.LOW, service_tier="flex")
    assert made.performance(asked) == performance
    plain = ResolvedChoice(OPENAI, ASKED.model, None, None)
    tier = "batch" if performance.tier == "batch" else ""
    assert made.performance(plain) == performance._replace(effort="", tier=tier)


@pytest.mark.parametrize(
    ("events", "reason", "details"),
    [
        ([RefusalDelta("No."), Completed()], Reason.DECLINED, "No."),
        ([TextDelta("a"), Incomplete("content_filter")], Reason.ENDED_BY_FILTER, "a"),
        ([TextDelta("a"), Completed()], None, ""),
        ([Failed(NetworkError(Reason.NOT_REACHED, details="d"))], Reason.NOT_REACHED, "d"),
    ],
)
def test_refusals_and_failures_are_errors(
    events: Sequence[StreamEvent], reason: Reason | None, details: str
) -> None:
    made = SmallReply("P")
    for event in events:
        made.add(event)
    error = made.error
    assert (error and (error.reason, error.details)) == (reason and (reason, details))
    assert isinstance(error, ContentFilteredError) is (
        reason in (Reason.DECLINED, Reason.ENDED_BY_FILTER)
    )


@pytest.mark.attack("reply-bounds")
@pytest.mark.parametrize(
    "events",
    [
        [TextDelta("ab"), ReasoningDelta("cd"), RefusalDelta("e")],
        [ToolCallDelta(0, "abc", "c", "look"), ToolCallDelta(0, "de")],
    ],
)
def test_the_size_of_a_small_reply_is_limited(
    events: Sequence[StreamEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    def error(largest: int) -> object:
        monkeypatch.setattr(small_reply, "MAX_REPLY_BYTES", largest)
        made = SmallReply("P")
        for event in events:
            made.add(event)
        return made.reply.error

    assert error(5) is None
    found = error(4)
    assert isinstance(found, ReplyTooLargeError)
    assert (found.reason, found.params["provider"]) == (Reason.ANSWER_TOO_LONG, "P")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("a" * 60, "a" * 59 + "…"),
        ("<think>hm\n</think>\n\nTitle: “Geese”.", "Geese"),
        ("<think>hm", ""),
        ("## *Bold* `code`", "Bold code"),
        ("\n—\n> Second", "Second"),
        ("C# and F#", "C# and F#"),
        ("a\u202eb", "ab"),
    ],
)
def test_a_title_is_one_clean_line(text: str, title: str) -> None:
    assert clean_title(text) == title
