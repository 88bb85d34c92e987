"""Removes secrets from an answer, and joins what its deltas have cut in two.

A secret within one event is removed before the event is parsed: see http_reply.py. Here, secrets
spread over several deltas are found. Halves of surrogate pairs are joined too: JavaScript counts
UTF-16 code units, so a gateway written in it may cut an emoji in two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    Incomplete,
    Notice,
    ReasoningDelta,
    RefusalDelta,
    RunAdvanced,
    Started,
    StatusChanged,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
)
from desktop_app.providers.http.redaction import RedactedStream, Redactor

_Delta = TextDelta | ReasoningDelta | RefusalDelta | ToolCallDelta
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class RedactedAnswer:
    """The events of one answer.

    The end of a text is held while it may begin a secret. It is passed on when the text goes on, or
    when a text of another kind begins.

    Args:
        redactor: returns the redactor. Called when a text begins, because all secrets are known
            then.
    """

    def __init__(self, redactor: Callable[[], Redactor]) -> None:
        self._redactor = redactor
        self._open_texts: dict[tuple[type[_Delta], int], _OpenText] = {}

    @property
    def holds_text(self) -> bool:
        """Return True if text of an open text is held back."""
        return any(text.holds_text for text in self._open_texts.values())

    def feed(self, event: StreamEvent) -> list[StreamEvent]:
        """Return the events to pass on once `event` has come."""
        match event:
            case TextDelta() | ReasoningDelta() | RefusalDelta() | ToolCallDelta():
                return self._feed_delta(event)
            case StatusChanged() | RunAdvanced() | Notice():  # not part of the answer
                return [event]
            case Completed() | Incomplete() | Failed():
                return [*self.end(), event]
            case Started(model=model):  # the model is stored with the answer
                model = self._redactor().clean(model)
                return [*self.end(), msgspec.structs.replace(event, model=model)]
        return [*self.end(), event]

    def _feed_delta(self, event: _Delta) -> list[StreamEvent]:
        key = _key(event)
        ended: list[StreamEvent] = []
        is_parallel_call = {kind for kind, _ in self._open_texts} == {ToolCallDelta} == {key[0]}
        if key not in self._open_texts and not is_parallel_call:
            ended = self.end()
        text = self._open_texts.setdefault(key, _OpenText(self._redactor()))
        return [*ended, *text.feed(event)]

    def end(self) -> list[StreamEvent]:
        """End the open texts; return events with what `feed` held back of them."""
        held = [event for text in self._open_texts.values() for event in text.end()]
        self._open_texts.clear()
        return held


class _OpenText:
    """One text of an answer, of which more may come."""

    def __init__(self, redactor: Redactor) -> None:
        self._stream = RedactedStream(redactor)
        self._half = ""  # the first half of a surrogate pair, at the end of the text so far
        self._last: _Delta | None = None

    @property
    def holds_text(self) -> bool:
        return bool(self._half or self._stream.held)

    def feed(self, event: _Delta) -> Iterator[StreamEvent]:
        self._last = event
        new_text = event.arguments if isinstance(event, ToolCallDelta) else event.text
        text = self._half + new_text
        self._half = text[-1] if "\ud800" <= text[-1:] <= "\udbff" else ""
        safe = self._stream.feed(_joined_pairs(text.removesuffix(self._half)))
        # A delta of a tool call may also have the call's id and name, so it is never dropped.
        if safe or isinstance(event, ToolCallDelta):
            yield _with_text(event, safe)

    def end(self) -> Iterator[StreamEvent]:
        held = self._stream.feed(_joined_pairs(self._half)) + self._stream.end()
        if held and self._last is not None:
            yield _with_text(self._last, held)


def _joined_pairs(text: str) -> str:
    """Return the text with its surrogate pairs joined, and U+FFFD for halves."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _key(event: _Delta) -> tuple[type[_Delta], int]:
    match event:
        case ToolCallDelta(index):
            return ToolCallDelta, index
        case ReasoningDelta(section=section):
            return ReasoningDelta, section
    return type(event), 0


def _with_text(event: _Delta, text: str) -> _Delta:
    if isinstance(event, ToolCallDelta):
        return msgspec.structs.replace(event, arguments=text)
    return msgspec.structs.replace(event, text=text)
