"""Reports on actions: a line, and a card with the progress of a task."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QProgressBar, QWidget

from desktop_app.i18n.translation import tr
from desktop_app.widgets.announcements import announce
from desktop_app.widgets.boxes import row_of
from desktop_app.widgets.buttons.dialog_button import cancel_button
from desktop_app.widgets.look.theme import current_theme, set_role
from desktop_app.widgets.text.foreign_text import PlainLabel, one_line, spoken_text

_MAX_DESCRIPTION_CHARACTERS: Final = 80


class StatusLine(QWidget):
    """The status line, hidden while there is no message.

    Args:
        dialog: the name of the dialog in the object names of the parts.
    """

    def __init__(self, dialog: str) -> None:
        super().__init__()
        self._label = PlainLabel(name=f"{dialog}-status", wraps=True)
        row_of((self._label, 1), parent=self, margins=0)
        self.show_message("")

    def show_message(self, text: str, *, is_error: bool = False) -> None:
        """Show a message; "" hides the line."""
        self._label.setText(text)
        self._label.setAccessibleName(spoken_text(text))
        set_role(self._label, "error" if is_error else "note")
        self.setVisible(bool(text))
        announce(self._label, text)


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
