"""Shows the address of the focused link at the lower edge, as browsers do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter

from desktop_app.widgets.text.foreign_text import PlainLabel

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent
    from PySide6.QtWidgets import QWidget

    from desktop_app.widgets.look.theme import Theme


class LinkTargetLabel(PlainLabel):
    """A label that shows an address, or is hidden."""

    def __init__(self, view: QWidget) -> None:
        super().__init__(parent=view)
        self._view = view
        self.setObjectName("link-target")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._ground = self._edge = QColor()
        self._target = ""
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        self.setFont(theme.note())
        colors = self.palette()
        colors.setColor(colors.ColorRole.WindowText, theme.dim)
        self.setPalette(colors)
        self._ground = theme.card
        self._edge = theme.line
        self.setMargin(theme.px(4))
        self.place()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw a background, because the label covers text and the style sheet sets none."""
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), self._ground)
            painter.setPen(self._edge)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        super().paintEvent(event)

    def show_target(self, target: str) -> None:
        """Show this address, or hide if it is ""."""
        self._target = target
        self.place()
        self.setVisible(bool(target))
        self.raise_()

    def place(self) -> None:
        """Move to the lower edge of the view.

        A long address is elided at its end, so that the host stays visible.
        """
        width = self._view.width() * 3 // 4
        metrics = self.fontMetrics()
        self.setText(metrics.elidedText(self._target, Qt.TextElideMode.ElideRight, width))
        self.adjustSize()
        self.move(0, self._view.height() - self.height())
