"""The view that the conversation list and a search's hits share.

It never selects by itself: arrow keys and clicks move the current row, and `chosen` tells that
one was opened.

A QListView asks the model for the number of rows once for each row that it lays out, and lays all
out after every change. Between it and the model stands a proxy, which answers in C++: at 100,000
rows a change costs 20 ms instead of 330.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView, QStyledItemDelegate, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QKeyEvent, QMouseEvent


class RowView(QListView):
    """A list of rows of one height that never selects by itself.

    Attributes:
        shows_focus: whether the keyboard is in use here, so that the ring helps and not distracts.

    Signals:
        chosen(QModelIndex): clicked, or Enter pressed.
        delete_pressed(QModelIndex)
        left_at_top(): the arrow key up on the first row.
        menu_requested(QModelIndex, QPoint global position)
    """

    chosen = Signal(QModelIndex)
    delete_pressed = Signal(QModelIndex)
    left_at_top = Signal()
    menu_requested = Signal(QModelIndex, QPoint)

    def __init__(
        self, name: str, model: QAbstractItemModel, delegate: QStyledItemDelegate | None = None
    ) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setProperty("role", "rows")
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        # Made here: PySide takes 15 ms over the first widget that Qt made.
        viewport = QWidget()
        viewport.setBackgroundRole(QPalette.ColorRole.Base)
        viewport.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setViewport(viewport)
        self._proxy = QSortFilterProxyModel(self)
        self._proxy.setDynamicSortFilter(False)
        self._proxy.setSourceModel(model)
        self.setModel(self._proxy)
        if delegate is not None:
            self.setItemDelegate(delegate)
        self.shows_focus = False
        self.clicked.connect(self.chosen)

    def lay_out_anew(self) -> None:
        """The delegate's measures have changed."""
        self.scheduleDelayedItemsLayout()
        self.viewport().update()

    def row_of(self, index: QModelIndex) -> QModelIndex:
        """The view's own index for one of the model's; all that it emits are its own."""
        return self._proxy.mapFromSource(index)

    def source_of(self, row: QModelIndex) -> QModelIndex:
        """The model's index for one of the view's own."""
        return self._proxy.mapToSource(row)

    def go_to_end(self) -> None:
        """Put the keyboard on the last row."""
        self.setCurrentIndex(self._end(first=False))

    def ensure_current(self) -> None:
        """Put the ring somewhere: on the current row, else the selected, else the first."""
        if self.currentIndex().isValid():
            return
        chosen = self.selectedIndexes()
        self.setCurrentIndex(chosen[0] if chosen else self._end(first=True))

    def selectionCommand(
        self, index: QModelIndex | QPersistentModelIndex, event: QEvent | None = None
    ) -> QItemSelectionModel.SelectionFlag:
        """Keys and clicks move the current row only."""
        return QItemSelectionModel.SelectionFlag.NoUpdate

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        """Home and End go to conversations, not to headings."""
        if action == QAbstractItemView.CursorAction.MoveHome:
            return self._end(first=True)
        if action == QAbstractItemView.CursorAction.MoveEnd:
            return self._end(first=False)
        return super().moveCursor(action, modifiers)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens, Delete asks to delete, up from the first row leaves."""
        self.shows_focus = True
        index = self.currentIndex()
        is_editing = self.state() == QAbstractItemView.State.EditingState
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not is_editing:
            if index.isValid():
                self.chosen.emit(index)
        elif event.key() == Qt.Key.Key_Delete and index.isValid():
            self.delete_pressed.emit(index)
        elif event.key() == Qt.Key.Key_Up and index == self._end(first=True):
            self.left_at_top.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The ring comes with the keyboard, not with a click."""
        self.shows_focus = event.reason() != Qt.FocusReason.MouseFocusReason
        super().focusInEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The ring goes with a click."""
        self.shows_focus = False
        super().mousePressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The menu of the row under the pointer, or of the current one for the Menu key."""
        if event.reason() == event.Reason.Keyboard:
            index = self.currentIndex()
            position = self.viewport().mapToGlobal(self.visualRect(index).center())
        else:
            index, position = self.indexAt(event.pos()), event.globalPos()
        self.menu_requested.emit(index, position)

    def _end(self, *, first: bool) -> QModelIndex:
        """The first or last row that can be chosen."""
        count = self.model().rowCount()
        for row in range(min(count, 2)) if first else range(count - 1, -1, -1):
            index = self.model().index(row, 0)
            if index.flags() & Qt.ItemFlag.ItemIsEnabled:
                return index
        return QModelIndex()
