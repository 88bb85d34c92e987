"""The bar above the prompt that shows the state of batch jobs, or offers a new job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QBoxLayout, QFrame, QSizePolicy

from desktop_app.i18n.translation import tr
from desktop_app.ui.look.theme import Theme, set_role
from desktop_app.ui.widgets.accessibility.announcements import announce
from desktop_app.ui.widgets.boxes import row_of, scale_boxes
from desktop_app.ui.widgets.text.foreign_text import PlainButton, PlainLabel, spoken_text

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QResizeEvent

_MIN_TEXT_WIDTH: Final = 160
"""The width of the text, in theme pixels, below which the buttons move under the text."""
_WIDE_TEXT_WIDTH: Final = 176
"""The width of the text, in theme pixels, from which the buttons return to the side of the text.

The difference exceeds the width of a scroll bar, 10 theme pixels. Otherwise the scroll bar of the
card area could move the buttons under the text. The text would then be wider and have fewer lines,
so that the batch bar would be less high. The scroll bar would disappear, the buttons would move
back, and so on until the stack overflows.
"""


class BatchBar(QFrame):
    """A bar with the state of the batch jobs, or the offer of a new job.

    Signals:
        show_requested(): show the jobs or the offer.
        dismissed(): the user has read the bar or declines the offer.
    """

    show_requested = Signal()
    dismissed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("batch-bar")
        set_role(self, "note-card")
        self._theme = theme
        self.label = PlainLabel(name="batch-bar-words", wraps=True)
        policy = QSizePolicy.Policy
        self.label.setSizePolicy(policy.Ignored, policy.Preferred)
        self.show_button = PlainButton(name="show-batch-jobs", role="link")
        self.dismiss_button = PlainButton(tr("Dismiss"), name="dismiss-batch-bar", role="link")
        self._buttons = row_of(self.show_button, self.dismiss_button, spacing=14)
        widgets = ((self.label, 1), self._buttons)
        self._row = row_of(*widgets, parent=self, margins=(14, 10, 14, 10), spacing=14)
        self.show_button.clicked.connect(self.show_requested)
        self.dismiss_button.clicked.connect(self.dismissed)
        self.set_theme(theme)
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

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        scale_boxes(self, theme)
        self._arrange()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Dismiss the bar on Esc."""
        if event.key() == Qt.Key.Key_Escape and self.dismiss_button.isVisible():
            self.dismissed.emit()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Place the buttons beside the text, or under it if the bar is narrow."""
        super().resizeEvent(event)
        self._arrange()

    def event(self, event: QEvent) -> bool:
        """Place the buttons again after one changed its text."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._arrange()
        return super().event(event)

    def _arrange(self) -> None:
        directions = QBoxLayout.Direction
        sides = Qt.AlignmentFlag
        was_narrow = self._row.direction() is directions.TopToBottom
        available_width = self._row.contentsRect().width() - self._buttons.sizeHint().width()
        least_width = self._theme.px(_WIDE_TEXT_WIDTH if was_narrow else _MIN_TEXT_WIDTH)
        is_narrow = available_width - self._row.spacing() < least_width
        direction = directions.TopToBottom if is_narrow else directions.LeftToRight
        if direction != self._row.direction():
            self._row.setDirection(direction)
            self._row.setAlignment(self._buttons, sides.AlignLeft if is_narrow else sides(0))
