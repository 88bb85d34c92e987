"""Splits documents into passages that can be found and cited, each with its place.

Passages begin and end at borders of the text (`chunks.py`); together they are the text, character
for character. The place tells users where to look: the page, slide or chapter by the marks in the
text ("[page 3]"), or the sheet of a workbook. In other texts, it is the heading above the passage.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from desktop_app.documents.index.chunks import TokenCounter, chunks
from desktop_app.domain.documents.document_sections import UNITS, DocumentSection, find_sections
from desktop_app.domain.documents.extracted_document import IndexedPassage
from desktop_app.domain.documents.passage_place import place_code
from desktop_app.domain.documents.passage_words import index_terms

# Maximum tokens of a passage. `python -m tests.benchmarks retrieval` measures its effect.
PASSAGE_TOKENS: Final = 320

_HEADING: Final = re.compile(r"^(#{1,6})[ \t]+(\S.*)$", re.M)
_MARKUP: Final = re.compile(r"[*_`]+|\[\^?[^\]]*\](?:\([^)]*\))?")
_MAX_HEADING_CHARS: Final = 80
_MAX_EXAMINED_CHARS: Final = 1_000


def passages(
    text: str, name: str, kind: str, count: TokenCounter, limit: int = PASSAGE_TOKENS
) -> Iterator[IndexedPassage]:
    """Yield the passages of a document's extracted text, in order.

    Args:
        name: the document's name, whose words are part of each passage's title.
        kind: the document's media type.
        count: counts tokens.
        limit: the maximum number of tokens in a passage.
    """
    unit = UNITS.get(kind, "")
    sections = find_sections(text, unit) if unit else []
    headings = list(_headings(text))
    title = " ".join(re.split(r"[\W_]+", PurePath(name).stem))
    for chunk in chunks(text, limit, count):
        body = text[chunk.start : chunk.end]
        headings_above = _headings_above(headings, chunk.start, chunk.end)
        page, place = _locate(unit, sections, chunk.start, chunk.end)
        yield IndexedPassage(
            start=chunk.start,
            end=chunk.end,
            tokens=chunk.tokens,
            page=page,
            place=place or (headings_above[-1] if headings_above else ""),
            title=" ".join([title, *headings_above]),
            terms=index_terms(body),
        )


def _locate(
    unit: str, sections: list[DocumentSection], start: int, end: int
) -> tuple[int | None, str]:
    """Return the number of a passage's first section, and the code of the passage's place.

    Return None and "" if the passage is in no section.
    """
    first = bisect_right(sections, start, key=lambda section: section.start) - 1
    last = bisect_right(sections, end - 1, key=lambda section: section.start) - 1
    if last < 0:
        return None, ""
    first_section = sections[max(first, 0)]
    code = place_code(unit, first_section.number, sections[last].number, first_section.name)
    return first_section.number, code


@dataclass(frozen=True)
class _Heading:
    start: int
    level: int
    words: str


def _headings(text: str) -> Iterator[_Heading]:
    for match in _HEADING.finditer(text):
        yield _Heading(match.start(), len(match[1]), _plain_text(match[2].rstrip(" \t#")))


def _headings_above(headings: list[_Heading], start: int, end: int) -> list[str]:
    """Return the headings that apply at the start of a passage, the top level first.

    Before the first heading of the text, return that heading if the passage contains it.
    """
    count_above = bisect_right(headings, start, key=lambda heading: heading.start)
    if count_above == 0 and headings and headings[0].start < end:
        return [headings[0].words]
    open_headings: list[_Heading] = []
    # Headings have the levels 1 to 6.
    level = 7
    # Each passage searches the headings above it, so their number is limited.
    for heading in reversed(headings[max(0, count_above - 200) : count_above]):
        if heading.level < level:
            open_headings.append(heading)
            level = heading.level
    return [heading.words for heading in reversed(open_headings)]


def _plain_text(heading: str) -> str:
    # The pattern takes quadratic time for many brackets that do not close.
    return _MARKUP.sub("", heading[:_MAX_EXAMINED_CHARS]).strip()[:_MAX_HEADING_CHARS]
