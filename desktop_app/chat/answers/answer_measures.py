"""Measures of an answer while it arrives: its times, its size, and repetition by local models."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from desktop_app.domain import hints
from desktop_app.domain.answering.answer_status import AnswerStatus, StatusCode
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.answering.stream_events import (
    Failed,
    HostedCall,
    Incomplete,
    ReasoningDelta,
    ReasoningItem,
    RefusalDelta,
    StatusChanged,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallStep,
)
from desktop_app.domain.conversations.conversation import REPEATED
from desktop_app.domain.conversations.message_parts import Part, ReasoningPart
from desktop_app.domain.errors import ReplyTooLargeError
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.domain.network.network_address import is_loopback, split_url
from desktop_app.i18n.translation import N_

MAX_ANSWER_BYTES: Final = 4 << 20
"""Bytes of an answer, far more than any model writes; to store a text takes ten times its size."""
MIN_CHARS: Final = 1_200
"""The characters that must be repetitions of one unit. A song's chorus or a table is shorter."""
MIN_PLAIN_CHARS: Final = 6_000
"""The same for code, and for units without words: rows of zeros, rules, pixels."""
MIN_REPEATS: Final = 4
MIN_EQUAL_ITEMS: Final = 20
"""As many items of a numbered list are a repetition, however short."""
MAX_COUNTED: Final = 500
"""Consecutive numbers without words between them; people ask for fewer."""
STALE_WORDS: Final = 260
"""The words with hardly any new sequence among them; as many characters as `MIN_CHARS`."""
_STALE_WORDS_AT_END: Final = 60  # of an answer that its limit has ended
_LENGTHS: Final = ("max_output_tokens", "length")  # reasons of `Incomplete`
_COUNTED_AT_END: Final = 20
_MIN_NEW: Final = 0.05
"""The share of new sequences of three words. A song whose verses differ in two words has 0.17."""
_NUMBER: Final = "\N{REPLACEMENT CHARACTER}"  # stands for the numbers of list items
_TAIL_CHARS: Final = 8_000
_PROBE_CHARS: Final = 16
"""The beginning of a text that is searched for its periods, shorter than any repetition."""
_DIGITS: Final = "0123456789"
_CHECK_EVERY: Final = 200  # characters: a check takes about 1 ms
_WORD: Final = lazy_pattern(r"[^\W\d_]{2,}")
# At the start of a line, or between items of a line: not the number of "Row 7." or "See row 7."
_LIST_NUMBER: Final = lazy_pattern(
    r"(^[ \t]*)\d+(?=[.)](?:\s|$))|([,;.] )\d+(?=[.)][ ,;])", re.MULTILINE
)
_PARTIAL_NUMBER: Final = lazy_pattern(r"\d{1,6}\Z")
_TOKEN: Final = lazy_pattern(r"\w+")
_TABLE_ROW: Final = lazy_pattern(r"^\s*\|.*$", re.MULTILINE)
_COUNTED: Final = lazy_pattern(r"(?:\d{1,6}[\s,.;:)]+)*$")
_FENCE: Final = lazy_pattern(r"^\s*(?:```|~~~)", re.MULTILINE)


class AnswerTiming:
    """The times and retries of an answer, from the request on.

    The clock stands still while the answer waits for the user's permission to run a tool.

    Attributes:
        first_token_s: seconds until the first text or reasoning; None if neither has arrived.
        retries: the number of failed attempts before the answer.

    Args:
        elapsed_s: the age of the request in seconds.
    """

    def __init__(self, elapsed_s: float = 0.0) -> None:
        self._began = time.monotonic() - elapsed_s
        self._waited_s = 0.0
        self._waiting_since: float | None = None
        self._thinking_from_s: float | None = None
        self._thinking_until_s: float | None = None
        self.first_token_s: float | None = None
        self.retries = 0

    def observe(self, event: StreamEvent) -> None:
        now = time.monotonic()
        if self._waiting_since is not None:
            self._waited_s += now - self._waiting_since
            self._waiting_since = None
        match event:
            case StatusChanged(status=AnswerStatus(code=StatusCode.WAITING_FOR_PERMISSION)):
                self._waiting_since = now
            case StatusChanged(seconds) if seconds:
                self.retries += 1
            case TextDelta() | ReasoningDelta() | RefusalDelta():
                elapsed_s = self.elapsed_s
                if self.first_token_s is None:
                    self.first_token_s = elapsed_s
                if not isinstance(event, ReasoningDelta):
                    self.end_thinking()
                elif self._thinking_from_s is None:
                    self._thinking_from_s = elapsed_s

    @property
    def elapsed_s(self) -> float:
        """Return the seconds since the request, without those in which the user decided."""
        now = time.monotonic() if self._waiting_since is None else self._waiting_since
        return now - self._waited_s - self._began

    def end_thinking(self) -> None:
        """Stop measuring how long the model thinks, because its answer has begun or ended."""
        if self._thinking_until_s is None:
            self._thinking_until_s = self.elapsed_s

    def with_thinking_time(self, parts: Iterable[Part]) -> tuple[Part, ...]:
        """Return the parts with the time so far in the first reasoning part.

        It is the time from the first reasoning to the first text: no provider reports it.
        """
        result = tuple(parts)
        start_s = self._thinking_from_s
        if start_s is None:
            return result
        end_s = self.elapsed_s if self._thinking_until_s is None else self._thinking_until_s
        for index, part in enumerate(result):
            if isinstance(part, ReasoningPart):
                timed_part = replace(part, seconds=max(0.0, end_s - start_s))
                return (*result[:index], timed_part, *result[index + 1 :])
        return result


class AnswerLimit:
    """The limit on the size of an answer from a provider."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._size = 0  # in bytes

    def check(self, event: StreamEvent) -> StreamEvent:
        """Return an event of the answer, or a failure instead of the event that is too much."""
        self._size += _size_of(event)
        if self._size <= MAX_ANSWER_BYTES:
            return event
        error = ReplyTooLargeError(
            N_("The response from {provider} exceeded {limit} MB."),
            hint=hints.ASK_SHORTER,
            provider=self._provider,
            limit=MAX_ANSWER_BYTES >> 20,
        )
        return Failed(error)


def _size_of(event: StreamEvent) -> int:
    """Return the bytes that an event adds to the answer."""
    match event:
        case TextDelta(text) | ReasoningDelta(text) | RefusalDelta(text):
            pass
        case ReasoningItem(_, encrypted, details):
            text = encrypted + details
        case ToolCallDelta(_, arguments):
            text = arguments + event.extra_content
        case HostedCall(call):
            text = call.arguments + call.result
        case ToolCallStep(call) if call.state.has_ended:
            text = call.result
        case _:
            return 0
    return len(text.encode("utf-8", "surrogatepass"))


class RepetitionStop:
    """The end of an answer of a local model that repeats itself."""

    def __init__(self, profile: ProviderProfile) -> None:
        is_on_device = profile.kind is ProviderKind.ON_DEVICE
        self._watches = is_on_device or is_loopback(split_url(profile.base_url).hostname or "")
        self._text = ""
        self._kind: type[StreamEvent] | None = None
        self._unchecked = 0
        self._is_in_code = False

    def check(self, event: StreamEvent) -> StreamEvent:
        """Return an event of the answer, or the answer's end instead."""
        if not self._watches:
            return event
        if isinstance(event, Incomplete) and event.reason in _LENGTHS and not self._is_code:
            is_loop = is_repetitive(self._text, is_at_end=True)
            return Incomplete(REPEATED) if is_loop else event
        if not isinstance(event, TextDelta | ReasoningDelta):
            return event
        if type(event) is not self._kind:
            self._kind, self._text, self._is_in_code = type(event), "", False
        self._text += event.text
        self._unchecked += len(event.text)
        if self._unchecked < _CHECK_EVERY:
            return event
        self._unchecked = 0
        removed, self._text = self._text[:-_TAIL_CHARS], self._text[-_TAIL_CHARS:]
        self._is_in_code ^= len(_FENCE.findall(removed)) % 2 == 1
        if not is_repetitive(self._text, is_code=self._is_code):
            return event
        return Incomplete(REPEATED)

    @property
    def _is_code(self) -> bool:
        """Return True if the text ends inside a block of code."""
        return self._is_in_code ^ (len(_FENCE.findall(self._text)) % 2 == 1)


def is_repetitive(text: str, *, is_code: bool = False, is_at_end: bool = False) -> bool:
    """Return True if a text ends with repetitions: exact ones, a count, or hardly any new words.

    The numbers of list items do not count, because models number what they repeat.

    Args:
        is_code: whether the text ends inside a block of code.
        is_at_end: whether the answer's limit has ended it, for which less is a repetition.
    """
    if not is_code and _is_counting(text, _COUNTED_AT_END if is_at_end else MAX_COUNTED):
        return True
    if not is_code and _is_stale(text, _STALE_WORDS_AT_END if is_at_end else STALE_WORDS):
        return True
    end = _LIST_NUMBER.sub(rf"\1\2{_NUMBER}", _PARTIAL_NUMBER.sub("", text))[::-1]
    for period, length in _periods(end).items():
        unit = end[: 2 * period]
        needed = MIN_CHARS if _WORD.search(unit) and not is_code else MIN_PLAIN_CHARS
        if _NUMBER in unit and not is_code:
            needed = min(needed, MIN_EQUAL_ITEMS * period)
        if length >= max(needed, MIN_REPEATS * period):
            return True
    return False


def _is_counting(text: str, least: int) -> bool:
    """Return True if a text ends with so many consecutive numbers."""
    found = _COUNTED.search(text[-least * 8 :].rstrip(_DIGITS))
    numbers = [int(number) for number in _TOKEN.findall(found[0])] if found else []
    last = numbers[-least:]
    return len(last) == least and last == list(range(last[0], last[0] + least))


def _is_stale(text: str, count: int) -> bool:
    """Return True if hardly any sequence of three words is new among the last `count` words.

    Rows of tables do not count: their cells are alike.
    """
    words = _TOKEN.findall(_TABLE_ROW.sub("", text).casefold())
    last = words[-count:]
    if len(words) < count + 3 or 2 * sum(map(bool, map(_WORD.fullmatch, last))) < count:
        return False
    triples = list(zip(words, words[1:], words[2:], strict=False))
    seen = set(triples[:-count])
    new = len(set(triples[-count:]) - seen)
    return new < _MIN_NEW * count


def _periods(text: str) -> dict[int, int]:
    """Return the lengths of repeated beginnings, by their periods."""
    lengths: dict[int, int] = {}
    probe = text[:_PROBE_CHARS]
    period = text.find(probe, 1)
    while 0 < period <= len(text) // MIN_REPEATS:
        length = period + _common_length(text, period)
        if MIN_REPEATS * period <= length:
            lengths[period] = length
        # Within that length, the beginning comes again only at multiples of the period.
        period = text.find(probe, max(period + 1, length - len(probe)))
    return lengths


def _common_length(text: str, offset: int) -> int:
    """Return how many characters from an offset on are those of the beginning."""
    least, most = 0, len(text) - offset
    while least < most:
        length = (least + most + 1) // 2
        if text.startswith(text[offset : offset + length]):
            least = length
        else:
            most = length - 1
    return least
