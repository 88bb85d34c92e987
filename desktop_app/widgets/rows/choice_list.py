"""A view whose row is current only while it has the focus, and a short list of choices.

Qt tells assistive technology that the current row is shown and has the focus, even if another
widget has it or the view is hidden.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QAbstractItemView, QListWidget

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

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self._remembered = QPersistentModelIndex(self.currentIndex())
            self.selectionModel().setCurrentIndex(QModelIndex(), _FLAGS.NoUpdate)


class ChoiceList(CurrentWithFocus, QListWidget):
    """A short list of pages or results, of which one is chosen."""
