"""The dialog that shows what a file will hold before it is written."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLayout, QWidget

from desktop_app.widgets.boxes import DIALOG_MARGINS, STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import cancel_button, dialog_button
from desktop_app.widgets.forms.form_widgets import text_field
from desktop_app.widgets.sheet import Sheet
from desktop_app.widgets.text.foreign_text import PlainLabel, window_title
from desktop_app.widgets.windows import fitting_size


class ContentsDialog(Sheet):
    """A text that can be copied, and the button that goes on to choose a file.

    Args:
        name: the beginning of the object names.
        note: what the text is.
        label: the accessible name of the text.
        save: the label of the button.
        size: in pixels at the default text size.
        options: rows below the text.

    Attributes:
        contents: shows the text.
    """

    def __init__(
        self,
        parent: QWidget,
        name: str,
        title: str,
        note: str,
        *,
        label: str,
        save: str,
        size: tuple[int, int],
        options: tuple[QLayout, ...] = (),
    ) -> None:
        super().__init__(parent)
        self.setObjectName(f"{name}-dialog")
        self.setWindowTitle(window_title(title))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.contents = text_field(label, f"{name}-contents", read_only=True)
        save_button = dialog_button(save, f"{name}-save", "primary")
        save_button.setDefault(True)
        save_button.clicked.connect(self.accept)
        cancel = cancel_button()
        cancel.clicked.connect(self.reject)
        column_of(
            PlainLabel(note, role="note", wraps=True),
            (self.contents, 1),
            *options,
            row_of(STRETCH, cancel, save_button, spacing=8),
            parent=self,
            margins=DIALOG_MARGINS,
            spacing=12,
        )
        self.resize(fitting_size(size, parent))
