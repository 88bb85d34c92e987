"""Where a passage stands in another form of its own text.

What was read from a document and what is shown of it are one text in two forms: hyphens and line
ends differ, ligatures, brackets, spaces, the marks of Markdown. Letters and digits do not; they are
what is compared. A passage that is found in no way that could be right is found nowhere.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

_MOST_PLACES: Final = 1_000
# Lines of a passage that stand apart in the other form: how long one must be to be sought for, and
# to be believed where it stands more than once, and how much of the passage must be found so.
_LEAST: Final = 8
_SURE: Final = 24
_ENOUGH: Final = 0.6


class TextSpan(NamedTuple):
    """The letters [start, end) of `Letters.text`."""

    start: int
    end: int


class Letters:
    """The letters and digits of a text, and where in it each stood.

    Attributes:
        text: they alone, folded to one form.
        places: for each of them, the number of the character that it comes from.
    """

    def __init__(self, characters: Iterable[tuple[int, str]]) -> None:
        """`characters` are numbered; a number may be missing, and need not grow."""
        text: list[str] = []
        self.places: list[int] = []
        for place, character in characters:
            for letter in _folded(character):
                text.append(letter)
                self.places.append(place)
        self.text = "".join(text)


def letters_of(text: str) -> str:
    """The letters and digits alone, folded to one form."""
    return "".join(letter for character in text for letter in _folded(character))


def _folded(character: str) -> Iterator[str]:
    if character.isascii():
        if character.isalnum():
            yield character.lower()
        return
    for letter in unicodedata.normalize("NFKC", character).casefold():
        if letter.isalnum():
            yield letter


def find(letters: str, passage: str, before: int) -> list[TextSpan]:
    """Where a passage stands in a text of letters; [] where it does not.

    Args:
        passage: as it was written.
        before: how many letters of the same text precede it in its own form; of several places
            the nearest to that is the one.
    """
    sought = letters_of(passage)
    place = _nearest(letters, sought, before)
    if place is not None:
        return [TextSpan(place, place + len(sought))]
    return _by_lines(letters, passage, before, len(sought))


def _nearest(letters: str, sought: str, before: int) -> int | None:
    best, at = None, letters.find(sought) if sought else -1
    for _ in range(_MOST_PLACES):
        if at < 0:
            break
        if best is None or abs(at - before) < abs(best - before):
            best = at
        at = letters.find(sought, at + 1)
    return best


def _by_lines(letters: str, passage: str, before: int, total: int) -> list[TextSpan]:
    """The lines that are found, in their order, if they are most of the passage: what was filled
    into a form, say, follows the text that was read and stands elsewhere on the page."""
    found: list[TextSpan] = []
    for line in passage.splitlines():
        sought = letters_of(line)
        begins = found[-1].end if found else 0
        place = _nearest(letters[begins:], sought, before - begins)
        is_sure = len(sought) >= _SURE or letters.count(sought) == 1
        if len(sought) >= _LEAST and place is not None and is_sure:
            found.append(TextSpan(begins + place, begins + place + len(sought)))
        before += len(sought)
    return found if sum(span.end - span.start for span in found) >= _ENOUGH * total else []
