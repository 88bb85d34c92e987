"""Converts workbooks (.xlsx) to Markdown tables, one per sheet, with python-calamine.

python-calamine does not tell how a number is formatted or which error a cell contains. It reads a
formula that no program has calculated as an empty cell. So these cells are first rewritten as
texts: percentages with their sign, postal codes and the like with their zeros, negative times with
their sign, errors as Excel shows them, formulas as they were typed.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from functools import partial, reduce
from typing import Final
from xml.sax.saxutils import escape

import python_calamine

from desktop_app.documents import refusals
from desktop_app.documents.office import drawing
from desktop_app.documents.office.package import Package, whole_number
from desktop_app.documents.spreadsheets import sheet_comments, sheet_table
from desktop_app.documents.spreadsheets.number_format import (
    DateFormat,
    DisplayedFormat,
    TimeFormat,
    displayed_formats,
)
from desktop_app.documents.spreadsheets.sheet_table import CellTexts
from desktop_app.documents.worker.protocol import Limits

_RELATION_ID: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_WORKBOOK: Final = "xl/workbook.xml"
_NAMESPACE: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
# Images and cached pivot tables can be larger than all cells, and contain none.
_WITHOUT_CELLS: Final = ("/media/", "/embeddings/", "/pivotCache/", "/printerSettings/")
# A sheet may be in either folder. The second also has parts without cells, in which the searches
# for cells find nothing.
_SHEET_PART: Final = re.compile(r"xl/(?:worksheets/)?[^/]+\.xml")
# What python-calamine allocates for each cell between the first and the last column and row.
_CELL_BYTES: Final = 32
_MAX_ROWS: Final = 1_048_576  # Excel's limit
_NARROW_COLUMNS: Final = 26  # A to Z

# Cells are changed by regular expressions, which leave all other bytes as they are. Group 1 of the
# next two is the prefix of the namespace: "x:" in <x:c r="A1">, and mostly "".
#
# <c r="A1" t="str"><f>SUM(B1:B9)</f><v/></c>: a formula without a value.
_UNCALCULATED_CELL: Final = re.compile(
    rb"""
    <((?:\w+:)?)c\b([^<>]*)>\s*
    <\1f\b[^<>]*>([^<>]+)</\1f>\s*
    (?:(<\1v\s*/>|<\1v>\s*</\1v>)\s*)?
    </\1c>
    """,
    re.X,
)
# <c r="A1" s="4"><v>0.978</v></c>: a number, perhaps after its formula, in one of the styles that
# replace the "%b". Any bounds above the 17 digits and the 3 of the exponent of a double would do.
_STYLED_NUMBER_CELL_TEMPLATE: Final = rb"""
    <((?:\w+:)?)c\b
    (?=[^<>]*\ss\s*=\s*["'](%b)["'])
    ([^<>]*)>\s*
    (?:(?:<\1f\b[^<>]*>[^<>]*</\1f>|<\1f\b[^<>]*/>)\s*)?
    <\1v>(-?[0-9]{1,20}(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,3})?)</\1v>\s*
    </\1c>
"""
_WIDE_REFERENCE: Final = re.compile(rb"""r=["'][A-Z]{2}""")
# <c r="A1"><v>, but neither <c r="A1"/> nor <c r="A1"></c>. Any bound above the length of a cell's
# other attributes would do.
_FILLED_CELL: Final = re.compile(
    rb"""
    <(?:\w+:)?c\b[^<>]{0,200}
    \sr=["']([A-Z]{1,3})([0-9]{1,7})["']
    [^<>]{0,200}(?<!/)>\s*
    <(?!/)
    """,
    re.X,
)
# <c r="A1" t="e">: an error, up to its type.
_ERROR_CELL: Final = re.compile(rb"""(<(?:\w+:)?c\b[^<>]*\st=["'])e(?=["'])""")
_CELL_TYPE: Final = re.compile(rb"""\st\s*=\s*["']([^"']*)["']""")
_LINK: Final = re.compile(rb"<(?:\w+:)?hyperlink\b([^<>]*)>")
_LINKED_CELL: Final = re.compile(rb"""\sref=["']([A-Z]{1,3})([0-9]{1,7})\b""")
_LINK_ID: Final = re.compile(rb"""\s\w+:id=["']([^"']*)["']""")


def read(name: str, data: bytes, limits: Limits) -> str:
    """Return the sheets of a workbook as tables, each under its name; "" if all are empty."""
    package = Package(name, data, limits)
    try:
        displayed = io.BytesIO(_with_displayed_texts(package, limits))
        with python_calamine.load_workbook(displayed) as workbook:
            return sheet_table.join_sheets(_sheets(package, workbook))
    except python_calamine.CalamineError as error:
        raise refusals.unparsable_error(name, error) from error


def _sheets(
    package: Package, workbook: python_calamine.CalamineWorkbook
) -> Iterator[tuple[str, bool, str]]:
    """Yield the name of each sheet, True if it is hidden, and its table, drawings and comments."""
    main = package.main_part(_WORKBOOK)
    targets = package.relationships(main)
    # The parser of XML turns a line end in a name into a space, python-calamine does not.
    calamine_names = {name.strip(): name for name in workbook.sheet_names}
    for element in package.xml_if_present(main).iter(f"{_NAMESPACE}sheet"):
        name = element.get("name", "").strip()
        is_hidden = element.get("state", "visible") != "visible"
        part = targets.get(element.get(_RELATION_ID, ""), "")
        table = ""
        if name in calamine_names:
            sheet = workbook.get_sheet_by_name(calamine_names[name])
            table = sheet_table.table(sheet, links=_links(package, part))
        drawings = "\n\n".join(drawing.related_blocks(package, part))
        comments = "\n\n".join(filter(None, sheet_comments.lines(package, part)))
        content = "\n\n".join(filter(None, (table, drawings, comments)))
        yield name, is_hidden, content


def _links(package: Package, part: str) -> CellTexts:
    """Return the addresses that the cells of a sheet link to.

    Only addresses with a scheme, such as "https:", lead anywhere outside the workbook's folder.
    """
    links_by_row: CellTexts = {}
    targets = package.relationships(part).items()
    address_by_id = {key: target for key, target in targets if ":" in target}
    if part not in package or not address_by_id:
        return links_by_row  # saves searching the sheet
    content = package.bytes(part)
    list_start = content.find(b"hyperlinks")  # the list follows all cells
    if list_start < 0:
        return links_by_row
    for link in _LINK.finditer(content, list_start):
        cell = _LINKED_CELL.search(link[1])
        key = _LINK_ID.search(link[1])
        if not cell or not key:
            continue
        address = address_by_id.get(key[1].decode(errors="replace"))
        if address:
            row = int(cell[2]) - 1
            column = _column_number(cell[1]) - 1
            links_by_row.setdefault(row, []).append((column, address.replace("|", "%7C")))
    return links_by_row


def _with_displayed_texts(package: Package, limits: Limits) -> bytes:
    """Return the workbook with styled numbers, errors and uncalculated formulas as texts.

    Parts are unpacked here, within the limits; the returned workbook is not compressed.

    Raises:
        DocumentTooLargeError: the cells of a sheet are too far apart.
    """
    copy = io.BytesIO()
    styles = _number_styles(package)
    # Most sheets with dates have no negative number, and need not be searched for their cells.
    positive_styles: dict[bytes, DisplayedFormat] = {
        style: number_format
        for style, number_format in styles.items()
        if not isinstance(number_format, DateFormat | TimeFormat)
    }
    with zipfile.ZipFile(copy, "w") as archive:
        for part in package.names:
            if any(folder in part for folder in _WITHOUT_CELLS):
                continue
            content = package.bytes(part)
            if _SHEET_PART.fullmatch(part):
                if _needs_more_memory(content, limits):
                    raise refusals.needs_memory_error(package.name, limits)
                # Byte searches are instant; the regular expressions take seconds for 100 MB.
                if b't="e"' in content or b"t='e'" in content:
                    content = _ERROR_CELL.sub(rb"\1str", content)
                if b"f>" in content:
                    content = _UNCALCULATED_CELL.sub(_with_formula, content)
                if used_styles := styles if b"v>-" in content else positive_styles:
                    template = _STYLED_NUMBER_CELL_TEMPLATE % b"|".join(used_styles)
                    show_number = partial(_with_styled_number, used_styles)
                    content = re.sub(template, show_number, content, flags=re.X)
            archive.writestr(part, content)
    return copy.getvalue()


def _with_formula(cell: re.Match[bytes]) -> bytes:
    prefix, attributes, formula, empty_value = cell.groups()
    kind = _CELL_TYPE.search(attributes)
    if empty_value and kind and kind[1] == b"str":
        return cell[0]  # It has been calculated, and its result is an empty text.
    return _text_cell(prefix, attributes, b"=" + formula)


def _needs_more_memory(sheet: bytes, limits: Limits) -> bool:
    """Return True if the range that a sheet's filled cells span does not fit into memory."""
    narrow_bytes = _NARROW_COLUMNS * _MAX_ROWS * _CELL_BYTES
    if narrow_bytes <= limits.memory_bytes and not _WIDE_REFERENCE.search(sheet):
        return False  # saves searching most sheets
    names: set[bytes] = set()
    rows: set[int] = set()
    for cell in _FILLED_CELL.finditer(sheet):
        names.add(cell[1])
        rows.add(int(cell[2]))
    if not rows:
        return False
    columns = [_column_number(name) for name in names]
    range_size = (max(columns) - min(columns) + 1) * (max(rows) - min(rows) + 1)
    return range_size * _CELL_BYTES > limits.memory_bytes


def _column_number(letters: bytes) -> int:
    """Return the number of a column: 1 for "A", 27 for "AA"."""
    return reduce(lambda column, letter: 26 * column + letter - 64, letters, 0)


def _number_styles(package: Package) -> dict[bytes, DisplayedFormat]:
    """Map cell styles to the formats that python-calamine does not apply.

    A style is the number of a row of `cellXfs`, as a cell states it. Other styles are left out.
    """
    tree = package.xml_if_readable("xl/styles.xml")
    formats = displayed_formats(
        (whole_number(row.get("numFmtId"), -1), row.get("formatCode", ""))
        for row in tree.iter(f"{_NAMESPACE}numFmt")
    )
    styles: dict[bytes, DisplayedFormat] = {}
    for number, row in enumerate(tree.iterfind(f"{_NAMESPACE}cellXfs/*")):
        format_id = whole_number(row.get("numFmtId"), -1)
        if format_id in formats:
            styles[str(number).encode()] = formats[format_id]
    return styles


def _with_styled_number(styles: dict[bytes, DisplayedFormat], cell: re.Match[bytes]) -> bytes:
    """Return the cell with a text such as "97.8%" for 0.978, or "02134" for 2134.

    A cell without a number stays unchanged, as does a fraction or huge number in a padded format.
    """
    prefix, style, attributes, value = cell.groups()
    kind = _CELL_TYPE.search(attributes)
    if kind and kind[1] != b"n":
        return cell[0]
    text = styles[style].display(float(value))
    if text is None:
        return cell[0]
    return _text_cell(prefix, attributes, escape(text).encode())


def _text_cell(prefix: bytes, attributes: bytes, text: bytes) -> bytes:
    attributes = _CELL_TYPE.sub(b"", attributes) + b' t="str"'
    return b"<%bc%b><%bv>%b</%bv></%bc>" % (prefix, attributes, prefix, text, prefix, prefix)
