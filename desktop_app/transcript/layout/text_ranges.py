"""Cursors that select ranges of a document, and the highlights of such ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QTextEdit

from desktop_app.widgets.text.utf16 import utf16_length

if TYPE_CHECKING:
    from PySide6.QtGui import QTextBlock, QTextCharFormat, QTextDocument


def selected_range(document: QTextDocument, start: int, end: int) -> QTextCursor:
    """Return a selection of the positions [start, end) of a document."""
    cursor = QTextCursor(document)
    cursor.setPosition(start)
    cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
    return cursor


def selected_characters(block: QTextBlock, start: int, end: int) -> QTextCursor:
    """Return a selection of the characters [start, end) of a block's text."""
    text = block.text()
    first_unit = block.position() + utf16_length(text[:start])
    end_unit = block.position() + utf16_length(text[:end])
    return selected_range(block.document(), first_unit, end_unit)


def highlight(cursor: QTextCursor, char_format: QTextCharFormat) -> QTextEdit.ExtraSelection:
    """Return a highlight of a selection, for `setExtraSelections`."""
    extra = QTextEdit.ExtraSelection()
    extra.cursor = cursor
    extra.format = char_format
    return extra
