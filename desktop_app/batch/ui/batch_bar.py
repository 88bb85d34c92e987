"""The bar above the prompt that shows the state of batch jobs, or offers a new job."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame

from desktop_app.i18n.translation import tr
from desktop_app.widgets.accessibility.announcements import announce
from desktop_app.widgets.boxes import SPRING, column_of, row_of
from desktop_app.widgets.look.theme import set_role
from desktop_app.widgets.text.foreign_text import PlainButton, PlainLabel, spoken_text


class BatchBar(QFrame):
    """A bar with the state of the batch jobs, or the offer of a new job.

    Signals:
        show_requested(): show the jobs or the offer.
        dismissed(): the user has read the bar or declines the offer.
    """

    show_requested = Signal()
    dismissed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("batch-bar")
        set_role(self, "note-card")
        self.label = PlainLabel(name="batch-bar-words", wraps=True)
        self.show_button = PlainButton(name="show-batch-jobs", role="link")
        self.dismiss_button = PlainButton(tr("Dismiss"), name="dismiss-batch-bar", role="link")
        buttons = row_of(self.show_button, self.dismiss_button, SPRING, spacing=14)
        column_of(self.label, buttons, parent=self, margins=(14, 8, 14, 8), spacing=3)
        self.show_button.clicked.connect(self.show_requested)
        self.dismiss_button.clicked.connect(self.dismissed)
        self.hide()

    @property
    def has_focus(self) -> bool:
        """Return True if one of the buttons has the keyboard focus."""
        return self.show_button.hasFocus() or self.dismiss_button.hasFocus()

    def offer(self, text: str) -> None:
        """Offer a batch job for the files that the user added."""
        self.show_state(text, is_dismissable=True)
        self.show_button.setText(tr("New batch job…"))

    def show_state(self, text: str, *, is_dismissable: bool = False) -> None:
        """Show the state of the jobs; "" hides the bar.

        Args:
            is_dismissable: announce the text, and show the button that dismisses it.
        """
        self.show_button.setText(tr("Show"))
        if is_dismissable and text != self.label.text():  # progress would be announced too often
            announce(self, text)
        self.label.setText(text)
        self.setAccessibleName(spoken_text(text))
        self.dismiss_button.setVisible(is_dismissable)
        self.setVisible(bool(text))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Dismiss the bar on Esc."""
        if event.key() == Qt.Key.Key_Escape and self.dismiss_button.isVisible():
            self.dismissed.emit()
        else:
            super().keyPressEvent(event)
