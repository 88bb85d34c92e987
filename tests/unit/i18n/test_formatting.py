"""Amounts at the limits where their format changes, in English and in German."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal

import pytest

from desktop_app.i18n import formatting

CASES: list[tuple[Callable[..., str], object, str, str]] = [
    (formatting.number, -1000, "-1,000", "-1.000"),
    (formatting.number, 1000, "1,000", "1.000"),
    (formatting.percent, 12, "12%", "12\xa0%"),
    (formatting.percent, 100, "100%", "100\xa0%"),
    (formatting.money, Decimal(0), "$0", "0\xa0$"),
    (formatting.money, Decimal(1), "$1.00", "1,00\xa0$"),
    (formatting.money, Decimal("0.01"), "$0.01", "0,01\xa0$"),
    (formatting.money, Decimal("0.0099"), "$0.01", "0,01\xa0$"),
    (formatting.money, Decimal("0.0094"), "$0.009", "0,009\xa0$"),
    (formatting.money, Decimal("0.025"), "$0.03", "0,03\xa0$"),
    (formatting.money, Decimal("0.00045"), "$0.0005", "0,0005\xa0$"),
    (formatting.money, Decimal("1234.565"), "$1,234.57", "1.234,57\xa0$"),
    (formatting.exact_money, Decimal("0.100"), "$0.10", "0,10\xa0$"),
    (formatting.editable_amount, Decimal("0.100"), "0.10", "0,10"),
    (formatting.tokens, 999, "999", "999"),
    (formatting.tokens, 1000, "1k", "1k"),
    (formatting.tokens, 9_949, "9.9k", "9,9k"),
    (formatting.tokens, 9_950, "10k", "10k"),
    (formatting.tokens, 272_000, "272k", "272k"),
    (formatting.tokens, 999_500, "1M", "1M"),
    (formatting.tokens, 1_047_576, "1.05M", "1,05M"),
    (formatting.size, 1023, "1,023 bytes", "1.023 bytes"),
    (formatting.size, 1024, "1 KB", "1 KB"),
    (formatting.size, 2048, "2 KB", "2 KB"),
    (formatting.size, (1 << 20) - 1, "1 MB", "1 MB"),
    (formatting.size, (1 << 30) - 1, "1 GB", "1 GB"),
    (formatting.size, 2_700_000_000, "2.5 GB", "2,5 GB"),
    (formatting.duration, 9.94, "9.9 s", "9,9 s"),
    (formatting.duration, 9.95, "10 s", "10 s"),
    (formatting.duration, 59.4, "59 s", "59 s"),
    (formatting.duration, 60, "1 min", "1 min"),
    (formatting.duration, 61, "1 min 1 s", "1 min 1 s"),
    (formatting.duration, 3599.6, "1 h", "1 h"),
    (formatting.duration, 7260, "2 h 1 min", "2 h 1 min"),
    (formatting.day, date(2026, 3, 2), "March 2, 2026", "2. März 2026"),
    (formatting.short_date, date(2026, 3, 2), "Mar 2, 2026", "2. März 2026"),
    (formatting.short_day, date(2026, 3, 2), "Mar 2", "2. März"),
    (formatting.month, date(2026, 3, 2), "March 2026", "März 2026"),
    (formatting.time, datetime(2026, 3, 2, 15, 4).astimezone(), "3:04\u202fPM", "15:04"),
    (
        formatting.moment,
        datetime(2026, 3, 2, 15, 4).astimezone(),
        "March 2, 2026, 3:04\u202fPM",
        "2. März 2026, 15:04",
    ),
    (formatting.joined, ["a", "b", "c"], "a, b, and c", "a, b und c"),
]


@pytest.fixture(autouse=True)
def plain_system(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("LC_ALL", "LC_TIME", "LANG"):
        monkeypatch.delenv(name, raising=False)
    yield
    formatting.use_formats_of("en")


@pytest.mark.parametrize(
    ("write", "value", "english", "german"),
    CASES,
    ids=lambda part: getattr(part, "__name__", None) or str(part),
)
def test_a_value_is_written_for_the_locale(
    write: Callable[..., str], value: object, english: str, german: str
) -> None:
    formatting.use_formats_of("en")
    assert write(value) == english
    formatting.use_formats_of("de")
    assert write(value) == german


@pytest.mark.parametrize(
    ("number", "digits", "text"),
    [(0.125, 2, "0.13"), (2.5, 0, "3"), (-2.5, 0, "-3"), (1e6, 1, "1,000,000.0"), (0, 0, "0")],
)
def test_halves_are_rounded_up(number: float, digits: int, text: str) -> None:
    formatting.use_formats_of("en")
    assert formatting.decimal(number, digits) == text


@pytest.mark.parametrize(
    ("variables", "language", "locale"),
    [
        ({"LC_ALL": "de_AT.UTF-8"}, "de", "de-AT"),
        ({"LC_TIME": "en_GB", "LANG": "de_DE"}, "en", "en-GB"),
        ({"LC_ALL": "C", "LC_TIME": "de_AT"}, "de", "de"),
        ({"LANG": "nl_NL"}, "en", "en-US"),
        ({}, "en", "en-US"),
    ],
)
def test_the_first_variable_of_the_system_gives_the_region(
    variables: dict[str, str], language: str, locale: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert formatting.locale_name(language) == locale


def test_a_locale_without_formats_has_those_of_its_language(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LANG", "en_RU.UTF-8")
    formatting.use_formats_of("en")
    assert formatting.decimal(1234.5, 1) == "1,234.5"


def test_a_swiss_amount_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "de_CH.UTF-8")
    formatting.use_formats_of("de")
    amount = Decimal("1234.50")
    assert formatting.parse_amount(formatting.exact_money(amount)) == amount
    assert formatting.parse_amount("1'234.50") == amount


@pytest.mark.parametrize(
    ("code", "script"),
    [
        *(
            ("en_US", "LATIN"),
            ("de_DE_frami", "LATIN"),
            ("ru_RU", "CYRILLIC"),
            ("hi", "DEVANAGARI"),
        ),
        *(
            ("sr_RS", "CYRILLIC"),
            ("sr_ME", "LATIN"),
            ("sr_Latn_RS", "LATIN"),
            ("sr@latin", "LATIN"),
        ),
        *(("ko_KR", "HANGUL"), ("bn_BD", "BENGALI"), ("fa_IR", "ARABIC"), ("tlh", "LATIN")),
    ],
)
def test_a_language_has_a_script(code: str, script: str) -> None:
    assert formatting.script_of_language(code) == script
