"""Questions before the program ends or hides, one at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication

from desktop_app.i18n.translation import tr
from desktop_app.ui.widgets.text.foreign_text import message_box

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMessageBox, QWidget


class ClosingQuestions:
    """The questions that a closed window or the end of the program asks.

    Attributes:
        is_asking: a question is open; no other is asked until it closes.
    """

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self.is_asking = False

    def begin(self, text: str, details: str) -> QMessageBox:
        """Return a question for the caller to open."""
        # The quick prompt stays above the window and would cover the question.
        box = message_box(text, details, parent=QApplication.activeWindow() or self._window)
        box.setObjectName("closing-question")
        self.is_asking = True
        box.finished.connect(self._on_finished)
        box.finished.connect(box.deleteLater)
        return box

    def ask_to_quit(self, text: str, details: str, quit_now: Callable[[], None]) -> None:
        """Ask about something that is lost at the end, and call `quit_now` if that is accepted."""
        box = self.begin(text, details)
        quit_button = box.addButton(tr("Quit now"), box.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(box.StandardButton.Cancel))
        quit_button.clicked.connect(quit_now)
        box.open()
        box.activateWindow()

    def _on_finished(self) -> None:
        self.is_asking = False
