"""Writes tables of texts as a workbook or CSV, and sheets of typed cells as a workbook."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple

from desktop_app.domain.csv_cell import escape_cell
from desktop_app.writers.office.office_content import OfficeTable

# A number that a spreadsheet can show as it is written. Others, such as 007, become text.
_NUMBER: Final = re.compile(r"(?!-[0.]+$)-?(?:0|[1-9]\d*)(?:\.(?P<decimals>\d+))?", re.ASCII)
_MAX_EXACT_DIGITS: Final = 15
"""Excel's precision."""
_MAX_CELL_CHARS: Final = 32_767
"""Excel's limit, in characters."""
# Column widths, in characters.
_MAX_COLUMN_WIDTH: Final = 60
_MIN_WIDTH: Final = 8


def write_xlsx(file: Path, tables: Sequence[OfficeTable]) -> None:
    """Write a sheet for each table. Raises OSError."""
    from openpyxl import Workbook  # CSV does not need it
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    for number, table in enumerate(tables, 1):
        sheet = book.create_sheet(f"Table {number}")
        for column in range(max(map(len, table.rows))):
            longest = max(len(row[column]) for row in table.rows if column < len(row))
            width = min(max(longest, _MIN_WIDTH), _MAX_COLUMN_WIDTH)
            sheet.column_dimensions[get_column_letter(column + 1)].width = width
        sheet.freeze_panes = "A2"
        for row_number, row in enumerate(table.rows):
            cells = [_make_cell(sheet, text) for text in row]
            if row_number == 0:
                for cell in cells:
                    cell.font = Font(bold=True)
            sheet.append(cells)
    with file.open("wb") as stream:
        book.save(stream)


def write_csv(file: Path, tables: Sequence[OfficeTable]) -> None:
    """Write the tables, separated by empty lines. Raises OSError."""
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        for number, table in enumerate(tables):
            if number:
                writer.writerow([])
            writer.writerows([escape_cell(text) for text in row] for row in table.rows)


def _make_cell(sheet: Any, text: str) -> Any:
    from openpyxl.cell import WriteOnlyCell

    number = _NUMBER.fullmatch(text)
    if number is not None and sum(map(str.isdigit, text)) <= _MAX_EXACT_DIGITS:
        decimals = number["decimals"]
        cell = WriteOnlyCell(sheet, value=float(text) if decimals else int(text))
        cell.number_format = f"0.{'0' * len(decimals)}" if decimals else "0"
        return cell
    cell = WriteOnlyCell(sheet, value=text[:_MAX_CELL_CHARS])
    cell.data_type = "s"  # a text that begins with = is not a formula
    return cell


_MAX_EXACT: Final = 10**15
"""Larger whole numbers lose digits in Excel, so they are written as texts."""
_CUT: Final = " […]"
_NARROW, _WIDE, _MAX_WIDTH = 14, 30, 60
_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_NOT_IN_TITLE: Final = re.compile(r"[\[\]:*?/\\]")
_MAX_TITLE_CHARS: Final = 31


class Formatted(NamedTuple):
    """A number or a date, and the workbook's format that it is shown in."""

    content: int | float | bool | date
    format: str


SheetCell = str | int | float | bool | date | Formatted | None


class TypedSheet(NamedTuple):
    """A sheet: its title, the headings of its columns, and its rows, which are read once."""

    title: str
    headings: Sequence[str]
    rows: Iterable[Sequence[SheetCell]]


def write_typed_sheets(file: Path, sheets: Iterable[TypedSheet]) -> int:
    """Write a workbook; texts are never formulas, whatever they begin with.

    Return how many texts were cut at Excel's limit.

    Raises:
        OSError: it cannot be written.
    """
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    cut = 0
    for each in sheets:
        title = _NOT_IN_TITLE.sub(" ", _NOT_IN_XML.sub("", each.title)).strip(" '")
        sheet = book.create_sheet(title[:_MAX_TITLE_CHARS] or "Table")
        for number, heading in enumerate(each.headings, 1):
            width = min(max(_NARROW, len(heading) + 2, _WIDE * (number > 1)), _MAX_WIDTH)
            sheet.column_dimensions[get_column_letter(number)].width = width
        sheet.freeze_panes = "B2"
        headings = [_cell(sheet, heading) for heading in each.headings]
        for cell in headings:
            cell.font = Font(bold=True)
        sheet.append(headings)
        for row in each.rows:
            cut += sum(isinstance(value, str) and len(value) > _MAX_CELL_CHARS for value in row)
            sheet.append([_cell(sheet, value) for value in row])
    with file.open("wb") as stream:
        book.save(stream)
    return cut


def _cell(sheet: Any, value: SheetCell) -> Any:
    from openpyxl.cell import WriteOnlyCell

    format_ = ""
    if isinstance(value, Formatted):
        value, format_ = value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _MAX_EXACT:
        value = str(value)
    if not isinstance(value, str):
        cell = WriteOnlyCell(sheet, value=value)
        if format_ or isinstance(value, date):
            cell.number_format = format_ or "yyyy-mm-dd"
        return cell
    text = _NOT_IN_XML.sub("\ufffd", value)
    if len(text) > _MAX_CELL_CHARS:
        text = text[: _MAX_CELL_CHARS - len(_CUT)] + _CUT
    cell = WriteOnlyCell(sheet, value=text)
    cell.data_type = "s"  # a text that begins with = is not a formula
    return cell
