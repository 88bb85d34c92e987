"""The view of the conversation list: the open row, marked rows, names, drag and drop.

As in every RowView, a plain click or Enter opens a row. Qt's selection is either the row of the
open conversation, which only the program selects, or the rows that the user has marked for an
action with Ctrl or Shift. The next plain click or arrow key selects the open row again.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSignalBlocker,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QDrag,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QInputEvent,
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
from desktop_app.library.list_filter import LIST
from desktop_app.library.ui.rows.conversation_model import MIME_TYPE, ConversationModel, Roles
from desktop_app.widgets.announcements import announce
from desktop_app.widgets.look.direction import mirrored
from desktop_app.widgets.rows.row_delegate import RowDelegate
from desktop_app.widgets.rows.row_view import NO_UPDATE, RowView
from desktop_app.widgets.rows.rows_model import Index

_Key = Qt.Key
_DRAG_HOT_SPOT: Final = QPoint(12, 12)
"""The place of the pointer in the image of a dragged row, chosen by eye."""
_MARKING: Final = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
_BACK_KEYS: Final = (_Key.Key_Escape, _Key.Key_Backspace)
_CURSOR_KEYS: Final = {
    _Key.Key_Up, _Key.Key_Down, _Key.Key_Home, _Key.Key_End, _Key.Key_PageUp, _Key.Key_PageDown,
}  # fmt: skip


class ConversationView(RowView):
    """The view of the conversations. See the module.

    Signals:
        drop_hint_changed(str): the hint for a drop here; "" after the drag has left or ended.
        content_dropped(DroppedContent, str id, bool is_folder): external content was dropped on the
            conversation or folder with this id, or with "" outside the rows.
        moved_to_folder(list ids, str id), pinned_before(list ids, str id): conversations were
            dropped on a folder, or before a pinned conversation ("": after the last).
        drag_began(), drag_ended(): of conversations of the list.
        back_pressed(), undo_pressed(), end_pressed(): a key for what the rows themselves cannot do;
            after End, there are more rows to load.
        rename_ended(): the editor of a name was closed.
    """

    drop_hint_changed = Signal(str)
    content_dropped = Signal(object, str, bool)
    moved_to_folder = Signal(list, str)
    pinned_before = Signal(list, str)
    drag_began = Signal()
    drag_ended = Signal()
    back_pressed = Signal()
    undo_pressed = Signal()
    end_pressed = Signal()
    rename_ended = Signal()

    def __init__(self, rows: ConversationModel) -> None:
        super().__init__("conversations", rows)
        self._rows = rows
        self._open_id = ""
        self._drop_target = QPersistentModelIndex()
        self._shows_hint = False
        self._drag_start: QPoint | None = None  # a drag of the pressed row starts there
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.setDropIndicatorShown(False)
        rows.modelReset.connect(self.select_open_row)
        for signal in (self.model().rowsInserted, self.model().rowsRemoved):
            signal.connect(self.update_selection)

    @property
    def can_go_back(self) -> bool:
        """Return True if there is a filter, which the user can leave by Esc, Backspace or Left.

        In right-to-left windows, Right is the back arrow.
        """
        return self._rows.order.list_filter != LIST

    # ------------------------------------------------------------ the open row and marked rows

    def show_open(self, identifier: str | None) -> None:
        """Select and show the open conversation; None if it is not listed yet."""
        self._open_id = identifier or ""
        self.select_open_row()
        row = self.open_row
        if row.isValid():
            self.setCurrentIndex(row)
            self.scrollTo(row)
        elif self.hasFocus():
            self.ensure_current()  # otherwise no row would show the focus

    @property
    def open_row(self) -> QModelIndex:
        """Return the row of the open conversation; invalid if it is not listed."""
        return self.row_of(self._rows.index_of(self._open_id))

    def select_open_row(self) -> None:
        """Select the open conversation, and clear the marks."""
        self.select_only(self.open_row)

    def update_selection(self) -> None:
        """Select the open conversation unless rows are marked."""
        if not self.marked_rows:
            self.select_open_row()

    @property
    def marked_rows(self) -> list[QModelIndex]:
        """Return the rows that the user has marked, from top to bottom."""
        rows = sorted(self.selectedIndexes(), key=QModelIndex.row)
        return [] if rows == [self.open_row] else rows

    @property
    def affected_rows(self) -> list[QModelIndex]:
        """Return the rows that an action on the current row applies to, from top to bottom.

        These are all marked rows if the current row is marked, otherwise the current row
        alone; none if the current row is a heading.
        """
        current = self.current_row
        marked_rows = self.marked_rows
        if current in marked_rows:
            return marked_rows
        return [current] if current.data(Roles.IDENTIFIER) else []

    @property
    def affected_ids(self) -> list[str]:
        """Return the ids that a command applies to: the marked ones, otherwise the open one."""
        marked_ids = [row.data(Roles.IDENTIFIER) for row in self.marked_rows]
        return marked_ids or ([self._open_id] if self._open_id else [])

    def neighbor(self, step: int) -> str | None:
        """Return the id of the conversation next to the open one; None at the ends.

        `step` is +1 for the conversation below, -1 for the conversation above. An open conversation
        that is not listed counts as above the first.
        """
        ids = [conversation.id for conversation in self._rows.conversations]
        position = (ids.index(self._open_id) if self._open_id in ids else -1) + step
        return ids[position] if 0 <= position < len(ids) else None

    def selectAll(self) -> None:
        """Mark all loaded conversations, and announce their number, because the focus stays."""
        model = self.model()
        all_rows = QItemSelection(model.index(0, 0), model.index(model.rowCount() - 1, 0))
        self.selectionModel().select(all_rows, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        if count := len(self.selectedIndexes()):  # otherwise all rows are folders
            announce(
                self,
                tr_plural("{count} conversation selected", "{count} conversations selected", count),
            )

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

    # ------------------------------------------------------------ names

    def rename(self, identifier: str = "") -> None:
        """Edit the name of a conversation or folder, by default of the current row."""
        index = self._rows.index_of(identifier)
        row = self.row_of(index) if identifier else self.current_row
        if row.flags() & Qt.ItemFlag.ItemIsEditable and not self.is_editing:
            self.select_open_row()
            self.scrollTo(row)
            # Not by `setCurrentIndex`: the editor has the focus, and its row must be current.
            self.selectionModel().setCurrentIndex(row, NO_UPDATE)
            self.edit(row)

    def closeEditor(self, editor: QWidget, _hint: QAbstractItemDelegate.EndEditHint) -> None:
        """End a rename on Tab; Qt would edit and select the next row."""
        super().closeEditor(editor, QAbstractItemDelegate.EndEditHint.NoHint)
        if not self.hasFocus():
            self.remember_row()
        self.rename_ended.emit()

    # ------------------------------------------------------------ keys and clicks

    def selectionCommand(
        self, index: Index, event: QEvent | None = None
    ) -> QItemSelectionModel.SelectionFlag:
        """Let Qt mark rows with Ctrl and Shift; otherwise only the current row changes."""
        if isinstance(event, QInputEvent):
            is_marking = event.modifiers() & _MARKING
            return super().selectionCommand(index, event) if is_marking else NO_UPDATE
        # For a new current row. With Shift, Qt must still begin the range at the former one.
        has_shift = QApplication.keyboardModifiers() & Qt.KeyboardModifier.ShiftModifier
        return QItemSelectionModel.SelectionFlag.Current if has_shift else NO_UPDATE

    @property
    def _outward_key(self) -> Qt.Key:
        return _Key.Key_Right if self.isRightToLeft() else _Key.Key_Left

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Handle the keys that undo, clear the marks or leave a filter."""
        if self.is_editing:
            super().keyPressEvent(event)
            return
        self.shows_focus = True
        key = _Key(event.key())
        if event.matches(QKeySequence.StandardKey.Undo):
            self.undo_pressed.emit()
        elif key == _Key.Key_Escape and self.marked_rows:
            self.select_open_row()
        elif key in (*_BACK_KEYS, self._outward_key) and self.can_go_back:
            self.back_pressed.emit()
        elif key in (
            *(*_BACK_KEYS, self._outward_key),  # Esc may stop an answer
            *(_Key.Key_Menu, _Key.Key_F10),  # for the context menu
        ):
            event.ignore()
        else:
            super().keyPressEvent(event)
            if key in _CURSOR_KEYS and not event.modifiers() & _MARKING:
                self.select_open_row()
            self.update_selection()
            has_shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            has_more = self._rows.last_of_pages is not None
            if key == _Key.Key_End and has_more and not has_shift:
                self.end_pressed.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Clear the marks on a plain click, unless it may start a drag of marked rows."""
        position = event.position().toPoint()
        index = self.indexAt(position)
        can_be_dragged = (
            event.button() == Qt.MouseButton.LeftButton
            and index.flags() & Qt.ItemFlag.ItemIsDragEnabled
        )
        self._drag_start = position if can_be_dragged and not _is_marking(event, index) else None
        super().mousePressEvent(event)
        if not _is_marking(event, index) and not self.selectionModel().isSelected(index):
            self.select_open_row()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Open the menu on a click on a row's button, but open no row that a click marked."""
        self._drag_start = None
        position = event.position().toPoint()
        index = self.indexAt(position)
        is_left = event.button() == Qt.MouseButton.LeftButton
        if is_left and self._is_on_button(index, position):
            self.menu_requested.emit(index, event.globalPosition().toPoint())
        elif _is_marking(event, index):
            with QSignalBlocker(self):  # no `clicked`
                super().mouseReleaseEvent(event)
            self.update_selection()
        else:
            super().mouseReleaseEvent(event)
            if is_left:
                self.select_open_row()

    def _is_on_button(self, index: QModelIndex, position: QPoint) -> bool:
        """Return True if the pointer is on the button of a row, which hovering shows."""
        if not index.data(Roles.IDENTIFIER):
            return False
        option = QStyleOptionViewItem()
        option.widget = self
        option.rect = self.visualRect(index)
        delegate = self.itemDelegate()
        assert isinstance(delegate, RowDelegate)
        button = button_rect(delegate.row_rect(option))
        return mirrored(button, option.rect).contains(position)

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
        self.drag_began.emit()
        drag.exec(Qt.DropAction.MoveAction)
        self.drag_ended.emit()

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
            self.moved_to_folder.emit(dragged_ids(event.mimeData()), identifier)
        elif (pinned_id := self._pinned_before(event)) is not None:
            event.acceptProposedAction()
            self.pinned_before.emit(dragged_ids(event.mimeData()), pinned_id)
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
            if index.row() == 0 and not self.can_go_back:
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


def button_rect(row_rect: QRect) -> QRect:
    """Return the rectangle of the button of a row, as if windows were not mirrored."""
    return row_rect.adjusted(row_rect.width() - row_rect.height(), 0, 0, 0)


def _is_marking(event: QMouseEvent, index: QModelIndex) -> bool:
    """Return True if a click marks a row. Folders are opened instead."""
    return bool(
        event.button() == Qt.MouseButton.LeftButton
        and event.modifiers() & _MARKING
        and index.flags() & Qt.ItemFlag.ItemIsSelectable
    )


def _drop_hint(data: QMimeData, index: QModelIndex) -> str:
    """Return the hint for a drop of external content on a row."""
    if not index.data(Roles.IDENTIFIER):
        return drop_hint(data)
    if index.data(Roles.IS_FOLDER):
        return drop_hint(data, folder=index.data())
    return drop_hint(data, conversation=index.data())


def dragged_ids(data: QMimeData) -> list[str]:
    lines = bytes(data.data(MIME_TYPE).data()).decode(errors="replace").split("\n")
    return [line for line in lines if line]
