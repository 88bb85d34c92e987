"""The painter of rows with a name, facts below it, and the progress of what runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from PySide6.QtCore import QObject
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyleOptionViewItem

from desktop_app.widgets.look import painting
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.rows.row_delegate import RowDelegate
from desktop_app.widgets.rows.rows_model import ROW, Index

_INSET: Final = 10  # in pixels at the default text size (see `Theme.px`)


class TwoLines(NamedTuple):
    """What a row shows; `progress` from 0 to 1 is a bar at its foot, None for none."""

    title: str
    facts: str
    progress: float | None = None
    is_error: bool = False


class TwoLineDelegate(RowDelegate):
    """The painter of rows of two lines; `lines_of` returns those of a row's value."""

    height = 50

    def __init__(self, parent: QObject, lines_of: Callable[[Any], TwoLines]) -> None:
        super().__init__(parent)
        self._lines_of = lines_of

    def paint_content(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme, px = current_theme(), current_theme().px
        lines = self._lines_of(index.data(ROW))
        rect = self.row_rect(option).adjusted(px(_INSET), px(4), -px(_INSET), -px(4))
        upper = rect.adjusted(0, 0, 0, -rect.height() // 2)
        lower = rect.adjusted(0, rect.height() // 2, 0, 0)
        color = theme.error if lines.is_error else theme.dim
        painting.draw_text(painter, upper, lines.title, theme.interface(), theme.text)
        painting.draw_text(painter, lower, lines.facts, theme.note(), color)
        if lines.progress is not None:
            bar = rect.adjusted(0, rect.height() - px(2), 0, 0)
            painting.fill_background(painter, bar, theme.hover, 1)
            bar.setWidth(round(bar.width() * min(1.0, lines.progress)))
            painting.fill_background(painter, bar, theme.accent, 1)
