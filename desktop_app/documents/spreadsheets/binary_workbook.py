"""Converts binary workbooks (.xls, .xlsb) to Markdown tables, one per sheet, with python-calamine.

python-calamine does not tell how a number is formatted or which error a cell contains. It ignores
some kinds of cells, and fails at formulas and names that it does not know, although no text needs
them. So the records of a workbook ([MS-XLS], [MS-XLSB]) are first changed. A record begins with its
type and size.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final

import olefile
import python_calamine
from python_calamine import SheetTypeEnum, SheetVisibleEnum

from desktop_app.documents import refusals
from desktop_app.documents.media_type import OLE_ERRORS
from desktop_app.documents.office.package import Package
from desktop_app.documents.spreadsheets import sheet_table
from desktop_app.documents.spreadsheets.number_format import (
    DisplayedFormat,
    displayed_formats,
    without_literals,
)
from desktop_app.documents.spreadsheets.sheet_table import CellTexts
from desktop_app.documents.worker.protocol import Limits

Styles = Mapping[int, DisplayedFormat]
"""Maps the numbers of cell styles to the formats that python-calamine does not apply."""

_TABLE_SHEETS: Final = (SheetTypeEnum.WorkSheet, SheetTypeEnum.MacroSheet)
_ERRORS: Final = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}
_PARSER_ERRORS: Final = (*OLE_ERRORS, python_calamine.CalamineError)

# The names of the stream: since Excel 97, and before.
_STREAMS: Final = ("Workbook", "Book")
_EXCEL_95: Final = 0x0500
# The types of records in .xls.
_FORMULA: Final = 0x06
_EOF: Final = 0x0A
_EXTERN_SHEET: Final = 0x17
_NAME: Final = 0x18
_FILE_PASSWORD: Final = 0x2F
_SHEET: Final = 0x85
_MANY_RK: Final = 0xBD
_XF: Final = 0xE0
_DIMENSIONS: Final = 0x200
_NUMBER: Final = 0x203
_BOOL_OR_ERROR: Final = 0x205
_RK: Final = 0x27E
_FORMAT: Final = 0x41E
_BOF: Final = 0x809
_IGNORED: Final = 0xFFFF  # a type that no record has
_CHANGED: Final = frozenset((_FORMULA, _MANY_RK, _DIMENSIONS, _NUMBER, _BOOL_OR_ERROR, _RK))
# The kinds of a formula's result if it is not a number.
_TEXT_RESULT: Final = 0
_BOOL_RESULT: Final = 1
_ERROR_RESULT: Final = 2

_WORKBOOK_PART: Final = "xl/workbook.bin"
_STYLES_PART: Final = "xl/styles.bin"
_SHEET_PART: Final = re.compile(r"xl/worksheets/(?!binaryIndex)[^/]+\.bin")
# Copied unchanged; python-calamine needs no further parts.
_OTHER_PARTS: Final = ("xl/_rels/workbook.bin.rels", "xl/sharedStrings.bin")
# The types of records in .xlsb.
_CELL_RK: Final = 2
_CELL_ERROR: Final = 3
_CELL_REAL: Final = 5
_CELL_TEXT: Final = 6
_FORMULA_NUMBER: Final = 9
_FORMULA_ERROR: Final = 11
_CELLS: Final = range(1, 12)
# Short cells follow the cell at their left, so they do not state their column. Otherwise they are
# like the cells whose type is lower by 11.
_SHORT_CELLS: Final = range(12, 19)
_CELL_HEAD_SIZE: Final = 8  # the column and the style
_DEFINED_NAME: Final = 39
_CELL_FORMAT: Final = 44
_STYLE: Final = 47
_EXTERN_SHEETS: Final = 362
_FIRST_STYLE: Final = 617
_LAST_STYLE: Final = 618


def has_workbook(data: bytes) -> bool:
    """Return True if a compound file is a workbook, and not another document that embeds one."""
    with suppress(*OLE_ERRORS), olefile.OleFileIO(io.BytesIO(data)) as file:
        return any(map(file.exists, _STREAMS))
    return False


def read_xls(name: str, data: bytes) -> str:
    """Return the sheets of a compound file as tables, each under its name; "" if all are empty."""
    copy = io.BytesIO(data)
    try:
        with olefile.OleFileIO(copy) as file:
            stream_name = next(filter(file.exists, _STREAMS))
            stream = bytearray(file.openstream(stream_name).read())
            texts = list(_change_records(name, stream))
            file.write_stream(stream_name, bytes(stream))
        return _tables(copy, texts)
    except _PARSER_ERRORS as error:
        raise refusals.unparsable_error(name, error) from error


def read_xlsb(name: str, data: bytes, limits: Limits) -> str:
    """Return the sheets of a package as tables, each under its name; "" if all are empty."""
    package = Package(name, data, limits)
    copy = io.BytesIO()
    try:
        styles = _package_styles(package.bytes(_STYLES_PART) if _STYLES_PART in package else b"")
        with zipfile.ZipFile(copy, "w") as archive:
            for part in package.names:
                if part in (_STYLES_PART, *_OTHER_PARTS):
                    archive.writestr(part, package.bytes(part))
                elif part == _WORKBOOK_PART:
                    archive.writestr(part, _without_names(package.bytes(part)))
                elif _SHEET_PART.fullmatch(part):
                    archive.writestr(part, _with_displayed_texts(package.bytes(part), styles))
        return _tables(copy)
    except _PARSER_ERRORS as error:
        raise refusals.unparsable_error(name, error) from error


def _tables(file: io.BytesIO, texts: Sequence[CellTexts] = ()) -> str:
    """Return the sheets of a workbook; `texts` replace the values of cells, by sheet."""
    file.seek(0)
    with python_calamine.load_workbook(file) as workbook:
        return sheet_table.join_sheets(_sheets(workbook, texts))


def _sheets(
    workbook: python_calamine.CalamineWorkbook, texts: Sequence[CellTexts]
) -> Iterator[tuple[str, bool, str]]:
    """Yield the name of each sheet, True if it is hidden, and its table; "" for charts."""
    for number, sheet in enumerate(workbook.sheets_metadata):
        table = ""
        if sheet.typ in _TABLE_SHEETS:
            values = workbook.get_sheet_by_index(number)
            table = sheet_table.table(values, texts=texts[number] if texts else None)
        yield sheet.name, sheet.visible != SheetVisibleEnum.Visible, table


def _rk_number(code: int) -> float:
    """Return the number that 30 bits and two flags encode (RkNumber); `code` is signed."""
    if code & 2:
        number = float(code >> 2)
    else:
        (number,) = struct.unpack("<d", struct.pack("<4xl", code & ~3))
    return number / 100 if code & 1 else number


# ---------------------------------------------------------------- .xls


def _change_records(name: str, stream: bytearray) -> Iterator[CellTexts]:
    """Change a workbook's records in place; yield the texts to show instead of cells, by sheet.

    Raises:
        DocumentEncryptedError: it has a password.
    """
    codes: list[tuple[int, str]] = []
    style_formats: list[int] = []
    positions: list[int] = []  # of the sheets in the stream
    is_excel_95 = False
    for kind, offset, size in _records(stream, 0):
        if kind == _FILE_PASSWORD:
            raise refusals.encrypted_error(name)
        if kind == _BOF:
            is_excel_95 = _unsigned(stream, offset) == _EXCEL_95
        elif kind == _FORMAT:
            code = _format_95(stream, offset) if is_excel_95 else _format_97(stream, offset, size)
            codes.append((_unsigned(stream, offset), code))
        elif kind == _XF:
            style_formats.append(_unsigned(stream, offset + 2))
        elif kind == _SHEET:
            positions.append(_unsigned(stream, offset) | _unsigned(stream, offset + 2) << 16)
        elif kind in (_NAME, _EXTERN_SHEET):
            _set_kind(stream, offset, _IGNORED)
    styles = _styles(codes, style_formats)
    for position in positions:
        yield _change_sheet(stream, position, styles)


def _records(stream: bytearray, offset: int) -> Iterator[tuple[int, int, int]]:
    """Yield the type, start and size of the content of each record in the substream at `offset`.

    The records of charts are left out: substreams within the sheet's.
    """
    depth = 0
    while offset + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, offset)
        offset += 4
        if kind == _BOF:
            depth += 1
        elif kind == _EOF:
            depth -= 1
            if depth <= 0:
                return
        if depth <= 1:
            yield kind, offset, size
        offset += size


def _format_97(stream: bytearray, offset: int, size: int) -> str:
    is_wide = stream[offset + 4] & 1
    return stream[offset + 5 : offset + size].decode(
        "utf-16-le" if is_wide else "latin-1", "replace"
    )


def _format_95(stream: bytearray, offset: int) -> str:
    """Return the code of a number format, and rewrite it as python-calamine expects it.

    It expects a length of two bytes, as in Excel 97, and would take a quoted text for a date.
    """
    length = stream[offset + 2]
    text = slice(offset + 3, offset + 3 + length)
    code = stream[text].decode("latin-1")
    if length:
        shortened = without_literals(code)[: length - 1].ljust(length - 1)
        stream[offset + 2 : text.stop] = struct.pack("<H", length - 1) + shortened.encode("latin-1")
    return code


def _change_sheet(stream: bytearray, position: int, styles: Styles) -> CellTexts:
    """Change the records of a sheet in place; return the texts to show instead of cells.

    Formulas become their results. A formula whose result is a text stays a formula, but without
    content, because the text is in the next record.
    """
    texts: CellTexts = {}
    for kind, offset, size in _records(stream, position):
        if kind not in _CHANGED:
            continue
        if kind == _DIMENSIONS:
            # python-calamine allocates what a damaged file states.
            _set_kind(stream, offset, _IGNORED)
            continue
        if kind == _FORMULA:
            kind = _change_formula(stream, offset)
        row, column = struct.unpack_from("<HH", stream, offset)
        numbers: Iterable[tuple[int, float]] = ()
        if kind == _NUMBER:
            numbers = [struct.unpack_from("<Hd", stream, offset + 4)]
        elif kind in (_RK, _MANY_RK):
            cells = stream[offset + 4 : offset + (size if kind == _RK else size - 2)]
            numbers = (
                (style, _rk_number(code)) for style, code in struct.iter_unpack("<Hl", cells)
            )
        elif kind == _BOOL_OR_ERROR and stream[offset + 7]:
            texts.setdefault(row, []).append((column, _ERRORS[stream[offset + 6]]))
        for cell_column, (style, number) in enumerate(numbers, column):
            text = styles[style].display(number) if style in styles else None
            if text is not None:
                texts.setdefault(row, []).append((cell_column, text))
                if kind == _NUMBER:
                    # python-calamine still reads the number, and fails at the longest durations.
                    struct.pack_into("<d", stream, offset + 6, 0)
    return texts


def _change_formula(stream: bytearray, offset: int) -> int:
    """Turn a formula into a record of its result; return the record's type."""
    kind = _NUMBER
    result = stream[offset + 6]
    if stream[offset + 12 : offset + 14] == b"\xff\xff":  # the result is not a number
        if result == _TEXT_RESULT:
            stream[offset + 20 : offset + 22] = bytes(2)  # the size of the formula
            kind = _FORMULA
        elif result in (_BOOL_RESULT, _ERROR_RESULT):
            stream[offset + 6 : offset + 8] = stream[offset + 8], result == _ERROR_RESULT
            kind = _BOOL_OR_ERROR
        else:
            kind = _IGNORED  # an empty text
    _set_kind(stream, offset, kind)
    return kind


def _set_kind(stream: bytearray, offset: int, kind: int) -> None:
    stream[offset - 4 : offset - 2] = kind.to_bytes(2, "little")


def _unsigned(stream: bytearray, offset: int) -> int:
    return int.from_bytes(stream[offset : offset + 2], "little")


def _styles(codes: Iterable[tuple[int, str]], style_formats: Iterable[int]) -> Styles:
    """Return the styles that python-calamine does not apply.

    Args:
        codes: the number formats by id.
        style_formats: the ids of the formats of all styles.
    """
    formats = displayed_formats(codes)
    return {style: formats[key] for style, key in enumerate(style_formats) if key in formats}


# ---------------------------------------------------------------- .xlsb


def _package_records(part: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yield the type of each record, its start, the start of its content, and its end.

    Type and size have 7 bits in each byte, and the eighth if another byte follows.
    """
    offset = 0
    while offset < len(part):
        start = offset
        kind = part[offset]
        offset += 1
        if kind > 127:
            kind = kind & 127 | (part[offset] & 127) << 7
            offset += 1
        size = 0
        for shift in (0, 7, 14, 21):
            size |= (part[offset] & 127) << shift
            offset += 1
            if part[offset - 1] < 128:
                break
        yield kind, start, offset, offset + size
        offset += size


def _package_styles(part: bytes) -> Styles:
    codes: list[tuple[int, str]] = []
    style_formats: list[int] = []
    is_cell_style = False
    for kind, _, offset, end in _package_records(part):
        if kind == _CELL_FORMAT:
            code = part[offset + 6 : end].decode("utf-16-le", "replace")
            codes.append((*struct.unpack_from("<H", part, offset), code))
        elif kind in (_FIRST_STYLE, _LAST_STYLE):
            is_cell_style = kind == _FIRST_STYLE
        elif kind == _STYLE and is_cell_style:
            style_formats += struct.unpack_from("<H", part, offset + 2)
    return _styles(codes, style_formats)


def _without_names(part: bytes) -> bytes:
    """Return the main part without defined names: python-calamine fails at unknown formulas."""
    return b"".join(
        part[start:end]
        for kind, start, _, end in _package_records(part)
        if kind not in (_DEFINED_NAME, _EXTERN_SHEETS)
    )


def _with_displayed_texts(part: bytes, styles: Styles) -> bytes:
    """Return a sheet without short cells, with errors and styled numbers as texts."""
    copied = bytearray()
    column = 0
    for kind, start, offset, end in _package_records(part):
        if kind in _SHORT_CELLS:
            column += 1
            cell = struct.pack("<L", column) + part[offset:end]
            copied += _displayed_cell(kind - len(_CELLS), cell, styles)
        elif kind in _CELLS:
            (column,) = struct.unpack_from("<L", part, offset)
            copied += _displayed_cell(kind, part[offset:end], styles)
        else:
            copied += part[start:end]
    return bytes(copied)


def _displayed_cell(kind: int, cell: bytes, styles: Styles) -> bytes:
    """Return the record of a cell: an error or a styled number as a text, others unchanged.

    Args:
        kind: the type of the cell, which is not short.
        cell: its content.
    """
    head = cell[:_CELL_HEAD_SIZE]
    content = cell[_CELL_HEAD_SIZE:]
    text = None
    if kind == _CELL_RK:  # python-calamine does not apply the formats of dates to these.
        kind = _CELL_REAL
        (code,) = struct.unpack("<l", content)
        content = struct.pack("<d", _rk_number(code))
    if kind in (_CELL_ERROR, _FORMULA_ERROR):
        text = _ERRORS[content[0]]
    elif kind in (_CELL_REAL, _FORMULA_NUMBER):
        style = int.from_bytes(head[4:7], "little")
        if style in styles:
            (number,) = struct.unpack_from("<d", content)
            text = styles[style].display(number)
    if text is not None:
        encoded = text.encode("utf-16-le")
        kind = _CELL_TEXT
        content = struct.pack("<L", len(encoded) // 2) + encoded
    return _record(kind, head + content)


def _record(kind: int, content: bytes) -> bytes:
    """Return the record of a cell."""
    header = bytearray((kind,))
    size = len(content)
    while size > 127:
        header.append(size & 127 | 128)
        size >>= 7
    return bytes((*header, size)) + content
