"""Reads the rows of the Markdown tables in a spreadsheet's text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_RULE: Final = re.compile(r"\|(?: *:?-+:? *\|)+")
_CELLS: Final = re.compile(r"(?<!\\)\|")


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
