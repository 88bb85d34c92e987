"""Writes the sheets of a workbook as Markdown: their filled cells as tables.

Numbers are shown by the formats of their cells: units, percentages, dates, postal codes. They keep
all their digits, whatever their format rounds or groups.
"""

from __future__ import annotations

import datetime
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property, partial
from itertools import pairwise
from typing import Final, NamedTuple

from desktop_app.documents import refusals
from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.reader_result import LeftOut
from desktop_app.documents.worker.protocol import MAX_TEXT_BYTES
from desktop_app.domain.documents.document_notes import SkipReason

_MAX_COLUMNS: Final = 16_384  # of a sheet, since Excel 2007
_CELL_BYTES: Final = 3  # of an empty cell in a table
_LOST: Final = "[missing text]"
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
        lost_cell: the name of the first whose text the workbook lacks, such as "B7"; "" for none.
        numbers: the numbers of cells, and their formats; None if texts are enough.
    """

    name: str
    is_hidden: bool = False
    rows: dict[int, dict[int, str]] = field(default_factory=dict)
    addition: str = ""
    hidden_rows: set[int] = field(default_factory=set)
    hidden_cells: set[tuple[int, int]] = field(default_factory=set)
    lost_cell: str = ""
    numbers: dict[tuple[int, int], tuple[float, str]] | None = None
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

    def add_number(self, row: int, column: int, text: str, number: float, code: str) -> None:
        """Add a cell whose text is shown by a format."""
        self.add(row, column, text)
        if text and self.numbers is not None:
            self.numbers[row, column] = (number, code)

    def add_shared(self, row: int, column: int, strings: Sequence[str], index: int) -> None:
        """Add a cell that refers to one of the workbook's strings, which may be missing."""
        is_there = 0 <= index < len(strings)
        self.add(row, column, strings[index] if is_there else _LOST)
        if not is_there:
            self.lost_cell = self.lost_cell or f"{_column_name(column)}{row + 1}"

    def mark(self, row: int, column: int, marks: md.Marks) -> None:
        """Write the marks of a cell's font, unless its text has its own."""
        text = "" if marks == md.PLAIN else self.rows.get(row, {}).get(column, "")
        if text and "~~" not in text:
            self.rows[row][column] = md.joined([(text, marks)])

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
        if sheet.lost_cell:
            left_out.unread.append((f"{sheet.name}!{sheet.lost_cell}", SkipReason.MISSING))
        content = "\n\n".join(filter(None, (_table(name, sheet), sheet.addition)))
        has_content = has_content or bool(content)
        heading = f"## {sheet.name}{' (hidden)' if sheet.is_hidden else ''}"
        texts.append(f"{heading}\n\n{content}".rstrip("\n"))
    return "\n\n".join(texts) if has_content else ""


def _column_name(column: int) -> str:
    """Return the letters of a column, which counts from 0: "A", "Z", "AA" …"""
    before, last = divmod(column, 26)
    return f"{_column_name(before - 1) if before else ''}{chr(ord('A') + last)}"


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


Formatter = Callable[[float], str]
"""Returns the text of a number in a cell."""

BUILT_IN: Final[Mapping[int, str]] = {
    **dict.fromkeys((5, 6, 7, 8), '"$"#,##0.00'),
    **dict.fromkeys((42, 44), '"$"* #,##0.00'),
    2: "0.00",
    **dict.fromkeys((4, 39, 40), "#,##0.00"),
    9: "0%",
    10: "0.00%",
    **dict.fromkeys((*range(14, 18), *range(27, 32), 34, 35, 36, *range(50, 59)), "yyyy-mm-dd"),
    22: "yyyy-mm-dd h:mm",
    **dict.fromkeys((18, 19, 20, 21, 32, 33, 45, 47), "h:mm:ss"),
    46: "[h]:mm:ss",
}
"""The codes of the formats that have only a number (ISO/IEC 29500-1, 18.8.30), if they matter."""

_ELAPSED_TIME: Final = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_BRACKETED: Final = re.compile(r"\[[^\]]*\]")
_DATE: Final = re.compile("[dy]", re.IGNORECASE)
# Only hours, minutes and seconds, in any section: "h:mm;-h:mm".
_TIME: Final = re.compile(r"(?=.*[hs])(?:AM/PM|A/P|[hms:.,0;@()_ -])+", re.IGNORECASE)
_QUOTED: Final = re.compile(r'"[^"]*"|\\.')
# A section of a format: what a bracket states, a literal, a fill or a space, and digits.
_TOKEN: Final = re.compile(
    r"\[(?P<bracket>[^\]]*)\]|"
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|[_*].|'
    r"(?P<digits>General|[0#?](?:[0#?.,/]|E[+-])*|\.[0#?]+)|(?P<literal>.)",
    re.IGNORECASE | re.DOTALL,
)
_CURRENCY: Final = re.compile(r"\$([^-]*)(?:-[0-9A-Fa-f]+)?")
_CONDITION: Final = re.compile(r"(<=|>=|<>|<|>|=)(-?[0-9.]+)")
_SEPARATOR: Final = re.compile(r'("[^"]*"|\\.|[^;"\\])*')
_NOTHING: Final = ";;;"
_ZEROS: Final = re.compile(r"#*0[0#]{1,20}")
_MAX_FORMAT_LENGTH: Final = 255  # Excel's limit
_DAY_ZERO: Final = datetime.datetime(1899, 12, 30)  # noqa: DTZ001 - cells have no time zone
_DAY_ZERO_1904: Final = datetime.datetime(1904, 1, 1)  # noqa: DTZ001


def formatter(code: str, *, since_1904: bool = False) -> Formatter:
    """Return the function that shows a number in the format `code`."""
    if len(code) > _MAX_FORMAT_LENGTH:
        return plain
    if code == _NOTHING:
        return hidden
    signs = _QUOTED.sub("", code)
    if _ELAPSED_TIME.search(signs):
        return _duration
    bare = _BRACKETED.sub("", signs).replace("General", "0")
    day_zero = _DAY_ZERO_1904 if since_1904 else _DAY_ZERO
    if _DATE.search(bare):
        return lambda number: _date(number, day_zero)
    if _TIME.fullmatch(bare):
        return lambda number: _time(number, day_zero)
    sections = list(map(_section, _split(code)))
    if not any(map(_is_special, sections)):
        return plain
    return partial(_show, sections)


class _Section(NamedTuple):
    """A section of a format, for some numbers.

    Attributes:
        condition: an operator and a number; None if the sign decides.
        digits: the placeholders of digits; "" if only words are shown.
        factor: the number is multiplied by it: 100 for percentages, 0.001 for thousands.
    """

    condition: tuple[str, float] | None
    before: str
    digits: str
    after: str
    factor: float


_COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "<>": operator.ne,
}


def _split(code: str) -> Iterator[str]:
    """Yield the sections, which semicolons separate."""
    start = 0
    while start <= len(code):
        match = _SEPARATOR.match(code, start)
        end = match.end() if match else start
        yield code[start:end]
        start = end + 1


def _section(code: str) -> _Section:
    condition = None
    before = digits = after = ""
    factor = 1.0
    for token in _TOKEN.finditer(code):
        literal = token["quoted"] or token["escaped"] or token["literal"] or ""
        if token["bracket"] is not None:
            if currency := _CURRENCY.fullmatch(token["bracket"]):
                literal = currency[1]
            elif stated := _CONDITION.fullmatch(token["bracket"]):
                condition = (stated[1], float(Decimal(stated[2])))
        if token["literal"] == "%":
            factor *= 100
        if token["digits"]:
            if after.strip():
                return _Section(condition, "", token["digits"], "", 1)  # words between digits
            digits += token["digits"]
            after = ""
        elif digits:
            after += literal
        else:
            before += literal
    after = after if after.strip(" 0123456789") else ""  # digits would change the number
    thousands = len(digits) - len(digits.rstrip(","))
    return _Section(condition, before, digits, after, factor / 1_000**thousands)


def _is_special(section: _Section) -> bool:
    """Return True if a section shows more than the digits of a number."""
    words = section.before + section.after
    return bool(words.strip(" -()")) or not section.digits or _has_zeros(section)


def _has_zeros(section: _Section) -> bool:
    return _ZEROS.fullmatch(section.digits) is not None


def _show(sections: Sequence[_Section], number: float) -> str:
    section = _chosen(sections, number)
    if section is None:
        return plain(number)
    if not section.digits:
        words = section.before.strip()
        return words if any(map(str.isalpha, words)) else plain(number)
    is_percent = section.factor > 1
    digits = plain(number)
    if section.factor != 1:
        scaled = round(abs(number) * section.factor, 9)
        digits = f"{scaled:.12g}" if is_percent else plain(float(f"{scaled:.12g}"))
    digits = digits.removeprefix("-")
    if _has_zeros(section) and digits.isdigit():
        digits = digits.zfill(len(section.digits.lstrip("#")))
    before, after = section.before, section.after
    if number <= 0:  # how a section shows that a number is negative, or zero
        before, after = before.strip("-("), after.strip(")-")
    sign = "-" if number < 0 else ""
    return f"{sign}{before}{digits}{after}".strip()


def _chosen(sections: Sequence[_Section], number: float) -> _Section | None:
    """Return the section for a number; None if none applies to it."""
    if any(section.condition for section in sections[:2]):
        for section in sections[:3]:
            if section.condition is None:
                return section
            sign, limit = section.condition
            if _COMPARISONS[sign](number, limit):
                return section
        return None
    index = 0 if number > 0 or len(sections) == 1 else 1 if number < 0 else 2
    return sections[index] if index < min(len(sections), 3) else sections[0]


def hidden(number: float) -> str:
    """Return a number of a cell whose format shows nothing: see `Sheet.hidden_cells`."""
    return plain(number)


def plain(number: float) -> str:
    """Return a number with Excel's 15 digits, or all digits of an integer below 1e17.

    Only very small and very large numbers have an exponent.
    """
    if number.is_integer() and abs(number) < 1e17:
        return str(int(number))
    text = f"{number:.15g}"
    return f"{Decimal(text):f}" if "e" in text and 1e-15 < abs(number) < 1e21 else text


def _date(number: float, day_zero: datetime.datetime) -> str:
    """Return a day, with the time unless it is midnight; a number that is no date as it is."""
    try:
        moment = day_zero + datetime.timedelta(seconds=round(number * 86_400))
    except OverflowError:
        return plain(number)
    if number < 0:
        return plain(number)
    return str(moment.date() if float(number).is_integer() else moment)


def _time(number: float, day_zero: datetime.datetime) -> str:
    if 0 <= number < 1:
        return str((_DAY_ZERO + datetime.timedelta(seconds=round(number * 86_400))).time())
    return _date(number, day_zero) if number >= 1 else _duration(number)


def _duration(number: float) -> str:
    """Return a number of days in hours, minutes and seconds: "-36:00:00"."""
    if abs(number) >= datetime.timedelta.max.days:
        return plain(number)
    minutes, seconds = divmod(round(abs(number) * 86_400), 60)
    return f"{'-' if number < 0 else ''}{minutes // 60}:{minutes % 60:02}:{seconds:02}"
