"""Tables that select whole rows; their columns may have fixed shares of the width."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QAbstractItemModel, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from desktop_app.ui.look.theme import set_role


def show_as_rows(table: QTableView) -> None:
    """Let a table show lines without a grid and select whole rows; Tab leaves the table."""
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setTabKeyNavigation(False)
    table.verticalHeader().hide()
    table.horizontalHeader().setHighlightSections(False)
    set_role(table, "figures")


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
