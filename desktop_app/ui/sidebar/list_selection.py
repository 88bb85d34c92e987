"""The selection of the conversation list."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex

from desktop_app.ui.sidebar.conversation_view import ConversationView
from desktop_app.ui.sidebar.rows.conversation_model import ConversationModel, Roles


class ListSelection:
    """The selected rows: the open conversation's, or those that the user marked."""

    def __init__(self, model: ConversationModel, view: ConversationView) -> None:
        self._model = model
        self._view = view
        self._open_id: str | None = None
        view.marks.cleared.connect(self._select_open_row)
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
