"""The scroll bar, the focus frame and the button over a text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QScrollBar, QWidget

from desktop_app.i18n.translation import tr
from desktop_app.widgets.look import icons
from desktop_app.widgets.look.theme import Theme, set_role
from desktop_app.widgets.text.foreign_text import PlainButton

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


class LatestButton(PlainButton):
    """A button that scrolls to the end of the conversation."""

    def __init__(self, view: QWidget) -> None:
        super().__init__(parent=view)
        self._view = view
        self._is_wanted = False
        self.setObjectName("latest")
        self.setText(tr("Latest"))
        self.setAccessibleName(tr("Go to latest message"))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the focus where it is
        self.setCursor(Qt.CursorShape.ArrowCursor)
        set_role(self, "plain")
        self.hide()

    def set_wanted(self, is_wanted: bool) -> None:
        """Show the button if it is wanted and the view is high enough for it."""
        self._is_wanted = is_wanted
        self.setVisible(is_wanted and self._view.height() > self.height())

    def place(self, theme: Theme) -> None:
        """Apply the theme and move to the horizontal center above the lower edge."""
        icons.set_icon(self, "arrow-down", theme.text, theme.px(14))
        self.adjustSize()
        view_size = self._view.size()
        left = (view_size.width() - self.width()) // 2
        self.move(left, max(0, view_size.height() - self.height() - theme.px(12)))
        self.set_wanted(self._is_wanted)
