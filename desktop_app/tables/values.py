"""The type of a value: what a text is, decided once, where it comes in.

A value keeps its text as it came, and its number with the format that shows it so: `1.10` is the
number 1.1 with the format `0.00`. Sorting, filters, totals and exports read these and guess
nothing. Formats are those of workbooks.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final, NamedTuple


class ValueType(StrEnum):
    """The type of a value."""

    TEXT = ""
    NUMBER = "number"
    DATE = "date"
    YES_NO = "yes/no"
    MONEY = "money"


class Value(NamedTuple):
    """A value of data, of an answer or of a correction.

    Attributes:
        text: as it came; it is shown and exported.
        format: of a workbook, which shows the number as the text; "" for a text.
        number: what it is sorted, filtered and summed by: of a date, the days since 0000-12-31; of
            yes and no, 1 and 0. None for a text, and for a number that would lose digits.
    """

    text: str
    type: ValueType = ValueType.TEXT
    format: str = ""
    number: float | None = None

    @property
    def content(self) -> str | int | float | bool | date:
        """Return it as a workbook stores it; a text if that cannot be done without a loss."""
        if self.number is None:
            return self.text
        if self.type is ValueType.YES_NO:
            return bool(self.number)
        if self.type is ValueType.DATE:
            day = date.fromordinal(int(self.number))
            if day.year < _FIRST_SHEET_YEAR:  # negative days, which spreadsheets show as ####
                return self.text
            seconds = round((self.number % 1) * _DAY_S)
            if not seconds and "h" not in self.format:
                return day
            return datetime.combine(day, time()) + timedelta(seconds=seconds)
        return int(self.number) if self.number.is_integer() else self.number


DATE_FORMAT: Final = "yyyy-mm-dd"
_FIRST_SHEET_YEAR: Final = 1901
_DAY_S: Final = 86_400
_MAX_EXACT_DIGITS: Final = 15
_MAX_CHARS: Final = 40
_PLAIN: Final = re.compile(r"(?!-[0.]+$)-?(?:0|[1-9][0-9]*)(?:\.([0-9]+))?", re.ASCII)
_CODES: Final = "USD|EUR|GBP|JPY|CNY|INR|CHF|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|BRL|MXN|ZAR|KRW|TRY"
_MONEY: Final = rf"(?:US|CA|AU)?\$|R\$|[€£¥₹₩₽₺₪₫฿]|{_CODES}|kr|zł|Kč"
_SPACE: Final = "[ \u00a0\u202f]?"
_AMOUNT: Final = re.compile(
    rf"(?P<open>\()?(?P<sign>[-−])?(?P<before>{_MONEY})?{_SPACE}(?P<inner>[-−])?"
    rf"(?P<digits>[0-9][0-9.,'’ \u00a0\u202f]*?){_SPACE}(?P<after>{_MONEY}|%)?(?P<close>\))?"
)
# Groups of three, then decimals: the sign of the groups is not that of the decimals.
_GROUPED: Final = re.compile(
    r"(?P<whole>[1-9][0-9]{0,2}(?:(?P<by>[,.'’ \u00a0\u202f])[0-9]{3})(?:(?P=by)[0-9]{3})*)"
    r"(?:(?!(?P=by))[.,](?P<decimals>[0-9]+))?"
)
_DECIMAL: Final = re.compile(r"(?P<whole>0|[1-9][0-9]*)(?:[.,](?P<decimals>[0-9]+))?")
_ISO: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:([T ])[0-9]{2}:[0-9]{2}(:[0-9]{2})?)?")
_MONTHS: Final = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_MONTH: Final = (
    "(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    "|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DAY: Final = r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?\.?"
_YEAR: Final = "(?P<year>[0-9]{4})"
_WORDED: Final = tuple(
    re.compile(rf"(?:[a-z]+day,? )?{words}", re.IGNORECASE)
    for words in (
        rf"{_DAY} (?:of )?{_MONTH}\.?,? {_YEAR}",
        rf"{_MONTH}\.? {_DAY},? {_YEAR}",
        rf"{_YEAR}[/.](?P<month>[0-9]{{1,2}})[/.](?P<day>[0-9]{{1,2}})",
        rf"(?P<day>[0-9]{{1,2}})\.(?P<month>[0-9]{{1,2}})\.{_YEAR}",
        rf"(?P<first>[0-9]{{1,2}})/(?P<second>[0-9]{{1,2}})/{_YEAR}",
    )
)
_YES: Final = {"yes": True, "true": True, "no": False, "false": False}


def value_of(text: str, *, has_comma: bool = False) -> Value:
    """Return a text of data with its type; what can be read in two ways is a text.

    Args:
        has_comma: the decimal sign is the comma, as in the files of spreadsheets of many countries.

    >>> [value_of(t).number for t in ("12.50", "007", "-3", "1e5", "$1,250", "25%", "x")]
    [12.5, None, -3.0, None, 1250.0, 0.25, None]
    """
    # Most texts are words; their last character tells it as soon as their first.
    if not text or len(text) > _MAX_CHARS or (text[0].isalpha() and not text[-1].isdigit()):
        return Value(text)
    plain = _PLAIN.fullmatch(text)
    if plain and not (has_comma and _GROUPED.fullmatch(text)):
        return _number(text, float(text), len(plain[1] or ""), ValueType.NUMBER)
    if iso := _ISO.fullmatch(text):
        return _iso(text, iso) or Value(text)
    return _amount(text, has_comma=has_comma) or Value(text)


def number_value(number: float, text: str, format_: str, *, is_money: bool = False) -> Value:
    """Return a number of a workbook, with the text that it is shown as."""
    kind = ValueType.MONEY if is_money else ValueType.NUMBER
    return Value(text, kind, format_, float(number))


def date_value(moment: date, text: str = "", format_: str = DATE_FORMAT) -> Value:
    """Return a date, or a moment of one (`datetime`), with the text that it is shown as."""
    number = float(moment.toordinal())
    if isinstance(moment, datetime):
        number += (moment - datetime.combine(moment, time(), moment.tzinfo)).seconds / _DAY_S
    return Value(text or moment.isoformat(), ValueType.DATE, format_, number)


def yes_value(*, is_yes: bool, text: str = "") -> Value:
    return Value(text or ("yes" if is_yes else "no"), ValueType.YES_NO, "", float(is_yes))


def read_number(text: str) -> Value | None:
    """Return the number or amount in words that mean one, such as "$1,250"; None for others."""
    text = re.sub("(?<=[0-9])[ \u00a0\u202f](?=[0-9]{3})", "", text.strip())
    for has_comma in (False, True):
        found = value_of(text, has_comma=has_comma)
        if found.type in (ValueType.NUMBER, ValueType.MONEY):
            return found
    try:
        if len(text) > _MAX_CHARS or not text.isascii():
            return None
        if text.lstrip("-").isdigit():
            text = str(int(text))
            return _number(text, float(text), 0, ValueType.NUMBER)
        number = float(text)
    except ValueError:
        return None
    if number != number or abs(number) == float("inf"):
        return None
    shown = repr(int(number) if number.is_integer() and abs(number) < 10**15 else number)
    return _number(shown, number, len(shown.partition(".")[2]), ValueType.NUMBER)


def read_date(text: str) -> Value | None:
    """Return the date in words that mean one day, such as "30 November 2026"; None for others."""
    text = " ".join(text[:_MAX_CHARS].split())
    try:
        return date_value(date.fromisoformat(text[:10]))
    except ValueError:
        pass
    for words in _WORDED:
        if (found := words.fullmatch(text)) is None:
            continue
        parts = found.groupdict()
        if "first" in parts:  # day and month, or the other way round
            first, second = int(parts["first"]), int(parts["second"])
            if first <= 12 and second <= 12 and first != second:
                return None
            month, day = (second, first) if first > 12 else (first, second)
        else:
            name, day = parts["month"], int(parts["day"])
            month = int(name) if name.isdigit() else _MONTHS.index(name[:3].casefold()) + 1
        try:
            return date_value(date(int(parts["year"]), month, day))
        except ValueError:
            return None
    return None


def read_yes(text: str) -> Value | None:
    is_yes = _YES.get(text.strip().casefold())
    return None if is_yes is None else yes_value(is_yes=is_yes)


def _number(text: str, number: float, decimals: int, kind: ValueType, format_: str = "") -> Value:
    is_exact = len(text) <= _MAX_EXACT_DIGITS or sum(map(str.isdigit, text)) <= _MAX_EXACT_DIGITS
    shown = format_ or (f"0.{'0' * decimals}" if decimals else "0")
    # One with more digits is the number of something, such as of an account.
    return Value(text, kind, shown, number) if is_exact else Value(text)


def _iso(text: str, found: re.Match[str]) -> Value | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if found[1] is None:
        return date_value(moment.date(), text)
    between = '"T"' if found[1] == "T" else " "
    return date_value(moment, text, f"{DATE_FORMAT}{between}hh:mm{':ss' if found[2] else ''}")


def _amount(text: str, *, has_comma: bool) -> Value | None:
    """Return a number with groups, a decimal comma, a percent sign or a currency."""
    found = _AMOUNT.fullmatch(text)
    if found is None or bool(found["open"]) != bool(found["close"]):
        return None
    before, after, digits = found["before"], found["after"], found["digits"]
    unit = before or after
    if (before and after) or (found["sign"] and found["inner"]) or (found["open"] and not unit):
        return None
    parts = _GROUPED.fullmatch(digits)
    if parts and has_comma and parts["by"] == "," and not parts["decimals"]:
        parts = None  # 1,250 is a little more than one
    is_grouped = parts is not None
    if parts:
        is_known = parts["by"] == ("." if has_comma else ",") or (unit and parts["by"] not in ".,")
        if not (is_known or parts["decimals"]):
            return None
    else:
        parts = _DECIMAL.fullmatch(digits)
        if parts is None or ("," in digits and not (has_comma or unit)):
            return None
    whole, decimals = re.sub("[^0-9]", "", parts["whole"]), parts["decimals"] or ""
    number = float(f"{whole}.{decimals or 0}")
    if found["sign"] or found["inner"] or found["open"]:
        number = -number
    if not number and text[0] != "0" and not unit:
        return None  # -0
    shown = ("#,##0" if is_grouped else "0") + (f".{'0' * len(decimals)}" if decimals else "")
    kind = ValueType.NUMBER
    if after == "%":
        number, shown = round(number / 100, len(decimals) + 2), f"{shown}%"
    elif unit:
        kind = ValueType.MONEY
        space = " " if re.search("[ \u00a0\u202f]", text.replace(digits, "")) else ""
        shown = f'"{before}{space}"{shown}' if before else f'{shown}"{space}{after}"'
    return _number(text, number, len(decimals), kind, shown)
