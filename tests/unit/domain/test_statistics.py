"""Percentiles, and confidence intervals."""

from __future__ import annotations

from typing import Any

import pytest

from desktop_app.domain.statistics import percentile, rounded, wilson_interval


@pytest.mark.parametrize(
    ("values", "percent", "found"),
    [
        ([3.0, 1.0, 2.0, 4.0], 50, 2.0),
        ([1.0, 2.0], 95, 2.0),
        (range(1, 101), 95, 95),
        ([5.0], 1, 5.0),
        ([], 50, None),
    ],
)
def test_a_percentile_is_one_of_the_values(values: Any, percent: int, found: float | None) -> None:
    assert percentile(values, percent) == found
    assert (rounded(0.12345), rounded(None)) == (0.123, None)


@pytest.mark.parametrize(
    ("passed", "total", "low", "high"),
    [(8, 10, 0.4902, 0.9433), (0, 0, 0, 1), (0, 10, 0, 0.2775), (10, 10, 0.7225, 1)],
)
def test_an_interval_is_wilsons(passed: int, total: int, low: float, high: float) -> None:
    assert tuple(round(end, 4) for end in wilson_interval(passed, total)) == (low, high)
