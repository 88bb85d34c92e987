"""The table model of the figures below a chart.

A year has 366 rows of 14 cells. Formatting them all takes 0.3 s, so only visible ones are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from desktop_app.i18n.translation import tr
from desktop_app.ui.look import painting
from desktop_app.ui.spending.spending_measures import COLUMNS
from desktop_app.ui.widgets.text.foreign_text import one_line

if TYPE_CHECKING:
    from desktop_app.domain.spending.spending_report import SpendingRow

Column = tuple[str, "Callable[[SpendingRow], str]"]
_Index = QModelIndex | QPersistentModelIndex
_NO_PARENT: Final = QModelIndex()


class SpendingRows(QAbstractTableModel):
    """The rows of a report, each with its name and its figures.

    Attributes:
        rows: as they were set.
    """

    def __init__(self) -> None:
        super().__init__()
        self.rows: Sequence[SpendingRow] = ()
        self._name_of: Callable[[SpendingRow], str] = lambda row: row.key
        self._heading = ""
        self._columns: Sequence[Column] = COLUMNS

    def set_rows(
        self,
        rows: Sequence[SpendingRow],
        name_of: Callable[[SpendingRow], str],
        heading: str,
        columns: Sequence[Column],
    ) -> None:
        """Show other rows; `heading` is that of their names."""
        self.beginResetModel()
        self.rows, self._name_of = rows, name_of
        self._heading, self._columns = heading, columns
        self.endResetModel()

    def name(self, row: int) -> str:
        """Return the name of a row in one line."""
        return one_line(self._name_of(self.rows[row]))

    def as_text(self) -> str:
        """Return tab-separated lines."""
        lines = [[self._heading, *(tr(heading) for heading, _ in self._columns)]]
        for at, row in enumerate(self.rows):
            lines.append([self.name(at), *(text(row) for _, text in self._columns)])
        return "".join("\t".join(line) + "\n" for line in lines)

    def rowCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._columns) + 1

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return painting.RIGHT if section else painting.LEFT
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return one_line(tr(self._columns[section - 1][0]) if section else self._heading)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return painting.RIGHT if index.column() else painting.LEFT
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if not index.column():
            return self.name(index.row())
        _, text = self._columns[index.column() - 1]
        return one_line(text(self.rows[index.row()]))
