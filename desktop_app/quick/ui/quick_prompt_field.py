"""The text field of the quick prompt."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtGui import QDragEnterEvent, QFont, QKeyEvent, QTextCursor

from desktop_app.composer.dropped_content import has_attachable_content
from desktop_app.composer.text.prompt_text import PromptText, pressed_keys
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.widgets.look.theme import Theme, set_role

_MAX_COUNTED_CHARACTERS: Final = 200_000
"""Characters of a text whose words are counted without a noticeable delay."""
_MAX_LINES: Final = 6
"""The lines that are shown without scrolling."""


def describe_text(text: str) -> str:
    """Describe the text that accompanies a question: "Text: 312 words"; "" for none."""
    if not text.strip():
        return ""
    if len(text) > _MAX_COUNTED_CHARACTERS:
        return tr("Text: {count} characters", count=len(text))
    return tr_plural("Text: {count} word", "Text: {count} words", len(text.split()))


class QuickPromptField(PromptText):
    """Text field with large letters, in which Up and Down request earlier and later questions.

    Signals:
        history_requested(int): +1 for an older question, -1 for a newer one; not while the cursor
            can move a line up or down.
    """

    history_requested = Signal(int)

    def __init__(self) -> None:
        super().__init__(font_of=_large_font)
        self.setPlaceholderText(tr("Ask anything"))
        set_role(self, "card-text")

    def set_text(self, text: str, template_id: str = "") -> None:
        """Replace the text, with the cursor at its end.

        `template_id` is the library prompt that the text comes from, or "".
        """
        self.setPlainText(text)
        self.moveCursor(QTextCursor.MoveOperation.End)
        self.mark_template(template_id, 0, self.document().characterCount() - 1)

    def fit_lines(self, limit: int) -> None:
        """Fit the height to the text, up to six lines and `limit` pixels."""
        self.fit_height(min(self.height_of_lines(_MAX_LINES), limit))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Leave files and images to the window, which shows the effect of a drop."""
        if has_attachable_content(event.mimeData()):
            event.ignore()
        else:
            super().dragEnterEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = QTextCursor.MoveOperation
        keys = pressed_keys(event)
        cursor = self.textCursor()  # a copy: moving it does not move the text's cursor
        if self.is_composing:
            super().keyPressEvent(event)
        elif keys == "Up" and not cursor.movePosition(moves.Up):
            self.history_requested.emit(+1)
        elif keys == "Down" and not cursor.movePosition(moves.Down):
            self.history_requested.emit(-1)
        else:
            super().keyPressEvent(event)


def _large_font(theme: Theme) -> QFont:
    font = theme.reading()
    font.setPointSizeF(theme.points(19))
    return font
