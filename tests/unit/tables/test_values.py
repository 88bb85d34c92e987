"""The types of values, and that a value keeps its text."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.tables.values import ValueType, date_value, read_date, read_number, value_of

NUMBER, MONEY, DATE = ValueType.NUMBER, ValueType.MONEY, ValueType.DATE


@pytest.mark.parametrize(
    ("text", "kind", "number", "shown"),
    [
        ("1.10", NUMBER, 1.1, "0.00"),
        ("-3", NUMBER, -3, "0"),
        ("25%", NUMBER, 0.25, "0%"),
        ("1,234.50", NUMBER, 1234.5, "#,##0.00"),
        ("1.234,50", NUMBER, 1234.5, "#,##0.00"),
        ("1,000,000", NUMBER, 1_000_000, "#,##0"),
        ("$1,250", MONEY, 1250, '"$"#,##0'),
        ("12,50 €", MONEY, 12.5, '0.00" €"'),
        ("-$5", MONEY, -5, '"$"0'),
        ("($5.00)", MONEY, -5, '"$"0.00'),
        ("CHF 3", MONEY, 3, '"CHF "0'),
        ("2026-11-30", DATE, date(2026, 11, 30).toordinal(), "yyyy-mm-dd"),
    ],
)
def test_a_text_has_its_type(text: str, kind: ValueType, number: float, shown: str) -> None:
    assert value_of(text) == (text, kind, shown, number)


@pytest.mark.parametrize(
    "text",
    [
        *("", "007", "-0", "1e5", "+49 170", "12345678901234567", "2026-02-30", "1.2.3", "$1.250"),
        *("1,2", "170 123", "(5)", "192.168.100", "5 apples", "nan"),
    ],
)
def test_what_can_be_read_in_two_ways_is_a_text(text: str) -> None:
    assert value_of(text) == (text, ValueType.TEXT, "", None)


def test_the_decimal_sign_of_a_file_decides() -> None:
    texts = ("12,50", "1,250", "1.250", "1.10")
    found = [value_of(text, has_comma=True).number for text in texts]
    assert found == [12.5, 1.25, 1250, 1.1]


def test_dates_that_spreadsheets_cannot_show_are_texts() -> None:
    assert value_of("1850-05-01").content == "1850-05-01"
    assert value_of("2026-11-30").content == date(2026, 11, 30)
    assert value_of("2026-11-30 10:20").content == datetime.fromisoformat("2026-11-30T10:20")


@given(st.text(max_size=12) | st.text("0123456789.,-$€% '()/", max_size=12))
def test_any_text_is_kept(text: str) -> None:
    for has_comma in (False, True):
        value = value_of(text, has_comma=has_comma)
        assert value.text == text
        assert (value.number is None) == (value.type is ValueType.TEXT)
    read = read_number(text)
    assert read is None or read_number(read.text) == read


@given(st.dates())
def test_a_day_in_words_is_that_day(day: date) -> None:
    month = f"{day:%B}"
    words = (f"{day.day} {month} {day.year:04}", f"{month} {day.day}, {day.year:04}")
    for text in (*words, day.isoformat(), f"{day.day}.{day.month}.{day.year:04}"):
        assert read_date(text) == date_value(day)
