"""Measures how long a model thinks before it answers, because no provider reports it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from desktop_app.domain.answering.stream_events import (
    ReasoningDelta,
    RefusalDelta,
    StreamEvent,
    TextDelta,
)
from desktop_app.domain.conversations.message_parts import Part, ReasoningPart
from desktop_app.services.answers.answer_clock import AnswerClock


class ThinkingTime:
    """The time from the first reasoning to the first text of the answer."""

    def __init__(self) -> None:
        self._clock = AnswerClock()
        self._started_s: float | None = None
        self._ended_s: float | None = None

    def observe(self, event: StreamEvent) -> None:
        """Handle an event of the answer that has just arrived."""
        self._clock.observe(event)
        if isinstance(event, ReasoningDelta):
            if self._started_s is None:
                self._started_s = self._clock.seconds()
        elif isinstance(event, TextDelta | RefusalDelta) and self._ended_s is None:
            self._ended_s = self._clock.seconds()

    def end(self) -> None:
        """Stop the measurement."""
        if self._ended_s is None:
            self._ended_s = self._clock.seconds()

    def with_seconds(self, parts: Iterable[Part]) -> tuple[Part, ...]:
        """Return the parts with the time so far in the first reasoning part."""
        result = tuple(parts)
        started_s = self._started_s
        if started_s is None:
            return result
        ended_s = self._clock.seconds() if self._ended_s is None else self._ended_s
        for index, part in enumerate(result):
            if isinstance(part, ReasoningPart):
                timed_part = replace(part, seconds=max(0.0, ended_s - started_s))
                return (*result[:index], timed_part, *result[index + 1 :])
        return result
