"""The dialog that shows a report of a problem before it is written."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QWidget

from desktop_app.i18n.translation import tr
from desktop_app.widgets.boxes import DIALOG_MARGINS, STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import cancel_button, dialog_button
from desktop_app.widgets.forms.form_widgets import text_field
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import PlainLabel, all_lines
from desktop_app.widgets.windows import fitting_size

_SIZE: Final = (760, 560)


class ReportDialog(QDialog):
    """The whole text of the report, which is also copied from here.

    Signals:
        confirmed(str): the text shall be written.
    """

    confirmed = Signal(str)

    def __init__(self, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._text = text
        self.setObjectName("report-dialog")
        self.setWindowTitle(tr("Save a report"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        note = tr(
            "This is all that the file will hold: no API keys, no names or words of conversations, "
            "no paths of your files. Nothing is sent."
        )
        contents = text_field(tr("Report"), "report-text", read_only=True)
        contents.setFont(current_theme().code())
        contents.setPlainText(all_lines(text))
        save = dialog_button(tr("Save report…"), "report-save", "primary")
        save.setDefault(True)
        save.clicked.connect(self._confirm)
        cancel = cancel_button()
        cancel.clicked.connect(self.reject)
        column_of(
            PlainLabel(note, role="note", wraps=True),
            (contents, 1),
            row_of(STRETCH, cancel, save, spacing=8),
            parent=self,
            margins=DIALOG_MARGINS,
            spacing=12,
        )
        self.resize(fitting_size(_SIZE, parent))

    def _confirm(self) -> None:
        self.accept()
        self.confirmed.emit(self._text)
