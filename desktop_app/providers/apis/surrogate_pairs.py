"""Joins characters that two deltas share.

JavaScript counts UTF-16 code units, so a gateway written in it may cut an emoji in two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from desktop_app.domain.answering.stream_events import (
    CandidateEvent,
    Completed,
    Failed,
    Incomplete,
    ReasoningDelta,
    RefusalDelta,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
)

_Delta = TextDelta | ReasoningDelta | RefusalDelta | ToolCallDelta
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class PairJoiner:
    """The texts of an answer so far; U+FFFD replaces a half without its other half."""

    def __init__(self) -> None:
        # The delta that ended with the first half of a pair, by its text.
        self._halves: dict[tuple[type[_Delta], int], _Delta] = {}
        self._candidates: dict[int, PairJoiner] = {}

    def feed(self, event: StreamEvent) -> Iterator[StreamEvent]:
        """Yield the events to pass on once `event` has come."""
        match event:
            case CandidateEvent(number, inner):
                candidate = self._candidates.setdefault(number, PairJoiner())
                yield from (CandidateEvent(number, each) for each in candidate.feed(inner))
                return
            case Completed() | Incomplete() | Failed():
                yield from (_with_text(each, "\ufffd") for each in self._halves.values())
            case TextDelta() | ReasoningDelta() | RefusalDelta() | ToolCallDelta():
                event = self._join(event)
        yield event

    def _join(self, event: _Delta) -> _Delta:
        number = event.index if isinstance(event, ToolCallDelta) else 0
        key = type(event), event.section if isinstance(event, ReasoningDelta) else number
        text = _text_of(event)
        if key in self._halves:
            text = _text_of(self._halves.pop(key))[-1] + text
        elif not _SURROGATE.search(text):
            return event
        if "\ud800" <= text[-1:] <= "\udbff":
            self._halves[key] = event if _text_of(event) else _with_text(event, text)
            text = text[:-1]
        joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return _with_text(event, joined)


def _text_of(event: _Delta) -> str:
    return event.arguments if isinstance(event, ToolCallDelta) else event.text


def _with_text(event: _Delta, text: str) -> _Delta:
    if isinstance(event, ToolCallDelta):
        return replace(event, arguments=text)
    return replace(event, text=text)
