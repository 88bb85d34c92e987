"""Estimates the memory of a text that arrives in pieces."""

from __future__ import annotations

import sys
from typing import Final

# The bytes that JSON escapes in six characters, such as \u001b, and the first bytes of characters
# that take four bytes in UTF-8.
_CONTROL: Final = bytes(sorted(set(range(32)) - set(b"\t\n\r")))
_LEAD_OF_FOUR: Final = bytes(range(0xF0, 0xF5))
_BYTES_ESCAPED: Final = 6
_CHARS_PER_STEP: Final = 64 * 1024
"""The characters that are counted at once, and that `add_up_to` keeps or drops together."""


class TextSize:
    """The bytes of a text in memory or in the store, the larger of both.

    Each character counts one byte in ASCII text, three if the text has other characters, four if it
    has an emoji. Control characters count five more, as the store's JSON escapes them.

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
        self.add_up_to(text, sys.maxsize)

    def _add_step(self, text: str) -> None:
        data = text.encode("utf-8", "surrogatepass")
        self._characters += len(text)
        self._escaped += len(data) - len(data.translate(None, _CONTROL))
        if self._width < 4 and len(data) > len(text):
            is_wide = len(data.translate(None, _LEAD_OF_FOUR)) < len(data)
            self._width = 4 if is_wide else 3
        self.bytes = self._characters * self._width + self._escaped * (_BYTES_ESCAPED - 1)

    def add_up_to(self, text: str, limit: int) -> str:
        """Count more text, and return its beginning up to a total of `limit` bytes.

        The beginning ends after a whole number of steps. The step that exceeds the limit is
        counted, but not returned.
        """
        for start in range(0, len(text), _CHARS_PER_STEP):
            self._add_step(text[start : start + _CHARS_PER_STEP])
            if self.bytes > limit:
                return text[:start]
        return text
