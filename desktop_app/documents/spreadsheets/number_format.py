"""Shows numbers by the formats of a workbook's cells: percentages, dates, times, postal codes …

Other formats, such as those of currencies, are ignored: the number is shown as it is.
"""

from __future__ import annotations

import datetime
import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, NamedTuple

Formatter = Callable[[float], str]
"""Returns the text of a number in a cell."""

BUILT_IN: Final[Mapping[int, str]] = {
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
# The formats of postal codes, article numbers and the like: digits and literals. Their sections are
# for positive numbers, negative numbers and zero, or for numbers that meet a condition.
_FORMAT_SECTION: Final = re.compile(r'((?:"[^"]*"|\\.|[^;"\\])*)(?:;|\Z)')
_PADDED_SECTION: Final = re.compile(
    r"(?:\[(?:\$-[0-9A-Fa-f]+|[A-Za-z]+ ?[0-9]*|(<=?|>=?)([0-9]{0,20}\.?[0-9]{1,20}))\])*"
    r'((?:"[^"]*"|\\.|[-+() 0#])*)'
)
_PADDED_PIECE: Final = re.compile(r'"([^"]*)"|\\(.)|([0#])')
_CONDITIONS: Final = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_MAX_FORMAT_LENGTH: Final = 255  # Excel's limit
# Placeholders for a digit in the template of a section. A number without a digit at the place shows
# 0 for the first, and nothing for the second.
_ZERO = "\0"
_OPTIONAL = "\1"
_PLACE: Final = re.compile(f"([{_ZERO}{_OPTIONAL}])")
_DAY_ZERO: Final = datetime.datetime(1899, 12, 30)  # noqa: DTZ001 - cells have no time zone
_DAY_ZERO_1904: Final = datetime.datetime(1904, 1, 1)  # noqa: DTZ001


def formatter(code: str, *, since_1904: bool = False) -> Formatter:
    """Return the function that shows a number in the format `code`."""
    if len(code) > _MAX_FORMAT_LENGTH:
        return plain
    signs = _QUOTED.sub("", code)
    if "%" in signs:
        return lambda number: f"{round(number * 100, 9):.12g}%"
    if _ELAPSED_TIME.search(signs):
        return _duration
    bare = _BRACKETED.sub("", signs)
    day_zero = _DAY_ZERO_1904 if since_1904 else _DAY_ZERO
    if _DATE.search(bare):
        return lambda number: _date(number, day_zero)
    if _TIME.fullmatch(bare):
        return lambda number: _time(number, day_zero)
    padded = _Padded.parse(code)
    return padded.show if padded else plain


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


class _Padded(NamedTuple):
    """A number format of digits and literals.

    Attributes:
        templates: one for each section, with literals, `_ZERO` and `_OPTIONAL`.
        condition: compares a number with `limit`; the first section is for numbers that meet it.
            None if the sections are for positive numbers, negative numbers and zero.
    """

    templates: list[str]
    condition: Callable[[float, float], bool] | None
    limit: float

    @classmethod
    def parse(cls, code: str) -> _Padded | None:
        """Parse a number format; return None if it is of another kind."""
        codes = [text for text in _FORMAT_SECTION.findall(code)[:-1] if "@" not in text][:3]
        sections = [_PADDED_SECTION.fullmatch(text) for text in codes]
        matches = [section for section in sections if section]
        templates = [_PADDED_PIECE.sub(_template_piece, section[3]) for section in matches]
        conditions = [section[1] for section in matches]
        has_others = len(matches) < len(sections) or any(conditions[1:])
        if has_others or not templates or len(_PLACE.findall(templates[0])) < 2:
            return None
        if not conditions[0]:
            return cls(templates, None, 0)
        if len(templates) != 2:
            return None
        return cls(templates, _CONDITIONS[conditions[0]], float(matches[0][2]))

    def show(self, number: float) -> str:
        """Return a text such as "02134" for 2134; a fraction or a huge number as it is."""
        if not number.is_integer() or abs(number) >= 1e15:
            return plain(number)
        last = len(self.templates) - 1
        if self.condition is not None:
            index = 0 if self.condition(number, self.limit) else 1
        elif number == 0:
            index = 2 if last >= 2 else 0
        else:
            index = 1 if number < 0 else 0
        # Only a section for negative numbers contains their sign.
        has_own_sign = index == 1 <= last and self.condition is None
        sign = "-" if number < 0 and not has_own_sign else ""
        return f"{sign}{_fill(self.templates[min(index, last)], str(abs(int(number))))}"


def _fill(template: str, digits: str) -> str:
    """Put digits into a template; its first place takes all surplus digits."""
    first_literal, *pieces = _PLACE.split(template)
    places = pieces[::2]
    zeros = len(places) - places.index(_ZERO) if _ZERO in places else 0
    digits = digits.lstrip("0").zfill(zeros)
    surplus = max(0, len(digits) - len(places)) + 1
    texts = [digits[:surplus], *digits[surplus:]] if places else []
    texts = [*[""] * (len(places) - len(texts)), *texts]
    pairs = zip(texts, pieces[1::2], strict=True)
    return first_literal + "".join(text + literal for text, literal in pairs)


def _template_piece(piece: re.Match[str]) -> str:
    """Return a literal of a format without its quotes, or the placeholder for a digit."""
    return {"0": _ZERO, "#": _OPTIONAL}.get(piece[3] or "", piece[1] or piece[2] or "")
