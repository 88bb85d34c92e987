"""Joins surrogate pairs that a server has split between two deltas of a text.

JavaScript counts UTF-16 code units, so a gateway written in it may cut an emoji in two.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from desktop_app.providers.http.reply import json_fields

K = TypeVar("K")


class SplitPairs(Generic[K]):
    """The first halves at the ends of an answer's texts, by a key for each text."""

    def __init__(self) -> None:
        self._halves: dict[K, str] = {}

    def text(self, key: K, delta: object, name: str) -> str:
        """Return the text in the field `name` of a delta; "" if it has none.

        A first half at its end is held until the next delta of the text. Other halves without a
        partner become U+FFFD.
        """
        piece = delta.get(name) if isinstance(delta, dict) else None
        if not isinstance(piece, str) or not piece:
            return ""
        half = self._halves.pop(key, "")
        if _is_first_half(piece[-1]):
            self._halves[key] = piece[-1]
            piece = piece[:-1]
        elif not half:
            return json_fields.text(delta, name)
        joined_bytes = (half + piece[:1]).encode("utf-16-le", "surrogatepass")
        return json_fields.text(
            {name: joined_bytes.decode("utf-16-le", "replace") + piece[1:]}, name
        )

    def drop(self, key: K) -> None:
        """Drop the half of a text that has arrived whole."""
        self._halves.pop(key, None)

    def pop_unpaired(self) -> list[K]:
        """Remove and return the keys of the texts that end with a half."""
        keys = list(self._halves)
        self._halves = {}
        return keys


def _is_first_half(character: str) -> bool:
    return "\ud800" <= character <= "\udbff"
