"""Cursors that select ranges of a document, and the highlights of such ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QTextCursor

if TYPE_CHECKING:
    from PySide6.QtGui import QTextDocument


def selected_range(document: QTextDocument, start: int, end: int) -> QTextCursor:
    """Return a selection of the positions [start, end) of a document."""
    cursor = QTextCursor(document)
    cursor.setPosition(start)
    cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
    return cursor
