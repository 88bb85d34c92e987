"""The base of the delegates that paint the rows of a `RowView`, or of a popup's list.

All rows of a view have the same height. A row's background is selected, hovered or empty. A view
with keyboard focus draws a ring around its current row.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QCursor, QPainter, QPen
from PySide6.QtWidgets import QAbstractItemView, QStyledItemDelegate, QStyleOptionViewItem

from desktop_app.widgets.look import painting
from desktop_app.widgets.look import theme as themes
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.rows.row_view import RowView
from desktop_app.widgets.rows.rows_model import Index

_GAP: Final = 2
_BAR_WIDTH: Final = 3


class RowDelegate(QStyledItemDelegate):
    """Base of the delegates of rows; subclasses paint a row's content."""

    height = themes.ROW_HEIGHT + _GAP

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, current_theme().px(self.height))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint the background, except of headings, then the content.

        Painting is clipped to the row, because letters with stacked accents would cover other rows.
        """
        painter.save()
        painter.setClipRect(option.rect)
        painting.antialias(painter)
        painting.mirror(painter, option.rect)
        if index.flags() & Qt.ItemFlag.ItemIsEnabled:
            self.paint_background(painter, option, index)
        self.paint_content(painter, option, index)
        painter.restore()

    def paint_content(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint a row's texts and icons."""
        raise NotImplementedError

    def row_rect(self, option: QStyleOptionViewItem) -> QRect:
        """Return the cell without the gap below, and without a margin if no scroll bar is shown."""
        view = option.widget
        scrolls = isinstance(view, QAbstractItemView) and view.verticalScrollBar().isVisible()
        margin = 0 if scrolls else current_theme().px(themes.ROW_MARGIN)
        rect: QRect = option.rect
        return rect.adjusted(0, 0, -margin, -current_theme().px(_GAP))

    def paint_background(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        """Paint the selected or hovered background, the selection's bar, and the focus ring.

        The state comes from the view. The flags of `option.state` would make PySide build the
        class QStyle, which takes long (see `theme.APPLICATION_ARGUMENTS`).
        """
        view = option.widget
        assert isinstance(view, QAbstractItemView)
        radius = current_theme().px(themes.RADIUS)
        rect = self.row_rect(option).toRectF()
        painter.setPen(Qt.PenStyle.NoPen)
        if view.selectionModel().isSelected(index):
            painter.setBrush(current_theme().selected)
            painter.drawRoundedRect(rect, radius, radius)
            # The background alone hardly differs from the background of other rows.
            width = current_theme().px(_BAR_WIDTH)
            bar = QRectF(
                rect.left() + radius / 2, rect.top() + radius, width, rect.height() - 2 * radius
            )
            painter.setBrush(current_theme().accent)
            painter.drawRoundedRect(bar, width / 2, width / 2)
        elif is_hovered(option):
            painter.setBrush(current_theme().hover)
            painter.drawRoundedRect(rect, radius, radius)
        shows_focus = isinstance(view, RowView) and view.hasFocus() and view.shows_focus
        if shows_focus and index == view.currentIndex():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(current_theme().accent, 2))
            painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), radius - 1, radius - 1)


def is_hovered(option: QStyleOptionViewItem) -> bool:
    """Return True if the mouse is over the cell."""
    view = option.widget
    if not isinstance(view, QAbstractItemView):
        return False
    viewport = view.viewport()
    return viewport.underMouse() and option.rect.contains(viewport.mapFromGlobal(QCursor.pos()))
