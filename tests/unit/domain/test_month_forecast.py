"""The forecast of a month's spending."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from desktop_app.domain.spending.spending_report import month_forecast
from desktop_app.storage.spending.spending_groups import percentile


@pytest.mark.parametrize(
    ("day", "hour", "expected"),
    [(16, 0, 20), (1, 12, 300), (30, 23, 10)],
)
def test_the_month_goes_on_as_it_has(day: int, hour: int, expected: int) -> None:
    at = datetime(2026, 11, day, hour).astimezone()
    assert round(month_forecast(Decimal(10), at)) == expected


def test_percentiles_are_of_the_nearest_rank() -> None:
    values = [float(n) for n in range(1, 101)]
    assert (percentile(values, 50), percentile(values, 95)) == (50.0, 95.0)
    assert percentile([7.0], 95) == 7.0
    assert percentile([], 50) is None
