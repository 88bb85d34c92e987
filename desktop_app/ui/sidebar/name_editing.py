"""Editing the name of a conversation or folder in its row."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, Qt, Signal
from PySide6.QtWidgets import QAbstractItemDelegate

from desktop_app.ui.sidebar.conversation_view import ConversationView
from desktop_app.ui.sidebar.list_selection import ListSelection
from desktop_app.ui.sidebar.search.list_search import ListSearch


class NameEditing(QObject):
    """The editor of a name in the view of the conversations.

    Signals:
        ended(): the editor was closed, or its row was removed.
    """

    ended = Signal()

    def __init__(
        self, view: ConversationView, selection: ListSelection, search: ListSearch
    ) -> None:
        super().__init__(view)
        self._view = view
        self._selection = selection
        self._search = search
        self._is_editing = False
        # Queued, because the end of a rename may change the rows.
        view.model().rowsRemoved.connect(self._on_removed, Qt.ConnectionType.QueuedConnection)

    def watch(self, delegate: QAbstractItemDelegate) -> None:
        """Report the end of the editors that a delegate closes.

        Call it after `setItemDelegate`, so that the view takes the focus back before `ended`.
        """
        delegate.closeEditor.connect(lambda *_: self._end())

    def rename(self, identifier: str) -> bool:
        """Edit the name of a conversation or folder.

        Return False if there is nothing to edit, or a name is already being edited.
        """
        return self._begin(self._selection.row_of(identifier))

    def rename_selected(self) -> bool:
        """Edit the name of the focused row, otherwise the title of the open conversation.

        End a search first, because its hits cover the rows. Return as `rename` does.
        """
        if self._search.is_showing_hits:
            conversation_id = self._search.current_conversation_id
            self._search.end()
            if conversation_id:
                return self.rename(conversation_id)
        elif self._view.hasFocus():
            return self._begin(self._view.currentIndex())
        return self._begin(self._selection.open_row)

    def _begin(self, row: QModelIndex) -> bool:
        if self._view.is_editing or not row.flags() & Qt.ItemFlag.ItemIsEditable:
            return False
        self._view.marks.reset()
        self._view.scrollTo(row)
        self._view.setCurrentIndex(row)
        self._view.edit(row)
        self._is_editing = True
        return True

    def _on_removed(self) -> None:
        """End an edit whose row was removed: Qt then closes the editor without a signal."""
        if self._is_editing and not self._view.is_editing:
            self._end()

    def _end(self) -> None:
        self._is_editing = False
        self.ended.emit()
