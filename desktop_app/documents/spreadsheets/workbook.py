"""Reads Excel's workbooks (.xlsx) as ISO/IEC 29500-1 describes them, one table for each sheet.

The work depends on the filled cells: a sheet may use its first and its last row only.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from functools import reduce
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from desktop_app.documents import refusals
from desktop_app.documents.office import drawing
from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.office.package import Package, local_name, whole_number
from desktop_app.documents.reader_result import LeftOut
from desktop_app.documents.spreadsheets import sheet_table
from desktop_app.documents.spreadsheets.sheet_table import Formatter, Sheet
from desktop_app.documents.worker.protocol import YES_NO, Limits
from desktop_app.domain.documents.document_notes import SkipReason
from desktop_app.domain.errors import DocumentDamagedError

_RELATION_ID: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_WORKBOOK: Final = "xl/workbook.xml"
_PERSONS: Final = "xl/persons/person.xml"
_REPEATED_AUTHOR: Final = "tc="
"""Begins the author of a note that repeats a conversation for old programs."""
_REFERENCE: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})\b")
_TRUE: Final = ("1", "true")


def read(name: str, data: bytes, limits: Limits, left_out: LeftOut) -> str:
    """Return the sheets of a workbook as tables, each under its name; "" if all are empty."""
    workbook = _Workbook(Package(name, data, limits))
    return sheet_table.join_sheets(name, workbook.sheets(left_out), left_out)


def plain_sheets(
    name: str, data: bytes, limits: Limits, left_out: LeftOut, most: int
) -> Iterator[Sheet]:
    """Yield the sheets with the numbers of their cells, and without Markdown.

    After `most` filled rows that are shown, no more of a sheet are read.
    """
    yield from _Workbook(Package(name, data, limits), most).sheets(left_out)


class _Workbook:
    """A workbook's shared strings and formats, and its sheets."""

    def __init__(self, package: Package, most_rows: int | None = None) -> None:
        self._package = package
        self._most_rows = most_rows
        self._main = package.main_part(_WORKBOOK)
        self._tree = package.xml_if_present(self._main)
        properties = self._tree.find(f"{_MAIN}workbookPr")
        self._since_1904 = properties is not None and properties.get("date1904") in _TRUE
        parts = {kind: part for kind, part in package.related(self._main) if part in package}
        strings = parts.get("sharedStrings", "xl/sharedStrings.xml")
        text_of = _rich_text if most_rows is None else _plain_text
        self._strings = [text_of(item) for item in package.xml_if_present(strings)]
        styles = self._package.xml_if_readable(parts.get("styles", "xl/styles.xml"))
        self._codes: list[str] = []
        self._formatters = self._cell_formats(styles)
        fonts = [drawing.font_marks(font) for font in styles.iterfind(f"{_MAIN}fonts/*")]
        numbers = [whole_number(row.get("fontId")) for row in styles.iterfind(f"{_MAIN}cellXfs/*")]
        self._marks = {
            number: fonts[font]
            for number, font in enumerate(numbers)
            if most_rows is None and 0 <= font < len(fonts) and fonts[font] != md.PLAIN
        }

    def _cell_formats(self, tree: Element) -> list[Formatter]:
        codes = dict(sheet_table.BUILT_IN)
        for row in tree.iter(f"{_MAIN}numFmt"):
            codes[whole_number(row.get("numFmtId"), -1)] = row.get("formatCode", "")
        ids = [whole_number(row.get("numFmtId")) for row in tree.iterfind(f"{_MAIN}cellXfs/*")]
        made = {
            key: sheet_table.formatter(codes.get(key, ""), since_1904=self._since_1904)
            for key in set(ids)
        }
        self._codes = [codes.get(key, "General") for key in ids]
        return [made[key] for key in ids]

    def sheets(self, left_out: LeftOut) -> Iterator[Sheet]:
        """Yield the sheets with their drawings, and the comments on cells that are shown."""
        targets = self._package.relationships(self._main)
        elements = list(self._tree.iter(f"{_MAIN}sheet"))
        errors = []
        for element in elements:
            key = element.get(_RELATION_ID, "")
            part = targets.get(key, "")
            is_hidden = element.get("state", "visible") != "visible"
            sheet = Sheet(element.get("name", "").strip(), is_hidden)
            sheet.numbers = None if self._most_rows is None else {}
            if part in self._package:
                try:
                    self._read_cells(sheet, part)
                except DocumentDamagedError as error:  # the rows above remain
                    errors.append(error)
                    left_out.unread.append((sheet.name, SkipReason.DAMAGED))
                if sheet.lost_cell and not self._strings:
                    raise refusals.damaged_error(self._package.name, "no shared strings")
                comments = [
                    text
                    for place, text in _comments(self._package, part, left_out)
                    if text and (left_out.takes_hidden or not sheet.hides(place))
                ]
                sheet.addition = "\n\n".join(
                    [*drawing.related_blocks(self._package, part, left_out), *comments]
                )
            elif key:  # a module of macros has none
                left_out.unread.append((sheet.name, SkipReason.MISSING))
            yield sheet
        if errors and len(errors) == len(elements):
            raise errors[0]

    def _read_cells(self, sheet: Sheet, part: str) -> None:
        source = io.BytesIO(self._package.xml_bytes(part))
        links = self._package.relationships(part)
        data: Element | None = None
        number = -1
        try:
            for event, element in ElementTree.iterparse(source, ("start", "end")):
                if event == "start":
                    data = element if element.tag == f"{_MAIN}sheetData" else data
                elif element.tag == f"{_MAIN}row":
                    number = whole_number(element.get("r"), number + 2) - 1
                    if element.get("hidden") in _TRUE:
                        sheet.hidden_rows.add(number)
                    self._read_row(sheet, number, element)
                    if data is not None:
                        data.clear()  # else a million rows stay in memory
                    if len(sheet.rows) - len(sheet.hidden_rows) == self._most_rows:
                        break
                elif element.tag == f"{_MAIN}col" and element.get("hidden") in _TRUE:
                    first, last = (whole_number(element.get(each), 1) for each in ("min", "max"))
                    sheet.hide_columns(first - 1, last - 1)
                elif element.tag == f"{_MAIN}hyperlink" and self._most_rows is None:
                    place = _place(element.get("ref", ""))
                    address = links.get(element.get(_RELATION_ID, "")) or ""
                    text = sheet.rows.get(place[0], {}).get(place[1]) if place else None
                    if place and text and ":" in address:  # it leads outside the workbook
                        sheet.add(*place, md.link(text, address.replace("|", "%7C")))
        except (ElementTree.ParseError, ValueError) as error:
            raise refusals.damaged_error(self._package.name, f"{part}: {error}"[:300]) from error

    def _read_row(self, sheet: Sheet, number: int, row: Element) -> None:
        column = -1
        for cell in row:
            row_number, column = _place(cell.get("r", "")) or (number, column + 1)
            shared = cell.findtext(f"{_MAIN}v") if cell.get("t") == "s" else None
            if shared:
                sheet.add_shared(
                    row_number, column, self._strings, whole_number(shared.strip(), -1)
                )
            else:
                sheet.add(row_number, column, self._text(cell))
                if sheet.numbers is not None and (found := self._number(cell)) is not None:
                    sheet.numbers[row_number, column] = found
            if self._marks:
                marks = self._marks.get(whole_number(cell.get("s")), md.PLAIN)
                sheet.mark(row_number, column, marks)
            if self._formatter(cell) is sheet_table.hidden:
                sheet.hidden_cells.add((row_number, column))

    def _text(self, cell: Element) -> str:
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            text_of = _rich_text if self._most_rows is None else _plain_text
            return "".join(map(text_of, cell.iterfind(f"{_MAIN}is")))
        value = cell.findtext(f"{_MAIN}v")
        if not value:
            # No program has calculated the formula, unless its result is an empty text.
            formula = cell.findtext(f"{_MAIN}f")
            return f"={formula}" if formula and not (kind == "str" and value == "") else ""
        if kind == "b":
            return "TRUE" if value in _TRUE else "FALSE"
        if kind != "n":
            return value
        try:
            number = float(value)
        except ValueError:
            return value
        return self._formatter(cell)(number)

    def _number(self, cell: Element) -> tuple[float, str] | None:
        """Return the number of a cell and its format; None for a text."""
        kind, value = cell.get("t", "n"), cell.findtext(f"{_MAIN}v")
        if not value or kind not in ("n", "b"):
            return None
        if kind == "b":
            return float(value in _TRUE), YES_NO
        style = whole_number(cell.get("s"))
        try:
            return float(value), self._codes[style] if style < len(self._codes) else "General"
        except ValueError:
            return None

    def _formatter(self, cell: Element) -> Formatter:
        style = whole_number(cell.get("s"))
        is_styled = 0 <= style < len(self._formatters)
        return self._formatters[style] if is_styled else sheet_table.plain


def _plain_text(item: Element) -> str:
    """Return the text of a string, without its fonts and how it is pronounced."""
    parts = (
        part.findtext(f"{_MAIN}t") if part.tag == f"{_MAIN}r" else part.text
        for part in item
        if part.tag in (f"{_MAIN}t", f"{_MAIN}r")
    )
    return "".join(filter(None, parts))


def _rich_text(item: Element) -> str:
    """Return the text of a string, without how it is pronounced."""
    if len(item) == 1 and item[0].tag == f"{_MAIN}t":
        return item[0].text or ""
    return md.joined(
        (part.text or "", md.PLAIN)
        if part.tag == f"{_MAIN}t"
        else (part.findtext(f"{_MAIN}t") or "", drawing.run_marks(part))
        for part in item
        if part.tag in (f"{_MAIN}t", f"{_MAIN}r")
    )


def _place(reference: str) -> tuple[int, int] | None:
    """Return the row and the column of a reference such as "B7", from 0; None if it is none."""
    match = _REFERENCE.match(reference)
    if match is None:
        return None
    column = reduce(lambda number, letter: 26 * number + ord(letter) - 64, match[1], 0)
    return int(match[2]) - 1, column - 1


def _comments(
    package: Package, part: str, left_out: LeftOut
) -> Iterator[tuple[tuple[int, int] | None, str]]:
    """Yield the comments on a sheet with their cells, each after the name of its cell.

    Older comments, now called notes, are in one part, conversations in another (MS-XLSX, 2.6.205).
    """
    for target in dict.fromkeys(package.relationships(part).values()):
        if "comment" not in target.lower():  # saves parsing drawings and tables
            continue
        tree = package.text_of(target, left_out)
        if local_name(tree) == "comments":
            authors = [author.text or "" for author in tree.iterfind("{*}authors/{*}author")]
            for note in tree.iterfind("{*}commentList/{*}comment"):
                number = whole_number(note.get("authorId"), -1)
                author = authors[number] if 0 <= number < len(authors) else ""
                if not author.startswith(_REPEATED_AUTHOR):
                    text = "".join(run.text or "" for run in note.iterfind("{*}text//{*}t"))
                    # Excel begins a new note with the author's name.
                    yield _comment(note, text.removeprefix(f"{author}:"), author)
        elif local_name(tree) == "ThreadedComments":
            persons = package.xml_if_readable(_PERSONS)
            names = {person.get("id", ""): person.get("displayName", "") for person in persons}
            for comment in tree:
                author = names.get(comment.get("personId", ""), "")
                yield _comment(comment, comment.findtext("{*}text") or "", author)


def _comment(element: Element, text: str, author: str) -> tuple[tuple[int, int] | None, str]:
    words = md.comment(text, author)
    reference = element.get("ref", "")
    return _place(reference), f"{reference}: {words}" if words else ""
