"""Measures the memory that a text takes while it arrives in pieces."""

from __future__ import annotations

from typing import Final

_CONTROL: Final = bytes(sorted(set(range(32)) - set(b"\t\n\r")))
_LEAD_OF_FOUR: Final = bytes(range(0xF0, 0xF5))
_BYTES_ESCAPED: Final = 6
_CHARS_PER_STEP: Final = 64 * 1024
"""Characters counted at once. `fit` keeps or drops them together."""


class TextSize:
    """The bytes that a text takes in memory or in the store, whichever are more.

    One per character for Basic Latin, three for the whole text once it has another script, four
    once it has an emoji; six per control character, as in the JSON of the store.

    Attributes:
        bytes: of all that was added.
    """

    def __init__(self) -> None:
        self.bytes = 0
        self._characters = 0
        self._escaped = 0
        self._width = 1

    def add(self, text: str) -> None:
        """Count more text."""
        for at in range(0, len(text), _CHARS_PER_STEP):
            self._add(text[at : at + _CHARS_PER_STEP])

    def _add(self, text: str) -> None:
        data = text.encode("utf-8", "surrogatepass")
        self._characters += len(text)
        self._escaped += len(data) - len(data.translate(None, _CONTROL))
        if self._width < 4 and len(data) > len(text):
            is_wide = len(data.translate(None, _LEAD_OF_FOUR)) < len(data)
            self._width = 4 if is_wide else 3
        self.bytes = self._characters * self._width + self._escaped * (_BYTES_ESCAPED - 1)

    def fit(self, text: str, limit: int) -> str:
        """Count more text, up to `limit` bytes in all; return what fits, in whole steps."""
        for at in range(0, len(text), _CHARS_PER_STEP):
            self._add(text[at : at + _CHARS_PER_STEP])
            if self.bytes > limit:
                return text[:at]
        return text
