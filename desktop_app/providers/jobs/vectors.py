"""Embedding vectors, quantized so that many can be stored and compared without a library.

A vector has a signed byte for each dimension, and an integer with all signs. Signs are
compared first, which is fast but inexact; the best matches are then compared by their bytes.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import sqrt
from operator import mul


@dataclass(frozen=True, slots=True)
class Vector:
    """The direction of an embedding, quantized.

    Attributes:
        signs: an integer with a byte per dimension: 1 if the value is negative, else 0.
        numbers: one signed byte per dimension; the largest magnitude is 127.
    """

    signs: int
    numbers: bytes = field(repr=False)

    @classmethod
    def from_values(cls, values: Sequence[float]) -> Vector:
        """Quantize `values`.

        Raises:
            ValueError: they are all zero, or not finite.
        """
        largest = max(map(abs, values), default=0.0)
        if not 0 < largest < float("inf"):
            raise ValueError("a vector without a direction")
        numbers = array("b", [round(value / largest * 127) for value in values]).tobytes()
        return cls.from_bytes(numbers)

    @classmethod
    def from_bytes(cls, numbers: bytes) -> Vector:
        """Restore a vector from its stored `numbers`."""
        return cls(int.from_bytes(numbers.translate(_SIGNS)), numbers)

    def hamming_distance(self, signs: int) -> int:
        """Return the number of dimensions whose signs differ."""
        return (self.signs ^ signs).bit_count()

    def cosine_to(self, other: Vector) -> float:
        """Return the cosine of the angle to `other`, which has the same number of dimensions."""
        mine = array("b", self.numbers)
        others = array("b", other.numbers)
        return _dot_product(mine, others) / sqrt(
            _dot_product(mine, mine) * _dot_product(others, others)
        )


@dataclass(frozen=True, slots=True)
class UnembeddedPassage:
    """A passage without a vector."""

    id: int
    tokens: int
    text: str


# Maps each signed byte to 1 if it is negative, else to 0.
_SIGNS = bytes([0] * 128 + [1] * 128)


def _dot_product(first: array[int], second: array[int]) -> int:
    return sum(map(mul, first, second))
