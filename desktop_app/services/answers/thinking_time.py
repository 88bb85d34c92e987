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
        self._since: float | None = None
        self._until: float | None = None

    def observe(self, event: StreamEvent) -> None:
        """Handle an event of the answer that has just arrived."""
        self._clock.observe(event)
        if isinstance(event, ReasoningDelta):
            self._since = self._clock.seconds() if self._since is None else self._since
        elif isinstance(event, TextDelta | RefusalDelta) and self._until is None:
            self._until = self._clock.seconds()

    def end(self) -> None:
        """Stop the measurement."""
        if self._until is None:
            self._until = self._clock.seconds()

    def with_seconds(self, parts: Iterable[Part]) -> tuple[Part, ...]:
        """Return the parts with the time so far in the first reasoning part."""
        result, since = tuple(parts), self._since
        if since is None:
            return result
        until = self._clock.seconds() if self._until is None else self._until
        for at, part in enumerate(result):
            if isinstance(part, ReasoningPart):
                thought = replace(part, seconds=max(0.0, until - since))
                return (*result[:at], thought, *result[at + 1 :])
        return result
