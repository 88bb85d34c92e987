"""The formats of Qt's locale data, which the window uses for numbers, money and dates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QDate, QLocale, QTime

from desktop_app.i18n.formatting import locale_name, use_formats

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from decimal import Decimal


class QtFormats:
    """The formats of a QLocale; see `desktop_app.i18n.formatting.Formats`."""

    def __init__(self, locale: QLocale) -> None:
        self._locale = locale
        pattern = locale.dateFormat(QLocale.FormatType.LongFormat)
        self._day_pattern = pattern.replace("dddd", "").strip(" ,")

    def number(self, value: int) -> str:
        return self._locale.toString(float(value), "f", 0)  # Qt's integers are limited

    def decimal(self, value: Decimal, digits: int) -> str:
        return self._locale.toString(float(value), "f", digits)

    def dollars(self, value: Decimal, digits: int) -> str:
        has_bare_sign = (
            self._locale.territory() is QLocale.Country.UnitedStates
            or self._locale.language() is QLocale.Language.German
        )
        symbol = "$" if has_bare_sign else "US$"  # the same as Babel's data
        return self._locale.toCurrencyString(float(value), symbol, digits)

    def percent(self, value: int) -> str:
        space = "\N{NO-BREAK SPACE}" if self._locale.language() is QLocale.Language.German else ""
        return f"{self._locale.toString(value)}{space}{self._locale.percent()}"

    def day(self, value: date) -> str:
        return self._locale.toString(_qdate(value), self._day_pattern)

    def short_date(self, value: date) -> str:
        return self._locale.toString(_qdate(value), self._day_pattern.replace("MMMM", "MMM"))

    def short_day(self, value: date) -> str:
        pattern = self._day_pattern.replace("yyyy", "").replace("MMMM", "MMM").strip(" ,")
        return self._locale.toString(_qdate(value), pattern)

    def month(self, value: date) -> str:
        return f"{self._locale.standaloneMonthName(value.month)} {value.year}"

    def time(self, value: datetime) -> str:
        time = QTime(value.hour, value.minute)
        return self._locale.toString(time, QLocale.FormatType.ShortFormat)

    def joined(self, items: Sequence[str]) -> str:
        return self._locale.createSeparatedList(list(items))


def use_qt_formats(language: str) -> None:
    """Use Qt's formats of a language, for the system's region if the system uses the language."""
    locale = QLocale.system()
    if locale.name().split("_")[0] != language:
        locale = QLocale(locale_name(language))
    QLocale.setDefault(locale)  # date fields use it
    use_formats(QtFormats(locale))


def _qdate(value: date) -> QDate:
    return QDate(value.year, value.month, value.day)
