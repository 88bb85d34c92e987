"""Reads the first row of CSV files, and the Markdown tables in the text of spreadsheets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from desktop_app.domain.documents import document_types
from desktop_app.domain.lazy_pattern import lazy_pattern

_RULE: Final = lazy_pattern(r"\|(?: *:?-+:? *\|)+")
_CELLS: Final = lazy_pattern(r"(?<!\\)\|")


def lines_of(text: str, start: int = 0, stop: int | None = None) -> Iterator[tuple[str, int]]:
    """Yield each line with its line feed, and the index of its end, without splitting the text."""
    stop = len(text) if stop is None else stop
    while start < stop:
        line_feed = text.find("\n", start, stop)
        end = stop if line_feed < 0 else line_feed + 1
        yield text[start:end], end
        start = end


def sheet_rows(text: str, start: int, stop: int) -> Iterator[list[str]]:
    """Yield the cells of each table row in a range of the text, without the rule below a header."""
    for line, _ in lines_of(text, start, stop):
        row = line.strip()
        if line.startswith("|") and not _RULE.fullmatch(row):
            yield [cell.strip().replace("\\|", "|") for cell in _CELLS.split(row[1:-1])]


CSV_TYPES: Final = (document_types.CSV, document_types.TSV)
DELIMITERS: Final = ";\t,|"
_BLANK: Final = lazy_pattern(r"(?:[ \t]*\n)*")
_STATED: Final = lazy_pattern(r"sep=([;\t,|:])\n", re.IGNORECASE)
_QUOTED: Final = lazy_pattern(r'"[^"]*(?:"|$)')


def find_first_row(text: str) -> tuple[int, str]:
    """Return the offset of the first row, and the delimiter.

    Empty lines and Excel's line with the delimiter (`sep=;`) are not rows.
    """
    blank = _BLANK.match(text)
    start = blank.end() if blank else 0
    if stated_delimiter := _STATED.match(text, start):
        return stated_delimiter.end(), stated_delimiter[1]
    end = text.find("\n", start)
    line = text[start : end if end >= 0 else len(text)]
    return start, max(DELIMITERS, key=_QUOTED.sub("", line).count)
