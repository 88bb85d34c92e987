"""Reads binary workbooks: .xls with xlrd, .xlsb by its records ([MS-XLSB])."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Final, TypeVar

import olefile
import xlrd
from xlrd.compdoc import CompDocError
from xlrd.formula import FormulaError

from desktop_app.documents import refusals
from desktop_app.documents.media_type import OLE_ERRORS
from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.office.markdown_text import Marks
from desktop_app.documents.office.package import Package
from desktop_app.documents.reader_result import LeftOut
from desktop_app.documents.spreadsheets import sheet_table
from desktop_app.documents.spreadsheets.sheet_table import ERRORS, Formatter, Sheet
from desktop_app.documents.worker.protocol import YES_NO, Limits
from desktop_app.domain.documents.document_notes import SkipReason

T = TypeVar("T")
_STREAMS: Final = ("Workbook", "Book")  # since Excel 97, and before
_PARSER_ERRORS: Final = (
    *OLE_ERRORS,
    ArithmeticError,
    AssertionError,
    AttributeError,
    RecursionError,
    CompDocError,
    FormulaError,
    xlrd.XLRDError,
)
# Records of .xls ([MS-XLS] 2.3): a defined name and a note, at which xlrd may end, although no cell
# needs them; one that xlrd ignores; and the ends of a part.
_UNNEEDED: Final = (0x0018, 0x001C)
_IGNORED: Final = 0x00E1
_BEGIN: Final = 0x0809
_END: Final = 0x000A

# The types of records in .xlsb.
_ROW: Final = 0
_CELLS: Final = range(1, 12)
# Short cells follow the cell at their left, so they do not state their column. Otherwise they are
# like the cells whose type is lower by 11.
_SHORT_CELLS: Final = range(12, 19)
_SHARED_STRING_CELL: Final = 7
_SHARED_STRING: Final = 19
_FONT: Final = 43
_STRUCK: Final = 8  # a flag of a font (2.4.149)
_CELL_FORMAT: Final = 44
_STYLE: Final = 47
_COLUMNS: Final = 60
_RICH_TEXT_CELL: Final = 62
_PROPERTIES: Final = 153
_SHEET: Final = 156
# Bytes with flags: of a row (2.4.741), and of columns (2.4.323), hidden if the lowest bit is set.
_ROW_FLAGS: Final = 11
_HAS_NO_HEIGHT: Final = 0x10
_COLUMN_FLAGS: Final = 16
_FIRST_STYLE: Final = 617
_LAST_STYLE: Final = 618


def has_workbook(data: bytes) -> bool:
    """Return True if a compound file is a workbook, and not another document that embeds one."""
    with suppress(*OLE_ERRORS), olefile.OleFileIO(io.BytesIO(data)) as file:
        return any(map(file.exists, _STREAMS))
    return False


def read_xls(name: str, data: bytes, left_out: LeftOut) -> str:
    """Return the sheets of a compound file as tables, each under its name; "" if all are empty."""
    return with_xls_sheets(
        name, data, left_out, lambda sheets: sheet_table.join_sheets(name, sheets, left_out)
    )


def with_xls_sheets(
    name: str,
    data: bytes,
    left_out: LeftOut,
    use: Callable[[Iterator[Sheet]], T],
    *,
    is_plain: bool = False,
) -> T:
    """Return what `use` makes of the sheets of a compound file.

    Args:
        is_plain: True for sheets with the numbers of their cells, and without Markdown.
    """
    try:
        with xlrd.open_workbook(
            file_contents=_without_unneeded(_stream(data)),
            logfile=io.StringIO(),
            formatting_info=True,
            ragged_rows=True,
            on_demand=True,
            ignore_workbook_corruption=True,
        ) as book:
            return use(_xls_sheets(book, left_out, is_plain=is_plain))
    except _PARSER_ERRORS as error:
        if "encrypted" in str(error):
            raise refusals.encrypted_error(name) from error
        raise refusals.unparsable_error(name, error) from error


def _stream(data: bytes) -> bytes:
    """Return the stream of a compound file that has the workbook.

    xlrd's own reader refuses more files than olefile: a stream longer than stated, for example.
    """
    with olefile.OleFileIO(io.BytesIO(data)) as file:
        stream = next(filter(file.exists, _STREAMS))
        return bytes(file.openstream(stream).read())


def _without_unneeded(stream: bytes) -> bytes:
    """Return a workbook without its defined names and notes."""
    copy = bytearray(stream)
    position = depth = 0
    while position + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, position)
        depth += (kind == _BEGIN) - (kind == _END)
        if depth == 0 and kind != _END:
            break  # what follows the last part is no record
        if kind in _UNNEEDED:
            struct.pack_into("<H", copy, position, _IGNORED)
        position += 4 + size
    return bytes(copy)


def _xls_sheets(book: xlrd.Book, left_out: LeftOut, *, is_plain: bool) -> Iterator[Sheet]:
    """Yield the sheets that can be read; the others are named in `left_out`."""
    errors = []
    for number, name in enumerate(book.sheet_names()):
        try:
            yield _xls_sheet(book.sheet_by_index(number), is_plain=is_plain)
        except _PARSER_ERRORS as error:
            errors.append(error)
            left_out.unread.append((name, SkipReason.DAMAGED))
    if errors and len(errors) == book.nsheets:
        raise errors[0]


def _xls_sheet(found: xlrd.sheet.Sheet, *, is_plain: bool) -> Sheet:
    book = found.book
    sheet = Sheet(found.name, found.visibility != 0, numbers={} if is_plain else None)
    sheet.hidden_rows = {row for row, info in found.rowinfo_map.items() if info.hidden}
    for column, info in found.colinfo_map.items():
        if info.hidden:
            sheet.hide_columns(column, column)
    formatters: dict[int, Formatter] = {}
    codes: dict[int, str] = {}
    marks = {
        font.font_index: Marks(font.escapement == 1, font.escapement == 2, bool(font.struck_out))
        for font in book.font_list
        if not is_plain and (font.escapement or font.struck_out)
    }
    for row in range(found.nrows):
        for column, cell in enumerate(found.row(row)):
            if cell.ctype in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
                style = cell.xf_index
                if style not in formatters:
                    code = book.format_map[book.xf_list[style].format_key].format_str
                    since_1904 = book.datemode == 1
                    codes[style] = code or "General"
                    formatters[style] = sheet_table.formatter(code or "", since_1904=since_1904)
                text = formatters[style](cell.value)
                sheet.add_number(row, column, text, cell.value, codes[style])
                if formatters[style] is sheet_table.hidden:
                    sheet.hidden_cells.add((row, column))
            elif cell.ctype == xlrd.XL_CELL_TEXT and not marks:
                sheet.add(row, column, cell.value)
            elif cell.ctype == xlrd.XL_CELL_TEXT:
                runs = found.rich_text_runlist_map.get((row, column), ())
                font = book.xf_list[cell.xf_index].font_index
                sheet.add(row, column, md.joined(_xls_runs(cell.value, font, runs, marks)))
            elif cell.ctype == xlrd.XL_CELL_BOOLEAN:
                text = "TRUE" if cell.value else "FALSE"
                sheet.add_number(row, column, text, cell.value, YES_NO)
            elif cell.ctype == xlrd.XL_CELL_ERROR:
                sheet.add(row, column, ERRORS.get(cell.value, "#ERROR"))
            if marks and cell.ctype != xlrd.XL_CELL_TEXT:
                font = book.xf_list[cell.xf_index].font_index
                sheet.mark(row, column, marks.get(font, md.PLAIN))
    return sheet


def _xls_runs(
    text: str, first_font: int, starts: Sequence[tuple[int, int]], marks: Mapping[int, Marks]
) -> Iterator[tuple[str, Marks]]:
    """Yield the runs of a cell's text; each of `starts` is an index and a font."""
    places = [(0, first_font), *starts, (len(text), first_font)]
    for (start, font), (end, _) in pairwise(places):
        yield text[start:end], marks.get(font, md.PLAIN)


def read_xlsb(name: str, data: bytes, limits: Limits, left_out: LeftOut) -> str:
    """Return the sheets of a package as tables, each under its name; "" if all are empty."""
    package = Package(name, data, limits)
    try:
        return sheet_table.join_sheets(name, _xlsb_sheets(package, left_out), left_out)
    except (struct.error, LookupError, ValueError) as error:
        raise refusals.unparsable_error(name, error) from error


def _xlsb_sheets(package: Package, left_out: LeftOut) -> Iterator[Sheet]:
    main = "xl/workbook.bin"
    targets = package.relationships(main)
    records = list(_records(package.content(main)))
    since_1904 = any(kind == _PROPERTIES and content[0] & 1 for kind, content in records)
    styles = list(_records(_bytes_if_present(package, "xl/styles.bin")))
    formatters = list(_xlsb_formatters(styles, since_1904=since_1904))
    fonts = [_xlsb_marks(content) for kind, content in styles if kind == _FONT]
    marks = _xlsb_cell_marks(styles, fonts)
    strings = [
        md.joined(_xlsb_runs(content, fonts))
        for kind, content in _records(_bytes_if_present(package, "xl/sharedStrings.bin"))
        if kind == _SHARED_STRING
    ]
    for kind, content in records:
        if kind == _SHEET:
            key, end = _string(content, 8)
            sheet = Sheet(_string(content, end)[0], content[0] != 0)
            part = targets.get(key, "")
            if part in package:
                _read_xlsb_cells(sheet, package.content(part), strings, formatters, marks)
            else:
                left_out.unread.append((sheet.name, SkipReason.MISSING))
            if sheet.lost_cell and not strings:
                raise refusals.damaged_error(package.name, "no shared strings")
            yield sheet


def _bytes_if_present(package: Package, part: str) -> bytes:
    return package.content(part) if part in package else b""


def _records(part: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the type and the content of each record.

    Type and size have 7 bits in each byte, and the eighth if another byte follows.
    """
    offset = 0
    while offset < len(part):
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
        yield kind, part[offset : offset + size]
        offset += size


def _string(content: bytes, offset: int) -> tuple[str, int]:
    """Return the string at an offset, and the offset behind it."""
    (length,) = struct.unpack_from("<L", content, offset)
    length = 0 if length == 0xFFFFFFFF else length  # no string
    end = offset + 4 + 2 * length
    return content[offset + 4 : end].decode("utf-16-le", "replace"), end


def _xlsb_marks(font: bytes) -> Marks:
    flags, _, place = struct.unpack_from("<HHH", font, 2)
    return Marks(place == 1, place == 2, bool(flags & _STRUCK))


def _xlsb_runs(content: bytes, fonts: Sequence[Marks]) -> Iterator[tuple[str, Marks]]:
    """Yield the runs of a string, whose fonts change at some of its characters."""
    text, end = _string(content, 1)
    places = [(0, 0)]
    if content[0] & 1:  # a rich text
        (count,) = struct.unpack_from("<L", content, end)
        runs = content[end + 4 : end + 4 + 4 * count]
        places += struct.iter_unpack("<HH", runs[: len(runs) // 4 * 4])
    for (start, font), (stop, _) in pairwise([*places, (len(text), 0)]):
        yield text[start:stop], fonts[font] if 0 < font < len(fonts) else md.PLAIN


def _xlsb_cell_marks(
    styles: Sequence[tuple[int, bytes]], fonts: Sequence[Marks]
) -> Mapping[int, Marks]:
    """Return the marks of the cells' styles by number, if they have any."""
    kinds = [kind for kind, _ in styles]
    if _FIRST_STYLE not in kinds:
        return {}
    cells = (content for kind, content in styles[kinds.index(_FIRST_STYLE) :] if kind == _STYLE)
    numbers = (struct.unpack_from("<H", content, 4)[0] for content in cells)
    marks = (fonts[number] if number < len(fonts) else md.PLAIN for number in numbers)
    return {number: each for number, each in enumerate(marks) if each != md.PLAIN}


def _xlsb_formatters(
    styles: Sequence[tuple[int, bytes]], *, since_1904: bool
) -> Iterator[Formatter]:
    codes = dict(sheet_table.BUILT_IN)
    is_cell_style = False
    for kind, content in styles:
        if kind == _CELL_FORMAT:
            codes[struct.unpack_from("<H", content)[0]] = _string(content, 2)[0]
        elif kind in (_FIRST_STYLE, _LAST_STYLE):
            is_cell_style = kind == _FIRST_STYLE
        elif kind == _STYLE and is_cell_style:
            code = codes.get(struct.unpack_from("<H", content, 2)[0], "")
            yield sheet_table.formatter(code, since_1904=since_1904)


def _read_xlsb_cells(
    sheet: Sheet,
    part: bytes,
    strings: list[str],
    formatters: list[Formatter],
    marks: Mapping[int, Marks],
) -> None:
    row = column = 0
    for kind, content in _records(part):
        if kind == _ROW:
            (row,) = struct.unpack_from("<L", content)
            if content[_ROW_FLAGS] & _HAS_NO_HEIGHT:
                sheet.hidden_rows.add(row)
        elif kind == _COLUMNS:
            first, last = struct.unpack_from("<LL", content)
            if content[_COLUMN_FLAGS] & 1:
                sheet.hide_columns(first, last)
        elif kind in _SHORT_CELLS:
            column += 1
            style = int.from_bytes(content[:3], "little")
            formatter = _formatter(style, formatters)
            _add_cell(sheet, row, column, kind - len(_CELLS), formatter, content[4:], strings)
            sheet.mark(row, column, marks.get(style, md.PLAIN))
        elif kind in _CELLS or kind == _RICH_TEXT_CELL:
            (column,) = struct.unpack_from("<L", content)
            style = int.from_bytes(content[4:7], "little")
            formatter = _formatter(style, formatters)
            _add_cell(sheet, row, column, kind, formatter, content[8:], strings)
            sheet.mark(row, column, marks.get(style, md.PLAIN))
            if formatter is sheet_table.hidden:
                sheet.hidden_cells.add((row, column))


def _add_cell(
    sheet: Sheet,
    row: int,
    column: int,
    kind: int,
    formatter: Formatter,
    content: bytes,
    strings: list[str],
) -> None:
    if kind == _SHARED_STRING_CELL:
        sheet.add_shared(row, column, strings, int.from_bytes(content[:4], "little"))
    else:
        sheet.add(row, column, _text(kind, formatter, content))


def _formatter(style: int, formatters: list[Formatter]) -> Formatter:
    return formatters[style] if style < len(formatters) else sheet_table.plain


def _text(kind: int, formatter: Formatter, content: bytes) -> str:
    """Return the text of a cell whose record has the type `kind`."""
    match kind:
        case 3 | 11:
            return ERRORS.get(content[0], "#ERROR")
        case 4 | 10:
            return "TRUE" if content[0] else "FALSE"
        case 6 | 8:
            return _string(content, 0)[0]
        case 62:
            return _string(content, 1)[0]
        case 2 | 5 | 9:
            (number,) = struct.unpack_from("<l" if kind == 2 else "<d", content)
            if kind == 2:  # 30 bits of a number, and two flags
                code, number = number, float(number >> 2)
                if not code & 2:
                    (number,) = struct.unpack("<d", struct.pack("<4xl", code & ~3))
                number = number / 100 if code & 1 else number
            return formatter(number)
    return ""
