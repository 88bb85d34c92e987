"""Remembers which prompt of the library a typed text was made with.

A template's id stands for its words: it is forgotten once none of them is left, so that a text which
the user types instead is never taken for the template's. The words themselves may be edited.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtGui import QTextCursor, QTextDocument


class TemplateMark:
    """The template in a document, marked by cursors at both ends of its words."""

    def __init__(self) -> None:
        self._template_id = ""
        self._start: QTextCursor | None = None
        self._end: QTextCursor | None = None

    @property
    def template_id(self) -> str:
        """The template whose words are in the document; "" for none."""
        if self._start is None or self._end is None:
            return ""
        return self._template_id if self._start.position() < self._end.position() else ""

    def set(self, template_id: str, document: QTextDocument, start: int, end: int) -> None:
        """Mark the words between two positions. The latest template counts."""
        from PySide6.QtGui import QTextCursor  # not a part of the start

        self._template_id = template_id
        self._start, self._end = QTextCursor(document), QTextCursor(document)
        self._start.setPosition(start)
        self._end.setPosition(end)
        self._end.setKeepPositionOnInsert(True)  # words typed behind are the user's

    def clear(self) -> None:
        """Forget the template: other text is put in its place."""
        self._start = self._end = None


@dataclass
class LineTemplateMark:
    """The template in a line of text that only tells what it is after each change."""

    template_id: str = ""
    line: str = ""
    start: int = 0
    end: int = 0

    def follow(self, line: str) -> None:
        """Take the line as it is after a change."""
        if not self.template_id:
            return
        before, self.line = self.line, line
        kept = _common_length(before, line)
        behind = _common_length(before[kept:][::-1], line[kept:][::-1])
        gone, grown = len(before) - behind, len(line) - len(before)
        self.start = _moved(self.start, kept, gone, grown, at_start=True)
        self.end = _moved(self.end, kept, gone, grown, at_start=False)
        if self.start >= self.end:
            self.template_id = ""


def _moved(at: int, changed: int, until: int, grown: int, *, at_start: bool) -> int:
    """Return where a position is after the text between `changed` and `until` was replaced."""
    if at < changed or (at == changed and not at_start):
        return at
    if at >= until:
        return at + grown
    return until + grown if at_start else changed


def _common_length(one: str, other: str) -> int:
    """Return how many first characters are equal, by slices: a line may be long."""
    longest = min(len(one), len(other))
    return bisect_left(range(longest), True, key=lambda n: one[: n + 1] != other[: n + 1])
