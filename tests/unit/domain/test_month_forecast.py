"""The forecast of a month's spending."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from desktop_app.domain.spending.spending_report import month_forecast


@pytest.mark.parametrize(("day", "hour", "expected"), [(16, 0, 20), (1, 12, 300), (30, 23, 10)])
def test_the_forecast_extrapolates_the_spending_of_the_month(
    day: int, hour: int, expected: int
) -> None:
    at = datetime(2026, 11, day, hour).astimezone()
    assert round(month_forecast(Decimal(10), at)) == expected
