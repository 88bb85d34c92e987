"""Track which library prompt a text came from.

The id is forgotten once none of the inserted text is left: text that the user types instead does
not come from the prompt. The inserted text itself may be edited.
"""

from __future__ import annotations

from PySide6.QtGui import QTextCursor, QTextDocument


class TemplateMark:
    """The template of the text between two positions, which cursors mark in the document."""

    def __init__(self, template_id: str, document: QTextDocument, start: int, end: int) -> None:
        self._template_id = template_id
        self._start = QTextCursor(document)
        self._start.setPosition(start)
        self._end = QTextCursor(document)
        self._end.setPosition(end)
        self._end.setKeepPositionOnInsert(True)  # text typed after it belongs to the user

    @property
    def template_id(self) -> str:
        """Return the template's id; "" if none of its text is left."""
        return self._template_id if self._start.position() < self._end.position() else ""
