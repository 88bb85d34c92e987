"""Sums, caps and forecasts of spending."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from desktop_app.domain.cost import Usage
from desktop_app.domain.spending_report import MonthSpending, SpendingSum, month_forecast


@pytest.mark.parametrize(
    ("spent", "cap", "is_near"),
    [("8", "10", True), ("7.99", "10", False), ("8", None, False), ("0", "0", True)],
)
def test_a_cap_is_near_from_four_fifths_on(spent: str, cap: str | None, is_near: bool) -> None:
    assert MonthSpending(Decimal(spent), cap=cap and Decimal(cap)).is_near_cap is is_near


def test_sums_of_calls_add_up() -> None:
    assert SpendingSum() == SpendingSum(0, 0, Usage(), Decimal(0))
    one, two = SpendingSum(3, 1, Usage(5), Decimal(2)), SpendingSum(4, 2, Usage(6), Decimal(3))
    assert one + two == SpendingSum(7, 3, Usage(11), Decimal(5))


@pytest.mark.parametrize(
    ("day", "hour", "expected"), [(16, 0, 20), (1, 12, 300), (2, 0, 300), (3, 0, 150), (30, 23, 10)]
)
def test_the_forecast_extrapolates_the_spending_of_the_month(
    day: int, hour: int, expected: int
) -> None:
    at = datetime(2026, 11, day, hour).astimezone()
    assert round(month_forecast(Decimal(10), at)) == expected
