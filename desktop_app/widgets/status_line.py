"""Reports on actions: a line with an Undo button, and a card with the progress of a task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QProgressBar, QWidget

from desktop_app.i18n.translation import tr
from desktop_app.widgets.boxes import row_of
from desktop_app.widgets.buttons.dialog_button import cancel_button, dialog_button
from desktop_app.widgets.look.theme import current_theme, set_role
from desktop_app.widgets.text.foreign_text import PlainLabel, announce, one_line, spoken_text

_MAX_DESCRIPTION_CHARACTERS: Final = 80


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


class ProgressCard(QFrame):
    """The card that shows the progress of a task.

    Signals:
        cancel_requested(): the user wants to stop the task.
    """

    cancel_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("work")
        set_role(self, "note-card")
        self.words = PlainLabel()
        self.words.setMinimumWidth(1)  # lets a long name shrink to the window's width
        self.bar = QProgressBar(textVisible=False)
        self.cancel_button = cancel_button("cancel-work", "link")
        parts = (self.words, (self.bar, 1), self.cancel_button)
        row_of(*parts, parent=self, margins=(14, 10, 14, 10), spacing=12)
        self.cancel_button.clicked.connect(self.cancel_requested)
        self.update_theme()
        self.hide()

    def begin(self, description: str) -> None:
        """Show a task that has started, without progress."""
        self.set_text(description)
        self.set_progress(0, 0)
        self.show()
        announce(self, self.words.text())

    def set_text(self, description: str) -> None:
        """Set the description of the task."""
        self.words.setText(one_line(description, _MAX_DESCRIPTION_CHARACTERS))
        self.setAccessibleName(spoken_text(self.words.text()))

    def set_progress(self, done: int, total: int) -> None:
        """Show the progress. Without a total the bar stays empty.

        A busy indicator would repaint the window all the time.
        """
        self.bar.setMaximum(max(1, total))
        self.bar.setValue(min(done, total))
        self.bar.setAccessibleName(
            spoken_text(
                tr("{done} of {total}", done=done, total=total) if total else self.words.text()
            )
        )

    def update_theme(self) -> None:
        theme = current_theme()
        self.bar.setFixedHeight(theme.px(6))
