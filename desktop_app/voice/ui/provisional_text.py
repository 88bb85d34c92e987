"""Text in an editor that may still change: grey, at the cursor, and not yet in the document.

It is the preedit text of an input method, which Qt shows in every editor and keeps out of Undo.
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QInputMethodEvent, QTextCharFormat
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit

from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.utf16 import utf16_length


class ProvisionalText:
    """The provisional text at the cursor of an editor."""

    def __init__(self, editor: QPlainTextEdit | QTextEdit) -> None:
        self._editor = editor
        self._undo_steps = -1  # after the last commit

    def show(self, text: str) -> None:
        """Show a text in place of the former one; "" removes it."""
        look = QTextCharFormat()
        look.setForeground(current_theme().faint)
        text = self._spaced(text)
        kind = QInputMethodEvent.AttributeType
        attributes = [
            QInputMethodEvent.Attribute(kind.TextFormat, 0, utf16_length(text), look),
            QInputMethodEvent.Attribute(kind.Cursor, utf16_length(text), 1, None),
        ]
        event = QInputMethodEvent(text, attributes if text else [])
        QCoreApplication.sendEvent(self._editor, event)

    def commit(self, text: str) -> None:
        """Insert a text at the cursor, in place of the provisional one.

        All texts of a dictation are one step of Undo, unless the user typed in between.
        """
        self.show("")
        event = QInputMethodEvent("", [])
        event.setCommitString(self._spaced(text))
        document, cursor = self._editor.document(), self._editor.textCursor()
        continues = document.availableUndoSteps() == self._undo_steps
        if continues:
            cursor.joinPreviousEditBlock()
        QCoreApplication.sendEvent(self._editor, event)  # the editor may do more than insert it
        if continues:
            cursor.endEditBlock()
        self._undo_steps = document.availableUndoSteps()
        self._editor.ensureCursorVisible()

    def _spaced(self, text: str) -> str:
        """Add spaces between the text and the words beside it."""
        if not text:
            return ""
        cursor = self._editor.textCursor()
        document, start, end = cursor.document(), cursor.selectionStart(), cursor.selectionEnd()
        before = document.characterAt(start - 1) if start else ""
        after = document.characterAt(end)
        if before and not before.isspace() and before not in "([{„“‘«":
            text = f" {text}"
        return f"{text} " if after.isalnum() else text
