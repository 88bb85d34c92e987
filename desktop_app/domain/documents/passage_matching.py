"""Finds a passage in another form of its text.

The text that was read from a document and the text that is shown differ in hyphens, line ends,
ligatures, brackets, spaces and Markdown syntax. Letters and digits are the same, so only they are
compared. A passage without a plausible match is not found.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

_MAX_MATCHES: Final = 1_000
# Shorter lines are left out if a passage is searched for line by line.
_MIN_LINE_LETTERS: Final = 8
# A line of this length counts even if it occurs more than once.
_MIN_REPEATED_LETTERS: Final = 24
# The share of the passage that must be found.
_REQUIRED_SHARE: Final = 0.6


class TextSpan(NamedTuple):
    """A half-open range of letters in `Letters.text`."""

    start: int
    end: int


class Letters:
    """The letters and digits of a text, with their positions in it.

    Attributes:
        text: the letters and digits, folded to one form.
        positions: for each letter, the number of its character.
    """

    def __init__(self, characters: Iterable[tuple[int, str]]) -> None:
        """Fold the letters and digits among `characters`.

        Args:
            characters: each with its number; numbers may have gaps and be in any order.
        """
        text: list[str] = []
        self.positions: list[int] = []
        for position, character in characters:
            for letter in _fold_letters(character):
                text.append(letter)
                self.positions.append(position)
        self.text = "".join(text)


def letters_of(text: str) -> str:
    """Return the letters and digits of a text, folded to one form."""
    return "".join(letter for character in text for letter in _fold_letters(character))


def _fold_letters(character: str) -> Iterator[str]:
    if character.isascii():
        if character.isalnum():
            yield character.lower()
        return
    for letter in unicodedata.normalize("NFKC", character).casefold():
        if letter.isalnum():
            yield letter


def find_passage(letters: str, passage: str, letters_before: int) -> list[TextSpan]:
    """Return the spans of a passage in `letters`; [] if it is not found.

    Args:
        letters: the letters of the other form, as `letters_of` returns them.
        passage: the text of the passage in its own form.
        letters_before: the number of letters before the passage in its own form; of several
            matches, the nearest to this number is returned.
    """
    sought_letters = letters_of(passage)
    start = _find_nearest(letters, sought_letters, letters_before)
    if start is not None:
        return [TextSpan(start, start + len(sought_letters))]
    return _find_by_lines(letters, passage, letters_before, len(sought_letters))


def _find_nearest(letters: str, sought_letters: str, position: int, start: int = 0) -> int | None:
    """Return the match nearest to `position`, from `start` on; None if there is none."""
    if not sought_letters:
        return None
    nearest = None
    offset = letters.find(sought_letters, start)
    for _ in range(_MAX_MATCHES):
        if offset < 0:
            break
        if nearest is None or abs(offset - position) < abs(nearest - position):
            nearest = offset
        offset = letters.find(sought_letters, offset + 1)
    return nearest


def _find_by_lines(letters: str, passage: str, letters_before: int, total: int) -> list[TextSpan]:
    """Return the spans of the lines, in order; [] unless most of the passage is found.

    A line is left out if it comes before the previous line in `letters`. The order may differ: text
    in the fields of a form, for example, follows all other text of the page when the page is read.
    """
    spans: list[TextSpan] = []
    for line in passage.splitlines():
        line_letters = letters_of(line)
        search_start = spans[-1].end if spans else 0
        if len(line_letters) >= _MIN_LINE_LETTERS:
            line_start = _find_nearest(letters, line_letters, letters_before, search_start)
            is_sure = len(line_letters) >= _MIN_REPEATED_LETTERS or letters.count(line_letters) == 1
            if line_start is not None and is_sure:
                spans.append(TextSpan(line_start, line_start + len(line_letters)))
        letters_before += len(line_letters)
    found = sum(span.end - span.start for span in spans)
    return spans if found >= _REQUIRED_SHARE * total else []
