"""Measures the times and retries of a call."""

from __future__ import annotations

from desktop_app.domain.answering.stream_events import (
    ReasoningDelta,
    RefusalDelta,
    StatusChanged,
    StreamEvent,
    TextDelta,
)
from desktop_app.services.answers.answer_clock import AnswerClock


class CallTiming:
    """The times and retries of a call, from the request on.

    Attributes:
        first_token_s: seconds until the first text or reasoning; None if neither has arrived.
        retries: the number of failed attempts before the answer.

    Args:
        elapsed_s: the age of the request in seconds.
    """

    def __init__(self, elapsed_s: float = 0.0) -> None:
        self._clock = AnswerClock()
        self._began = self._clock.seconds() - elapsed_s
        self.first_token_s: float | None = None
        self.retries = 0

    def observe(self, event: StreamEvent) -> None:
        """Measure an event that has just arrived."""
        self._clock.observe(event)
        match event:
            case TextDelta() | ReasoningDelta() | RefusalDelta() if self.first_token_s is None:
                self.first_token_s = self.elapsed_s
            case StatusChanged(seconds) if seconds:
                self.retries += 1

    @property
    def elapsed_s(self) -> float:
        """Return the seconds since the request, without those in which the user decided."""
        return self._clock.seconds() - self._began
