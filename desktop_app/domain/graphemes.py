"""Cuts of texts between graphemes: what readers see as a character may be several of Unicode."""

from __future__ import annotations

import unicodedata
from typing import Final

_JOINER: Final = "\u200d"
_VIRAMA: Final = 9  # the combining class of the sign that joins Indic consonants
# Vowels and endings of Hangul; vowels of Thai and Lao that are written around the letter before;
# Japanese voice marks of half the width; skin tones; letters of the flags of regions.
_EXTENDING: Final = (
    ("\u1160", "\u11ff"), ("\ud7b0", "\ud7ff"), ("\u0e33", "\u0e33"), ("\u0eb3", "\u0eb3"),
    ("\uff9e", "\uff9f"), ("\U0001f3fb", "\U0001f3ff"), ("\U000e0020", "\U000e007f"),
)  # fmt: skip


def cut(text: str, limit: int) -> str:
    """Return the beginning of a text, at most `limit` characters, without a part of a grapheme."""
    end = limit
    while 0 < end < len(text) and _is_within(text, end):
        end -= 1
    return text[: end or limit]  # a grapheme that is longer than the limit is cut


def shorten(text: str, limit: int, *, by_word: bool = False) -> str:
    """Return a text of at most `limit` characters, with an ellipsis if it was longer.

    Args:
        by_word: the cut is after a word, if one ends in the second half.
    """
    if len(text) <= limit:
        return text
    beginning = cut(text, limit - 1)
    if by_word and (space := text.rfind(" ", limit // 2, len(beginning) + 1)) > 0:
        beginning = beginning[:space]
    return f"{beginning.rstrip(' ,.;:-–—、，。；：')}…"


def shorten_middle(text: str, limit: int) -> str:
    """Return a text of at most `limit` characters: names often differ only at the end."""
    if len(text) <= limit:
        return text
    end_length = limit // 2
    end = text[border_from(text, len(text) - end_length) :]
    return f"{cut(text, limit - end_length - 1)}…{end}"


def border_from(text: str, at: int) -> int:
    """Return the first place from `at` on that is within no grapheme."""
    while 0 < at < len(text) and _is_within(text, at):
        at += 1
    return at


def _is_within(text: str, at: int) -> bool:
    """Return True if a cut before `at` would divide a grapheme."""
    before, char = text[at - 1], text[at]
    if before.isascii() and char.isascii():
        return False
    if _is_flag_letter(char):  # two of them are a flag
        start = at
        while start > 0 and _is_flag_letter(text[start - 1]):
            start -= 1
        return (at - start) % 2 == 1
    return (
        _JOINER in (before, char)
        or unicodedata.category(char)[0] == "M"
        or unicodedata.combining(before) == _VIRAMA
        or any(first <= char <= last for first, last in _EXTENDING)
    )


def _is_flag_letter(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"
