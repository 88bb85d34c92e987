"""Tables of plain values: their model and their views."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Any, Final, Generic, TypeVar

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractTableModel,
    QLocale,
    QModelIndex,
    QObject,
    Qt,
)
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QStyledItemDelegate, QTableView

from desktop_app.i18n.translation import tr
from desktop_app.widgets.look import painting
from desktop_app.widgets.look.direction import in_own_direction, is_mirrored
from desktop_app.widgets.look.theme import set_role
from desktop_app.widgets.rows.row_view import CurrentWithFocus
from desktop_app.widgets.rows.rows_model import Index
from desktop_app.widgets.text.foreign_text import one_line, tooltip_text

Row = TypeVar("Row")
_NO_PARENT: Final = QModelIndex()


class TableModel(QAbstractTableModel, Generic[Row]):
    """A table model of plain values; subclasses return the text of a cell.

    Args:
        headings: the columns' headings, marked for translation.
        number_columns: the columns that are aligned at the right.

    Attributes:
        rows: the values of the rows, from the top.
        has_cell_tooltips: whether the tooltip of each cell shows its whole text.
    """

    has_cell_tooltips = False

    def __init__(
        self, headings: Sequence[str], number_columns: Container[int], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.rows: Sequence[Row] = ()
        self._headings = headings
        self._number_columns = number_columns

    def cell_text(self, row: Row, column: int) -> str:
        raise NotImplementedError

    def cell_tooltip(self, row: Row, column: int) -> str:
        """Return the tooltip of a cell, "" for none."""
        return self.cell_text(row, column) if self.has_cell_tooltips else ""

    def update_rows(self, rows: Sequence[Row], key: Callable[[Row], object]) -> None:
        """Replace the rows; if their keys and order stay the same, only report changed texts."""
        if list(map(key, rows)) != list(map(key, self.rows)):
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()
            return
        pairs = zip(self.rows, rows, strict=True)
        changed = [number for number, (old, new) in enumerate(pairs) if old != new]
        self.rows = rows
        if changed:
            last = self.index(changed[-1], len(self._headings) - 1)
            self.dataChanged.emit(self.index(changed[0], 0), last)

    def row_at(self, index: Index) -> Row | None:
        """Return the value of a row; None for an invalid index."""
        return self.rows[index.row()] if index.isValid() else None

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._headings)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return one_line(tr(self._headings[section]))
        return self._alignment(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell's text, its tooltip or its alignment."""
        row = self.row_at(index)
        if row is None:
            return None
        column = index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return one_line(self.cell_text(row, column))
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip_text(self.cell_tooltip(row, column))
        return self._alignment(column) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def _alignment(self, column: int) -> Qt.AlignmentFlag:
        return painting.RIGHT if column in self._number_columns else painting.LEFT


class _CellDelegate(QStyledItemDelegate):
    """The painter of cells in a mirrored window, where Qt would order all words from the right."""

    def displayText(self, value: Any, locale: QLocale | QLocale.Language) -> str:
        return in_own_direction(super().displayText(value, locale))


class RowTable(CurrentWithFocus, QTableView):
    """A table of whole rows without a grid; Tab leaves it."""

    def __init__(self, model: QAbstractItemModel) -> None:
        super().__init__()
        self.setModel(model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.horizontalHeader().setHighlightSections(False)
        set_role(self, "figures")
        if is_mirrored():
            self.setItemDelegate(_CellDelegate(self))


class ProportionalTable(RowTable):
    """A table with single selection, rows of equal height and proportional columns.

    Qt measures no cells for it, so it stays fast with tens of thousands of rows.

    Args:
        shares: the share of the width for each column, 1 in total.
    """

    def __init__(self, model: QAbstractItemModel, shares: Sequence[float]) -> None:
        super().__init__(model)
        self._shares = shares
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().setMinimumSectionSize(20)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        width = self.viewport().width()
        widths = [int(width * share) for share in self._shares]
        for column, share_width in enumerate(widths):
            # A column whose heading needs more takes it from the widest column.
            heading_width = self.horizontalHeader().sectionSizeFromContents(column).width()
            missing_width = heading_width - share_width
            widest = max(range(len(widths)), key=widths.__getitem__)
            if missing_width > 0 and widest != column:
                widths[column] = heading_width
                widths[widest] -= missing_width
        for column, column_width in enumerate(widths):
            self.setColumnWidth(column, column_width)
