"""The list view of rows: conversations, search hits, commands, prompts, files.

Keys and clicks move the current row but select nothing: the owner of the view selects rows.
`chosen` reports a row that is to be opened.

A QListView asks the model for its row count for each row in a layout, and lays out all rows
after every change. A proxy between model and view answers in C++: at 100,000 rows a change
costs 20 ms instead of 330 ms.
"""

from __future__ import annotations

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
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QKeyEvent, QMouseEvent, QPalette
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView, QStyledItemDelegate, QWidget


class RowView(QListView):
    """A list of rows of equal height in which keys and clicks select nothing.

    Attributes:
        shows_focus: whether to paint the focus ring; True while the keyboard is in use.

    Signals:
        chosen(QModelIndex): a row was clicked, or Enter was pressed on it.
        delete_pressed(QModelIndex): Delete was pressed on a row.
        up_pressed_at_top(): the up arrow was pressed on the first row.
        menu_requested(QModelIndex, QPoint global position): open the menu of a row, or of the list
            if the index is invalid.
    """

    chosen = Signal(QModelIndex)
    delete_pressed = Signal(QModelIndex)
    up_pressed_at_top = Signal()
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
        # Created here, because PySide takes 15 ms for the first widget that Qt created.
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

    @property
    def is_editing(self) -> bool:
        """Return True while a row is edited in place.

        Qt's `state()` cannot tell, because the removal of any row resets it.
        """
        return self.indexWidget(self.currentIndex()) is not None

    def update_focus_policy(self) -> None:
        """Let Tab skip the list while it has no row that could show the focus."""
        policy = Qt.FocusPolicy
        self.setFocusPolicy(policy.WheelFocus if self._proxy.rowCount() else policy.NoFocus)

    def update_theme(self) -> None:
        """Lay out the rows again, because the delegate's sizes may have changed."""
        self.scheduleDelayedItemsLayout()
        self.viewport().update()

    def row_of(self, index: QModelIndex) -> QModelIndex:
        """Map a model index to the view's index; the view emits only its own indexes."""
        return self._proxy.mapFromSource(index)

    def source_of(self, row: QModelIndex) -> QModelIndex:
        """Map the view's index to the model's index."""
        return self._proxy.mapToSource(row)

    def go_to_end(self) -> None:
        """Move to the last row."""
        self.setCurrentIndex(self._edge_row(first=False))

    @property
    def current_row(self) -> QModelIndex:
        """Return the current row."""
        return self.currentIndex()

    def ensure_current(self) -> None:
        """Make a row current if none is: the selected row, otherwise the first."""
        if self.current_row.isValid():
            return
        selected = self.selectedIndexes()
        self.setCurrentIndex(selected[0] if selected else self._edge_row(first=True))

    def select_only(self, row: QModelIndex) -> None:
        """Select this row and no other; an invalid index clears the selection."""
        self.selectionModel().select(row, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def selectionCommand(
        self, index: QModelIndex | QPersistentModelIndex, event: QEvent | None = None
    ) -> QItemSelectionModel.SelectionFlag:
        """Select nothing: keys and clicks only move the current row."""
        return QItemSelectionModel.SelectionFlag.NoUpdate

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        """Move to an enabled row on Home and End, not to a heading."""
        if action == QAbstractItemView.CursorAction.MoveHome:
            return self._edge_row(first=True)
        if action == QAbstractItemView.CursorAction.MoveEnd:
            return self._edge_row(first=False)
        return super().moveCursor(action, modifiers)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Emit a signal for Enter, for Delete, and for Up in the first row."""
        self.shows_focus = True
        index = self.currentIndex()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not self.is_editing:
            if index.isValid():
                self.chosen.emit(index)
        elif event.key() == Qt.Key.Key_Delete and index.isValid() and not self.is_editing:
            if not event.isAutoRepeat():  # a held key would delete row after row
                self.delete_pressed.emit(index)
        elif event.key() == Qt.Key.Key_Up and index == self._edge_row(first=True):
            self.up_pressed_at_top.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus ring unless a click moved the focus here."""
        self.shows_focus = event.reason() != Qt.FocusReason.MouseFocusReason
        super().focusInEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.shows_focus = False
        super().mousePressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Request the menu of the row at the pointer, or of the current row for the Menu key."""
        if event.reason() == event.Reason.Keyboard:
            index = self.current_row
            position = self.viewport().mapToGlobal(self.visualRect(index).center())
        else:
            index = self.indexAt(event.pos())
            position = event.globalPos()
        self.menu_requested.emit(index, position)

    def _edge_row(self, *, first: bool) -> QModelIndex:
        count = self.model().rowCount()
        for row in range(min(count, 2)) if first else range(count - 1, -1, -1):
            index = self.model().index(row, 0)
            if index.flags() & Qt.ItemFlag.ItemIsEnabled:
                return index
        return QModelIndex()
