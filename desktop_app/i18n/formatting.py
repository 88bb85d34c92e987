"""Formats numbers, money, dates, durations, sizes and lists for the user's locale, with Babel.

Babel is imported when something is first formatted.
"""

from __future__ import annotations

import os
import re
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from decimal import Decimal
    from types import ModuleType

    from babel import Locale
    from babel.numbers import NumberPattern

_KB: Final = 1024
_UNICODE_SCRIPTS: Final = {"BANGLA": "BENGALI", "ODIA": "ORIYA", "KOREAN": "HANGUL"}
"""Unicode's names of scripts, by the names in CLDR, if they differ."""


class _Current:
    """The language of the formats in use. It belongs to the process, like that of the texts."""

    language = "en"


def use_formats_of(language: str) -> None:
    """Use the formats of the system's locale if it has the language, else of the language."""
    _Current.language = language


def _locale() -> Locale:
    return _locale_of(_Current.language, locale_name(_Current.language))


@cache
def _locale_of(language: str, name: str) -> Locale:
    from babel import Locale, UnknownLocaleError

    _babel_dates()
    try:
        return Locale.parse(name, sep="-")
    except (UnknownLocaleError, ValueError):  # Babel lacks it, as it lacks en_RU
        return Locale.parse(_USUAL_LOCALES.get(language, language), sep="-")


def _babel_dates() -> ModuleType:
    """Import `babel.dates`, which Babel also imports with the data of any locale.

    The import reads the file that TZ names, and fails if this is no time zone. It is then repeated
    without TZ, because all times that are formatted here are already local.
    """
    try:
        from babel import dates
    except (OSError, ValueError):
        time_zone = os.environ.pop("TZ")
        try:
            from babel import dates
        finally:
            os.environ["TZ"] = time_zone
    return dates


def _with_digits(pattern: NumberPattern, digits: int) -> NumberPattern:
    from copy import copy

    changed = copy(pattern)
    changed.frac_prec = (digits, digits)
    return changed


def _dollars(value: Decimal, digits: int) -> str:
    pattern = _with_digits(_locale().currency_formats["standard"], digits)
    return str(pattern.apply(value, _locale(), currency="USD", currency_digits=False))


def _skeleton(value: date, skeleton: str) -> str:
    return str(_babel_dates().format_skeleton(skeleton, value, locale=_locale()))


def number(value: int) -> str:
    """Format a whole number.

    >>> [number(7), number(1200)]
    ['7', '1,200']
    """
    if -1000 < value < 1000:  # nothing is grouped, so no formats need to be loaded
        return str(value)
    from babel.numbers import format_decimal

    return format_decimal(value, locale=_locale())


def decimal(value: Decimal | float, digits: int) -> str:
    """Format a number with `digits` decimals.

    >>> decimal(1234.5, 2)
    '1,234.50'
    """
    from decimal import ROUND_HALF_UP, Decimal

    exact = Decimal(str(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    if digits == 0 and -1000 < exact < 1000:  # as in `number`
        return str(exact)
    return str(_with_digits(_locale().decimal_formats[None], digits).apply(exact, _locale()))


def percent(value: int) -> str:
    """Format a whole percentage.

    >>> percent(12)
    '12%'
    """
    from babel.numbers import format_percent

    return format_percent(value / 100, locale=_locale())


def money(amount: Decimal) -> str:
    """Format US dollars: with cents from one cent up, below with one significant digit.

    >>> from decimal import Decimal
    >>> [money(Decimal(x)) for x in ("4.118", "0.08", "0.0095", "0.0034", "0.00004", "0")]
    ['$4.12', '$0.08', '$0.01', '$0.003', '$0.00004', '$0']
    """
    from decimal import ROUND_HALF_UP, Decimal

    if amount == 0:
        return _dollars(amount, 0)
    if amount >= Decimal("0.01"):
        return _dollars(amount.quantize(Decimal("0.01"), ROUND_HALF_UP), 2)
    first_digit = Decimal(1).scaleb(amount.adjusted())  # the unit of the first digit
    # Normalized, because 0.0095 is rounded to 0.010, which has a digit too many.
    one_digit = amount.quantize(first_digit, ROUND_HALF_UP).normalize()
    digits = -int(one_digit.as_tuple().exponent)
    return _dollars(one_digit, max(2, digits))


def counted_money(
    amount: Decimal, *, has_unknown: bool = False, has_estimates: bool = False
) -> str:
    """Format a sum of US dollars: ≥ if it leaves out calls, ≈ if it includes estimates.

    >>> from decimal import Decimal
    >>> counted_money(Decimal(1), has_unknown=True), counted_money(Decimal(1), has_estimates=True)
    ('≥ $1.00', '≈ $1.00')
    """
    sign = "≥ " if has_unknown else "≈ " if has_estimates else ""
    return f"{sign}{money(amount)}"


def rough_money(amount: Decimal) -> str:
    """Format US dollars of an estimate, as `money` does.

    >>> from decimal import Decimal
    >>> [rough_money(Decimal(x)) for x in ("4.118", "0.0149", "0.00004", "0")]
    ['≈ $4.12', '≈ $0.01', '≈ $0.00004', '$0']
    """
    return counted_money(amount, has_estimates=amount > 0)


def exact_money(amount: Decimal) -> str:
    """Format US dollars with every digit, and at least two decimals.

    >>> from decimal import Decimal
    >>> [exact_money(Decimal(x)) for x in ("4.1", "10", "0.0000875", "0", "1E+1", "1234.5")]
    ['$4.10', '$10.00', '$0.0000875', '$0.00', '$10.00', '$1,234.50']
    """
    digits = -int(amount.normalize().as_tuple().exponent)
    return _dollars(amount, max(2, digits))


def editable_amount(amount: Decimal) -> str:
    """Return every digit of an amount, with at least two decimals, for an editable field.

    >>> from decimal import Decimal
    >>> [editable_amount(Decimal(x)) for x in ("20", "1234.5", "0.0005")]
    ['20.00', '1234.50', '0.0005']
    """
    integer, _, fraction = f"{amount:f}".partition(".")
    return f"{integer}{_decimal_sign()}{fraction.rstrip('0').ljust(2, '0')}"


def parse_amount(text: str) -> Decimal | None:
    """Return the amount that a user has written as usual in the locale; None for an empty text.

    The locale's group separator is read as the decimal sign, unless the whole text is grouped in
    threes, as 1,000 is; 0,500 and 1000,500 are not.

    >>> [str(parse_amount(x)) for x in ("$20", "1,50", "1,234.5", "1,000", " ")]
    ['20', '1.50', '1234.5', '1000', 'None']

    Raises:
        ValueError: the text is not an amount.
    """
    from decimal import Decimal

    plain = re.sub(r"US\$|[$\s'’]", "", text)
    if not plain:
        return None
    last_index = max(plain.rfind("."), plain.rfind(","))
    if last_index >= 0:
        last_sign = plain[last_index]
        is_grouped = re.fullmatch(r"[1-9]\d{0,2}([.,]\d{3})+", plain) is not None
        if is_grouped and last_sign != _decimal_sign():
            plain = plain.replace(last_sign, "")
        else:
            group_sign = "," if last_sign == "." else "."
            integer = plain[:last_index].replace(group_sign, "")
            plain = f"{integer}.{plain[last_index + 1 :]}"
    if re.fullmatch(r"\+?(?:\d+(?:\.\d*)?|\.\d+)", plain) is None:
        raise ValueError(text)
    return Decimal(plain)


def _decimal_sign() -> str:
    """Return the locale's decimal sign: the second character of "0.5"."""
    return decimal(0.5, 1)[1]


def tokens(count: int) -> str:
    """Format a token count with a short unit.

    >>> [tokens(x) for x in (7, 1900, 9949, 9950, 272000, 999_500)]
    ['7', '1.9k', '9.9k', '10k', '272k', '1M']
    """
    # From 9,950 on, one decimal would round up to 10.0k; from 999,500 on, none would give 1000k.
    if count < 1000:
        return number(count)
    if count < 999_500:
        return f"{_short_decimal(count / 1000, 1 if count < 9950 else 0)}k"
    return f"{_short_decimal(count / 1_000_000, 2)}M"


def size(count: int) -> str:
    """Format a number of bytes, in units of 1,024.

    >>> [size(x) for x in (0, 900, 2048, (1 << 20) - 1, 1_700_000, 5 << 20, (1 << 30) - 1)]
    ['0 bytes', '900 bytes', '2 KB', '1 MB', '1.6 MB', '5 MB', '1 GB']
    """
    from desktop_app.i18n.translation import tr, tr_plural

    if count < _KB:
        return tr_plural("{count} byte", "{count} bytes", count)
    if round(count / _KB) < _KB:
        return tr("{size} KB", size=decimal(count / _KB, 0))
    if round(count / _KB**2) < _KB:
        return tr("{size} MB", size=_short_decimal(count / _KB**2))
    return tr("{size} GB", size=_short_decimal(count / _KB**3))


def duration(seconds: float, *, digits: int = 1) -> str:
    """Format a duration in its two largest units; `digits` are the decimals below 10 seconds.

    >>> [duration(x) for x in (0.44, 9.96, 59.6, 61, 3600, 5400)]
    ['0.4 s', '10 s', '1 min', '1 min 1 s', '1 h', '1 h 30 min']
    >>> duration(6, digits=0)
    '6 s'
    """
    from desktop_app.i18n.translation import tr

    if seconds < 9.95:  # a longer time would round up to 10.0
        return tr("{seconds} s", seconds=decimal(seconds, digits))
    rounded = round(seconds)
    if rounded < 60:
        return tr("{seconds} s", seconds=rounded)
    minutes, rest_seconds = divmod(rounded, 60)
    if minutes < 60:
        if not rest_seconds:
            return tr("{minutes} min", minutes=minutes)
        return tr("{minutes} min {seconds} s", minutes=minutes, seconds=rest_seconds)
    hours, minutes = divmod(minutes, 60)
    if not minutes:
        return tr("{hours} h", hours=hours)
    return tr("{hours} h {minutes} min", hours=hours, minutes=minutes)


def day(value: date) -> str:
    """Format a date, such as "March 2, 2026"."""
    return str(_babel_dates().format_date(value, "long", _locale()))


def short_date(value: date) -> str:
    """Format a date with a short month, such as "Mar 2, 2026"."""
    return _skeleton(value, "yMMMd")


def short_day(value: date) -> str:
    """Format a date without its year, such as "Mar 2"."""
    return _skeleton(value, "MMMd")


def month(value: date) -> str:
    """Format a month and its year, such as "March 2026"."""
    return _skeleton(value, "yMMMM")


def time(value: datetime) -> str:
    """Format the time of day of a moment, in the local time zone."""
    return str(_babel_dates().format_time(value.astimezone(), "short", locale=_locale()))


def moment(value: datetime) -> str:
    """Format a date and a time of day, in the local time zone."""
    from desktop_app.i18n.translation import tr

    local = value.astimezone()
    return tr("{day}, {time}", day=day(local.date()), time=time(local))


def joined(items: Sequence[str]) -> str:
    """Join items as a sentence does.

    >>> [joined(["a"]), joined(["a", "b"]), joined(["a", "b", "c"])]
    ['a', 'a and b', 'a, b, and c']
    """
    if len(items) < 2:  # as for each new conversation: no formats need to be loaded
        return "".join(items)
    from babel.lists import format_list

    return format_list(items, locale=_locale())


def _short_decimal(value: float, digits: int = 1) -> str:
    rounded = round(value, digits)
    while digits and rounded == round(rounded, digits - 1):
        digits -= 1
    return decimal(rounded, digits)


def locale_name(language: str) -> str:
    """Return the system's locale if it has this language, otherwise the language's usual one.

    The locale is written with a hyphen, as in "de-AT".
    """
    for variable in ("LC_ALL", "LC_TIME", "LANG"):
        # The variable is like "de_AT.UTF-8@euro". The first that is set decides.
        name = os.environ.get(variable, "").split(".")[0].split("@")[0].replace("_", "-")
        if name and name.split("-")[0] == language.split("_")[0]:
            return name
        if name:
            break
    return _USUAL_LOCALES.get(language, language)


# The locales of languages without a country; a language that is not listed is its own.
_USUAL_LOCALES: Final = {"en": "en-US", "pt_BR": "pt-BR", "zh_CN": "zh-CN"}


@cache
def script_of_language(code: str) -> str:
    """Return Unicode's name for the script of a language: "LATIN" for "sr_RS@latin"."""
    from babel import Locale
    from babel.core import get_global

    _babel_dates()
    subtags = re.split("[-_@]", code)
    likely_subtags = get_global("likely_subtags")
    likely = likely_subtags.get("_".join(subtags[:2])) or likely_subtags.get(subtags[0]) or ""
    script_names = Locale("en").scripts
    # A script that the code states comes before the likely one, such as "Cyrl" of "sr".
    scripts = [tag for tag in (*subtags[1:], *likely.split("_")) if tag in script_names]
    if "latin" in subtags or not scripts:
        return "LATIN"
    name = str(script_names[scripts[0]]).upper()
    return _UNICODE_SCRIPTS.get(name, name)
