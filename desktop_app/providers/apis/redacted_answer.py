"""Removes secrets from an answer whose deltas can split them anywhere.

A secret within one event is removed before the event is parsed: see http_reply.py. This module
finds secrets that are spread over several deltas, and secrets in the name of the model, which may
appear only in the parsed event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final, NamedTuple

from desktop_app.domain.answering.stream_events import (
    CandidateEvent,
    Completed,
    Failed,
    HostedCall,
    ImageArrived,
    Incomplete,
    ReasoningDelta,
    ReasoningItem,
    RefusalDelta,
    Started,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
)
from desktop_app.domain.network.redaction import RedactedStream

_Delta = TextDelta | ReasoningDelta | RefusalDelta | ToolCallDelta
_DELTAS: Final = (TextDelta, ReasoningDelta, RefusalDelta, ToolCallDelta)
_SLICE_CHARS: Final = 256 * 1024
"""Characters of one event that the event loop handles at once."""
_TERMINALS: Final = (Completed, Incomplete, Failed)


def split_event(event: StreamEvent) -> Iterator[StreamEvent]:
    """Yield `event`, or several events with slices of its text if that is very long."""
    if isinstance(event, CandidateEvent):
        yield from (CandidateEvent(event.number, inner) for inner in split_event(event.event))
        return
    if not isinstance(event, _DELTAS):
        yield event
        return
    text = _text_of(event)
    if len(text) <= _SLICE_CHARS:
        yield event
        return
    for start in range(0, len(text), _SLICE_CHARS):
        yield _with_text(event, text[start : start + _SLICE_CHARS])


class _TextKey(NamedTuple):
    """The kind of a text, and for a tool call its index; None for any other kind."""

    kind: type[_Delta]
    call_index: int | None


class _OpenText(NamedTuple):
    """The redactor of a text, and the delta of the text that came last."""

    stream: RedactedStream
    last_delta: _Delta


class RedactedAnswer:
    """The events of one answer, or of several requested at once.

    Text, reasoning, refusal and each tool call are separate texts, however they interleave. The end
    of a text is held back while it may begin a secret, or an escape in which a secret is written
    ("50%" may become "50%41"). When something else follows the text, that end is passed on first,
    except letters that may begin a secret: the text can go on later.

    Args:
        new_stream: returns the redactor of one text. Called when a text or the name of the model
            comes, because all secrets are known then.
    """

    def __init__(self, new_stream: Callable[[], RedactedStream]) -> None:
        self._new_stream = new_stream
        self._texts: dict[_TextKey, _OpenText] = {}
        self._newest: _TextKey | None = None
        self._candidates: dict[int, RedactedAnswer] = {}

    def feed(self, event: StreamEvent) -> list[StreamEvent]:
        """Return the events to pass on once `event` has come."""
        if isinstance(event, _DELTAS):
            return self._feed_delta(event)
        if isinstance(event, CandidateEvent):
            candidate = self._candidates.setdefault(event.number, RedactedAnswer(self._new_stream))
            return [CandidateEvent(event.number, inner) for inner in candidate.feed(event.event)]
        if isinstance(event, Started):  # the model is stored with the answer
            return [replace(event, model=self._clean(event.model))]
        if isinstance(event, ReasoningItem):  # later reasoning is a new text
            return [*self._end(ReasoningDelta), event]
        if isinstance(event, _TERMINALS):
            return [*self.end(), event]
        if isinstance(event, HostedCall | ImageArrived):  # shown after the text before it
            return [*self._release(), event]
        return [event]  # not part of the shown answer

    def end(self) -> list[StreamEvent]:
        """Return events with the ends of all texts, which `feed` held back."""
        held_events = [event for kind in _DELTAS for event in self._end(kind)]
        for number, candidate in self._candidates.items():
            held_events += [CandidateEvent(number, event) for event in candidate.end()]
        return held_events

    def _clean(self, text: str) -> str:
        stream = self._new_stream()
        return stream.feed(text) + stream.end()

    def _feed_delta(self, event: _Delta) -> list[StreamEvent]:
        """Return the safe part of a delta, after the end of the text that it interrupts, if any."""
        call_index = event.index if isinstance(event, ToolCallDelta) else None
        key = _TextKey(type(event), call_index)
        known = self._texts.get(key)
        # The held end belongs to the section before, but a secret may go on in the new one.
        begins_section = known is not None and _section(event) != _section(known.last_delta)
        released: list[StreamEvent] = []
        if key != self._newest or begins_section:
            released = self._release()
            self._newest = key
        stream = self._new_stream() if known is None else known.stream
        self._texts[key] = _OpenText(stream, event)
        text = _text_of(event)
        safe = stream.feed(text)
        if safe == text:
            return [*released, event]
        # A delta of a tool call may also have the call's id and name, so it is never dropped.
        if safe or isinstance(event, ToolCallDelta):
            return [*released, _with_text(event, safe)]
        return released

    def _release(self) -> list[StreamEvent]:
        """Return the end of the newest text, except letters that may begin a secret."""
        if self._newest not in self._texts:
            return []
        newest = self._texts[self._newest]
        text = newest.stream.release()
        return [_with_text(newest.last_delta, text)] if text else []

    def _end(self, kind: type[_Delta]) -> list[StreamEvent]:
        """End all texts of a kind; return events with what was held back of them."""
        held_events: list[StreamEvent] = []
        for key in [key for key in self._texts if key.kind is kind]:
            ended = self._texts.pop(key)
            if text := ended.stream.end():
                held_events.append(_with_text(ended.last_delta, text))
        return held_events


def _text_of(event: _Delta) -> str:
    return event.arguments if isinstance(event, ToolCallDelta) else event.text


def _section(event: _Delta) -> int:
    return event.section if isinstance(event, ReasoningDelta) else 0


def _with_text(event: _Delta, text: str) -> _Delta:
    if isinstance(event, ToolCallDelta):
        return replace(event, arguments=text)
    return replace(event, text=text)
