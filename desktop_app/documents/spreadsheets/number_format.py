"""Shows numbers by the formats of a workbook's cells: units, percentages, dates, postal codes …

Numbers keep all their digits, whatever their format rounds or groups.
"""

from __future__ import annotations

import datetime
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Final, NamedTuple

Formatter = Callable[[float], str]
"""Returns the text of a number in a cell."""

BUILT_IN: Final[Mapping[int, str]] = {
    **dict.fromkeys((5, 6, 7, 8), '"$"#,##0.00'),
    **dict.fromkeys((42, 44), '"$"* #,##0.00'),
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
