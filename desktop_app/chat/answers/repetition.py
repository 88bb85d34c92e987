"""Stops a local model that writes the same again and again."""

from __future__ import annotations

import re
from typing import Final

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.answering.stream_events import (
    Incomplete,
    ReasoningDelta,
    StreamEvent,
    TextDelta,
)
from desktop_app.domain.network.network_address import is_loopback, split_url

REPEATED: Final = "repetition"
"""The reason of `Incomplete` for an answer that was stopped because it repeated itself."""
MIN_CHARS: Final = 1_200
"""The characters that must be repetitions of one unit. A song's chorus or a table is shorter."""
MIN_PLAIN_CHARS: Final = 6_000
"""The same for code, and for units without words: rows of zeros, rules, pixels."""
MIN_REPEATS: Final = 4
MIN_EQUAL_ITEMS: Final = 20
"""As many items of a numbered list are a repetition, however short."""
_NUMBER: Final = "\N{REPLACEMENT CHARACTER}"  # stands for the numbers of list items
_TAIL_CHARS: Final = 8_000
_CHECK_EVERY: Final = 200  # characters: a check takes about 2 ms
_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_LIST_NUMBER: Final = re.compile(r"^(\s*)\d+(?=[.)]\s)", re.MULTILINE)
_FENCE: Final = re.compile(r"^\s*(?:```|~~~)", re.MULTILINE)


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
        if not self._watches or not isinstance(event, TextDelta | ReasoningDelta):
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
        is_code = self._is_in_code ^ (len(_FENCE.findall(self._text)) % 2 == 1)
        if not is_repetitive(self._text, is_code=is_code):
            return event
        return Incomplete(REPEATED)


def is_repetitive(text: str, *, is_code: bool = False) -> bool:
    """Return True if a text ends with many exact repetitions of one unit.

    The numbers of list items do not count, because models number what they repeat.
    """
    end = _LIST_NUMBER.sub(rf"\1{_NUMBER}", text)[::-1]
    for period, length in _periods(end).items():
        unit = end[: 2 * period]
        needed = MIN_CHARS if _WORD.search(unit) and not is_code else MIN_PLAIN_CHARS
        if _NUMBER in unit and not is_code:
            needed = min(needed, MIN_EQUAL_ITEMS * period)
        if length >= max(needed, MIN_REPEATS * period):
            return True
    return False


def _periods(text: str) -> dict[int, int]:
    """Return the lengths of repeated beginnings, by their periods.

    This is the prefix function of Knuth, Morris and Pratt.
    """
    lengths: dict[int, int] = {}
    borders = [0] * len(text)
    border = 0
    for index in range(1, len(text)):
        while border and text[index] != text[border]:
            border = borders[border - 1]
        if text[index] == text[border]:
            border += 1
        borders[index] = border
        period = index + 1 - border
        if MIN_REPEATS * period <= index + 1:
            lengths[period] = index + 1
    return lengths
