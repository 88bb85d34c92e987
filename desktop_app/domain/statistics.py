"""Percentiles, and confidence intervals of shares."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, sqrt
from typing import Final

Z_95: Final = 1.959963984540054
"""The normal quantile of a two-sided confidence of 95 %."""


def percentile(values: Iterable[float], share: int) -> float | None:
    """Return the nearest-rank percentile; None without values.

    >>> percentile([3.0, 1.0, 2.0, 4.0], 50), percentile([1.0, 2.0], 95), percentile([], 50)
    (2.0, 2.0, None)
    """
    ordered = sorted(values)
    return ordered[max(0, ceil(len(ordered) * share / 100) - 1)] if ordered else None


def wilson_interval(passed: int, total: int, z: float = Z_95) -> tuple[float, float]:
    """Return the Wilson score interval of a share; (0, 1) without cases.

    Source: E. B. Wilson, Journal of the American Statistical Association 22 (1927), p. 209.

    >>> [round(end, 4) for end in wilson_interval(8, 10)]
    [0.4902, 0.9433]
    """
    if total == 0:
        return 0.0, 1.0
    share, square = passed / total, z * z
    middle = share + square / (2 * total)
    half = z * sqrt(share * (1 - share) / total + square / (4 * total * total))
    low, high = (middle - half) / (1 + square / total), (middle + half) / (1 + square / total)
    return max(0.0, low) if passed else 0.0, min(1.0, high) if passed < total else 1.0
