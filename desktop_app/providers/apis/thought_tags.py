"""Finds reasoning that a server leaves in the text of an answer, between tags.

Only tags around the beginning of an answer count: `<think>…</think>` in any usual spelling, the
channels of Harmony, or a closing tag alone, because some templates put the opening one into the
prompt. A tag that the text quotes, in code or in a sentence, stays text. Of an answer that has
reasoning alone, this is the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    HostedCall,
    ImageArrived,
    Incomplete,
    MessageBegan,
    ReasoningDelta,
    RefusalDelta,
    StreamEvent,
    TextDelta,
    TextWasReasoning,
    ToolCallDelta,
)
from desktop_app.domain.lazy_pattern import lazy_pattern

_NAMES: Final = ("think", "thinking", "thought", "thoughts", "reasoning", "reflection")
_CLOSERS: Final = {
    **{f"<{name}>": f"</{name}>" for name in (*_NAMES, "seed:think")},
    "[think]": "[/think]",
    "◁think▷": "◁/think▷",
    "<|begin_of_thought|>": "<|end_of_thought|>",
    "<|start_thinking|>": "<|end_thinking|>",
    "<|channel>thought": "<channel|>",  # Gemma 4
}
"""The closing tags by their opening ones, which models write in any case."""
_OPENER: Final = lazy_pattern("|".join(map(re.escape, _CLOSERS)), re.IGNORECASE)
_CLOSER: Final = lazy_pattern("|".join(map(re.escape, _CLOSERS.values())), re.IGNORECASE)
_CHANNEL: Final = lazy_pattern(
    r"(?:<\|start\|>assistant)?<\|channel\|>(\w+)[^<]{0,99}(?:<\|constrain\|>\w+)?<\|message\|>"
)
_CHANNEL_STARTS: Final = ("<|start|>assistant<|channel|>", "<|channel|>")
_CHANNEL_ENDS: Final = ("<|end|>", "<|return|>", "<|call|>")
_CHANNEL_END: Final = lazy_pattern("|".join(map(re.escape, _CHANNEL_ENDS)))
_MAX_HEADER_CHARS: Final = 200
_MAX_LINE_CHARS: Final = 400
_QUOTES_BEFORE: Final = frozenset(" \t`\"'“‘«([{<*_")
_QUOTES_AFTER: Final = frozenset(" \t`\"'”’»)]}.,;:!?*_")
_CONTENT: Final = (
    RefusalDelta,
    ToolCallDelta,
    HostedCall,
    ImageArrived,
    MessageBegan,
    Completed,
    Incomplete,
    Failed,
)


class ThoughtSplitter:
    """The text of an answer so far, split into reasoning and the answer proper."""

    def __init__(self) -> None:
        self._held = ""  # text that may belong to a tag
        self._is_at_start = True  # no text of the answer has come, so that an opening tag counts
        self._end: re.Pattern[str] | None = None  # of the open tag or channel
        self._partial_ends: tuple[str, ...] = ()
        self._is_thought = False  # what `_end` ends is reasoning
        self._is_blank = True  # and has no text yet
        self._may_lack_opener = True
        # The text so far, as far as it decides whether a closing tag is quoted.
        self._line = ""
        self._tail = ""
        self._is_in_fence = False
        self._reasoning: list[str] = []  # until anything else has come
        self._has_answer = False

    @property
    def holds_text(self) -> bool:
        """Return True if text is held back, or that to come may be changed."""
        return bool(self._held) or self._is_at_start or self._end is not None

    def feed(self, event: StreamEvent) -> Iterator[StreamEvent]:
        """Yield the events to pass on once `event` has come."""
        for split in self._split_event(event):
            match split:
                case ReasoningDelta(text) if not self._has_answer:
                    self._reasoning.append(text)
                case TextDelta(text) if not text.strip():
                    pass
                case Completed() if self._reasoning and not self._has_answer:
                    yield TextDelta("".join(self._reasoning).strip())
                case TextDelta() | RefusalDelta() | ToolCallDelta() | HostedCall() | ImageArrived():
                    self._has_answer = True
                    self._reasoning.clear()
                case TextWasReasoning():
                    self._has_answer = False
            yield split

    def _split_event(self, event: StreamEvent) -> Iterator[StreamEvent]:
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
            before = (self._held, self._is_at_start, self._end)
            if self._end is not None:
                yield from self._read_tagged(self._end, is_end=is_end)
            elif self._is_at_start:
                self._read_start(is_end=is_end)
            elif self._may_lack_opener:
                yield from self._read_text(is_end=is_end)
            else:
                yield TextDelta(self._take(len(self._held)))
            if before == (self._held, self._is_at_start, self._end):
                return

    def _take(self, length: int) -> str:
        taken, self._held = self._held[:length], self._held[length:]
        return taken

    def _read_start(self, *, is_end: bool) -> None:
        """Read an opening tag or the header of a channel, or find that there is none."""
        text = self._held.lstrip()
        channel = _CHANNEL.match(text)
        opener = _OPENER.match(text)
        if channel is not None:
            self._open(_CHANNEL_END, _CHANNEL_ENDS, is_thought=channel[1] != "final")
            self._held = text[channel.end() :]
        elif opener is not None:
            closer = _CLOSERS[opener[0].lower()]
            self._open(re.compile(re.escape(closer), re.IGNORECASE), (closer,), is_thought=True)
            self._held = text[opener.end() :]
        elif is_end or not _may_open(text):
            self._is_at_start = False
            if not self._may_lack_opener:  # after reasoning
                self._held = text

    def _open(
        self, end: re.Pattern[str], partial_ends: tuple[str, ...], *, is_thought: bool
    ) -> None:
        self._end = end
        self._partial_ends = partial_ends
        self._is_thought = is_thought
        self._is_blank = True
        self._may_lack_opener = False

    def _read_tagged(self, end: re.Pattern[str], *, is_end: bool) -> Iterator[StreamEvent]:
        """Read the text up to the end of the tag or channel."""
        if self._is_blank:
            self._held = self._held.lstrip()
        found = end.search(self._held)
        if found is not None:
            text = self._take(found.start()).rstrip()
            self._take(len(found[0]))
            self._end = None
            self._is_at_start = True  # another tag or channel may follow
        else:
            # Spaces before the end are left out, so they wait until it is known not to come.
            kept = len(self._held) - _partial_length(self._held, self._partial_ends)
            text = self._take(len(self._held) if is_end else len(self._held[:kept].rstrip()))
        if text:
            self._is_blank = False
            yield ReasoningDelta(text) if self._is_thought else TextDelta(text)

    def _read_text(self, *, is_end: bool) -> Iterator[StreamEvent]:
        """Read text that a closing tag without an opening one may end."""
        found = _CLOSER.search(self._held)
        if found is None:
            partial = 0 if is_end else _partial_length(self._held, tuple(_CLOSERS.values()))
            text = self._take(len(self._held) - partial)
            if text:
                self._note(text)
                yield TextDelta(text)
            return
        if text := self._take(found.start()):
            self._note(text)
            yield TextDelta(text)
            if not self._may_lack_opener:
                return
        following = self._held[len(found[0]) : len(found[0]) + 1]
        if not following and not is_end:
            return
        tag = self._take(len(found[0]))
        is_in_code = self._is_in_fence or self._line.count("`") % 2 == 1
        is_in_sentence = self._tail[-1:] in _QUOTES_BEFORE or following in _QUOTES_AFTER
        if is_in_code or is_in_sentence:
            self._note(tag)
            yield TextDelta(tag)
            return
        self._may_lack_opener = False
        self._is_at_start = True
        yield TextWasReasoning()

    def _note(self, text: str) -> None:
        """Note whether an opening tag, or code, is in the text of the answer."""
        self._tail += text
        if _OPENER.search(self._tail):
            self._may_lack_opener = False
        self._tail = self._tail[-max(map(len, _CLOSERS)) :]
        first, *lines = text.split("\n")
        self._line = (self._line + first)[:_MAX_LINE_CHARS]
        for line in lines:
            if self._line.lstrip().startswith(("```", "~~~")):
                self._is_in_fence = not self._is_in_fence
            self._line = line[:_MAX_LINE_CHARS]


def _may_open(text: str) -> bool:
    """Return True if more text may complete an opening tag, or the header of a channel."""
    beginning = text[:_MAX_HEADER_CHARS].lower()
    if any(opener.startswith(beginning) for opener in (*_CLOSERS, *_CHANNEL_STARTS)):
        return True
    is_header = beginning.startswith(_CHANNEL_STARTS)
    return is_header and "<|message|>" not in beginning and len(text) < _MAX_HEADER_CHARS


def _partial_length(text: str, tags: tuple[str, ...]) -> int:
    """Return the length of the longest end of `text` that begins one of the tags."""
    longest = max(map(len, tags)) - 1
    beginnings = {tag[0] for tag in tags}
    for length in range(min(longest, len(text)), 0, -1):
        if text[-length] in beginnings and any(
            tag.startswith(text[-length:].lower()) for tag in tags
        ):
            return length
    return 0
