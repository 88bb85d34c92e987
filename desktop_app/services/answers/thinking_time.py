"""Measures how long a model thinks before it answers, because no provider reports it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace

from desktop_app.domain.answering.stream_events import (
    ReasoningDelta,
    RefusalDelta,
    StreamEvent,
    TextDelta,
)
from desktop_app.domain.conversations.message_parts import Part, ReasoningPart


class ThinkingTime:
    """The time from the first reasoning to the first text of the answer."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._until: float | None = None

    def observe(self, event: StreamEvent) -> None:
        """Handle an event of the answer that has just arrived."""
        if isinstance(event, ReasoningDelta):
            self._since = time.monotonic() if self._since is None else self._since
        elif isinstance(event, TextDelta | RefusalDelta) and self._until is None:
            self._until = time.monotonic()

    def end(self) -> None:
        """Stop the measurement."""
        if self._until is None:
            self._until = time.monotonic()

    def with_seconds(self, parts: Iterable[Part]) -> tuple[Part, ...]:
        """Return the parts with the time so far in the first reasoning part."""
        result, since = tuple(parts), self._since
        if since is None:
            return result
        until = time.monotonic() if self._until is None else self._until
        for at, part in enumerate(result):
            if isinstance(part, ReasoningPart):
                thought = replace(part, seconds=max(0.0, until - since))
                return (*result[:at], thought, *result[at + 1 :])
        return result
