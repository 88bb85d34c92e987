"""The rows of the conversation list that the user has marked for an action."""

from __future__ import annotations

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Signal,
)

from desktop_app.i18n.translation import tr_plural
from desktop_app.widgets.rows.row_view import RowView

_Flag = QItemSelectionModel.SelectionFlag


class RowMarks(QObject):
    """The marked rows of a view: its selection, while there are marks.

    Attributes:
        is_active: True if the user marked the selected rows; otherwise the open conversation is
            selected.

    Signals:
        cleared(): the marks are cleared; select the open conversation again.
    """

    cleared = Signal()

    def __init__(self, view: RowView) -> None:
        super().__init__(view)
        self._view = view
        self.is_active = False
        self._anchor = QPersistentModelIndex()

    def reset(self) -> None:
        """Clear the marks, and let the next range begin at the current row."""
        self._anchor = QPersistentModelIndex(self._view.current_row)
        if self.is_active:
            self.is_active = False
            self.cleared.emit()

    def mark_all(self) -> None:
        """Mark all loaded conversations, and announce their number, because the focus stays."""
        # Not needed at start-up.
        from desktop_app.widgets.accessibility.announcements import announce

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
