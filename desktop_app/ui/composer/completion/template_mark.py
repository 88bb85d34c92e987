"""Track which library prompt a text came from.

The id is forgotten once none of the inserted text is left, so that text which the user
types instead is never taken for the template's. The inserted text itself may be edited.
"""

from __future__ import annotations

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
        """Return the id of the template whose text is in the document; "" for none."""
        if self._start is None or self._end is None:
            return ""
        return self._template_id if self._start.position() < self._end.position() else ""

    def set(self, template_id: str, document: QTextDocument, start: int, end: int) -> None:
        """Mark the text between two positions, replacing any earlier mark."""
        from PySide6.QtGui import QTextCursor  # not needed at start-up

        self._template_id = template_id
        self._start, self._end = QTextCursor(document), QTextCursor(document)
        self._start.setPosition(start)
        self._end.setPosition(end)
        self._end.setKeepPositionOnInsert(True)  # text typed after it belongs to the user

    def clear(self) -> None:
        """Forget the template, because other text replaces it."""
        self._start = self._end = None
