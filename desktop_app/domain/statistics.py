"""Percentiles, and confidence intervals of shares."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, sqrt
from typing import Final

_Z_95: Final = 1.959963984540054
"""The quantile of the normal distribution for a confidence of 95 % (two-sided)."""


def rounded(value: float | None) -> float | None:
    """Round a figure to the three decimals that it has in JSON."""
    return None if value is None else round(value, 3)


def percentile(values: Iterable[float], percent: int) -> float | None:
    """Return the nearest-rank percentile; None without values.

    >>> percentile([3.0, 1.0, 2.0, 4.0], 50), percentile([1.0, 2.0], 95), percentile([], 50)
    (2.0, 2.0, None)
    """
    ordered = sorted(values)
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)] if ordered else None


def wilson_interval(passed: int, total: int) -> tuple[float, float]:
    """Return the 95 % Wilson score interval of a share; (0, 1) without cases.

    Source: E. B. Wilson, Journal of the American Statistical Association 22 (1927), p. 209.

    >>> [round(end, 4) for end in wilson_interval(8, 10)]
    [0.4902, 0.9433]
    """
    if total == 0:
        return 0.0, 1.0
    passed_share = passed / total
    square = _Z_95 * _Z_95
    middle = passed_share + square / (2 * total)
    half = _Z_95 * sqrt(passed_share * (1 - passed_share) / total + square / (4 * total * total))
    low = (middle - half) / (1 + square / total)
    high = (middle + half) / (1 + square / total)
    # Rounding must not move an end beyond 0 or 1, nor away from it if no or all cases passed.
    return max(0.0, low) if passed else 0.0, min(1.0, high) if passed < total else 1.0
