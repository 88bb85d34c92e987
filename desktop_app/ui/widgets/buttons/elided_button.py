"""A button whose label ends with … if there is no room for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QStyle, QStyleOptionButton, QStylePainter

from desktop_app.ui.look import painting
from desktop_app.ui.widgets.text.foreign_text import PlainButton, marked_text, set_tooltip

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent, QResizeEvent


class ElidedButton(PlainButton):
    """A button that may be narrower than its label; the tooltip then has the whole label."""

    def minimumSizeHint(self) -> QSize:
        hint = super().minimumSizeHint()
        return QSize(min(hint.width(), 4 * hint.height()), hint.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        set_tooltip(self, self.text() if self._elided(self.text()) != self.text() else "")

    def paintEvent(self, _event: QPaintEvent) -> None:
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.text = self._elided(marked_text(self), painting.MNEMONIC)
        QStylePainter(self).drawControl(QStyle.ControlElement.CE_PushButton, option)

    def _elided(self, label: str, flags: int = 0) -> str:
        """Return the label, elided to the width of the button."""
        metrics = self.fontMetrics()
        frame = self.sizeHint().width() - metrics.horizontalAdvance(self.text())
        available_width = self.width() - frame + 1  # widths of letters are rounded
        return metrics.elidedText(label, Qt.TextElideMode.ElideRight, available_width, flags)
