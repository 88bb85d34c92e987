"""Tables that select whole rows; their columns may have fixed shares of the width."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableView,
    QTableWidget,
    QTableWidgetItem,
)

from desktop_app.ui.look import painting
from desktop_app.ui.look.theme import set_role
from desktop_app.ui.widgets.text.foreign_text import one_line, set_tooltip

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from PySide6.QtCore import QAbstractItemModel
    from PySide6.QtGui import QResizeEvent


def show_as_rows(table: QTableView) -> None:
    """Let a table show lines without a grid and select whole rows; Tab leaves the table."""
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setTabKeyNavigation(False)
    table.verticalHeader().hide()
    table.horizontalHeader().setHighlightSections(False)
    set_role(table, "figures")


def set_headings(
    table: QTableWidget,
    headings: Sequence[str],
    row_count: int,
    number_columns: Container[int] = (),
) -> None:
    """Empty a table and set its headings; those of `number_columns` are at the right."""
    table.clear()
    table.setColumnCount(len(headings))
    table.setRowCount(row_count)
    for column, heading in enumerate(headings):
        alignment = painting.RIGHT if column in number_columns else painting.LEFT
        table.setHorizontalHeaderItem(column, table_item(heading, alignment))


def table_item(text: str, alignment: Qt.AlignmentFlag, tooltip: str = "") -> QTableWidgetItem:
    """Return a cell with one line of text, and a tooltip; "" for none."""
    item = QTableWidgetItem(one_line(text))
    item.setTextAlignment(alignment)
    set_tooltip(item, tooltip)
    return item


class ProportionalTable(QTableView):
    """A table with single selection, rows of equal height and proportional columns.

    Qt measures no cells for it, so it stays fast with tens of thousands of rows.

    Args:
        shares: the share of the width for each column, 1 in total.
    """

    def __init__(self, model: QAbstractItemModel, shares: Sequence[float]) -> None:
        super().__init__()
        self._shares = shares
        self.setModel(model)
        show_as_rows(self)
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
