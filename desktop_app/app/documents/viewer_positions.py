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
    page_ends = [*(mark.start() for mark in marks[1:]), len(text)]
    pieces = []
    for mark, page_end in zip(marks, page_ends, strict=False):
        start = max(mark.end(), span[0])
        end = min(page_end, span[1])
        if text[start:end].strip():
            pieces.append(
                TextPiece(page=int(mark[1]), text=text[start:end], before=text[mark.end() : start])
            )
    return pieces
