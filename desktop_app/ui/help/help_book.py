"""The help as chapters of sections, and the search in it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from desktop_app.ui.help.help_place import HelpPlace

_MAX_CONTEXT_CHARS: Final = 120
_CONTEXT_CHARS_BEFORE: Final = 30
"""The characters of context in a hit, and their number before the first match."""


@dataclass(frozen=True)
class HelpSection:
    """A section of a chapter: its id, its title and its plain text in one line."""

    id: str
    title: str
    text: str

    @cached_property
    def folded_text(self) -> tuple[str, list[int]]:
        """Return the folded text, with the position of each of its characters in the text."""
        return fold(self.text)

    @cached_property
    def folded_title(self) -> str:
        return fold(self.title)[0]


@dataclass(frozen=True)
class HelpChapter:
    """A chapter: its id, its title, its HTML and its sections."""

    id: str
    title: str
    html: str
    sections: tuple[HelpSection, ...]


@dataclass(frozen=True)
class HelpHit:
    """A section that has all the words, with a line of its text.

    Attributes:
        context: the text around its first match, or its beginning if only the title matches.
    """

    place: HelpPlace
    chapter: str
    title: str
    context: str


class HelpBook:
    """All chapters, in their order."""

    def __init__(self, chapters: tuple[HelpChapter, ...]) -> None:
        self.chapters = chapters
        self._by_id = {chapter.id: chapter for chapter in chapters}

    def chapter(self, chapter_id: str) -> HelpChapter | None:
        """Return a chapter by its id; None if there is none."""
        return self._by_id.get(chapter_id)

    def find(self, query: str) -> list[HelpHit]:
        """Return the sections with every word of `query`, matches in titles first."""
        words = query_words(query)
        if not words:
            return []
        ranked_hits: list[tuple[bool, HelpHit]] = []
        for chapter in self.chapters:
            for section in chapter.sections:
                text = section.folded_text[0]
                if all(word in section.folded_title or word in text for word in words):
                    in_title = all(word in section.folded_title for word in words)
                    place = HelpPlace(chapter.id, section.id)
                    hit = HelpHit(place, chapter.title, section.title, _context(section, words))
                    ranked_hits.append((not in_title, hit))
        return [hit for _, hit in sorted(ranked_hits, key=lambda pair: pair[0])]


def query_words(query: str) -> list[str]:
    """Return the folded words of a query."""
    return fold(query)[0].split()


def fold(text: str) -> tuple[str, list[int]]:
    """Return text without case and accents, and the position in `text` of each character.

    >>> fold("Über")
    ('uber', [0, 1, 2, 3])
    """
    folded: list[str] = []
    positions: list[int] = []
    for position, character in enumerate(text):
        for folded_character in unicodedata.normalize("NFKD", character).casefold():
            if not unicodedata.combining(folded_character):
                folded.append(folded_character)
                positions.append(position)
    return "".join(folded), positions


def match_ranges(text: str, words: list[str]) -> list[tuple[int, int]]:
    """Return the start and end of each match of folded words in `text`."""
    folded, positions = fold(text)
    ranges = []
    for word in words:
        start = folded.find(word)
        while start >= 0:
            end = start + len(word)
            ranges.append((positions[start], positions[end - 1] + 1))
            start = folded.find(word, end)
    return sorted(ranges)


def _context(section: HelpSection, words: list[str]) -> str:
    folded, positions = section.folded_text
    starts = [start for word in words if (start := folded.find(word)) >= 0]
    match_position = positions[min(starts)] if starts else 0
    start = max(0, match_position - _CONTEXT_CHARS_BEFORE)
    if start:
        start = section.text.find(" ", start, match_position) + 1 or start
    excerpt = section.text[start : start + _MAX_CONTEXT_CHARS].rstrip()
    start_mark = "…" if start else ""
    end_mark = "…" if start + _MAX_CONTEXT_CHARS < len(section.text) else ""
    return f"{start_mark}{excerpt}{end_mark}"
