"""Writes the sheets of a workbook as Markdown: their filled cells as tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Final

from desktop_app.documents import refusals
from desktop_app.documents.left_out import LeftOut
from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.worker.protocol import MAX_TEXT_BYTES

_MAX_COLUMNS: Final = 16_384  # of a sheet, since Excel 2007
_CELL_BYTES: Final = 3  # of an empty cell in a table
ERRORS: Final = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}
"""The texts of errors by their codes in binary workbooks."""


@dataclass
class Sheet:
    """A sheet: the texts of its filled cells by row and column, which count from 0.

    Attributes:
        addition: Markdown that follows the table.
        hidden_rows: the numbers of those that are not shown.
        hidden_cells: those whose format shows nothing.
    """

    name: str
    is_hidden: bool = False
    rows: dict[int, dict[int, str]] = field(default_factory=dict)
    addition: str = ""
    hidden_rows: set[int] = field(default_factory=set)
    hidden_cells: set[tuple[int, int]] = field(default_factory=set)
    _hidden_columns: list[tuple[int, int]] = field(default_factory=list)

    def hide_columns(self, first: int, last: int) -> None:
        """Hide the columns from the first to the last, both included."""
        self._hidden_columns.append((first, min(last, _MAX_COLUMNS)))

    @cached_property
    def hidden_columns(self) -> set[int]:
        """Return the numbers of hidden columns, after all were hidden."""
        columns: set[int] = set()
        next_column = 0  # a hostile file may hide all columns many times
        for first, last in sorted(self._hidden_columns):
            columns.update(range(max(first, next_column), last + 1))
            next_column = max(next_column, last + 1)
        return columns

    def add(self, row: int, column: int, text: str) -> None:
        """Add a cell; one without text is none."""
        if text:
            self.rows.setdefault(row, {})[column] = text

    def hides(self, place: tuple[int, int] | None) -> bool:
        """Return True if a cell is in a hidden row or column."""
        return place is not None and (
            place[0] in self.hidden_rows or place[1] in self.hidden_columns
        )

    def drop_hidden(self, left_out: LeftOut) -> None:
        """Remove hidden cells, and those of hidden rows and columns, and count these."""
        for row_number, column in sorted(self.hidden_cells):
            if left_out.leaves_out(is_hidden=column in self.rows.get(row_number, {})):
                del self.rows[row_number][column]
        for number in sorted(self.hidden_rows & set(self.rows)):
            if left_out.leaves_out(is_hidden=True):
                del self.rows[number]
        columns = {column for row in self.rows.values() for column in row}
        for number in sorted(self.hidden_columns & columns):
            if left_out.leaves_out(is_hidden=True):
                for row in self.rows.values():
                    row.pop(number, None)


def join_sheets(name: str, sheets: Iterable[Sheet], left_out: LeftOut) -> str:
    """Return the contents of sheets, each under its name; "" if all are empty.

    Hidden sheets, rows and columns are left out.

    Raises:
        DocumentTooLargeError: the table of a sheet would have too many empty cells.
    """
    texts: list[str] = []
    has_content = False
    for sheet in sheets:
        has_cells = bool(sheet.rows or sheet.addition)
        if left_out.leaves_out(sheet.is_hidden, counts=has_cells):
            continue
        sheet.drop_hidden(left_out)
        content = "\n\n".join(filter(None, (_table(name, sheet), sheet.addition)))
        has_content = has_content or bool(content)
        heading = f"## {sheet.name}{' (hidden)' if sheet.is_hidden else ''}"
        texts.append(f"{heading}\n\n{content}".rstrip("\n"))
    return "\n\n".join(texts) if has_content else ""


def _table(name: str, sheet: Sheet) -> str:
    """Return the filled rows and columns as a table.

    Several empty rows or columns become one, which still separates tables.
    """
    rows = {number: sheet.rows[number] for number in sorted(sheet.rows)}
    columns = list(_with_gaps(sorted({column for row in rows.values() for column in row})))
    numbers = list(_with_gaps(rows))
    if len(columns) * len(numbers) * _CELL_BYTES > MAX_TEXT_BYTES:
        raise refusals.too_much_text_error(name)
    lines = []
    for number in numbers:
        texts = sheet.rows.get(number, {})
        cells = (md.table_cell(texts[column]) if column in texts else "" for column in columns)
        lines.append(f"| {' | '.join(cells)} |")
    if lines:
        lines.insert(1, f"|{' --- |' * len(columns)}")
    return "\n".join(lines)


def _with_gaps(numbers: Iterable[int]) -> Iterator[int]:
    """Yield the numbers, and one of those that are missing between two of them."""
    numbers = list(numbers)
    for number, following in pairwise(numbers):
        yield number
        if following > number + 1:
            yield number + 1
    yield from numbers[-1:]
