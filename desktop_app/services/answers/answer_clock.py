"""Measures the time of an answer without the time in which the user decides about tool calls."""

from __future__ import annotations

import time

from desktop_app.domain.answering.answer_status import AnswerStatus, StatusCode
from desktop_app.domain.answering.stream_events import StatusChanged, StreamEvent


class AnswerClock:
    """A monotonic clock that stands still while an answer waits for the user's permission."""

    def __init__(self) -> None:
        self._waited_s = 0.0
        self._waiting_since: float | None = None

    def observe(self, event: StreamEvent) -> None:
        """Stop or start the clock at an event of the answer that has just arrived."""
        match event:
            case StatusChanged(status=AnswerStatus(code=StatusCode.WAITING_FOR_PERMISSION)):
                self._waiting_since = time.monotonic()
            case _ if self._waiting_since is not None:
                self._waited_s += time.monotonic() - self._waiting_since
                self._waiting_since = None

    def seconds(self) -> float:
        """Return the seconds since an unspecified moment."""
        now = time.monotonic() if self._waiting_since is None else self._waiting_since
        return now - self._waited_s
