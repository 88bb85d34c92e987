"""The model of a table: all its rows by their ids, and the cells of those that were shown lately.

A row that is not there yet is empty, and asked for in `rows_wanted`; nothing is read in the event
loop.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, QTimer, Signal

from desktop_app.i18n.translation import tr
from desktop_app.tables.table import Cell, Column, Row, Window
from desktop_app.tables.ui.cell_texts import GridColumn, ShownCell, shown_cell, shown_name
from desktop_app.widgets.look import painting
from desktop_app.widgets.rows.rows_model import Index
from desktop_app.widgets.text.foreign_text import one_line, spoken_text, tooltip_text

BLOCK: Final = 64
"""The rows that are read at once."""
MAX_CACHED: Final = 1536
READ_CHARS: Final = 300
"""The characters of a value that the grid reads: more than a cell shows."""
_REFRESH_MS: Final = 120  # between two readings of the cells that a run changes
_MAX_SPOKEN: Final = 200
_NO_PARENT: Final = QModelIndex()
_Role = Qt.ItemDataRole


class GridModel(QAbstractTableModel):
    """The rows of a table, in the order in which they are shown.

    Attributes:
        columns: those of the grid, first the rows' names.

    Signals:
        rows_wanted(list of ids): read these rows, and give them to `put`.
        sort_requested(list): the user has clicked a heading: keys of columns, each with whether it
            is falling.
    """

    rows_wanted = Signal(list)
    sort_requested = Signal(list)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.columns: tuple[GridColumn, ...] = (GridColumn(None),)
        self.ids = array("q")
        self._rows: dict[int, Row] = {}
        self._cells: dict[int, Mapping[str, Cell]] = {}
        self._shown: dict[int, list[ShownCell]] = {}
        self._wanted: dict[int, None] = {}
        self._asked: set[int] = set()
        self._numbers: dict[int, int] | None = None  # of the rows by their ids, made when needed
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._later = QTimer(self, singleShot=True, interval=_REFRESH_MS)
        for timer in (self._soon, self._later):
            timer.timeout.connect(self._request)

    # ------------------------------------------------------------ content

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Set the columns of the table."""
        found = [GridColumn(None)]
        found += [GridColumn(column, part) for column in columns for part in column.parts]
        if tuple(found) == self.columns:
            return
        keys = [each.key for each in self.columns]
        if [each.key for each in found] == keys:  # renamed, or asked otherwise
            self.columns = tuple(found)
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(found) - 1)
        else:
            self.beginResetModel()
            self.columns = tuple(found)
            self.endResetModel()
        self._shown.clear()

    def set_ids(self, ids: array[int]) -> None:
        """Set the rows that are shown, by their ids, in their order."""
        old = self.ids
        if ids == old:
            return
        self._numbers = None
        if len(ids) > len(old) and ids[: len(old)] == old:
            self.beginInsertRows(_NO_PARENT, len(old), len(ids) - 1)
            self.ids = ids
            self.endInsertRows()
            return
        self.beginResetModel()
        self.ids = ids
        self.endResetModel()

    def clear(self) -> None:
        """Forget all rows: another table is shown."""
        self.beginResetModel()
        self.ids, self.columns = array("q"), (GridColumn(None),)
        self._numbers = None
        for store in (self._rows, self._cells, self._shown, self._wanted, self._asked):
            store.clear()
        self.endResetModel()

    def put(self, ids: Sequence[int], window: Window) -> None:
        """Show rows that were read; those that are gone stay empty."""
        self._asked.difference_update(ids)
        for row in window.rows:
            self._rows.pop(row.id, None)  # so that the newest are last
            self._rows[row.id] = row
            self._cells[row.id] = window.cells[row.id]
            self._shown.pop(row.id, None)
        while len(self._rows) > MAX_CACHED:
            oldest = next(iter(self._rows))
            for store in (self._rows, self._cells, self._shown):
                store.pop(oldest, None)
        numbers = [number for row_id in ids if (number := self.number_of(row_id)) >= 0]
        if numbers:
            last = self.index(max(numbers), len(self.columns) - 1)
            self.dataChanged.emit(self.index(min(numbers), 0), last)

    def refresh(self, row_id: int | None = None) -> None:
        """Read a row again soon, or all that are known; until then, they are shown as they were."""
        for each in list(self._rows) if row_id is None else [row_id] * (row_id in self._rows):
            self._wanted[each] = None
        if self._wanted and not self._later.isActive():
            self._later.start()

    def _request(self) -> None:
        wanted = [row_id for row_id in self._wanted if row_id not in self._asked]
        self._wanted.clear()
        self._asked.update(wanted)
        for start in range(0, len(wanted), BLOCK):
            self.rows_wanted.emit(wanted[start : start + BLOCK])

    def _want_block(self, number: int) -> None:
        if self.ids[number] in self._wanted or self.ids[number] in self._asked:
            return
        first = number - number % BLOCK
        for row_id in self.ids[first : first + BLOCK]:
            if row_id not in self._rows and row_id not in self._asked:
                self._wanted[row_id] = None
        if self._wanted and not self._soon.isActive():
            self._soon.start()

    # ------------------------------------------------------------ places

    def knows(self, row_id: int) -> bool:
        """Return True if a row was read."""
        return row_id in self._rows

    def number_of(self, row_id: int) -> int:
        """Return the place of a row; -1 if it is not shown."""
        if self._numbers is None:
            self._numbers = {row_id: number for number, row_id in enumerate(self.ids)}
        return self._numbers.get(row_id, -1)

    def row_id_at(self, index: Index) -> int:
        """Return the id of a row; 0 for none."""
        return self.ids[index.row()] if index.isValid() else 0

    def column_at(self, index: Index) -> GridColumn | None:
        return self.columns[index.column()] if index.isValid() else None

    def row_at(self, index: Index) -> Row | None:
        """Return a row; None if it is not there, or was not read yet."""
        return self._rows.get(self.row_id_at(index))

    def cell_at(self, index: Index) -> Cell | None:
        """Return a cell with the beginnings of its values; None if it has nothing yet."""
        column = self.column_at(index)
        cells = self._cells.get(self.row_id_at(index), {})
        return None if column is None or column.column is None else cells.get(column.column.id)

    def place_of(self, row_id: int, key: str) -> QModelIndex:
        """Return the index of a cell; invalid if it is not shown."""
        number = self.number_of(row_id)
        column = next((n for n, each in enumerate(self.columns) if each.key == key), -1)
        return self.index(number, column) if number >= 0 and column >= 0 else QModelIndex()

    def shown_at(self, index: Index) -> ShownCell | None:
        """Return a cell as it is painted; None if its row was not read yet."""
        number = index.row()
        row_id = self.ids[number]
        shown = self._shown.get(row_id)
        if shown is None:
            row = self._rows.get(row_id)
            if row is None:
                self._want_block(number)
                return None
            cells = self._cells[row_id]
            shown = self._shown[row_id] = [
                shown_name(row) if c.column is None else shown_cell(c, cells.get(c.column.id))
                for c in self.columns
            ]
        return shown[index.column()]

    # ------------------------------------------------------------ Qt's model

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.ids)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole
    ) -> Any:
        """Return a column's title, or a row's name, by which screen readers tell its cells."""
        if orientation is Qt.Orientation.Horizontal:
            if not 0 <= section < len(self.columns):
                return None
            if role == _Role.DisplayRole:
                return one_line(self.columns[section].title)
            if role == _Role.ToolTipRole:
                return tooltip_text(self.columns[section].title)
            is_number = self.columns[section].is_number
            if role == _Role.TextAlignmentRole:
                return painting.RIGHT if is_number else painting.LEFT
            return None
        if role != _Role.DisplayRole or not 0 <= section < len(self.ids):
            return None
        row = self._rows.get(self.ids[section])
        return "" if row is None else one_line(row.name)

    def data(self, index: Index, role: int = _Role.DisplayRole) -> Any:
        """Return a cell's text, its whole beginning as a tooltip, or what a screen reader says."""
        if role == _Role.DisplayRole:
            shown = self.shown_at(index)
            return "" if shown is None else one_line(shown.text)
        if role == _Role.ToolTipRole:
            shown = self.shown_at(index)
            return None if shown is None else tooltip_text(shown.spoken or shown.text)
        if role == _Role.AccessibleTextRole:
            shown = self.shown_at(index)
            text = "" if shown is None else shown.spoken or shown.text
            return spoken_text(text or tr("Empty"))[:_MAX_SPOKEN]
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Ask for the rows in the order of a column."""
        key = self.columns[column].key if 0 <= column < len(self.columns) else ""
        self.sort_requested.emit([(key, order is Qt.SortOrder.DescendingOrder)])
