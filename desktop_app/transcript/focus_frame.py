"""The scroll bar and the focus frame of texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QScrollBar, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent


COPIED_MS: Final = 1_500
"""Milliseconds for which a Copy mark reads "Copied"."""

TEMPORARY_REASONS: Final = (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason)
"""The reasons if another window or a menu takes the focus, which comes back afterwards."""


class FixedSpaceScrollBar(QScrollBar):
    """A scroll bar that always takes its space but is painted only if there is a range.

    A bar that appears and disappears changes the width of the text. It would do so during a
    document edit, and Qt crashes if the text is laid out again then.
    """

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.maximum() > self.minimum():
            super().paintEvent(event)


class FocusFrame(QWidget):
    """The frame that shows keyboard focus on the text as a whole."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self.palette().color(self.palette().ColorRole.Link), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)
