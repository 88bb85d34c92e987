"""Track which library prompt a text came from.

The id is forgotten once none of the inserted text is left, so that text which the user
types instead is never taken for the template's. The inserted text itself may be edited.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtGui import QTextCursor, QTextDocument


class TemplateMark:
    """The template in a document, marked by cursors at both ends of its text."""

    def __init__(self) -> None:
        self._template_id = ""
        self._start: QTextCursor | None = None
        self._end: QTextCursor | None = None

    @property
    def template_id(self) -> str:
        """The id of the template whose text is in the document; "" for none."""
        if self._start is None or self._end is None:
            return ""
        return self._template_id if self._start.position() < self._end.position() else ""

    def set(self, template_id: str, document: QTextDocument, start: int, end: int) -> None:
        """Mark the text between two positions, replacing any earlier mark."""
        from PySide6.QtGui import QTextCursor  # not a part of the start

        self._template_id = template_id
        self._start, self._end = QTextCursor(document), QTextCursor(document)
        self._start.setPosition(start)
        self._end.setPosition(end)
        self._end.setKeepPositionOnInsert(True)  # text typed after it belongs to the user

    def clear(self) -> None:
        """Forget the template, because other text replaces it."""
        self._start = self._end = None


@dataclass
class LineTemplateMark:
    """The template in a line of text that reports only its state after each change."""

    template_id: str = ""
    line: str = ""
    start: int = 0
    end: int = 0

    def follow(self, line: str) -> None:
        """Update the mark from the line after a change."""
        if not self.template_id:
            return
        before, self.line = self.line, line
        common_start = _common_length(before, line)
        common_end = _common_length(before[common_start:][::-1], line[common_start:][::-1])
        removed_until, growth = len(before) - common_end, len(line) - len(before)
        self.start = _moved(self.start, common_start, removed_until, growth, at_start=True)
        self.end = _moved(self.end, common_start, removed_until, growth, at_start=False)
        if self.start >= self.end:
            self.template_id = ""


def _moved(position: int, start: int, end: int, growth: int, *, at_start: bool) -> int:
    """Return a position after the text between `start` and `end` was replaced."""
    if position < start or (position == start and not at_start):
        return position
    if position >= end:
        return position + growth
    return end + growth if at_start else start


def _common_length(first: str, second: str) -> int:
    """Return the length of the common prefix. Bisection with slices is fast for long lines."""
    longest = min(len(first), len(second))
    return bisect_left(range(longest), True, key=lambda n: first[: n + 1] != second[: n + 1])
