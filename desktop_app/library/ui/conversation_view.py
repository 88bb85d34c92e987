"""The view of the conversation list, with marks and with drag and drop.

As in every RowView, a plain click or Enter opens a row. Qt's selection is either the row of the
open conversation, which only the program selects, or the rows that the user has marked for an
action (Ctrl or Shift with a click, Shift with the arrows, Ctrl+Space, Ctrl+A). The next plain click
or arrow key clears the marks, so that the open conversation is selected again.

Qt tells assistive technology that the current row has the focus, even if another widget has it. So
the view has a current row only while it has the focus, and remembers it otherwise (`current_row`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QDrag,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QAbstractItemView,
    QApplication,
    QStyleOptionViewItem,
    QWidget,
)

from desktop_app.composer.dropped_content import accept_copy, drop_hint, is_acceptable, read_dropped
from desktop_app.i18n.translation import tr_plural
from desktop_app.library.ui.rows.conversation_model import MIME_TYPE, Roles
from desktop_app.widgets.rows.row_view import RowView
from desktop_app.widgets.rows.rows_model import Index
from desktop_app.widgets.text.foreign_text import announce

if TYPE_CHECKING:
    from desktop_app.library.ui.conversation_list import ConversationList

_Flag = QItemSelectionModel.SelectionFlag
_Key = Qt.Key
_DRAG_HOT_SPOT: Final = QPoint(12, 12)
"""The place of the pointer in the image of a dragged row, chosen by eye."""
_CURSOR_MOVES: Final = {
    _Key.Key_Up: QAbstractItemView.CursorAction.MoveUp,
    _Key.Key_Down: QAbstractItemView.CursorAction.MoveDown,
    _Key.Key_Home: QAbstractItemView.CursorAction.MoveHome,
    _Key.Key_End: QAbstractItemView.CursorAction.MoveEnd,
    _Key.Key_PageUp: QAbstractItemView.CursorAction.MovePageUp,
    _Key.Key_PageDown: QAbstractItemView.CursorAction.MovePageDown,
}


class ConversationView(RowView):
    """The view of the conversations. See the module.

    Attributes:
        marks: the rows that the user has marked.
        can_go_back: True if a filter is active that the user can leave by Esc, Backspace or the
            back arrow, which is Left, or Right in right-to-left windows.

    Signals:
        drop_hint_changed(str): the hint for a drop here; "" after the drag has left or ended.
        content_dropped(DroppedContent, str id, bool is_folder): external content was dropped on the
            conversation or folder with this id, or with "" outside the rows.
    """

    drop_hint_changed = Signal(str)
    content_dropped = Signal(object, str, bool)

    def __init__(self, listing: ConversationList) -> None:
        super().__init__("conversations", listing.model)
        self._list = listing
        self.marks = RowMarks(self)
        self.can_go_back = False
        self._remembered_row = QPersistentModelIndex()
        self._drop_target = QPersistentModelIndex()
        self._shows_hint = False
        self._is_marking = False
        self._drag_start: QPoint | None = None  # a drag of the pressed row starts there
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.setDropIndicatorShown(False)

    # ------------------------------------------------------------ the current row

    @property
    def current_row(self) -> QModelIndex:
        """Return the current row, or the one that a view without the focus remembers."""
        current = self.currentIndex()
        return current if current.isValid() else self.model().index(self._remembered_row.row(), 0)

    def setCurrentIndex(self, index: Index) -> None:
        """Make a row current, now or once the view has the focus."""
        if self.hasFocus():
            super().setCurrentIndex(index)
        else:
            self._remembered_row = QPersistentModelIndex(index)

    def focusInEvent(self, event: QFocusEvent) -> None:
        row = self.current_row
        if row.isValid():
            self.setAutoScroll(False)  # a click must not move the row under the mouse
            super().setCurrentIndex(row)
            self.setAutoScroll(True)
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason and not self.is_editing:
            self._remember_row()

    def _remember_row(self) -> None:
        self._remembered_row = QPersistentModelIndex(self.current_row)
        super().setCurrentIndex(QModelIndex())

    # ------------------------------------------------------------ marks

    @property
    def affected_rows(self) -> list[QModelIndex]:
        """Return the rows that an action on the current row applies to, from top to bottom.

        These are all marked rows if the current row is marked, otherwise the current row
        alone; none if the current row is a heading.
        """
        current = self.current_row
        if self.marks.is_active and self.selectionModel().isSelected(current):
            return sorted(self.selectedIndexes(), key=QModelIndex.row)
        return [current] if current.data(Roles.IDENTIFIER) else []

    def is_target(self, index: Index) -> bool:
        """Return True if a drag is over this row and it would accept the drop."""
        return self._drop_target == index

    def rowsAboutToBeRemoved(self, parent: Index, start: int, end: int) -> None:
        """Before the current row is removed, make an enabled row below or above it current.

        Qt would take the row above, even a disabled one.
        """
        current = self.current_row.row()
        if start <= current <= end:
            rows = (*range(end + 1, self.model().rowCount()), *range(start - 1, -1, -1))
            indexes = (self.model().index(row, 0) for row in rows)
            self.setCurrentIndex(
                next(
                    (index for index in indexes if index.flags() & Qt.ItemFlag.ItemIsEnabled),
                    QModelIndex(),
                )
            )
        super().rowsAboutToBeRemoved(parent, start, end)

    def closeEditor(self, editor: QWidget, _hint: QAbstractItemDelegate.EndEditHint) -> None:
        """End a rename on Tab; Qt would edit and select the next row."""
        super().closeEditor(editor, QAbstractItemDelegate.EndEditHint.NoHint)
        if not self.hasFocus():
            self._remember_row()

    # ------------------------------------------------------------ keys and clicks

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Handle the keys that mark rows, undo or leave a filter."""
        if self.is_editing:
            super().keyPressEvent(event)
            return
        self.shows_focus = True
        key = _Key(event.key())
        modifiers = event.modifiers()
        has_control = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        if key in _CURSOR_MOVES and modifiers & Qt.KeyboardModifier.ShiftModifier:
            index = self.moveCursor(_CURSOR_MOVES[key], Qt.KeyboardModifier.NoModifier)
            if index.isValid():
                self.marks.mark_to(index)
        elif has_control and key == _Key.Key_A:
            self.marks.mark_all()
        elif event.matches(QKeySequence.StandardKey.Undo):
            self._list.session.window.notifications.undo_last()
        elif has_control and key == _Key.Key_Space and self.currentIndex().isValid():
            self.marks.toggle(self.currentIndex())
        elif key == _Key.Key_Escape and self.marks.is_active:
            self.marks.reset()
        elif key in (_Key.Key_Escape, _Key.Key_Backspace, _Key.Key_Left):
            if self.can_go_back:
                self._list.go_back()
            else:
                event.ignore()  # Esc may stop an answer, or close a drawer
        else:
            self._handle_list_key(key, event, has_control=has_control)

    def _handle_list_key(self, key: Qt.Key, event: QKeyEvent, *, has_control: bool) -> None:
        """Handle the keys of every list; arrow keys without Ctrl clear the marks."""
        if key in (_Key.Key_Menu, _Key.Key_F10):
            event.ignore()  # not keys of the list: they are for the context menu
            return
        super().keyPressEvent(event)
        if key in _CURSOR_MOVES and not has_control:
            self.marks.reset()
        if key == _Key.Key_End:
            self._list.request_all()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Mark rows on a click with Ctrl or Shift.

        A plain click clears the marks unless it may start a drag of marked rows.
        """
        index = self.indexAt(event.position().toPoint())
        is_left = event.button() == Qt.MouseButton.LeftButton
        mark_modifiers = event.modifiers() & (
            Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        )
        self._is_marking = bool(
            is_left and mark_modifiers and index.flags() & Qt.ItemFlag.ItemIsSelectable
        )
        if not self._is_marking:
            can_be_dragged = bool(index.flags() & Qt.ItemFlag.ItemIsDragEnabled)
            self._drag_start = event.position().toPoint() if is_left and can_be_dragged else None
            super().mousePressEvent(event)
            if not self.selectionModel().isSelected(index):
                self.marks.reset()
            return
        self.shows_focus = False
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.marks.mark_from_selected(index)
        else:
            self.marks.toggle(index)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Open the menu on a click on a row's button, but open no row that a click marked."""
        self._drag_start = None
        position = event.position().toPoint()
        index = self.indexAt(position)
        if self._is_on_button(index, position) and event.button() == Qt.MouseButton.LeftButton:
            self._is_marking = False
            self.menu_requested.emit(index, event.globalPosition().toPoint())
            return
        if self._is_marking:
            self._is_marking = False
            return
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            self.marks.reset()

    def _is_on_button(self, index: QModelIndex, position: QPoint) -> bool:
        """Return True if the pointer is on the button of a row, which hovering shows."""
        if not index.data(Roles.IDENTIFIER):
            return False
        option = QStyleOptionViewItem()
        option.widget = self
        option.rect = self.visualRect(index)
        return self._list.delegate.button_rect(option).contains(position)

    # ------------------------------------------------------------ dragging

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Start a drag; Qt itself would drag only selected rows."""
        if self._drag_start is None or not event.buttons() & Qt.MouseButton.LeftButton:
            super().mouseMoveEvent(event)
            return
        distance = (event.position().toPoint() - self._drag_start).manhattanLength()
        if distance >= QApplication.startDragDistance():
            self._drag_start = None
            self.startDrag(Qt.DropAction.MoveAction)

    def startDrag(self, _actions: Qt.DropAction) -> None:
        """Drag the affected rows except folders, with the first row as the image."""
        rows = [row for row in self.affected_rows if row.flags() & Qt.ItemFlag.ItemIsDragEnabled]
        if not rows:
            return
        drag = QDrag(self)
        drag.setMimeData(self.model().mimeData(rows))
        drag.setPixmap(self.viewport().grab(self.visualRect(rows[0])))
        drag.setHotSpot(_DRAG_HOT_SPOT)
        drag.exec(Qt.DropAction.MoveAction)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept conversations and external content; `dragMoveEvent` then decides for a row."""
        self._shows_hint = False
        if event.mimeData().hasFormat(MIME_TYPE):
            event.acceptProposedAction()
        elif event.source() is None and is_acceptable(event.mimeData()):
            accept_copy(event)
        else:
            event.ignore()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Highlight the row that would accept the drop; scroll near the edges."""
        super().dragMoveEvent(event)
        index = self.indexAt(event.position().toPoint())
        if event.mimeData().hasFormat(MIME_TYPE):
            accepts_drop = index.data(Roles.IS_FOLDER) or self._pinned_before(event) is not None
            self._set_target(index if accepts_drop else QModelIndex())
            event.setAccepted(self._drop_target.isValid())
            return
        target = index if index.data(Roles.IDENTIFIER) else QModelIndex()
        is_hint_current = self._shows_hint and self._drop_target == target
        if not is_hint_current:  # not at each move: `_drop_hint` counts files, for up to 20 ms
            self._set_target(target)
            self._shows_hint = True
            self.drop_hint_changed.emit(_drop_hint(event.mimeData(), index))
        accept_copy(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        super().dragLeaveEvent(event)
        self._set_target(QModelIndex())
        self.drop_hint_changed.emit("")

    def dropEvent(self, event: QDropEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        self._set_target(QModelIndex())
        self.drop_hint_changed.emit("")
        identifier = index.data(Roles.IDENTIFIER)
        is_folder = bool(index.data(Roles.IS_FOLDER))
        if not event.mimeData().hasFormat(MIME_TYPE):
            accept_copy(event)
            self.content_dropped.emit(read_dropped(event.mimeData()), identifier or "", is_folder)
        elif is_folder:
            event.acceptProposedAction()
            self._list.session.folders_controller.move(dragged_ids(event.mimeData()), identifier)
        elif (pinned_id := self._pinned_before(event)) is not None:
            event.acceptProposedAction()
            self._list.place_pins(dragged_ids(event.mimeData()), pinned_id)
        # Qt's handler, which is not called, would end the drag in this way.
        self.stopAutoScroll()
        self.setState(QAbstractItemView.State.NoState)

    def _pinned_before(self, event: QDropEvent) -> str | None:
        """Return the id of the pinned conversation before which a drop inserts; "" for the end.

        Return None if a drop here pins nothing.
        """
        position = event.position().toPoint()
        index = self.indexAt(position)
        is_lower_half = position.y() > self.visualRect(index).center().y()
        next_index = self.model().index(index.row() + 1, 0)
        if index.data(Roles.IS_HEADING):
            if next_index.data(Roles.IN_PINNED_GROUP):
                return str(next_index.data(Roles.IDENTIFIER))
            is_first_row = index.row() == 0
            is_filtered = self.can_go_back
            if is_first_row and not is_filtered:
                return ""  # no conversation is pinned yet: the dropped ones become the first
            return None
        if not index.data(Roles.IN_PINNED_GROUP):
            return None
        if not is_lower_half:
            return str(index.data(Roles.IDENTIFIER))
        return (
            str(next_index.data(Roles.IDENTIFIER)) if next_index.data(Roles.IN_PINNED_GROUP) else ""
        )

    def _set_target(self, index: QModelIndex) -> None:
        self._drop_target = QPersistentModelIndex(index)
        self.viewport().update()


class RowMarks:
    """The marked rows of a view: its selection, while there are marks.

    Attributes:
        is_active: True if the user marked the selected rows; otherwise the open conversation is
            selected.
        on_cleared: selects the open conversation again.
    """

    def __init__(self, view: ConversationView) -> None:
        self._view = view
        self.is_active = False
        self.on_cleared: Callable[[], None] = lambda: None
        self._anchor = QPersistentModelIndex()

    def reset(self) -> None:
        """Clear the marks, and let the next range begin at the current row."""
        self._anchor = QPersistentModelIndex(self._view.current_row)
        if self.is_active:
            self.is_active = False
            self.on_cleared()

    def mark_all(self) -> None:
        """Mark all loaded conversations, and announce their number, because the focus stays."""
        model = self._view.model()
        count = model.rowCount()
        if not count:
            return
        self._mark(model.index(0, 0), model.index(count - 1, 0))
        marked_count = len(self._view.selectedIndexes())
        if not marked_count:  # all rows are folders
            self.reset()
            return
        announce(
            self._view,
            tr_plural(
                "{count} conversation selected", "{count} conversations selected", marked_count
            ),
        )

    def mark_to(self, index: QModelIndex) -> None:
        """Mark the rows from the anchor to a row, which becomes current."""
        if not self._anchor.isValid():
            self._anchor = QPersistentModelIndex(index)
        anchor = self._view.model().index(self._anchor.row(), 0)
        self._view.setCurrentIndex(index)
        self._mark(anchor, index)

    def mark_from_selected(self, index: QModelIndex) -> None:
        """Mark as `mark_to` does, but without an anchor from the open conversation on."""
        if not self._anchor.isValid() and self._view.selectedIndexes():
            self._anchor = QPersistentModelIndex(self._view.selectedIndexes()[0])
        self.mark_to(index)

    def toggle(self, index: QModelIndex) -> None:
        """Mark a row, or remove its mark."""
        self.is_active = True
        self._anchor = QPersistentModelIndex(index)
        self._view.setCurrentIndex(index)
        self._view.selectionModel().select(index, _Flag.Toggle)
        if not self._view.selectedIndexes():
            self.reset()

    def _mark(self, first: QModelIndex, last: QModelIndex) -> None:
        """Mark all rows between two rows; headings and folders are not selectable."""
        if first.row() > last.row():
            first, last = last, first
        self.is_active = True
        self._view.selectionModel().select(QItemSelection(first, last), _Flag.ClearAndSelect)


def _drop_hint(data: QMimeData, index: QModelIndex) -> str:
    """Return the hint for a drop of external content on a row."""
    if not index.data(Roles.IDENTIFIER):
        return drop_hint(data)
    if index.data(Roles.IS_FOLDER):
        return drop_hint(data, folder=index.data())
    return drop_hint(data, conversation=index.data())


def dragged_ids(data: QMimeData) -> list[str]:
    """Return the ids of the dragged conversations."""
    lines = bytes(data.data(MIME_TYPE).data()).decode(errors="replace").split("\n")
    return [line for line in lines if line]
