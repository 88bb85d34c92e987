"""A short list of pages or results, of which one is chosen."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QListWidget

_FLAGS: Final = QItemSelectionModel.SelectionFlag


class ChoiceList(QListWidget):
    """A list whose row is current only while the list has the focus, as in `RowView`.

    Qt tells assistive technology that the current row is shown and has the focus, even if the list
    is hidden.
    """

    def __init__(self) -> None:
        super().__init__()
        self._remembered_row = QPersistentModelIndex()

    @property
    def chosen_row(self) -> int:
        """Return the current row, or that of a list without the focus; -1 for none."""
        current = self.currentIndex()
        return current.row() if current.isValid() else self._remembered_row.row()

    def choose(self, row: int) -> None:
        """Choose a row; it becomes current once the list has the focus."""
        index = self.model().index(row, 0)
        if self.hasFocus():
            self.setCurrentIndex(index)
        else:
            self._remembered_row = QPersistentModelIndex(index)
            self.selectionModel().select(index, _FLAGS.ClearAndSelect)

    def visualRect(self, index: QModelIndex | QPersistentModelIndex) -> QRect:
        """Return no rectangle while the list is hidden, by which Qt knows that its rows are."""
        return super().visualRect(index) if self.isVisible() else QRect()

    def focusInEvent(self, event: QFocusEvent) -> None:
        if self._remembered_row.isValid() and not self.currentIndex().isValid():
            self.setCurrentIndex(self._remembered_row)
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self._remembered_row = QPersistentModelIndex(self.currentIndex())
            self.selectionModel().setCurrentIndex(QModelIndex(), _FLAGS.NoUpdate)
