"""Converts workbooks (.xlsx) to Markdown tables, one per sheet, with python-calamine.

python-calamine does not tell how a number is formatted or which error a cell contains. It reads a
formula that no program has calculated as an empty cell. So these cells are first rewritten as
texts: percentages with their sign, postal codes and the like with their zeros, errors as Excel
shows them, formulas as they were typed.
"""

from __future__ import annotations

import datetime
import io
import operator
import re
import zipfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial, reduce
from typing import Any, Final, NamedTuple
from xml.sax.saxutils import escape

import python_calamine

from desktop_app.documents import refusals
from desktop_app.documents.office import drawing, sheet_comments
from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.office.package import Package
from desktop_app.documents.worker.protocol import Limits

_WORKBOOK: Final = "xl/workbook.xml"
_NAMESPACE: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
# Images and cached pivot tables can be larger than all cells, and contain none.
_WITHOUT_CELLS: Final = ("/media/", "/embeddings/", "/pivotCache/", "/printerSettings/")
_SHEET_PART: Final = re.compile(r"xl/(?:worksheets/)?[^/]+\.xml")
_BUILT_IN_PERCENTAGES: Final = frozenset(("9", "10"))
_QUOTED: Final = re.compile(r'"[^"]*"|\\.')
# The formats of postal codes, article numbers and the like: digits and literals. Sections are for
# positive and negative numbers and zero, or for numbers for which a condition holds.
_FORMAT_SECTION: Final = re.compile(r'((?:"[^"]*"|\\.|[^;"\\])*)(?:;|\Z)')
_PADDED_SECTION: Final = re.compile(
    r"(?:\[(?:\$-[0-9A-Fa-f]+|[A-Za-z]+ ?[0-9]*|(<=?|>=?)([0-9.]{1,20}))\])*"
    r'((?:"[^"]*"|\\.|[-+() 0#])*)'
)
_PADDED_PIECE: Final = re.compile(r'"([^"]*)"|\\(.)|([0#])')
_CONDITIONS: Final = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_MAX_FORMAT_LENGTH: Final = 255  # Excel's limit
# Placeholders for a digit in the template of a section. A number without a digit at the place shows
# 0 for the first, and nothing for the second.
_ZERO, _OPTIONAL = "\0", "\1"
_PLACE: Final = re.compile(f"([{_ZERO}{_OPTIONAL}])")
# What python-calamine allocates for each cell between the first and the last column and row.
_CELL_BYTES: Final = 32

_CELL: Final = rb"<((?:\w+:)?)c\b([^<>]*)>\s*"
_UNCALCULATED_CELL: Final = re.compile(
    _CELL + rb"<\1f\b[^<>]*>([^<>]+)</\1f>\s*(?:(<\1v\s*/>|<\1v>\s*</\1v>)\s*)?</\1c>"
)
_STYLED_NUMBER_CELL: Final = (
    rb"""<((?:\w+:)?)c\b(?=[^<>]*\ss\s*=\s*["'](%b)["'])([^<>]*)>\s*"""
    rb"(?:(?:<\1f\b[^<>]*>[^<>]*</\1f>|<\1f\b[^<>]*/>)\s*)?"
    rb"<\1v>(-?[0-9]{1,20}(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,3})?)</\1v>\s*</\1c>"
)
_WIDE_REFERENCE: Final = re.compile(rb"""r=["'][A-Z]{2}""")
_FILLED_CELL: Final = re.compile(
    rb"""<(?:\w+:)?c\b[^<>]{0,200}\sr=["']([A-Z]{1,3})([0-9]{1,7})["'][^<>]{0,200}(?<!/)>\s*<(?!/)"""
)
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
            sheets = list(_sheet_texts(package, workbook))
    except python_calamine.CalamineError as error:
        raise refusals.unparsable(name, error) from error
    has_content = any(content for _, content in sheets)
    texts = (f"{title}\n\n{content}".rstrip("\n") for title, content in sheets)
    return "\n\n".join(texts) if has_content else ""


def _sheet_texts(
    package: Package, workbook: python_calamine.CalamineWorkbook
) -> Iterator[tuple[str, str]]:
    """Yield the heading of each sheet, and its content: its table, drawings and comments.

    Empty and hidden sheets are included; the headings of hidden sheets say so.
    """
    main = package.main_part(_WORKBOOK)
    targets = package.relations(main)
    calamine_names = {name.strip(): name for name in workbook.sheet_names}
    for element in package.optional_xml(main).iter():
        if not str(element.tag).endswith("}sheet"):
            continue
        name = element.get("name", "").strip()
        is_hidden = element.get("state", "visible") != "visible"
        part = targets.get(drawing.relation_id(element), "")
        table = (
            _table(workbook.get_sheet_by_name(calamine_names[name]), _links(package, part))
            if name in calamine_names
            else ""
        )
        drawn = md.join_blocks(drawing.sheet_blocks(package, part))
        comments = md.join_blocks(sheet_comments.blocks(package, part))
        content = "\n\n".join(filter(None, (table, drawn, comments)))
        yield f"## {name}{' (hidden)' if is_hidden else ''}", content


def _links(package: Package, part: str) -> dict[int, list[tuple[int, str]]]:
    """Return the columns and addresses of a sheet's links, by row; both count from 0."""
    targets = package.relations(part)
    found: dict[int, list[tuple[int, str]]] = {}
    if part not in package or not any(":" in target for target in targets.values()):
        return found  # saves searching the sheet
    content = package.bytes(part)
    for link in _LINK.finditer(content, max(0, content.find(b"hyperlinks"))):
        cell, key = _LINKED_CELL.search(link[1]), _LINK_ID.search(link[1])
        if cell and key and (address := targets.get(key[1].decode(errors="replace"))):
            place = (_column_number(cell[1]) - 1, address.replace("|", "%7C"))
            found.setdefault(int(cell[2]) - 1, []).append(place)
    return found


def _table(sheet: python_calamine.CalamineSheet, links: dict[int, list[tuple[int, str]]]) -> str:
    """Return the used range as a table.

    Several empty rows become one, which still separates tables.
    """
    lines: list[str] = []
    blank = f"|{'  |' * sheet.width}"
    first_column = sheet.start[1] if sheet.start else 0
    for number, row in enumerate(sheet.iter_rows()):
        cells = [_FORMATTERS[type(value)](value) for value in row]
        for column, address in links.get(number, ()):
            if 0 <= column - first_column < len(cells):
                cells[column - first_column] = md.link(cells[column - first_column], address)
        line = f"| {' | '.join(cells)} |"
        if line != blank or (lines and lines[-1] != blank):
            lines.append(line)
    if lines and lines[-1] == blank:
        lines.pop()
    lines[1:1] = [f"|{' --- |' * sheet.width}"] if lines else []
    return "\n".join(lines)


def _number(value: float) -> str:
    """Return a number with Excel's 15 digits, or all digits of an integer below 1e17.

    Only very small and very large numbers have an exponent.
    """
    if value.is_integer() and abs(value) < 1e17:
        return str(int(value))
    text = f"{value:.15g}"
    return f"{Decimal(text):f}" if "e" in text and 1e-15 < abs(value) < 1e21 else text


def _duration(value: datetime.timedelta) -> str:
    sign = "-" if value < datetime.timedelta() else ""
    minutes, seconds = divmod(round(abs(value).total_seconds()), 60)
    return f"{sign}{minutes // 60}:{minutes % 60:02}:{seconds:02}"


# python-calamine returns values of exactly these types.
_FORMATTERS: Final[dict[type, Callable[[Any], str]]] = {
    str: lambda text: " ".join(text.split()).replace("|", "\\|"),
    int: str,
    float: _number,
    bool: lambda value: "TRUE" if value else "FALSE",
    datetime.date: datetime.date.isoformat,
    datetime.datetime: lambda value: value.isoformat(" ", "seconds"),
    datetime.time: lambda value: value.isoformat("seconds"),
    datetime.timedelta: _duration,
}


def _with_displayed_texts(package: Package, limits: Limits) -> bytes:
    """Return the workbook with styled numbers, errors and uncalculated formulas as texts.

    Parts are unpacked here, within the limits; the returned workbook is not compressed.

    Raises:
        DocumentTooLargeError: the cells of a sheet are too far apart.
    """
    copy = io.BytesIO()
    styles = _number_styles(package)
    styled_cell = re.compile(_STYLED_NUMBER_CELL % b"|".join(styles)) if styles else None
    with zipfile.ZipFile(copy, "w") as archive:
        for part in package.names:
            if any(folder in part for folder in _WITHOUT_CELLS):
                continue
            content = package.bytes(part)
            if _SHEET_PART.fullmatch(part):
                if _range_size(content) * _CELL_BYTES > limits.memory_bytes:
                    raise refusals.needs_memory(package.name, limits)
                # Byte searches are instant; the regular expressions take seconds for 100 MB.
                if b't="e"' in content or b"t='e'" in content:
                    content = _ERROR_CELL.sub(rb"\1str", content)
                if b"f>" in content:
                    content = _UNCALCULATED_CELL.sub(_with_formula, content)
                if styled_cell:
                    content = styled_cell.sub(partial(_with_styled_number, styles), content)
            archive.writestr(part, content)
    return copy.getvalue()


def _with_formula(cell: re.Match[bytes]) -> bytes:
    prefix, attributes, formula, empty_value = cell.groups()
    kind = _CELL_TYPE.search(attributes)
    if empty_value and kind and kind[1] == b"str":
        return cell[0]  # It has been calculated, and its result is an empty text.
    return _text_cell(prefix, attributes, b"=" + formula)


def _range_size(sheet: bytes) -> int:
    """Return the number of cells in the range that a sheet's filled cells span.

    Returns 0 if no cell is beyond column Z, because 26 columns always fit into memory.
    """
    if not _WIDE_REFERENCE.search(sheet):
        return 0
    names, rows = set[bytes](), set[int]()
    for cell in _FILLED_CELL.finditer(sheet):
        names.add(cell[1])
        rows.add(int(cell[2]))
    columns = list(map(_column_number, names))
    return (max(columns) - min(columns) + 1) * (max(rows) - min(rows) + 1) if columns else 0


def _column_number(letters: bytes) -> int:
    """Return the number of a column: 1 for "A", 27 for "AA"."""
    return reduce(lambda column, letter: 26 * column + letter - 64, letters, 0)


class _PaddedFormat(NamedTuple):
    """A number format of digits and literals.

    Attributes:
        templates: one for each section, with literals, `_ZERO` and `_OPTIONAL`.
        condition: compares a number with `limit`; the first section is for the numbers for which
            this is True. None if the sections are for positive and negative numbers and zero.
    """

    templates: list[str]
    condition: Callable[[float, float], bool] | None
    limit: float

    @classmethod
    def parse(cls, code: str) -> _PaddedFormat | None:
        """Parse a number format; return None if it is of another kind."""
        codes = [text for text in _FORMAT_SECTION.findall(code)[:-1] if "@" not in text][:3]
        sections = [_PADDED_SECTION.fullmatch(text) for text in codes]
        found = [section for section in sections if section]
        templates = [_PADDED_PIECE.sub(_template_piece, section[3]) for section in found]
        conditions = [section[1] for section in found]
        has_others = len(found) < len(sections) or any(conditions[1:])
        if has_others or not templates or len(_PLACE.findall(templates[0])) < 2:
            return None
        if not conditions[0]:
            return cls(templates, None, 0)
        if len(templates) != 2:
            return None
        return cls(templates, _CONDITIONS[conditions[0]], float(found[0][2]))

    def text(self, number: int) -> str:
        """Return a number as the format shows it."""
        at = int(number < 0) if number or len(self.templates) < 3 else 2
        if self.condition:
            at = int(not self.condition(number, self.limit))
        template = self.templates[min(at, len(self.templates) - 1)]
        has_own_sign = at == 1 and len(self.templates) > 1 and not self.condition
        sign = "-" if number < 0 and not has_own_sign else ""
        return f"{sign}{_fill(template, str(abs(number)))}"


def _fill(template: str, digits: str) -> str:
    """Put digits into a template; its first place takes all surplus digits."""
    pieces = _PLACE.split(template)
    places, (first, *literals) = pieces[1::2], pieces[::2]
    zeros = len(places) - places.index(_ZERO) if _ZERO in places else 0
    digits = digits.lstrip("0").zfill(zeros)
    surplus = max(0, len(digits) - len(places)) + 1
    shown = [digits[:surplus], *digits[surplus:]] if places else []
    shown = [*[""] * (len(places) - len(shown)), *shown]
    return first + "".join(map(str.__add__, shown, literals))


def _number_styles(package: Package) -> dict[bytes, _PaddedFormat | None]:
    """Map cell styles to the padded format of their numbers, or to None for percentages.

    Other styles are left out.
    """
    tree = package.xml_or_empty("xl/styles.xml")
    formats: dict[str, _PaddedFormat | None] = dict.fromkeys(_BUILT_IN_PERCENTAGES)
    for row in tree.iter(f"{_NAMESPACE}numFmt"):
        key, code = row.get("numFmtId", ""), row.get("formatCode", "")
        if len(code) > _MAX_FORMAT_LENGTH:
            continue
        if "%" in _QUOTED.sub("", code):
            formats[key] = None
        elif padded := _PaddedFormat.parse(code):
            formats[key] = padded
    rows = tree.find(f"{_NAMESPACE}cellXfs")
    return {
        str(number).encode(): formats[row.get("numFmtId", "")]
        for number, row in enumerate(() if rows is None else rows)
        if row.get("numFmtId") in formats
    }


def _template_piece(piece: re.Match[str]) -> str:
    """Return a literal of a format without its quotes, or the placeholder for a digit."""
    return {"0": _ZERO, "#": _OPTIONAL}.get(piece[3] or "", piece[1] or piece[2] or "")


def _with_styled_number(styles: dict[bytes, _PaddedFormat | None], cell: re.Match[bytes]) -> bytes:
    """Return the cell with a text such as "97.8%" for 0.978, or "02134" for 2134.

    A cell without a number stays unchanged, as does a fraction or huge number in a padded format.
    """
    prefix, style, attributes, value = cell.groups()
    kind = _CELL_TYPE.search(attributes)
    if kind and kind[1] != b"n":
        return cell[0]
    number, padded = float(value), styles[style]
    if padded is None:
        text = f"{round(number * 100, 9):.12g}%"
    elif number.is_integer() and abs(number) < 1e15:
        text = escape(padded.text(int(number)))
    else:
        return cell[0]
    return _text_cell(prefix, attributes, text.encode())


def _text_cell(prefix: bytes, attributes: bytes, text: bytes) -> bytes:
    attributes = _CELL_TYPE.sub(b"", attributes) + b' t="str"'
    return b"<%bc%b><%bv>%b</%bv></%bc>" % (prefix, attributes, prefix, text, prefix, prefix)
