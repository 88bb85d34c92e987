"""Finds reasoning that a server leaves in the text of an answer, between tags.

Only tags around the beginning of an answer count: `<think>…</think>` in any usual spelling, or a
closing tag alone at the start of a line, because some templates put the opening one into the
prompt. A tag that the text quotes, in code or in a sentence, stays text.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from typing import Final

from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    HostedCall,
    ImageArrived,
    Incomplete,
    ReasoningDelta,
    RefusalDelta,
    StreamEvent,
    TextDelta,
    TextWasReasoning,
    ToolCallDelta,
)

_NAMES: Final = ("think", "thinking", "thought", "thoughts", "reasoning", "reflection")
_CLOSERS: Final = {
    **{f"<{name}>": f"</{name}>" for name in (*_NAMES, "seed:think")},
    "[think]": "[/think]",
    "◁think▷": "◁/think▷",
    "<|begin_of_thought|>": "<|end_of_thought|>",
    "<|start_thinking|>": "<|end_thinking|>",
}
"""The closing tags by their opening ones, which models write in any case."""
_FENCES: Final = ("```", "~~~")
_LINE_STARTS: Final = (*_CLOSERS, *_CLOSERS.values(), *_FENCES)
_CONTENT: Final = (
    *(RefusalDelta, ToolCallDelta, HostedCall, ImageArrived),
    *(Completed, Incomplete, Failed),
)


class _Place(Enum):
    """The place in an answer that is read next."""

    START = auto()  # an opening tag counts
    THOUGHT = auto()
    TEXT = auto()  # a closing tag alone counts at the start of a line
    REST = auto()  # no tag counts


class ThoughtSplitter:
    """The text of an answer so far, split into reasoning and the answer proper."""

    def __init__(self) -> None:
        self._held = ""  # text that may belong to a tag
        self._place = _Place.START
        self._after = _Place.TEXT  # the place after the start
        self._closer = ""
        self._is_blank = True  # the open reasoning has no text yet
        self._is_line_start = True
        self._is_in_fence = False

    def feed(self, event: StreamEvent) -> Iterator[StreamEvent]:
        """Yield the events to pass on once `event` has come."""
        if isinstance(event, TextDelta):
            self._held += event.text
            yield from self._split(is_end=False)
            return
        if isinstance(event, _CONTENT):
            yield from self._split(is_end=True)
        yield event

    def _split(self, *, is_end: bool) -> Iterator[StreamEvent]:
        """Yield what is decided of the held text; at the end, all of it."""
        while self._held:
            before = self._held, self._place
            match self._place:
                case _Place.START:
                    self._read_start(is_end=is_end)
                case _Place.THOUGHT:
                    yield from self._read_thought(is_end=is_end)
                case _Place.TEXT:
                    yield from self._read_line(is_end=is_end)
                case _Place.REST:
                    yield TextDelta(self._take(len(self._held)))
            if before == (self._held, self._place):
                return

    def _take(self, length: int) -> str:
        taken, self._held = self._held[:length], self._held[length:]
        return taken

    def _read_start(self, *, is_end: bool) -> None:
        text = self._held.lstrip()
        opener = _begun_tag(text, tuple(_CLOSERS))
        if opener:
            self._place, self._after = _Place.THOUGHT, _Place.REST
            self._closer = _CLOSERS[opener]
            self._is_blank = True
            self._held = text[len(opener) :]
        elif is_end or not _may_begin(text, tuple(_CLOSERS)):
            self._place = self._after
            if self._after is _Place.REST:  # the blank after reasoning
                self._held = text

    def _read_thought(self, *, is_end: bool) -> Iterator[StreamEvent]:
        if self._is_blank:
            self._held = self._held.lstrip()
        end = self._held.lower().find(self._closer)
        if end != -1:
            text = self._take(end).rstrip()
            self._take(len(self._closer))
            self._place = _Place.START  # other reasoning may follow
        else:
            # Spaces before the end are left out, so they wait until it is known not to come.
            kept = len(self._held) - _partial_length(self._held, self._closer)
            text = self._take(len(self._held) if is_end else len(self._held[:kept].rstrip()))
        if text:
            self._is_blank = False
            yield ReasoningDelta(text)

    def _read_line(self, *, is_end: bool) -> Iterator[StreamEvent]:
        """Read text up to the end of its line."""
        if self._is_line_start:
            line = self._held.lstrip(" \t")
            tag = _begun_tag(line, _LINE_STARTS)
            if not tag and not is_end and _may_begin(line, _LINE_STARTS):
                return
            if tag in _FENCES:
                self._is_in_fence = not self._is_in_fence
            elif tag in _CLOSERS:
                self._place = _Place.REST
                return
            elif tag and not self._is_in_fence:
                self._held = line[len(tag) :]
                self._place, self._after = _Place.START, _Place.REST
                yield TextWasReasoning()
                return
        end = self._held.find("\n") + 1
        self._is_line_start = end > 0
        yield TextDelta(self._take(end or len(self._held)))


def _begun_tag(text: str, tags: tuple[str, ...]) -> str:
    """Return the tag that the text begins with, or ""."""
    beginning = text[: max(map(len, tags))].lower()
    return next((tag for tag in tags if beginning.startswith(tag)), "")


def _may_begin(text: str, tags: tuple[str, ...]) -> bool:
    """Return True if more text may complete one of the tags."""
    beginning = text[: max(map(len, tags))].lower()
    return any(tag.startswith(beginning) for tag in tags)


def _partial_length(text: str, tag: str) -> int:
    """Return the length of the longest end of `text` that begins the tag."""
    lengths = range(min(len(tag) - 1, len(text)), 0, -1)
    return next((n for n in lengths if tag.startswith(text[-n:].lower())), 0)
