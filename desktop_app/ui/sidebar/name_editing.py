"""Editing the name of a conversation or folder in its row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QObject, Qt, Signal

if TYPE_CHECKING:
    from PySide6.QtWidgets import QAbstractItemDelegate

    from desktop_app.ui.sidebar.conversation_view import ConversationView


class NameEditing(QObject):
    """The editor of a name in the view of the conversations.

    Signals:
        ended(): the editor was closed, or its row was removed.
    """

    ended = Signal()

    def __init__(self, view: ConversationView) -> None:
        super().__init__(view)
        self._view = view
        self._is_editing = False
        # Queued, because the end of a rename may change the rows.
        view.model().rowsRemoved.connect(self._on_removed, Qt.ConnectionType.QueuedConnection)

    def watch(self, delegate: QAbstractItemDelegate) -> None:
        """Report the end of the editors that a delegate closes.

        Call it after `setItemDelegate`, so that the view takes the focus back before `ended`.
        """
        delegate.closeEditor.connect(lambda *_: self._end())

    def begin(self, row: QModelIndex) -> bool:
        """Edit the name in a row of the view.

        Return False if the row has no name to edit, or a name is already being edited.
        """
        if self._view.is_editing or not row.flags() & Qt.ItemFlag.ItemIsEditable:
            return False
        self._view.clear_marks()
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
