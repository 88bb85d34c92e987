"""The smallest changes that make one passage of a text into another, and where a passage is."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import Final, NamedTuple

import regex

_WORD: Final = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}]|[\w\p{M}\u200c\u200d--\p{Han}\p{Hiragana}\p{Katakana}]+"
    r"|\n|[^\S\n]+|\X",
    regex.VERSION1,
)
"""A word with its accents, a letter of a script without spaces, white space, or a sign."""
_SIGN: Final = re.compile(r"\W+")
_SENTENCE_END: Final = re.compile(r"[.!?…][\"'”’»)]*\s+|\n+")
_SENTENCE_ENDS: Final = frozenset(".!?…\n")
_MAX_COMPARED: Final = 4000
"""Words that are compared: SequenceMatcher takes 0.2 s for as many that have nothing in common."""
_ELLIPSIS: Final = "…"
_SHORT_WORDS: Final = 2
"""Fewer equal words between two changes become a part of one change, which reads better."""


class Replacement(NamedTuple):
    """A replacement of a range of characters."""

    start: int
    end: int
    text: str


class PassageError(Exception):
    """A passage is not in a text exactly once.

    Attributes:
        count: how often it is there: 0, or 2 for several times.
    """

    def __init__(self, count: int) -> None:
        super().__init__(f"the passage is there {count} times")
        self.count = count


def find_once(text: str, passage: str) -> tuple[int, int]:
    """Return where a passage begins and ends in a text; "" is in an empty text.

    Of a long passage, the beginning and the end are enough, with "…" between them: output is what
    costs most.

    Raises:
        PassageError: it is not there, or several times.
    """
    start = text.find(passage) if passage or not text else -1
    if start >= 0:
        if text and text.find(passage, start + 1) >= 0:
            raise PassageError(2)
        return start, start + len(passage)
    beginning, mark, end = (part.strip() for part in passage.partition(_ELLIPSIS))
    if not (beginning and mark and end):
        raise PassageError(0)
    start, after = find_once(text, beginning)
    _, found_end = find_once(text[after:], end)
    return start, after + found_end


def word_edits(old: str, new: str) -> list[Replacement]:
    """Return the replacements, in the order of `old`, that make it `new`, by whole words.

    >>> word_edits("It is quite blue.", "It is blue!")
    [Replacement(start=6, end=12, text=''), Replacement(start=16, end=17, text='!')]
    """
    if old == new:
        return []
    old_words, new_words = _WORD.findall(old), _WORD.findall(new)
    if max(len(old_words), len(new_words)) > _MAX_COMPARED:
        return [_trimmed(old, new)]
    spans: list[list[int]] = []  # of words: old start and end, new start and end
    matcher = SequenceMatcher(None, old_words, new_words, autojunk=False)
    for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            continue
        between = old_words[spans[-1][1] : old_start] if spans else []
        ends_sentence = not _SENTENCE_ENDS.isdisjoint(between)
        words_between = sum(not _SIGN.fullmatch(word) for word in between)
        if spans and not ends_sentence and words_between < _SHORT_WORDS:
            spans[-1][1], spans[-1][3] = old_end, new_end
        else:
            spans.append([old_start, old_end, new_start, new_end])
    offsets = [0]
    for word in old_words:
        offsets.append(offsets[-1] + len(word))
    return [
        Replacement(offsets[start], offsets[end], "".join(new_words[new_start:new_end]))
        for start, end, new_start, new_end in spans
    ]


def _trimmed(old: str, new: str) -> Replacement:
    """Return the replacement of what lies between the common beginning and the common end."""
    shorter = min(len(old), len(new))
    start = next((i for i in range(shorter) if old[i] != new[i]), shorter)
    rest = shorter - start
    end = next((i for i in range(rest) if old[-1 - i] != new[-1 - i]), rest)
    return Replacement(start, len(old) - end, new[start : len(new) - end])


def by_sentence(old: str, edits: Iterable[Replacement]) -> list[list[Replacement]]:
    """Return the replacements in groups, one for each sentence of `old` in which they begin."""
    ends = [match.end() for match in _SENTENCE_END.finditer(old)]
    groups: dict[int, list[Replacement]] = {}
    for edit in edits:
        groups.setdefault(bisect(ends, edit.start), []).append(edit)
    return list(groups.values())
