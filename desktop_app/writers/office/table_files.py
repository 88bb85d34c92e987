"""Writes the tables of a conversation as a workbook, or as CSV."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

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
