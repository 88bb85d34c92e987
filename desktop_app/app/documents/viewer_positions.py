"""Positions in the text of a PDF, and their pages."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

PAGE_MARK: Final = re.compile(r"^\[page (\d{1,6})\]$", re.MULTILINE)
"""The line before each page in the text of a PDF, which belongs to no page."""

Span = tuple[int, int]


class TextPiece(NamedTuple):
    """The part of a passage on a page, and the text that precedes it on that page."""

    page: int
    text: str
    before: str


def split_by_page(text: str, span: Span) -> list[TextPiece]:
    """Return a passage of a PDF's text, split by page."""
    marks = list(PAGE_MARK.finditer(text))
    pieces = []
    for index, mark in enumerate(marks):
        begin = mark.end()
        end = marks[index + 1].start() if index + 1 < len(marks) else len(text)
        start = max(begin, span[0])
        stop = min(end, span[1])
        if text[start:stop].strip():
            pieces.append(TextPiece(int(mark[1]), text[start:stop], text[begin:start]))
    return pieces
