"""A bar chart: a group of up to four bars, side by side or stacked, for each day or model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop_app.ui.look import painting
from desktop_app.ui.look.mirroring import is_mirrored
from desktop_app.ui.widgets.accessibility.role_names import CHART
from desktop_app.ui.widgets.text.foreign_text import one_line, spoken_text

if TYPE_CHECKING:
    from desktop_app.ui.look.theme import Theme

_TICK_COUNT: Final = 4
_MAX_BAR_WIDTH: Final = 44
# Series differ by more than their color.
_PATTERNS: Final = (
    Qt.BrushStyle.NoBrush,
    Qt.BrushStyle.BDiagPattern,
    Qt.BrushStyle.Dense5Pattern,
    Qt.BrushStyle.DiagCrossPattern,
)


@dataclass(frozen=True)
class ChartData:
    """The content of a chart.

    Attributes:
        series: the name of each series, at most four.
        labels: the label below each group of bars.
        values: the values of each group, one for each series; None if nothing was measured.
        is_stacked: whether the series of a group add up.
        axis_text: formats a value for the axis.
    """

    series: tuple[str, ...]
    labels: tuple[str, ...]
    values: tuple[tuple[float | None, ...], ...]
    is_stacked: bool
    axis_text: Callable[[float], str]

    @property
    def highest(self) -> float:
        """Return the highest value, or the highest sum of a stacked group; 0 without values."""
        groups = [[value or 0.0 for value in group] for group in self.values]
        if self.is_stacked:
            return max(map(sum, groups), default=0.0)
        return max((value for group in groups for value in group), default=0.0)


NO_DATA: Final = ChartData(series=(), labels=(), values=(), is_stacked=False, axis_text=str)


def axis_step(top: float) -> float:
    """Return the distance of the lines of an axis up to `top`: 1, 2 or 5 times a power of ten.

    >>> [axis_step(top) for top in (0, 0.9, 4, 7, 120, 1_000_000)]
    [1.0, 0.5, 1.0, 2.0, 50.0, 500000.0]
    """
    if top <= 0:
        return 1.0
    rough_step = top / _TICK_COUNT
    power = floor(log10(rough_step))
    # The tolerance is for rounding errors: a step that is a hair too small must not double.
    digit = next(digit for digit in (1, 2, 5, 10) if digit * 10.0**power >= rough_step * 0.999)
    # A product with a negative power can be inexact: 5 * 10.0**-6 is 4.9999999999999996e-06.
    return float(f"{digit}e{power}")


class BarChart(QWidget):
    """The widget that paints `ChartData`. The pointer or the arrow keys choose a group of bars.

    Signals:
        chosen(int): the index of the chosen group; -1 for none.
    """

    chosen = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.accessible_role = CHART
        self.setObjectName("spending-chart")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.data = NO_DATA
        self.current = -1
        self._theme = theme

    def set_data(self, data: ChartData, name: str) -> None:
        """Show other data; `name` is the accessible name."""
        self.data = data
        self.setAccessibleName(spoken_text(name))
        self._set_current(-1)
        self.update()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.setFont(theme.note())
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(560), self._theme.px(200))

    def minimumSizeHint(self) -> QSize:
        """Return a size at which the bars can still be told apart."""
        return QSize(self._theme.px(220), self._theme.px(96))

    def choose(self, index: int) -> None:
        """Choose a group of bars; -1 for none."""
        if not 0 <= index < len(self.data.labels):
            index = -1
        self._set_current(index)

    # ---------------------------------------------------------------- choosing

    def _set_current(self, index: int) -> None:
        if index != self.current:
            self.current = index
            self.update()
            self.chosen.emit(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        last = len(self.data.labels) - 1
        forward = Qt.Key.Key_Left if is_mirrored() else Qt.Key.Key_Right
        backward = Qt.Key.Key_Right if is_mirrored() else Qt.Key.Key_Left
        if last < 0:  # the chart is empty
            super().keyPressEvent(event)
        elif key == forward:
            self._set_current(min(self.current + 1, last))
        elif key == backward:  # without a choice, this chooses the first group, as `forward` does
            self._set_current(max(self.current - 1, 0))
        elif key == Qt.Key.Key_Home:
            self._set_current(0)
        elif key == Qt.Key.Key_End:
            self._set_current(last)
        else:
            super().keyPressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._set_current(self._index_at(event.position().x()))

    def leaveEvent(self, event: QEvent) -> None:
        """Clear the choice, unless the chart has the focus."""
        if not self.hasFocus():
            self._set_current(-1)
        super().leaveEvent(event)

    def _index_at(self, x: float) -> int:
        plot = self._plot_rect()
        count = len(self.data.labels)
        if not count or not plot.left() <= x < plot.right():
            return -1
        index = min(int((x - plot.left()) * count / plot.width()), count - 1)
        if is_mirrored():
            return count - 1 - index
        return index

    # ---------------------------------------------------------------- painting

    def _ticks(self) -> list[float]:
        """Return the values on the axis, from 0 to at least the highest value."""
        step = axis_step(self.data.highest)
        steps = ceil(self.data.highest / step - 1e-9)  # without one more for a rounding error
        return [step * number for number in range(max(1, steps) + 1)]

    def _plot_rect(self) -> QRectF:
        metrics = self.fontMetrics()
        px = self._theme.px
        widest = max(metrics.horizontalAdvance(self.data.axis_text(t)) for t in self._ticks())
        axis_width = widest + px(8)
        labels_height = metrics.height() + px(6)
        legend_height = px(8)
        if len(self.data.series) > 1:  # a single series has no legend
            legend_height += metrics.height()
        left = axis_width
        right = px(4)
        if is_mirrored():
            left, right = right, left
        return QRectF(self.rect()).adjusted(left, legend_height, -right, -labels_height)

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            plot = self._plot_rect()
            self._paint_axis(painter, plot)
            self._paint_legend(painter)
            for index in range(len(self.data.labels)):
                self._paint_group(painter, self._column_rect(plot, index), index)
            self._paint_labels(painter, plot)
            if self.hasFocus():
                painting.draw_outline(
                    painter, self.rect(), self._theme.accent, self._theme.px(8), width=2
                )

    def _column_rect(self, plot: QRectF, index: int) -> QRectF:
        count = len(self.data.labels)
        position = count - 1 - index if is_mirrored() else index
        width = plot.width() / count
        return QRectF(plot.left() + position * width, plot.top(), width, plot.height())

    def _paint_axis(self, painter: QPainter, plot: QRectF) -> None:
        ticks = self._ticks()
        px = self._theme.px
        height = self.fontMetrics().height()
        for tick in ticks:
            y = plot.bottom() - plot.height() * tick / ticks[-1]
            painter.setPen(QPen(self._theme.line, 1))
            painter.drawLine(int(plot.left()), round(y), int(plot.right()), round(y))
            painter.setPen(self._theme.dim)
            if is_mirrored():
                label_rect = QRectF(plot.right() + px(6), y - height / 2, self.width(), height)
                alignment = Qt.AlignmentFlag.AlignLeft
            else:
                label_rect = QRectF(0, y - height / 2, plot.left() - px(6), height)
                alignment = Qt.AlignmentFlag.AlignRight
            alignment |= Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute
            painter.drawText(label_rect, int(alignment), self.data.axis_text(tick))

    def _paint_legend(self, painter: QPainter) -> None:
        if len(self.data.series) < 2:
            return
        metrics = self.fontMetrics()
        px = self._theme.px
        x = float(px(4))
        box_size = metrics.ascent()
        for number, name in enumerate(self.data.series):
            available_width = self.width() - x - box_size - px(24)
            text = metrics.elidedText(
                one_line(name), Qt.TextElideMode.ElideRight, int(available_width)
            )
            width = metrics.horizontalAdvance(text)
            entry_width = box_size + px(6) + width
            entry_x = self.width() - x - entry_width if is_mirrored() else x
            box_x = entry_x + entry_width - box_size if is_mirrored() else entry_x
            self._fill(painter, QRectF(box_x, px(2), box_size, box_size), number)
            painter.setPen(self._theme.text)
            text_x = entry_x if is_mirrored() else entry_x + box_size + px(6)
            painter.drawText(round(text_x), px(2) + metrics.ascent(), text)
            x += entry_width + px(16)

    def _paint_group(self, painter: QPainter, column: QRectF, index: int) -> None:
        if index == self.current:
            painter.fillRect(column, self._theme.hover)
            if self.hasFocus():
                painter.setPen(QPen(self._theme.accent, self._theme.px(2)))
                painter.drawRect(column)
        values = self.data.values[index]
        top = self._ticks()[-1]
        # The rest of the column is the gap between groups.
        group_width = min(column.width() * 0.72, float(self._theme.px(_MAX_BAR_WIDTH)))
        left = column.center().x() - group_width / 2
        width = group_width
        if not self.data.is_stacked and values:
            width = group_width / len(values)
        bottom = column.bottom()
        for number, value in enumerate(values):
            if not value:
                continue
            height = column.height() * value / top
            if self.data.is_stacked:
                self._fill(painter, QRectF(left, bottom - height, width, height), number)
                bottom -= height
            else:
                position = len(values) - 1 - number if is_mirrored() else number
                x = left + position * width
                self._fill(painter, QRectF(x, bottom - height, width, height), number)

    def _fill(self, painter: QPainter, box: QRectF, series: int) -> None:
        theme = self._theme
        colors: tuple[QColor, ...] = (theme.accent, theme.good, theme.warning, theme.keyword)
        painter.fillRect(box, colors[series % len(colors)])
        pattern = _PATTERNS[series % len(_PATTERNS)]
        if pattern is not Qt.BrushStyle.NoBrush:
            painter.fillRect(box, QBrush(theme.ground, pattern))

    def _paint_labels(self, painter: QPainter, plot: QRectF) -> None:
        if not self.data.labels:
            return
        metrics = self.fontMetrics()
        px = self._theme.px
        labels = [one_line(label) for label in self.data.labels]
        column_width = plot.width() / len(labels)
        # Few labels are elided to their columns. Of many, such as days, only some are shown.
        step = 1
        if len(labels) > 12:
            widest_label = max(metrics.horizontalAdvance(label) for label in labels) + px(10)
            step = max(1, ceil(widest_label / column_width))
        painter.setPen(self._theme.dim)
        for index in range(0, len(labels), step):
            column_rect = self._column_rect(plot, index)
            width = column_rect.width() * step
            box = QRectF(column_rect.center().x() - width / 2, plot.bottom() + px(4), width, px(40))
            if box.right() > self.width():
                box.moveRight(self.width())
            if box.left() < 0:
                box.moveLeft(0)
            text = metrics.elidedText(
                labels[index], Qt.TextElideMode.ElideMiddle, int(width) - px(4)
            )
            center = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
            painter.drawText(box, int(center), text)


def chart_data(
    labels: Sequence[str],
    series: Sequence[str],
    values: Sequence[Sequence[float | None]],
    axis_text: Callable[[float], str],
    *,
    is_stacked: bool,
) -> ChartData:
    """Return data for a chart. Omit series of only None or 0, but keep at least one series."""
    used_indexes = [n for n in range(len(series)) if any(group[n] for group in values)] or [0]
    return ChartData(
        series=tuple(series[n] for n in used_indexes),
        labels=tuple(labels),
        values=tuple(tuple(group[n] for n in used_indexes) for group in values),
        is_stacked=is_stacked,
        axis_text=axis_text,
    )
