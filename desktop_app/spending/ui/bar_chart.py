"""A chart with a bar for the cost of each day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from PySide6.QtCore import QEvent, QRect, QRectF, QSize
from PySide6.QtGui import QHelpEvent, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from desktop_app.i18n.formatting import money, short_day
from desktop_app.i18n.translation import tr
from desktop_app.widgets.look import painting
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import tooltip_text

_SIZE: Final = (560, 130)
_MAX_BAR_WIDTH: Final = 44


class BarChart(QWidget):
    """The cost of each day, from the earliest at the left. The tooltip of a bar has its figures."""

    def __init__(self) -> None:
        super().__init__()
        self.accessible_role = "Chart"
        self.setObjectName("spending-chart")
        self.setAccessibleName(tr("Cost by day"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.days: Sequence[tuple[date, Decimal]] = ()
        self.update_theme()

    def set_days(self, days: Sequence[tuple[date, Decimal]]) -> None:
        """Show the costs of consecutive days."""
        self.days = days
        self.setVisible(bool(days))
        self.update()

    def update_theme(self) -> None:
        theme = current_theme()
        self.setFont(theme.note())
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(current_theme().px(_SIZE[0]), current_theme().px(_SIZE[1]))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, current_theme().px(_SIZE[1]) // 3)

    def event(self, event: QEvent) -> bool:
        """Show the cost of the day below the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), tooltip_text(self.text_at(event.pos().x())), self)
            return True
        return super().event(event)

    def text_at(self, x: int) -> str:
        """Return the day and the cost of the bar at `x`, "" beside the bars."""
        plot = self._plot_rect()
        if self.isRightToLeft():
            x = self.width() - 1 - x
        if not self.days or not plot.left() <= x < plot.right():
            return ""
        day, cost = self.days[int((x - plot.left()) * len(self.days) / plot.width())]
        return tr("{name}: {value}", name=short_day(day), value=money(cost))

    def paintEvent(self, _event: QPaintEvent) -> None:
        if not self.days:
            return
        plot = self._plot_rect()
        highest = self._highest
        column = plot.width() / len(self.days)
        width = min(column * 0.72, current_theme().px(_MAX_BAR_WIDTH))
        label_height = self.fontMetrics().height()
        theme, font = current_theme(), self.font()
        with painting.painter_of(self) as painter:
            for share in (0, 0.5, 1):
                y = round(plot.bottom() - share * plot.height())
                painter.setPen(theme.line)
                painter.drawLine(int(plot.left()), y, int(plot.right()), y)
                place = QRect(0, y - label_height // 2, int(plot.left()) - 6, label_height)
                text = money(highest * Decimal(share))
                painting.draw_text(painter, place, text, font, theme.dim, alignment=painting.RIGHT)
            for number, (_, cost) in enumerate(self.days):
                height = plot.height() * float(cost / highest) if highest else 0.0
                left = plot.left() + column * (number + 0.5) - width / 2
                bar = QRectF(left, plot.bottom() - height, width, height)
                painter.fillRect(bar, theme.accent)
            below = QRectF(plot.left(), plot.bottom() + 4, plot.width(), label_height).toRect()
            painting.draw_text(painter, below, short_day(self.days[0][0]), font, theme.dim)
            if len(self.days) > 1:
                last_day = short_day(self.days[-1][0])
                painting.draw_text(
                    painter, below, last_day, font, theme.dim, alignment=painting.RIGHT
                )

    @property
    def _highest(self) -> Decimal:
        return max((cost for _, cost in self.days), default=Decimal(0))

    def _plot_rect(self) -> QRectF:
        metrics = self.fontMetrics()
        texts = (money(self._highest), money(self._highest / 2))
        left = max(map(metrics.horizontalAdvance, texts)) + 8
        return QRectF(self.rect()).adjusted(
            left, metrics.height() / 2, -4, -metrics.height() - current_theme().px(6)
        )
