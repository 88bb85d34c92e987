"""A list model of plain values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from desktop_app.widgets.text.foreign_text import one_line, tooltip_text

Row = TypeVar("Row")
Index = QModelIndex | QPersistentModelIndex
"""An index as Qt passes it to a model."""

ROW: Final = Qt.ItemDataRole.UserRole
"""The role of the value itself."""
_NO_PARENT: Final = QModelIndex()


class RowsModel(QAbstractListModel, Generic[Row]):
    """A list model of plain values; new values reset the model.

    Args:
        title: returns a row's text.
        accessible_text: returns a row's text for screen readers.
        tooltip: returns a row's tooltip; None for no tooltips.

    Attributes:
        rows: the values, from the top.
    """

    def __init__(
        self,
        title: Callable[[Row], str],
        accessible_text: Callable[[Row], str],
        parent: QObject | None = None,
        *,
        tooltip: Callable[[Row], str] | None = None,
    ) -> None:
        super().__init__(parent)
        self.rows: Sequence[Row] = ()
        self._text_functions: dict[int, Callable[[Row], str]] = {
            Qt.ItemDataRole.DisplayRole: title,
            Qt.ItemDataRole.AccessibleTextRole: accessible_text,
        }
        if tooltip is not None:
            self._text_functions[Qt.ItemDataRole.ToolTipRole] = tooltip

    def set_rows(self, rows: Sequence[Row]) -> None:
        self.beginResetModel()
        self.rows = list(rows)
        self.endResetModel()

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a row's text for a role, or its value for the role `ROW`."""
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        if role == ROW:
            return row
        text_of = self._text_functions.get(role)
        if text_of is None:
            return None
        is_tooltip = role == Qt.ItemDataRole.ToolTipRole
        return tooltip_text(text_of(row)) if is_tooltip else one_line(text_of(row))
