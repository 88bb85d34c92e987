"""Estimates the memory of a text that arrives in pieces."""

from __future__ import annotations

from typing import Final

_CONTROL: Final = bytes(sorted(set(range(32)) - set(b"\b\t\n\f\r")))
"""The bytes that JSON escapes in six characters, such as \\u001b."""
_BYTES_ESCAPED: Final = 6
_LEAD_OF_FOUR: Final = bytes(range(0xF0, 0xF5))
"""The first bytes of characters that take four bytes in UTF-8."""
_CHARS_PER_STEP: Final = 64 * 1024
"""The characters that are counted at once, and that `add_up_to` keeps or drops together.

To count them, they are copied as UTF-8. A text may have many megabytes.
"""


class TextSize:
    """An estimate of the bytes of a text in memory and in the store, for both the same.

    - In ASCII text, each character counts one byte.
    - If the text has other characters, each counts three: UTF-8 takes up to three bytes for one of
      these, and Python's memory two for each.
    - If it has an emoji or another character that takes four bytes in UTF-8, each counts four, as
      in Python's memory.
    - Control characters count five more, because the store's JSON escapes them.

    Attributes:
        bytes: of all that was added.
    """

    def __init__(self) -> None:
        self.bytes = 0
        self._characters = 0
        self._escaped = 0
        self._bytes_per_character = 1

    def add(self, text: str) -> None:
        """Count more text."""
        for start in _step_starts(text):
            self._add_step(text, start)

    def _add_step(self, text: str, start: int) -> None:
        """Count the characters of `text` from `start` to the next step."""
        step = text[start : start + _CHARS_PER_STEP]
        data = step.encode("utf-8", "surrogatepass")
        self._characters += len(step)
        self._escaped += len(data) - len(data.translate(None, _CONTROL))
        if self._bytes_per_character < 4 and len(data) > len(step):
            has_four = len(data.translate(None, _LEAD_OF_FOUR)) < len(data)
            self._bytes_per_character = 4 if has_four else 3
        added_by_escapes = self._escaped * (_BYTES_ESCAPED - 1)
        self.bytes = self._characters * self._bytes_per_character + added_by_escapes

    def add_up_to(self, text: str, limit: int) -> str:
        """Count more text, and return its beginning up to a total of `limit` bytes.

        The beginning ends after a whole number of steps. The step that exceeds the limit is
        counted, but not returned.
        """
        for start in _step_starts(text):
            self._add_step(text, start)
            if self.bytes > limit:
                return text[:start]
        return text


def _step_starts(text: str) -> range:
    return range(0, len(text), _CHARS_PER_STEP)
