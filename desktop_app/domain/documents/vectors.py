"""Vectors of meaning, small enough to keep many of them and to compare them without a library.

A vector is kept as one signed byte a dimension, and as one bit a dimension: its sign. Signs are compared
first, which is quick and rough; the best by them are compared by the bytes.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import sqrt
from operator import mul


@dataclass(frozen=True, slots=True)
class Vector:
    """A direction.

    Attributes:
        signs: a bit for each dimension, as a number.
        numbers: a signed byte for each dimension; the largest is 127.
    """

    signs: int
    numbers: bytes = field(repr=False)

    @classmethod
    def of(cls, values: Sequence[float]) -> Vector:
        """The direction of `values`.

        Raises:
            ValueError: there is none.
        """
        most = max(map(abs, values), default=0.0)
        if not 0 < most < float("inf"):
            raise ValueError("a vector without a direction")
        numbers = array("b", [round(value * 127 / most) for value in values]).tobytes()
        return cls.kept(numbers)

    @classmethod
    def kept(cls, numbers: bytes) -> Vector:
        """The vector that was kept as `numbers`."""
        return cls(int.from_bytes(numbers.translate(_SIGNS)), numbers)

    def unlike(self, signs: int) -> int:
        """In how many dimensions the signs differ."""
        return (self.signs ^ signs).bit_count()

    def nearness(self, other: Vector) -> float:
        """The cosine of the angle to `other`, of as many dimensions."""
        mine, others = array("b", self.numbers), array("b", other.numbers)
        return _product(mine, others) / sqrt(_product(mine, mine) * _product(others, others))


# Each signed byte to 1 where it is below zero: as numbers in base 256, whose bits are the signs.
_SIGNS = bytes([0] * 128 + [1] * 128)


def _product(one: array[int], other: array[int]) -> int:
    return sum(map(mul, one, other))
