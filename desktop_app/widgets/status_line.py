"""The line at the bottom of a dialog that reports an action, with an Undo button."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from desktop_app.i18n.translation import tr
from desktop_app.widgets.boxes import row_of
from desktop_app.widgets.buttons.dialog_button import dialog_button
from desktop_app.widgets.look.theme import set_role
from desktop_app.widgets.text.foreign_text import PlainLabel, announce, spoken_text


class StatusLine(QWidget):
    """The status line, hidden while there is no message.

    Args:
        dialog: the name of the dialog in the object names of the parts.
    """

    def __init__(self, dialog: str) -> None:
        super().__init__()
        self._label = PlainLabel(name=f"{dialog}-status", wraps=True)
        self._undo_button = dialog_button(tr("Undo"), f"undo-{dialog}", "link")
        self._undo: Callable[[], object] | None = None
        row_of((self._label, 1), self._undo_button, parent=self, margins=0, spacing=10)

        def run_undo() -> None:
            undo = self._undo
            self.show_message("")
            if undo is not None:
                undo()

        self._undo_button.clicked.connect(run_undo)
        self.show_message("")

    def show_message(
        self, text: str, undo: Callable[[], object] | None = None, *, is_error: bool = False
    ) -> None:
        """Show a message, with an Undo button if `undo` is given; "" hides the line."""
        self._label.setText(text)
        self._label.setAccessibleName(spoken_text(text))
        set_role(self._label, "error" if is_error else "note")
        self._undo_button.setVisible(undo is not None)
        self._undo = undo
        self.setVisible(bool(text))
        announce(self._label, text)

    def end_undo(self, undo: Callable[[], object]) -> None:
        """Hide the Undo button of an action that can no longer be undone."""
        if self._undo == undo:
            self._undo_button.hide()
