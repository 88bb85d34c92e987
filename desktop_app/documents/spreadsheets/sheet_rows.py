"""Reads the rows of one sheet of a workbook: texts, and numbers with their formats."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from desktop_app.documents import refusals
from desktop_app.documents.media_type import OLE
from desktop_app.documents.reader_result import LeftOut
from desktop_app.documents.spreadsheets import binary_workbook, workbook
from desktop_app.documents.spreadsheets.sheet_table import Sheet
from desktop_app.documents.worker.protocol import MAX_TEXT_BYTES, Limits, SheetNumber, SheetRows

_LEAST_CELL_BYTES: Final = 3
_DECIMALS: Final = re.compile(r"[0#]\.(0+)")
_SHOWN_DECIMALS: Final = re.compile(r"[0-9]+(?:\.([0-9]+))?")
_DATE_OR_TIME: Final = re.compile("[dyhs]", re.IGNORECASE)
_QUOTED: Final = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')


def read_rows(name: str, data: bytes, limits: Limits, most: int, sheet: str) -> SheetRows:
    """Return the shown cells of a sheet, by default of the first shown one with any.

    Empty rows between others stay, so that the numbers of the rows are those of the sheet. After
    `most` filled rows that are shown, no more are read. Without a sheet of that name, the rows and
    the name are empty.
    """
    left_out = LeftOut()
    if data.startswith(OLE):
        return binary_workbook.with_xls_sheets(
            name, data, left_out, lambda sheets: _rows_of(name, sheets, sheet), is_plain=True
        )
    sheets = workbook.plain_sheets(name, data, limits, left_out, most)
    return _rows_of(name, sheets, sheet)


def _rows_of(name: str, sheets: Iterator[Sheet], wanted: str) -> SheetRows:
    names: list[str] = []
    found: SheetRows | None = None
    for sheet in sheets:
        if not sheet.rows:
            continue
        names.append(sheet.name)
        is_wanted = sheet.name == wanted if wanted else not sheet.is_hidden
        if found is None and is_wanted and (rows := _shown_rows(name, sheet)).rows:
            found = rows
    if found is None:
        if not wanted or not names:
            raise refusals.empty_error(name)
        return SheetRows("", names, [], 0, 0)
    return SheetRows(found.name, names, found.rows, found.hidden_rows, found.hidden_columns)


def _shown_rows(name: str, sheet: Sheet) -> SheetRows:
    hidden_rows = len(sheet.hidden_rows & set(sheet.rows))
    columns = {column for row in sheet.rows.values() for column in row}
    hidden_columns = len(sheet.hidden_columns & columns)
    sheet.drop_hidden(LeftOut())
    columns = {column for row in sheet.rows.values() for column in row}
    width, height = max(columns, default=-1) + 1, max(sheet.rows, default=-1) + 1
    if width * height > MAX_TEXT_BYTES // _LEAST_CELL_BYTES:
        raise refusals.too_much_text_error(name)
    kept = [column for column in range(width) if column not in sheet.hidden_columns]
    numbers = sheet.numbers or {}

    def cell(row: int, column: int, text: str) -> str | SheetNumber:
        if text and (number := numbers.get((row, column))) is not None:
            return SheetNumber(_with_decimals(text, number[1]), *number)
        return text

    rows = [
        [cell(row, column, cells.get(column, "")) for column in kept]
        for row, cells in ((row, sheet.rows.get(row, {})) for row in range(height))
    ]
    return SheetRows(sheet.name, [], rows, hidden_rows, hidden_columns)


def _with_decimals(text: str, code: str) -> str:
    """Return a shown number with the zeros of its format: 1.10, which may be a version."""
    found = _DECIMALS.search(code)
    if found is None or _DATE_OR_TIME.search(_QUOTED.sub("", code)):
        return text
    shown = _SHOWN_DECIMALS.search(text)
    if shown is None or "E" in code.upper().replace("GENERAL", ""):
        return text
    missing = len(found[1]) - len(shown[1] or "")
    if missing <= 0:
        return text
    zeros = ("" if shown[1] else ".") + "0" * missing
    return text[: shown.end()] + zeros + text[shown.end() :]
