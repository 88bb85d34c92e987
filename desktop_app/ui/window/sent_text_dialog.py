"""A dialog that shows the text sent in place of the beginning of a conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QVBoxLayout

from desktop_app.i18n.translation import tr
from desktop_app.ui.look.theme import Theme, set_role
from desktop_app.ui.widgets.text.foreign_text import PlainLabel, PlainTextField

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget


class SentTextDialog(QDialog):
    """The dialog with a note and the read-only text. Closing it deletes it."""

    def __init__(self, theme: Theme, note: str, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("sent-text")
        self.setWindowTitle(tr("Compacted content"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.note = PlainLabel(note, wraps=True)
        self.text = PlainTextField(readOnly=True)
        self.text.setPlainText(text)
        set_role(self.text, "field")
        self.text.setAccessibleName(tr("Compacted content"))
        self.text.setFont(theme.reading())
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.px(16)] * 4)
        column.setSpacing(theme.px(10))
        column.addWidget(self.note)
        column.addWidget(self.text, 1)
        room = parent.size()
        self.resize(
            min(theme.px(640), room.width() - theme.px(40)),
            min(theme.px(480), room.height() - theme.px(40)),
        )
