"""Rows and columns of widgets, each created and filled in one call.

Their margins and spacing are given in pixels at the default text size.
"""

from __future__ import annotations

from typing import Final, TypeVar

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLayout, QLayoutItem, QVBoxLayout, QWidget

from desktop_app.widgets.look.direction import is_mirrored, mirrored
from desktop_app.widgets.look.theme import current_theme

Margins = int | tuple[int, int, int, int]
Item = QWidget | QLayout | tuple[QWidget | QLayout, int] | tuple[QWidget, Qt.AlignmentFlag] | int

STRETCH: Final = 1
"""An item that takes the remaining room, shared with other items that stretch."""
SPRING: Final = 0
"""An item that takes the remaining room if no other item stretches."""
DIALOG_MARGINS: Final = (16, 14, 16, 14)
"""The margins of dialogs: before, above, after and below their content."""

_MARGINS: Final = "unscaled-margins"
_SPACING: Final = "unscaled-spacing"

_Box = TypeVar("_Box", bound=QBoxLayout)


def row_of(
    *items: Item,
    parent: QWidget | None = None,
    margins: Margins | None = None,
    spacing: int | None = None,
) -> QHBoxLayout:
    """Return a row of widgets, layouts and gaps.

    Args:
        items: widgets and layouts, each alone or paired with its stretch factor, or for a widget
            with its alignment; STRETCH and SPRING are gaps.
        parent: the widget that gets the row as its layout.
        margins: on all sides, or before, above, after and below; None leaves them to the style.
        spacing: between the items; None leaves it to the style.
    """
    box = QHBoxLayout() if parent is None else QHBoxLayout(parent)
    return _fill(box, items, margins, spacing)


def column_of(
    *items: Item,
    parent: QWidget | None = None,
    margins: Margins | None = None,
    spacing: int | None = None,
) -> QVBoxLayout:
    """Return a column of widgets, layouts and gaps; the arguments are those of `row_of`."""
    box = QVBoxLayout() if parent is None else QVBoxLayout(parent)
    return _fill(box, items, margins, spacing)


def scale_boxes(root: QWidget) -> None:
    """Adapt the margins and spacing of all rows and columns below `root` to the text size."""
    for layout in root.findChildren(QLayout):
        _scale(layout)


def set_unscaled(layout: QLayout, margins: Margins | None, spacing: int | None) -> None:
    """Set margins and spacing in pixels at the default text size; None leaves them to the style."""
    layout.setProperty(_MARGINS, (margins,) * 4 if isinstance(margins, int) else margins)
    layout.setProperty(_SPACING, spacing)
    _scale(layout)


def margins_of(left: int, top: int, right: int, bottom: int) -> tuple[int, int, int, int]:
    """Return margins for Qt, which does not mirror them."""
    return (right, top, left, bottom) if is_mirrored() else (left, top, right, bottom)


def _scale(layout: QLayout) -> None:
    def px(length: float) -> int:
        return current_theme().px(length) if length else 0

    margins = layout.property(_MARGINS)
    spacing = layout.property(_SPACING)
    if margins is not None:
        layout.setContentsMargins(*margins_of(*map(px, margins)))
    if spacing is not None:
        layout.setSpacing(px(spacing))


def _fill(box: _Box, items: tuple[Item, ...], margins: Margins | None, spacing: int | None) -> _Box:
    set_unscaled(box, margins, spacing)
    for item in items:
        content, stretch_or_alignment = item if isinstance(item, tuple) else (item, 0)
        if isinstance(content, int):
            box.addStretch(content)
        elif isinstance(stretch_or_alignment, Qt.AlignmentFlag):
            assert isinstance(content, QWidget)
            box.addWidget(content, 0, stretch_or_alignment)
        elif isinstance(content, QLayout):
            box.addLayout(content, stretch_or_alignment)
        else:
            box.addWidget(content, stretch_or_alignment)
    return box


class FlowLayout(QLayout):
    """Rows of widgets in their preferred sizes; none is wider than the row.

    Args:
        spacing: between widgets and between rows, as in `row_of`.
    """

    def __init__(self, *widgets: QWidget, parent: QWidget | None = None, spacing: int = 8) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        set_unscaled(self, 0, spacing)
        for widget in widgets:
            self.addWidget(widget)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._arrange(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._arrange(rect, move=True)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size

    def _arrange(self, rect: QRect, *, move: bool) -> int:
        """Return the height of the rows in `rect`; move the widgets there if `move` is set."""
        x, y = rect.x(), rect.y()
        row_height = 0
        for item in self._items:
            widget = item.widget()
            if widget is not None and widget.isHidden():
                continue
            size = item.sizeHint()
            size.setWidth(min(size.width(), rect.width()))
            # Qt's `right` is one less than the coordinate of the right edge.
            if x > rect.x() and x + size.width() > rect.right() + 1:
                x = rect.x()
                y += row_height + self.spacing()
                row_height = 0
            if move:
                item.setGeometry(mirrored(QRect(QPoint(x, y), size), rect))
            x += size.width() + self.spacing()
            row_height = max(row_height, size.height())
        return y + row_height - rect.y()
