"""A pale picture of a table, in the place of the first."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QWidget

from desktop_app.widgets.look import painting
from desktop_app.widgets.look.theme import current_theme


class TablePicture(QWidget):
    """Four rows of a table whose questions are answered."""

    def sizeHint(self) -> QSize:
        return QSize(current_theme().px(380), current_theme().px(116))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = current_theme()
        px = theme.px
        with painting.painter_of(self) as painter:
            painter.setPen(theme.line)
            painter.setBrush(theme.code_ground)
            whole = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
            painter.drawRoundedRect(whole, px(8), px(8))
            painter.setPen(theme.code_ground)
            width = (whole.width() - px(40)) / 3
            for row in range(4):
                for column in range(3):
                    painter.setBrush(theme.tint if row and column else theme.hover)
                    left = px(12) + column * (width + px(8))
                    bar = QRectF(left, px(12) + row * px(25), width, px(17))
                    painter.drawRoundedRect(bar, px(4), px(4))
