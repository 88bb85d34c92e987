"""A small window-modal dialog that asks for the password of a document."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QLineEdit, QWidget

from desktop_app.i18n.translation import N_, tr, tr_context
from desktop_app.widgets.boxes import STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import cancel_button
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.sheet import Sheet
from desktop_app.widgets.text.foreign_text import PlainButton, PlainLabel, spoken_text

_WIDTH: Final = 400
"""Pixels at the default text size."""
PASSWORD_NOTE: Final = N_(
    "The password is kept until you quit and never saved. Extracted text is saved as usual."
)


class PasswordDialog(Sheet):
    """A dialog that asks for a password; it is deleted when it is closed.

    Signals:
        answered(object): the password; None if the user cancels.
    """

    answered = Signal(object)

    def __init__(self, question: str, parent: QWidget, *, was_wrong: bool) -> None:
        theme = current_theme()
        super().__init__(parent)
        self.setObjectName("password-dialog")
        self.setWindowTitle(tr("Password"))
        self.setAccessibleName(spoken_text(question))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        title = PlainLabel(question, role="error-title" if was_wrong else "strong", wraps=True)
        note = PlainLabel(tr(PASSWORD_NOTE), role="note", wraps=True)
        self.field = QLineEdit()
        self.field.setObjectName("document-password")
        self.field.setAccessibleName(tr("Password"))
        self.field.setAccessibleDescription(spoken_text(question))
        self.field.setEchoMode(QLineEdit.EchoMode.Password)
        open_label = tr_context("action", "Open")
        self._open_button = PlainButton(open_label, name="open-document", role="primary")
        cancel = cancel_button("cancel-password")
        self._open_button.setDefault(True)
        self._open_button.setEnabled(False)
        self._open_button.clicked.connect(self.accept)
        cancel.clicked.connect(self.reject)
        self.field.textChanged.connect(lambda text: self._open_button.setEnabled(bool(text)))
        self.finished.connect(self._answer)
        row = row_of(STRETCH, cancel, self._open_button)
        column = column_of(title, self.field, note, row, parent=self, margins=20, spacing=10)
        width = min(theme.px(_WIDTH), parent.window().width() - theme.px(24))
        self.setFixedSize(width, column.heightForWidth(width))

    def _answer(self, code: int) -> None:
        password = self.field.text()
        self.field.clear()
        self.answered.emit(password if code == QDialog.DialogCode.Accepted else None)
