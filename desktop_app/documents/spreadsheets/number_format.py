"""Shows numbers by the formats of a workbook's cells: percentages, dates, times, postal codes …

Other formats, such as those of currencies, are ignored: the number is shown as it is.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Final

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
# Numbers of articles and sections, and postal codes: '"1."0#'.
_LITERAL: Final = r'((?:"[^"]*"|\\.|[-+() ])*)'
_LABELED: Final = re.compile(f"{_LITERAL}(#*0[0#]{{0,20}}){_LITERAL}")
_MAX_FORMAT_LENGTH: Final = 255  # Excel's limit
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
    labeled = _LABELED.fullmatch(_BRACKETED.sub("", code))
    if labeled and (labeled[1] or labeled[2] != "0"):  # a unit alone is left out
        return partial(_labeled, labeled[1], labeled[2], labeled[3])
    return plain


def _labeled(prefix: str, digits: str, suffix: str, number: float) -> str:
    text = plain(abs(number))
    if not text.isdigit():
        return plain(number)
    before, after = (re.sub(r'"([^"]*)"|\\(.)', r"\1\2", literal) for literal in (prefix, suffix))
    return f"{'-' if number < 0 else ''}{before}{text.zfill(len(digits.lstrip('#')))}{after}"


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
