"""The selection of the conversation list, and the editing of names in its rows."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QObject, Qt, Signal

from desktop_app.library.ui.conversation_view import ConversationView
from desktop_app.library.ui.rows.conversation_model import ConversationModel, Roles

_NO_UPDATE = QItemSelectionModel.SelectionFlag.NoUpdate


class ListSelection:
    """The selected rows: the open conversation's, or those that the user marked."""

    def __init__(self, model: ConversationModel, view: ConversationView) -> None:
        self._model = model
        self._view = view
        self._open_id: str | None = None
        view.marks.on_cleared = self._select_open_row
        model.modelAboutToBeReset.connect(view.marks.reset)
        model.modelReset.connect(self._select_open_row)

    def select(self, identifier: str | None) -> None:
        """Select the open conversation; None if it is not listed yet."""
        self._open_id = identifier
        self._view.marks.reset()
        self._select_open_row()
        row = self.open_row
        if row.isValid():
            self._view.setCurrentIndex(row)
            self._view.scrollTo(row)
        elif self._view.hasFocus():
            self._view.ensure_current()  # otherwise no row would show the focus

    def update(self) -> None:
        """Select the open conversation after rows were inserted or moved, but keep marks."""
        if not self._view.marks.is_active:
            self._select_open_row()

    def row_of(self, identifier: str | None) -> QModelIndex:
        """Return the view's row of a conversation or folder; invalid if it is not listed."""
        return self._view.row_of(self._model.index_of(identifier or ""))

    @property
    def open_row(self) -> QModelIndex:
        """Return the row of the open conversation; invalid if it is not listed."""
        return self.row_of(self._open_id)

    @property
    def affected_ids(self) -> list[str]:
        """Return the ids that a command applies to: the marked ones, otherwise the open one."""
        rows = self._view.selectedIndexes() if self._view.marks.is_active else []
        marked_ids = [row.data(Roles.IDENTIFIER) for row in rows]
        return marked_ids or ([self._open_id] if self._open_id else [])

    def neighbor(self, step: int) -> str | None:
        """Return the id of the conversation next to the open one; None at the ends.

        `step` is +1 for the conversation below, -1 for the conversation above. An open conversation
        that is not listed counts as above the first.
        """
        index = self._model.index_of(self._open_id or "")
        row = index.row() + step
        while 0 <= row < self._model.rowCount():
            conversation = self._model.conversation_at(self._model.index(row))
            if conversation is not None:
                return conversation.id
            row += step
        return None

    def _select_open_row(self) -> None:
        self._view.select_only(self.open_row)


class NameEditing(QObject):
    """The editor of a name in the view of the conversations.

    Signals:
        ended(): the editor was closed, or its row was removed.
    """

    ended = Signal()

    def __init__(self, view: ConversationView, selection: ListSelection) -> None:
        super().__init__(view)
        self._view = view
        self._selection = selection
        self._is_editing = False
        # Queued, because the end of a rename may change the rows.
        view.model().rowsRemoved.connect(self._on_removed, Qt.ConnectionType.QueuedConnection)

    def rename(self, identifier: str) -> bool:
        """Edit the name of a conversation or folder.

        Return False if there is nothing to edit, or a name is already being edited.
        """
        return self._begin(self._selection.row_of(identifier))

    def rename_current(self) -> bool:
        """Edit the name of the current row. Return as `rename` does."""
        return self._begin(self._view.current_row)

    def _begin(self, row: QModelIndex) -> bool:
        if self._view.is_editing or not row.flags() & Qt.ItemFlag.ItemIsEditable:
            return False
        self._view.marks.reset()
        self._view.scrollTo(row)
        # Not by the view's method: the editor has the focus, and its row must be current.
        self._view.selectionModel().setCurrentIndex(row, _NO_UPDATE)
        self._view.edit(row)
        self._is_editing = True
        return True

    def _on_removed(self) -> None:
        """End an edit whose row was removed: Qt then closes the editor without a signal."""
        if self._is_editing and not self._view.is_editing:
            self.end()

    def end(self) -> None:
        """Report that an editor was closed."""
        self._is_editing = False
        self.ended.emit()
