"""Splits documents into passages that can be found and cited, each with its place.

Passages begin and end at borders of the text (`chunks.py`); together they are the text, character
for character. The place tells users where to look: the page, slide or chapter by the marks in the
text ("[page 3]"), or the sheet of a workbook. In other texts, it is the heading above the passage.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import PurePath
from typing import Final

from desktop_app.documents.index.chunks import TokenCounter, chunks
from desktop_app.domain.documents.collections import place_code
from desktop_app.domain.documents.document_sections import (
    UNITS,
    DocumentSection,
    Headings,
    find_sections,
)
from desktop_app.domain.documents.extracted_document import IndexedPassage
from desktop_app.domain.documents.passage_words import index_terms

# Maximum tokens of a passage. `python -m tests.benchmarks retrieval` measures its effect.
PASSAGE_TOKENS: Final = 320


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
    headings = Headings(text)
    title = " ".join(re.split(r"[\W_]+", PurePath(name).stem))
    for chunk in chunks(text, limit, count):
        body = text[chunk.start : chunk.end]
        above = [heading.words for heading in headings.above(chunk.start)]
        if not above and headings.all and headings.all[0].start < chunk.end:
            above = [headings.all[0].words]  # the first passage may begin before it
        page, place = _locate(unit, sections, chunk.start, chunk.end)
        yield IndexedPassage(
            start=chunk.start,
            end=chunk.end,
            tokens=chunk.tokens,
            page=page,
            place=place or (above[-1] if above else ""),
            title=" ".join([title, *above]),
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
