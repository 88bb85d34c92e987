"""Texts to compare with sentences that may be reworded."""

from __future__ import annotations


class Fragment(str):
    """A text that equals each text of which it is a part."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and str(self) in str(other)

    __hash__ = str.__hash__
