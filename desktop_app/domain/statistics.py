"""Percentiles, histograms, and confidence intervals of shares."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, log, sqrt
from typing import Final, Self

# Each bucket of a histogram is 4 % wider than the one below.
_BUCKET_GROWTH: Final = 1.04
_LOG_BUCKET_GROWTH: Final = log(_BUCKET_GROWTH)
_MIN_VALUE: Final = 1e-4
_MAX_RATIO: Final = 1e13  # of the largest value to _MIN_VALUE
_COUNT_BYTES: Final = 4
_COUNT_BITS: Final = 8 * _COUNT_BYTES
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


@dataclass
class Histogram:
    """Counts of values in buckets whose widths are proportional to the values.

    Attributes:
        packed: the counts, 32 bits each, the lowest bucket first. One addition of integers adds
            two histograms.
    """

    packed: int = 0

    def add(self, value: float) -> None:
        """Count a value, limited to the range from 0.0001 to 10⁹."""
        bucket = ceil(log(min(max(value / _MIN_VALUE, 1), _MAX_RATIO)) / _LOG_BUCKET_GROWTH)
        self.packed += 1 << (_COUNT_BITS * bucket)

    def __iadd__(self, other: Histogram) -> Self:
        self.packed += other.packed
        return self

    def percentile(self, percent: int) -> float | None:
        """Return the nearest-rank percentile, within 2 %; None without values.

        >>> some = Histogram()
        >>> for value in (3.0, 1.0, 2.0, 4.0):
        ...     some.add(value)
        >>> [round(some.percentile(percent), 1) for percent in (50, 95)]
        [2.0, 4.0]
        """
        counts = self._unpack_counts()
        rank = max(1, ceil(sum(counts) * percent / 100))
        for bucket, count in enumerate(counts):
            rank -= count
            if rank <= 0:  # the value with the same relative distance to both ends of the bucket
                return _MIN_VALUE * 2 * _BUCKET_GROWTH**bucket / (1 + _BUCKET_GROWTH)
        return None

    def to_bytes(self) -> bytes:
        """Return the number of empty buckets at the start and the counts of the others."""
        counts = self._unpack_counts()
        first = next((bucket for bucket, count in enumerate(counts) if count), 0)
        return array("I", (first, *counts[first:])).tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Histogram:
        """Parse the output of `to_bytes`."""
        empty = int.from_bytes(data[:_COUNT_BYTES], "little")
        return cls(int.from_bytes(data[_COUNT_BYTES:], "little") << (_COUNT_BITS * empty))

    def _unpack_counts(self) -> array[int]:
        length = ceil(self.packed.bit_length() / _COUNT_BITS)
        return array("I", self.packed.to_bytes(length * _COUNT_BYTES, "little"))


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
