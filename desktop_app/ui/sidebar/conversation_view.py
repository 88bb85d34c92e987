"""The view of the conversation list: several can be marked, and dragged into folders; what comes from
outside can be dropped on a row.

As in every RowView, a plain click or Enter opens and the program alone selects what is open. What
the person marks (Ctrl or Shift with a click, Shift with the arrows, Ctrl+Space, Ctrl+A) is added to
that, and dropped again by the next plain click or arrow key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    Qt,
    Signal,
)
from PySide6.QtWidgets import QAbstractItemView, QApplication

from desktop_app.ui.sidebar.conversation_model import MIME_TYPE, Roles
from desktop_app.ui.sidebar.row_view import RowView

if TYPE_CHECKING:
    from PySide6.QtCore import QAbstractItemModel, QMimeData
    from PySide6.QtGui import (
        QDragEnterEvent,
        QDragLeaveEvent,
        QDragMoveEvent,
        QDropEvent,
        QKeyEvent,
        QMouseEvent,
    )

_Flag = QItemSelectionModel.SelectionFlag
_Key = Qt.Key
_MOVES: Final = {
    _Key.Key_Up: QAbstractItemView.CursorAction.MoveUp,
    _Key.Key_Down: QAbstractItemView.CursorAction.MoveDown,
    _Key.Key_Home: QAbstractItemView.CursorAction.MoveHome,
    _Key.Key_End: QAbstractItemView.CursorAction.MoveEnd,
    _Key.Key_PageUp: QAbstractItemView.CursorAction.MovePageUp,
    _Key.Key_PageDown: QAbstractItemView.CursorAction.MovePageDown,
}


class ConversationView(RowView):
    """See the module.

    Attributes:
        has_marks: what is selected is what the person marked, not just what is open.
        leads_back: there is a place to go back to.

    Signals:
        selection_cleared(): only what is open is to be selected again.
        back_requested(): Esc, Backspace or the arrow key left: out of a place.
        end_pressed(): the very last row is wanted, loaded or not.
        dropped(list[str] ids, str folder id): conversations were dropped onto a folder.
        drop_hint_changed(str): what letting go here would do with what comes from outside; "" for nothing.
        content_dropped(Given, str id, bool): something from outside was dropped on a conversation, or on a
            folder, or with "" beside the rows.
    """

    selection_cleared = Signal()
    back_requested = Signal()
    end_pressed = Signal()
    dropped = Signal(list, str)
    drop_hint_changed = Signal(str)
    content_dropped = Signal(object, str, bool)

    def __init__(self, name: str, model: QAbstractItemModel) -> None:
        super().__init__(name, model)
        self.has_marks, self.leads_back = False, False
        self._anchor = QPersistentModelIndex()
        self._target = QPersistentModelIndex()
        self._is_marking = False
        self._pressed_at: QPoint | None = None  # what was pressed there can be dragged
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.setDropIndicatorShown(False)

    # ------------------------------------------------------------ what is marked

    @property
    def marked(self) -> list[QModelIndex]:
        """The conversations that an action on the current row means, from the top down: all that
        are marked where it is one of them, else it alone."""
        current = self.currentIndex()
        if self.has_marks and self.selectionModel().isSelected(current):
            return sorted(self.selectedIndexes(), key=QModelIndex.row)
        return [current] if current.data(Roles.IDENTIFIER) else []

    def is_target(self, index: QModelIndex | QPersistentModelIndex) -> bool:
        """Whether something is being dragged over this row, which would take it."""
        return self._target == index

    def drop_marks(self) -> None:
        """Forget what the person marked."""
        self._anchor = QPersistentModelIndex(self.currentIndex())
        if self.has_marks:
            self.has_marks = False
            self.selection_cleared.emit()

    def mark_all(self) -> None:
        """Mark every conversation that is here."""
        count = self.model().rowCount()
        if count:
            self._mark(self.model().index(0, 0), self.model().index(count - 1, 0))

    def _mark(self, first: QModelIndex, last: QModelIndex) -> None:
        """All between two rows; headings and folders cannot be selected."""
        if first.row() > last.row():
            first, last = last, first
        self.has_marks = True
        self.selectionModel().select(QItemSelection(first, last), _Flag.ClearAndSelect)

    def _mark_to(self, index: QModelIndex) -> None:
        """All from where one began."""
        if not self._anchor.isValid():
            self._anchor = QPersistentModelIndex(index)
        anchor = self.model().index(self._anchor.row(), 0)
        self.setCurrentIndex(index)
        self._mark(anchor, index)

    def _toggle(self, index: QModelIndex) -> None:
        self.has_marks = True
        self._anchor = QPersistentModelIndex(index)
        self.setCurrentIndex(index)
        self.selectionModel().select(index, _Flag.Toggle)

    # ------------------------------------------------------------ keys and clicks

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The keys that mark, and those that leave; the others are any row view's."""
        if self.state() == QAbstractItemView.State.EditingState:
            super().keyPressEvent(event)
            return
        self.shows_focus = True
        key, modifiers = _Key(event.key()), event.modifiers()
        has_control = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        if key in _MOVES and modifiers & Qt.KeyboardModifier.ShiftModifier:
            index = self.moveCursor(_MOVES[key], Qt.KeyboardModifier.NoModifier)
            if index.isValid():
                self._mark_to(index)
        elif has_control and key == _Key.Key_A:
            self.mark_all()
        elif has_control and key == _Key.Key_Space and self.currentIndex().isValid():
            self._toggle(self.currentIndex())
        elif key == _Key.Key_Escape and self.has_marks:
            self.drop_marks()
        elif key in (_Key.Key_Escape, _Key.Key_Backspace, _Key.Key_Left):
            if self.leads_back:
                self.back_requested.emit()
            else:
                event.ignore()  # Esc may stop an answer, or close a drawer
        else:
            self._press(key, event, has_control=has_control)

    def _press(self, key: Qt.Key, event: QKeyEvent, *, has_control: bool) -> None:
        """A key that every list knows; the arrows drop the marks, unless Ctrl keeps them."""
        if key in (_Key.Key_Menu, _Key.Key_F10):
            event.ignore()
            return
        super().keyPressEvent(event)
        if key in _MOVES and not has_control:
            self.drop_marks()
        if key == _Key.Key_End:
            self.end_pressed.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """With Ctrl or Shift a click marks; a plain one drops the marks, unless it may begin to
        drag them."""
        index = self.indexAt(event.position().toPoint())
        is_left = event.button() == Qt.MouseButton.LeftButton
        marks = event.modifiers() & (
            Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        )
        self._is_marking = bool(is_left and marks and index.flags() & Qt.ItemFlag.ItemIsSelectable)
        if not self._is_marking:
            can_be_dragged = bool(index.flags() & Qt.ItemFlag.ItemIsDragEnabled)
            self._pressed_at = event.position().toPoint() if is_left and can_be_dragged else None
            super().mousePressEvent(event)
            if not self.selectionModel().isSelected(index):
                self.drop_marks()
            return
        self.shows_focus = False
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._start_at_selected()
            self._mark_to(index)
        else:
            self._toggle(index)

    def _start_at_selected(self) -> None:
        """Where nothing was touched yet, a range begins at what is open."""
        if not self._anchor.isValid() and self.selectedIndexes():
            self._anchor = QPersistentModelIndex(self.selectedIndexes()[0])

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click that marked opens nothing."""
        self._pressed_at = None
        if self._is_marking:
            self._is_marking = False
            return
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            self.drop_marks()

    # ------------------------------------------------------------ dragging

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Begin to drag. By itself Qt drags only what is selected, and here a press selects nothing."""
        if self._pressed_at is None or not event.buttons() & Qt.MouseButton.LeftButton:
            super().mouseMoveEvent(event)
            return
        way = (event.position().toPoint() - self._pressed_at).manhattanLength()
        if way >= QApplication.startDragDistance():
            self._pressed_at = None
            self.startDrag(Qt.DropAction.MoveAction)

    def startDrag(self, _actions: Qt.DropAction) -> None:
        """Take what is marked along, as its titles look here."""
        rows = [row for row in self.marked if row.flags() & Qt.ItemFlag.ItemIsDragEnabled]
        if not rows:
            return
        from PySide6.QtGui import QDrag  # here and below: no start waits for what is dragged

        drag = QDrag(self)
        drag.setMimeData(self.model().mimeData(rows))
        drag.setPixmap(self.viewport().grab(self.visualRect(rows[0])))
        drag.setHotSpot(QPoint(12, 12))
        drag.exec(Qt.DropAction.MoveAction)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Conversations may be dropped on folders, what comes from outside on either."""
        from desktop_app.ui.composer.dropped_content import accept_copy, is_welcome

        if event.mimeData().hasFormat(MIME_TYPE):
            event.acceptProposedAction()
        elif event.source() is None and is_welcome(event.mimeData()):
            accept_copy(event)
        else:
            event.ignore()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Show which row would take it; at the edges the list scrolls."""
        from desktop_app.ui.composer.dropped_content import accept_copy

        super().dragMoveEvent(event)
        index = self.indexAt(event.position().toPoint())
        if event.mimeData().hasFormat(MIME_TYPE):
            self._aim(index if index.data(Roles.IS_FOLDER) else QModelIndex())
            event.setAccepted(self._target.isValid())
            return
        self._aim(index if index.data(Roles.IDENTIFIER) else QModelIndex())
        self.drop_hint_changed.emit(_promise(event.mimeData(), index))
        accept_copy(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """It went elsewhere."""
        super().dragLeaveEvent(event)
        self._aim(QModelIndex())
        self.drop_hint_changed.emit("")

    def dropEvent(self, event: QDropEvent) -> None:
        """Tell which row takes it."""
        from desktop_app.ui.composer.dropped_content import accept_copy, given_in

        index = self.indexAt(event.position().toPoint())
        self._aim(QModelIndex())
        self.drop_hint_changed.emit("")
        identifier, is_folder = index.data(Roles.IDENTIFIER), bool(index.data(Roles.IS_FOLDER))
        if not event.mimeData().hasFormat(MIME_TYPE):
            accept_copy(event)
            self.content_dropped.emit(given_in(event.mimeData()), identifier or "", is_folder)
        elif is_folder:
            event.acceptProposedAction()
            self.dropped.emit(dragged(event.mimeData()), identifier)
        self.stopAutoScroll()
        self.setState(QAbstractItemView.State.NoState)

    def _aim(self, index: QModelIndex) -> None:
        self._target = QPersistentModelIndex(index)
        self.viewport().update()


def _promise(data: QMimeData, index: QModelIndex) -> str:
    """What letting go on a row will do with what comes from outside."""
    from desktop_app.ui.composer.dropped_content import promise

    if not index.data(Roles.IDENTIFIER):
        return promise(data)
    if index.data(Roles.IS_FOLDER):
        return promise(data, f"a new conversation in “{index.data()}”")
    return promise(data, f"“{index.data()}”")


def dragged(data: QMimeData) -> list[str]:
    """The ids of the conversations that are being dragged."""
    return [line for line in bytes(data.data(MIME_TYPE).data()).decode().split("\n") if line]
