"""A dialog that shows the text sent in place of the beginning of a conversation."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QWidget

from desktop_app.i18n.translation import tr
from desktop_app.widgets.boxes import column_of
from desktop_app.widgets.forms.fitting_dialog import fitting_size
from desktop_app.widgets.forms.line_field import text_field
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import PlainLabel

_SIZE: Final = (640, 480)


class SentTextDialog(QDialog):
    """The dialog with a note and the read-only text. Closing it deletes it."""

    def __init__(self, note: str, text: str, parent: QWidget) -> None:
        theme = current_theme()
        super().__init__(parent)
        self.setObjectName("sent-text")
        self.setWindowTitle(tr("Compacted content"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.note = PlainLabel(note, wraps=True)
        self.text = text_field(tr("Compacted content"), "compacted-content", read_only=True)
        self.text.setPlainText(text)
        self.text.setFont(theme.reading())
        column_of(self.note, (self.text, 1), parent=self, margins=16, spacing=10)
        self.resize(fitting_size(_SIZE, parent))
