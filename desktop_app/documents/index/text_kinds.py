"""Counts tokens by the kind of text, because tokenizers differ by kind (`domain/models`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from math import ceil
from typing import Final

from desktop_app.domain.models.token_rates import TextKind

_CJK: Final = re.compile(
    r"[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]"
)
_OTHER: Final = re.compile(r"[^\x00-\u024f\u2000-\u2bff\W\d_]")
_DIGIT: Final = re.compile(r"\d")
_MARK: Final = re.compile(r"[{}()\[\]<>=;/\\|&^~`@#$%*+_\"'-]")
_SPACE: Final = re.compile(r"\s")
# The shares of a line's visible characters above which the line is of their kind.
_FOREIGN_SHARE: Final = 0.25
_DIGIT_SHARE: Final = 0.3
_MARK_SHARE: Final = 0.12
# A longer line is classified in pieces of this many characters.
_MAX_LINE_LENGTH: Final = 2_000

TokenCounter = Callable[[str], int]
"""Returns the number of tokens in a text."""


def kind_of(line: str) -> TextKind:
    """Return the kind of a line.

    >>> [kind_of(x).value for x in ("It rained all day.", "2024-01-02;17.50;3", "if (a[i] != b) {")]
    ['prose', 'digits', 'code']
    >>> [kind_of(x).value for x in ("雨が降った。", "نزل المطر")]
    ['cjk', 'other']
    """
    visible = len(line) - len(_SPACE.findall(line))
    if not line.isascii():
        cjk = len(_CJK.findall(line))
        if cjk > visible * _FOREIGN_SHARE:
            return TextKind.CJK
        # The letters in CJK are also in `_OTHER`.
        if len(_OTHER.findall(line)) - cjk > visible * _FOREIGN_SHARE:
            return TextKind.OTHER
    if len(_DIGIT.findall(line)) > visible * _DIGIT_SHARE:
        return TextKind.DIGITS
    if len(_MARK.findall(line)) > visible * _MARK_SHARE:
        return TextKind.CODE
    return TextKind.PROSE


def count_by_kind(text: str, count: TokenCounter) -> dict[TextKind, int]:
    """Return the number of tokens in the lines of each kind."""
    counts: dict[TextKind, int] = {}
    for kind, run in groupby(_lines(text), kind_of):
        counts[kind] = counts.get(kind, 0) + count("".join(run))
    return counts


def weighted_counter(count: TokenCounter, rates: Mapping[TextKind, float]) -> TokenCounter:
    """Return a counter that multiplies the tokens of each kind by its rate."""

    def count_weighted(text: str) -> int:
        return ceil(sum(n * rates[kind] for kind, n in count_by_kind(text, count).items()))

    return count_weighted


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines(keepends=True):
        for start in range(0, len(line), _MAX_LINE_LENGTH):
            yield line[start : start + _MAX_LINE_LENGTH]
