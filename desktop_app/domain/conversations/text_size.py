"""How much memory a text takes that arrives in pieces."""

from __future__ import annotations

import re
from typing import Final

_WIDE: Final = re.compile("[\U00010000-\U0010ffff]")
_ESCAPED: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]+")
_BYTES_ESCAPED: Final = 6
_STEP: Final = 64 * 1024
"""Characters."""


class TextSize:
    """The bytes of a text: one a character for Basic Latin, two for other scripts, four for all as
    soon as there is one emoji; six for a control character, as in the JSON of the store.

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
        self._characters += len(text)
        if self._width < 4 and not text.isascii():
            self._width = 4 if _WIDE.search(text) else 2
        if _ESCAPED.search(text):
            self._escaped += sum(len(found[0]) for found in _ESCAPED.finditer(text))
        self.bytes = self._characters * self._width + self._escaped * (_BYTES_ESCAPED - 1)

    def fit(self, text: str, limit: int) -> str:
        """Count more text, up to `limit` bytes in all; return what fits, in whole steps."""
        for at in range(0, len(text), _STEP):
            self.add(text[at : at + _STEP])
            if self.bytes > limit:
                return text[:at]
        return text
