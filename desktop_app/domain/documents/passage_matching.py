"""Finds a passage in another form of its own text.

The text read from a document and the text shown of it differ in hyphens, line ends, ligatures,
brackets, spaces and Markdown syntax. Letters and digits are the same, so only those are compared. A
passage without a plausible match is not found.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

_MAX_MATCHES: Final = 1_000
# Thresholds for matching line by line: letters a line needs to be searched for, letters it needs to
# count if it occurs more than once, and the share of the passage that must be found.
_MIN_LINE_LETTERS: Final = 8
_MIN_UNIQUE_LETTERS: Final = 24
_REQUIRED_SHARE: Final = 0.6


class TextSpan(NamedTuple):
    """A half-open range of letters in `Letters.text`."""

    start: int
    end: int


class Letters:
    """The letters and digits of a text, with their positions in it.

    Attributes:
        text: the letters and digits, folded to one form.
        places: for each of them, the number of its character.
    """

    def __init__(self, characters: Iterable[tuple[int, str]]) -> None:
        """`characters` are numbered; numbers may be missing, and in any order."""
        text: list[str] = []
        self.places: list[int] = []
        for place, character in characters:
            for letter in _fold_letters(character):
                text.append(letter)
                self.places.append(place)
        self.text = "".join(text)


def letters_of(text: str) -> str:
    """Return the letters and digits only, folded to one form."""
    return "".join(letter for character in text for letter in _fold_letters(character))


def _fold_letters(character: str) -> Iterator[str]:
    if character.isascii():
        if character.isalnum():
            yield character.lower()
        return
    for letter in unicodedata.normalize("NFKC", character).casefold():
        if letter.isalnum():
            yield letter


def find_passage(letters: str, passage: str, before: int) -> list[TextSpan]:
    """Return the spans of a passage in `letters`; [] if it is not there.

    Args:
        letters: the letters of the other form, as `letters_of` returns them.
        passage: as it was written.
        before: the number of letters that precede it in its own form; the match nearest to that
            number wins.
    """
    sought = letters_of(passage)
    place = _find_nearest(letters, sought, before)
    if place is not None:
        return [TextSpan(place, place + len(sought))]
    return _find_by_lines(letters, passage, before, len(sought))


def _find_nearest(letters: str, sought: str, before: int) -> int | None:
    best, at = None, letters.find(sought) if sought else -1
    for _ in range(_MAX_MATCHES):
        if at < 0:
            break
        if best is None or abs(at - before) < abs(best - before):
            best = at
        at = letters.find(sought, at + 1)
    return best


def _find_by_lines(letters: str, passage: str, before: int, total: int) -> list[TextSpan]:
    """Match line by line, in order; [] unless most of the passage is found.

    Text filled into a form, for example, follows the text in what was read, and stands elsewhere on
    the page.
    """
    found: list[TextSpan] = []
    for line in passage.splitlines():
        sought = letters_of(line)
        begins = found[-1].end if found else 0
        place = _find_nearest(letters[begins:], sought, before - begins)
        is_sure = len(sought) >= _MIN_UNIQUE_LETTERS or letters.count(sought) == 1
        if len(sought) >= _MIN_LINE_LETTERS and place is not None and is_sure:
            found.append(TextSpan(begins + place, begins + place + len(sought)))
        before += len(sought)
    return found if sum(span.end - span.start for span in found) >= _REQUIRED_SHARE * total else []
