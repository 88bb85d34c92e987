"""A layout that places widgets side by side and wraps them into rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget

from desktop_app.widgets.boxes import set_unscaled


def order_children(container: QWidget, children: Sequence[QWidget]) -> None:
    """Set the tab order of children of a container, at the container's position.

    By default, Qt puts widgets that are added later at the end of the tab order.
    """
    container.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # Qt orders only widgets that accept focus
    for widget, next_widget in pairwise((container, *children)):
        QWidget.setTabOrder(widget, next_widget)
    container.setFocusPolicy(Qt.FocusPolicy.NoFocus)


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
                item.setGeometry(QRect(QPoint(x, y), size))
            x += size.width() + self.spacing()
            row_height = max(row_height, size.height())
        return y + row_height - rect.y()
