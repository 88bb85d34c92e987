"""Shows the address of the focused link at the lower edge, as browsers do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter

from desktop_app.ui.widgets.text.foreign_text import PlainLabel

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent
    from PySide6.QtWidgets import QWidget

    from desktop_app.ui.look.theme import Theme


class LinkTargetLabel(PlainLabel):
    """A label that shows an address, or is hidden."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent=parent)
        self._viewport = parent
        self.setObjectName("link-target")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._ground = self._edge = QColor()
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Use the colors and sizes of a theme."""
        self.setFont(theme.note())
        colors = self.palette()
        colors.setColor(colors.ColorRole.WindowText, theme.dim)
        self.setPalette(colors)
        self._ground, self._edge = theme.card, theme.line
        self.setMargin(theme.px(4))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw a background, because the label covers text and the style sheet sets none."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._ground)
        painter.setPen(self._edge)
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()
        super().paintEvent(event)

    def show_target(self, target: str) -> None:
        """Show this address, or hide if it is "".

        A long address is elided at its end, so that the host stays visible.
        """
        width = self._viewport.width() * 3 // 4
        self.setText(self.fontMetrics().elidedText(target, Qt.TextElideMode.ElideRight, width))
        self.adjustSize()
        self.move(0, self._viewport.height() - self.height())
        self.setVisible(bool(target))
        self.raise_()
