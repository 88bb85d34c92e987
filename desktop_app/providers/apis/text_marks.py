"""Removes what servers leave in the text of an answer, and finds calls of tools there.

This is the one place for all of it: thoughts in tags (`thought_tags`), the marks of citations that
models write (`citation_marks`), tokens of a chat template at the end, and calls of tools that a
server did not parse. A mark whose source is known becomes its number, also if the source is named
later. Code, fenced or inline, stays as it is.
Sources: the models' chat templates; issue threads of their servers (2025 and 2026).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Generator, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    HostedCall,
    ImageArrived,
    Incomplete,
    MessageBegan,
    Notice,
    ReasoningDelta,
    RefusalDelta,
    SourcesCited,
    SourcesFound,
    StreamEvent,
    TextDelta,
    TextWasReasoning,
    ToolCallDelta,
    joined_texts,
)
from desktop_app.domain.conversations.answer_sources import citation
from desktop_app.domain.conversations.message_parts import SourcesPart
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.providers.apis import citation_marks
from desktop_app.providers.apis.code_spans import CodeSpans
from desktop_app.providers.apis.redacted_answer import RedactedAnswer
from desktop_app.providers.apis.thought_tags import ThoughtSplitter
from desktop_app.providers.http import json_fields
from desktop_app.providers.http.redaction import Redactor

_END_TOKENS: Final = (
    *("<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|eot|>", "<|end|>", "<|return|>"),
    *("<|endoftext|>", "<|end_of_text|>", "<|end_of_turn|>", "<|END_OF_TURN_TOKEN|>"),
    *("<end_of_turn>", "<eos>", "</s>", "<\uff5cend\u2581of\u2581sentence\uff5c>"),
    *("<|im_start|>", "<start_of_turn>"),  # the next turn, of which nothing came
)
_STRUCK: Final = ("<s>", "</s>")
"""The latter ends struck text, if that has begun."""
_TOKENS_AT_END: Final = lazy_pattern(rf"(?:\s*(?:{'|'.join(map(re.escape, _END_TOKENS))}))+\s*\Z")
_CALL_CLOSERS: Final = {
    "<tool_call>": "</tool_call>",  # Hermes, Qwen
    "<function_call>": "</function_call>",
    "<|tool_call|>": "<|/tool_call|>",  # Phi; Granite has no closer
    "[TOOL_CALLS]": "",  # Mistral
    "<|python_tag|>": "",  # Llama
}
_FUNCTION: Final = lazy_pattern(r"<function=([\w.-]{1,64})>")  # Llama, and inside Qwen's tags
_FUNCTION_BEGINNING: Final = lazy_pattern(r"<function=[\w.-]{0,64}")
_FUNCTION_BODY: Final = lazy_pattern(r"<function=([\w.-]{1,64})>(.*?)(?:</function>|\Z)", re.DOTALL)
_PARAMETER: Final = lazy_pattern(r"<parameter=([\w.-]{1,64})>\n?(.*?)\n?</parameter>", re.DOTALL)
_FIXED_MARKS: Final = (*_END_TOKENS, *_CALL_CLOSERS)
_QUOTES_BEFORE: Final = frozenset(" \t`\"'“‘«([{*_")
"""What precedes a token that a sentence names."""
_START: Final = lazy_pattern(f"[<\\[{citation_marks.STARTS}]")
_SPECIAL: Final = lazy_pattern(f"[<\\[`~\n{citation_marks.STARTS}]")
_HOLDS: Final = lazy_pattern(f"[<\\[\u25c1{citation_marks.STARTS}\ud800-\udfff]")
"""What begins a tag, a mark or half a character."""
_MAX_UNREAD: Final = 200
"""Plain texts that are read together."""
_FIRST_INDEX: Final = 10_000
"""The index of the first call found in a text; servers number theirs from 0."""
_ENDS_TEXT: Final = (
    *(RefusalDelta, ReasoningDelta, ToolCallDelta, HostedCall, ImageArrived, MessageBegan),
    *(TextWasReasoning, Completed, Incomplete, Failed),
)


class AnswerCleaner:
    """The events of an answer, without secrets and without what its server left in the text.

    Most of a text can be no part of a secret, a tag or a mark. It is passed on as it is, and read
    by those that remember the text once something else comes.

    Args:
        provider: the name for notices.
        offered: the names of the tools that the model may call.
        redactor: see `RedactedAnswer`.
    """

    def __init__(
        self,
        provider: str = "",
        offered: Collection[str] = (),
        redactor: Callable[[], Redactor] = Redactor,
    ) -> None:
        self._redactor = redactor
        self._redacted = RedactedAnswer(redactor)
        self._thoughts = ThoughtSplitter()
        self._marks = _MarkCleaner(provider, offered)
        self._plain: list[str] = []  # text that was passed on and not yet read
        self._secrets: Redactor | None = None  # while nothing is held back

    def feed(self, event: StreamEvent) -> list[StreamEvent]:
        """Return the events to pass on once `event` has come."""
        match event:
            case TextDelta(text) if self._is_plain(text):
                self._plain.append(text)
                return [event]
        if self._plain:
            self._read(TextDelta("".join(self._plain)))
            self._plain = []
        cleaned = self._read(event)
        match event, cleaned:
            case TextDelta(deltas=deltas), [TextDelta(text), *others]:
                cleaned = [TextDelta(text, deltas), *others]
        holds = self._redacted.holds_text or self._thoughts.holds_text or self._marks.holds_text
        self._secrets = None if holds or not isinstance(event, TextDelta) else self._redactor()
        return cleaned

    def _is_plain(self, text: str) -> bool:
        """Return True if no part of a text can be held back or changed."""
        secrets = self._secrets
        if secrets is None or _HOLDS.search(text) or secrets.clean(text) != text:
            return False
        if len(self._plain) == _MAX_UNREAD:
            return False
        return secrets.incomplete_secret_start(text) == len(text)

    def _read(self, event: StreamEvent) -> list[StreamEvent]:
        cleaned = (
            cleaned
            for redacted in self._redacted.feed(event)
            for split in self._thoughts.feed(redacted)
            for cleaned in self._marks.feed(split)
        )
        return list(joined_texts(cleaned))


@dataclass
class _OpenCall:
    """A call in the text whose end has not come."""

    opener: str
    closer: str
    pieces: list[str] = field(default_factory=list)
    tail: str = ""  # the end of the text so far, which may begin the closer

    def feed(self, text: str) -> bool:
        """Add text. Return True if the closer has come."""
        self.pieces.append(text)
        end = self.tail + text
        self.tail = end[-len(self.closer) :] if self.closer else ""
        return bool(self.closer) and self.closer in end


@dataclass(eq=False)
class _Citation:
    """Adjacent marks that were left out, at a place of the text that was passed on."""

    place: int
    marks: list[str] = field(default_factory=list)
    space: str = ""  # left out with them


class _MarkCleaner:
    """The text of an answer so far, without marks."""

    def __init__(self, provider: str, offered: Collection[str]) -> None:
        self._provider = provider
        self._offered = frozenset(offered)
        self._held = ""  # text that may begin a mark
        self._ending = ""  # tokens and spaces that are left out if nothing follows
        self._call: _OpenCall | None = None
        self._calls = 0
        self._code = CodeSpans()
        self._last = ""  # the last character that was passed on
        self._tail = ""  # the last two
        self._struck = 0  # tags of struck text that are open
        self._length = 0  # of the text that was passed on, with the numbers of sources
        self._citations: list[_Citation] = []  # left out so far
        self._sources = SourcesFound(())  # the newest
        self._drops_space = False  # a mark between two spaces was left out
        self._drops_gap = False  # a call was left out

    def feed(self, event: StreamEvent) -> Iterator[StreamEvent]:
        """Yield the events to pass on once `event` has come."""
        if isinstance(event, TextDelta):
            if not self.holds_text and not _SPECIAL.search(event.text):
                self._code.feed(event.text)
                self._last = event.text[-1:] or self._last
                self._length += len(event.text)
                yield event
                return
            yield from self._add(event.text)
            return
        if isinstance(event, _ENDS_TEXT):
            yield from self._end()
        if isinstance(event, TextWasReasoning):
            self._citations.clear()
        yield event
        if isinstance(event, SourcesFound) and event.marks:
            self._sources = event
            for cited in list(self._citations):
                if cited.place != self._length:
                    yield from self._cite(cited)

    @property
    def holds_text(self) -> bool:
        """Return True if text is held back, or that to come may be changed."""
        is_open = self._held or self._ending or self._call
        return bool(is_open or self._drops_space or self._drops_gap or self._may_grow)

    def _add(self, text: str) -> Iterator[StreamEvent]:
        if self._call is not None:
            if not self._call.feed(text):
                return
            yield from self._end_call()
            text = ""
        self._held += text
        yield from self._read(is_end=False)

    def _end(self) -> Iterator[StreamEvent]:
        """Yield what is held at the end of a text; what ends it is left out."""
        while self._call is not None or self._held:
            if self._call is not None:
                yield from self._end_call()
            yield from self._read(is_end=True)
        yield from self._cite_last()
        self._ending = ""
        self._drops_space = False
        self._code = CodeSpans()

    def _read(self, *, is_end: bool) -> Iterator[StreamEvent]:
        """Yield what is decided of the held text; at its end, all of it."""
        while self._held and self._call is None:
            start = _START.search(self._held)
            before = self._held if start is None else self._held[: start.start()]
            if before:
                self._held = self._held[len(before) :]
                yield from self._pass(before)
                continue
            if self._code.is_open:
                yield from self._pass_first()
            elif self._held[0] in citation_marks.STARTS:
                if not (yield from self._read_citation(is_end=is_end)):
                    return
            elif not (yield from self._read_mark(is_end=is_end)):
                return

    def _pass_first(self, length: int = 1) -> Iterator[StreamEvent]:
        text, self._held = self._held[:length], self._held[length:]
        yield from self._pass(text)

    def _pass(self, text: str) -> Iterator[StreamEvent]:
        """Yield text that is not a mark, unless it may be the end of the answer."""
        if self._drops_gap:
            text = text.lstrip()
            self._drops_gap = not text
        elif self._drops_space:
            self._drops_space = False
            if text.startswith(" ") and not self._names_of(self._citations[-1]):
                text = text[1:]
                self._citations[-1].space = " "
        if self._ending:
            self._ending += text
            if not text or text.isspace():
                return
            text, self._ending = self._ending, ""
        if text:
            yield from self._cite_last()
            self._code.feed(text)
            self._last = text[-1]
            self._struck += (self._tail + text).count(_STRUCK[0])
            self._tail = (self._tail + text)[-2:]
            self._length += len(text)
            yield TextDelta(text)

    def _read_citation(self, *, is_end: bool) -> Generator[StreamEvent, None, bool]:
        """Read a citation. Return False if more text is needed."""
        mark = citation_marks.MARK.match(self._held)
        if mark is not None:
            self._held = self._held[mark.end() :]
            if text := citation_marks.shown_words(mark):
                yield from self._pass(text)
                return True
            if not self._may_grow:
                self._citations.append(_Citation(self._length))
            self._citations[-1].marks.append(mark[0])
            self._drops_space = not self._last or self._last.isspace()
            return True
        if citation_marks.may_continue(self._held):
            if not is_end:
                return False
            if citation_marks.is_cut_mark(self._held):
                self._held = ""
                return True
        yield from self._pass_first()
        return True

    @property
    def _may_grow(self) -> bool:
        """Return True if another mark would follow the last ones without text between them."""
        return bool(self._citations) and self._citations[-1].place == self._length

    def _names_of(self, cited: _Citation) -> tuple[str, ...]:
        known = self._sources.marks
        return tuple(name for mark in cited.marks for name in known.get(mark, ()))

    def _cite_last(self) -> Iterator[StreamEvent]:
        if self._may_grow:
            yield from self._cite(self._citations[-1])

    def _cite(self, cited: _Citation) -> Iterator[StreamEvent]:
        """Put the numbers of their sources in place of marks, if any is known."""
        names = self._names_of(cited)
        numbers = citation((SourcesPart(self._sources.sources),), names)
        if not numbers:
            return
        yield SourcesCited(names, self._length - cited.place, cited.space)
        length = len(numbers + cited.space)
        self._length += length
        following = self._citations.index(cited) + 1
        for other in self._citations[following:]:
            other.place += length
        del self._citations[following - 1]

    def _read_mark(self, *, is_end: bool) -> Generator[StreamEvent, None, bool]:
        """Read a token of a template, or the start of a call. Return False if more is needed."""
        token = next((each for each in _END_TOKENS if self._held.startswith(each)), "")
        is_quoted = self._last in _QUOTES_BEFORE and not self._ending
        if token == _STRUCK[1] and self._struck:
            self._struck -= 1
            yield from self._pass_first(len(token))
            return True
        if token and not is_quoted:
            self._held = self._held[len(token) :]
            self._ending += token
            return True
        opener = self._opener()
        if opener:
            body = self._held[len(opener) :].lstrip()
            if not body and not is_end:
                return False
            if body[:1] in ("{", "[", "<"):
                self._begin_call(opener)
                if self._call is not None and self._call.feed(self._take_held()):
                    yield from self._end_call()
                return True
        elif not is_end and self._may_begin_mark():
            return False
        yield from self._pass_first()
        return True

    def _opener(self) -> str:
        """Return the mark that opens a call at the beginning of the held text; "" for none."""
        if not self._offered:
            return ""
        function = _FUNCTION.match(self._held)
        fixed = (each for each in _CALL_CLOSERS if self._held.startswith(each))
        return function[0] if function else next(fixed, "")

    def _may_begin_mark(self) -> bool:
        marks = _FIXED_MARKS if self._offered else _END_TOKENS
        if any(each.startswith(self._held) for each in marks):
            return True
        is_function = "<function=".startswith(self._held) or bool(
            _FUNCTION_BEGINNING.fullmatch(self._held)
        )
        return bool(self._offered) and is_function

    # -- calls

    def _take_held(self) -> str:
        held, self._held = self._held, ""
        return held

    def _begin_call(self, opener: str) -> None:
        self._held = self._held[len(opener) :]
        self._call = _OpenCall(opener, _CALL_CLOSERS.get(opener, "</function>"))

    def _end_call(self) -> Iterator[StreamEvent]:
        """Yield the calls that are offered; otherwise a notice, and the text as it is."""
        assert self._call is not None
        call, self._call = self._call, None
        text = "".join(call.pieces)
        body, closer, rest = text.partition(call.closer) if call.closer else (text, "", "")
        function = _FUNCTION.match(call.opener)
        whole = f"{call.opener}{body}{closer}" if function else body
        calls = _calls_in(whole if closer else _TOKENS_AT_END.sub("", whole))
        if calls and all(name in self._offered for name, _ in calls):
            for name, arguments in calls:
                index = _FIRST_INDEX + self._calls
                self._calls += 1
                yield ToolCallDelta(index, arguments, name=name)
            self._held = rest
            self._drops_gap = True
            self._ending = ""
            return
        names = ", ".join(name for name, _ in calls)
        said = notice(NoticeCode.CALL_IN_TEXT, provider=self._provider, name=names or call.opener)
        yield Notice(said)
        yield from self._pass(call.opener)
        self._held = text
        if not closer:
            return
        yield from self._pass_first(len(body) + len(closer))


def _calls_in(text: str) -> list[tuple[str, str]]:
    """Return the names and arguments of calls, as JSON or in Qwen's tags; [] if any is unreadable.

    >>> _calls_in('{"name": "add", "arguments": {"a": 1}}')
    [('add', '{"a": 1}')]
    >>> _calls_in("<function=add><parameter=a>1</parameter></function>")
    [('add', '{"a": 1}')]
    """
    text = text.strip()
    if functions := _FUNCTION_BODY.findall(text):
        return [(name, _function_arguments(body.strip())) for name, body in functions]
    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return []
    rows = value if isinstance(value, list) else [value]
    calls = [_call_of(row) for row in rows]
    return calls if all(name for name, _ in calls) else []


def _call_of(row: object) -> tuple[str, str]:
    function = json_fields.mapping(row, "function") or row
    name = json_fields.name(function, "name") or json_fields.name(function, "function")
    fields = ("arguments", "parameters")
    arguments = next(
        filter(None, (json_fields.text_or_json(function, each) for each in fields)), ""
    )
    return name, arguments or "{}"


def _function_arguments(body: str) -> str:
    if body.startswith("{"):
        return body
    values = {name: _value_of(text) for name, text in _PARAMETER.findall(body)}
    return json.dumps(values, ensure_ascii=False)


def _value_of(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
