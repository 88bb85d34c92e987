"""How long a model thinks before it answers: measured here, because no provider says it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace

from desktop_app.domain.conversations.message_parts import Part, ReasoningPart
from desktop_app.domain.conversations.stream_events import (
    ReasoningDelta,
    RefusalDelta,
    StreamEvent,
    TextDelta,
)


class ThinkingTime:
    """From the first words of a reasoning to the first of the answer."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._until: float | None = None

    def hear(self, event: StreamEvent) -> None:
        """The next event of the answer has come just now."""
        if isinstance(event, ReasoningDelta):
            self._since = time.monotonic() if self._since is None else self._since
        elif isinstance(event, TextDelta | RefusalDelta) and self._until is None:
            self._until = time.monotonic()

    def end(self) -> None:
        """Nothing more comes."""
        if self._until is None:
            self._until = time.monotonic()

    def told_in(self, parts: Iterable[Part]) -> tuple[Part, ...]:
        """These parts, with the time in the first reasoning; up to now while nothing else came."""
        told, since = tuple(parts), self._since
        if since is None:
            return told
        until = time.monotonic() if self._until is None else self._until
        for at, part in enumerate(told):
            if isinstance(part, ReasoningPart):
                thought = replace(part, seconds=max(0.0, until - since))
                return (*told[:at], thought, *told[at + 1 :])
        return told
