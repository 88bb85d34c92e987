"""The row of totals below the cells of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt
from PySide6.QtWidgets import QAbstractItemView

from desktop_app.i18n.translation import tr
from desktop_app.tables.ui.grid_view import CellTable, GridView
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.rows.rows_model import Index
from desktop_app.widgets.text.foreign_text import one_line, spoken_text

_NO_PARENT: Final = QModelIndex()
_Role = Qt.ItemDataRole


class FootModel(QAbstractTableModel):
    """The rows of totals: for each its label, and a text for each column of the grid."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._titles: list[str] = []
        self.lines: list[tuple[str, list[str]]] = []

    def set_lines(self, titles: Sequence[str], lines: Sequence[tuple[str, list[str]]]) -> None:
        """Set the totals; `titles` are those of the grid's columns."""
        if (list(titles), list(lines)) != (self._titles, self.lines):
            self.beginResetModel()
            self._titles, self.lines = list(titles), list(lines)
            self.endResetModel()

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.lines)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._titles)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole
    ) -> Any:
        if role != _Role.DisplayRole:
            return None
        if orientation is Qt.Orientation.Horizontal:
            return self._titles[section]
        return self.lines[section][0]

    def data(self, index: Index, role: int = _Role.DisplayRole) -> Any:
        if not index.isValid():
            return None
        label, texts = self.lines[index.row()]
        if role == _Role.DisplayRole and index.column() > 0:
            return one_line(texts[index.column()])
        if role == _Role.DisplayRole:
            return label
        if role == _Role.ForegroundRole:
            return current_theme().dim if index.column() == 0 else current_theme().text
        return current_theme().note() if role == _Role.FontRole else None


class FootView(CellTable):
    """The totals below the grid, whose columns are as wide and scroll with it."""

    def __init__(self, grid: GridView) -> None:
        super().__init__()
        self.model_of_lines = FootModel(self)
        self.setModel(self.model_of_lines)
        self.setObjectName("table-totals")
        self.setAccessibleName(spoken_text(tr("Totals")))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.horizontalHeader().hide()
        self._source = grid
        grid.horizontalHeader().sectionResized.connect(lambda column, *_: self._fit(column))
        bar, own = grid.horizontalScrollBar(), self.horizontalScrollBar()
        bar.valueChanged.connect(own.setValue)
        own.valueChanged.connect(bar.setValue)
        self.hide()

    def _fit(self, column: int) -> None:
        self.setColumnHidden(column, self._source.isColumnHidden(column))
        self.setColumnWidth(column, self._source.columnWidth(column))

    def set_lines(self, titles: Sequence[str], lines: Sequence[tuple[str, list[str]]]) -> None:
        """Show the totals; hidden without any."""
        self.model_of_lines.set_lines(titles, lines)
        self.setVisible(bool(lines))
        self.update_theme()

    def update_theme(self) -> None:
        """Fit the rows and columns to the grid."""
        height = current_theme().px(22)
        self.verticalHeader().setMinimumSectionSize(1)
        self.verticalHeader().setDefaultSectionSize(height)
        self.setFixedHeight(len(self.model_of_lines.lines) * height + 2 * self.frameWidth() + 4)
        for column in range(self.model_of_lines.columnCount()):
            self._fit(column)
