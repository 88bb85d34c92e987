"""The list view of rows: conversations, search hits, commands, files; and a short list of choices.

`chosen` reports a row that is to be opened. A search field may keep the focus and pass keys to the
view by `press`.

Qt tells assistive technology that the current row has the focus, even if another widget has it. So
a view that can have the focus has a current row only while it has it, and remembers it otherwise
(`current_row`).

A QListView asks the model for its row count for each row in a layout, and lays out all rows
after every change. A proxy between model and view answers in C++: at 100,000 rows a change
costs 20 ms instead of 330 ms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QKeyEvent, QMouseEvent, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QFrame,
    QListView,
    QListWidget,
    QStyledItemDelegate,
    QWidget,
)

from desktop_app.widgets.accessible_roles import tell_row

NO_UPDATE: Final = QItemSelectionModel.SelectionFlag.NoUpdate


class RowView(QListView):
    """A list of rows of equal height. See the module.

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
        self._remembered_row = QPersistentModelIndex()
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

    def fit_rows(self) -> None:
        """Make the view as high as its rows, but not higher than six of them."""
        count = min(self._proxy.rowCount(), 6)
        self.setFixedHeight(count * self.sizeHintForRow(0) + 2 * self.frameWidth() + 2)

    def row_of(self, index: QModelIndex) -> QModelIndex:
        """Map a model index to the view's index; the view emits only its own indexes."""
        return self._proxy.mapFromSource(index)

    def source_of(self, row: QModelIndex) -> QModelIndex:
        """Map the view's index to the model's index."""
        return self._proxy.mapToSource(row)

    # ------------------------------------------------------------ the current row

    @property
    def current_row(self) -> QModelIndex:
        """Return the current row, or the one that a view without the focus remembers."""
        current = self.currentIndex()
        return current if current.isValid() else self.model().index(self._remembered_row.row(), 0)

    def setCurrentIndex(self, index: QModelIndex | QPersistentModelIndex) -> None:
        """Make a row current, now or once the view has the focus, and select it as a key does."""
        if self.hasFocus() or self.focusPolicy() == Qt.FocusPolicy.NoFocus:
            super().setCurrentIndex(index)
        else:
            self._remembered_row = QPersistentModelIndex(index)
            self.selectionModel().select(index, self.selectionCommand(index))

    def remember_row(self) -> None:
        """Have no current row until the view gets the focus."""
        self._remembered_row = QPersistentModelIndex(self.current_row)
        self.selectionModel().setCurrentIndex(QModelIndex(), NO_UPDATE)

    def press(self, event: QEvent) -> None:
        """Handle a key that was pressed in the search field of the rows."""
        self.selectionModel().setCurrentIndex(self.current_row, NO_UPDATE)
        QApplication.sendEvent(self, event)
        self.remember_row()

    def ensure_current(self) -> None:
        """Make a row current if none is: the selected row, otherwise the first."""
        if self.current_row.isValid():
            return
        selected = self.selectedIndexes()
        self.setCurrentIndex(selected[0] if selected else self.edge_row(first=True))

    def select_only(self, row: QModelIndex) -> None:
        """Select this row and no other; an invalid index clears the selection."""
        self.selectionModel().select(row, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    # ------------------------------------------------------------ keys and clicks

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        """Move to an enabled row on Home and End, not to a heading."""
        if action == QAbstractItemView.CursorAction.MoveHome:
            return self.edge_row(first=True)
        if action == QAbstractItemView.CursorAction.MoveEnd:
            return self.edge_row(first=False)
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
        elif (
            event.key() == Qt.Key.Key_Up
            and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            and index == self.edge_row(first=True)
        ):
            self.up_pressed_at_top.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus ring unless a click moved the focus here."""
        self.shows_focus = event.reason() != Qt.FocusReason.MouseFocusReason
        row = self.current_row
        if row.isValid():
            self.setAutoScroll(False)  # a click must not move the row under the mouse
            super().setCurrentIndex(row)  # the next range begins here
            self.setAutoScroll(True)
        super().focusInEvent(event)
        tell_row(self)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason and not self.is_editing:
            self.remember_row()

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

    def edge_row(self, *, first: bool) -> QModelIndex:
        """Return the first or last enabled row."""
        count = self.model().rowCount()
        for row in range(min(count, 2)) if first else range(count - 1, -1, -1):
            index = self.model().index(row, 0)
            if index.flags() & Qt.ItemFlag.ItemIsEnabled:
                return index
        return QModelIndex()


_FLAGS: Final = QItemSelectionModel.SelectionFlag


if TYPE_CHECKING:
    _View = QAbstractItemView
else:
    _View = object


class CurrentWithFocus(_View):
    """The part of a view that remembers its current row while it does not have the focus."""

    _remembered = QPersistentModelIndex()

    @property
    def chosen_index(self) -> QModelIndex:
        """Return the current index, or that of a view without the focus; invalid for none."""
        current = self.currentIndex()
        remembered = self._remembered
        return current if current.isValid() else self.model().index(remembered.row(), 0)

    def choose(self, index: QModelIndex) -> None:
        """Choose a row; it becomes current once the view has the focus."""
        if self.hasFocus():
            self.setCurrentIndex(index)
        else:
            self._remembered = QPersistentModelIndex(index)
            self.selectionModel().select(index, _FLAGS.ClearAndSelect | _FLAGS.Rows)

    def visualRect(self, index: QModelIndex | QPersistentModelIndex) -> QRect:
        """Return no rectangle while the view is hidden, by which Qt knows that its rows are."""
        return super().visualRect(index) if self.isVisible() else QRect()

    def focusInEvent(self, event: QFocusEvent) -> None:
        if self._remembered.isValid() and not self.currentIndex().isValid():
            self.selectionModel().setCurrentIndex(self._remembered, _FLAGS.NoUpdate)
        super().focusInEvent(event)
        tell_row(self)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self._remembered = QPersistentModelIndex(self.currentIndex())
            self.selectionModel().setCurrentIndex(QModelIndex(), _FLAGS.NoUpdate)


class ChoiceList(CurrentWithFocus, QListWidget):
    """A short list of pages or results, of which one is chosen."""
