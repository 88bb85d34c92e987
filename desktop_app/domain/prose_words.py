"""Finds words whose spelling can be checked, outside code, addresses and names with digits."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Container, Iterable
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from desktop_app.domain.lazy_pattern import lazy_pattern

MAX_LINE_CHARS: Final = 5000
"""Longer lines are not checked, because they are data rather than prose."""
_MAX_TOKEN_CHARS: Final = 100

# Qt counts these characters as two. Two spaces in place of each keep the positions of words right.
_TWO_UNITS: Final = lazy_pattern("[\U00010000-\U0010ffff]")
_BACKTICKS: Final = lazy_pattern("`+")
_FENCE: Final = lazy_pattern(" {0,3}(`{3,}|~{3,})")
# Addresses, paths, options, tags, and names joined by a sign.
_CODE_LIKE: Final = lazy_pattern(r"[/\\@]|^(?:www\.|[<#$&]\w|--?\w)|\w[_.:]\w")
_TOKEN: Final = lazy_pattern(rf"(?<!\S)\S{{2,{_MAX_TOKEN_CHARS}}}(?!\S)")
# Letters with the marks of Latin, Hebrew, Arabic and Indic scripts, joined by apostrophes.
_COMBINING_MARKS: Final = (
    r"\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
    r"\u0900-\u0963\u0971-\u0dff\u200c\u200d"
)
_WORD: Final = lazy_pattern(rf"[^\W\d_](?:[^\W\d_]|[{_COMBINING_MARKS}])*(?:['’][^\W\d_]+)*")
# Scripts without spaces between words.
_UNSPACED_SCRIPTS: Final = {"CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR"}


class ProseWord(NamedTuple):
    """A word at [start, end) of its line, in units of UTF-16, as Qt counts."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """Return the position after the last character."""
        return self.start + len(self.text)


@lru_cache(256)
def words_of_line(line: str) -> tuple[ProseWord, ...]:
    """Return the words of a line whose spelling can be checked; () for a very long line."""
    if len(line) > MAX_LINE_CHARS:
        return ()
    words: list[ProseWord] = []
    for token in _TOKEN.finditer(_without_code(_TWO_UNITS.sub("  ", line))):
        text = token[0]
        if _CODE_LIKE.search(text):
            continue
        words += [
            ProseWord(match[0], token.start() + match.start())
            for match in _WORD.finditer(text)
            if _is_prose(match[0]) and not _is_part_of_name(text, match.start(), match.end())
        ]
    return tuple(words)


def _is_part_of_name(text: str, start: int, end: int) -> bool:
    """Return True if a digit is next to the word text[start:end], or "(" follows, as in a call."""
    before = text[start - 1 : start]
    after = text[end : end + 1]
    return before.isdigit() or after.isdigit() or after == "("


def _without_code(line: str) -> str:
    """Replace code in backticks by the same number of spaces."""
    opening_run: re.Match[str] | None = None
    for run in _BACKTICKS.finditer(line):
        if opening_run is None:
            opening_run = run
        elif len(run[0]) == len(opening_run[0]):
            blank = " " * (run.end() - opening_run.start())
            line = line[: opening_run.start()] + blank + line[run.end() :]
            opening_run = None
    return line


def _is_prose(word: str) -> bool:
    """Return False for single letters, abbreviations, names in code, unspaced or mixed scripts."""
    if len(word) < 2 or word.isupper():
        return False
    if word.isascii() and word[1:].islower():
        return True
    if any(lower.islower() and upper.isupper() for lower, upper in pairwise(word)):
        return False
    return script_of(word) not in {"", *_UNSPACED_SCRIPTS}


@lru_cache(256)
def script_of(word: str) -> str:
    """Return the script of a word as in Unicode's letter names, such as "LATIN"; "" if mixed."""
    scripts = {unicodedata.name(each, "").partition(" ")[0] for each in word if each.isalpha()}
    return scripts.pop() if len(scripts) == 1 else ""


def fence_after(line: str, open_fence: str) -> str:
    """Return the code fence that is open after a line; "" for none.

    Args:
        open_fence: the fence that is open before the line.
    """
    match = _FENCE.match(line)
    if match is None:
        return open_fence
    rest = line[match.end() :]
    if open_fence:
        return "" if match[1].startswith(open_fence) and not rest.strip() else open_fence
    is_inline_code = match[1].startswith("`") and "`" in rest
    return "" if is_inline_code else match[1]


def next_misspelled(
    text: str, position: int, misspelled: Callable[[Iterable[str]], Container[str]]
) -> ProseWord | None:
    """Return the first misspelled word that ends at `position` or later, else the first.

    Its positions count from the start of the text. Return None if no word is misspelled.

    Args:
        misspelled: returns the misspelled words among some words.
    """
    first: ProseWord | None = None
    start = 0
    fence = ""
    for line in _TWO_UNITS.sub("  ", text).split("\n"):
        fence_before = fence
        fence = fence_after(line, fence)
        words = () if fence_before or fence else words_of_line(line)
        misspelled_words = misspelled({word.text for word in words}) if words else ()
        for word in words:
            if word.text in misspelled_words:
                word_in_text = ProseWord(word.text, start + word.start)
                if word_in_text.end >= position:
                    return word_in_text
                first = first or word_in_text
        start += len(line) + 1
    return first
