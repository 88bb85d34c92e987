"""Overlays of the main window: the shade behind a drawer, and the hint for a drop."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QWidget

from desktop_app.widgets.boxes import STRETCH, column_of
from desktop_app.widgets.look import icons
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import PlainLabel, spoken_text


class Shade(QWidget):
    """A translucent cover of everything behind a drawer.

    Signals:
        pressed(): the user clicked the shade.
    """

    pressed = Signal()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.pressed.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), QColor(0, 0, 0, 72))


class DropOverlay(QWidget):
    """The hint for a drop, painted over the window; drag events pass through."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("drop-overlay")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._frame = QFrame(self)
        self._frame.setProperty("role", "overlay")
        self._icon = PlainLabel()
        self.label = PlainLabel(name="drop-label", wraps=True)
        for label in (self._icon, self.label):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column_of(STRETCH, self._icon, self.label, STRETCH, parent=self._frame)
        self.update_theme()
        self.hide()

    def update_theme(self) -> None:
        theme = current_theme()
        self._icon.setPixmap(icons.pixmap("file-up", theme.accent, theme.px(32)))

    def show_text(self, text: str, area: QRect) -> None:
        """Show a text over a part of the window."""
        if text != self.label.text():
            self.label.setText(text)
            self.setAccessibleName(spoken_text(text))
        self.setGeometry(area)
        self.show()
        self.raise_()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        inset = current_theme().px(12)
        self._frame.setGeometry(QRect(self.rect()).adjusted(inset, inset, -inset, -inset))

    def paintEvent(self, event: QPaintEvent) -> None:
        ground = QColor(current_theme().ground)
        ground.setAlpha(110)
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), ground)
