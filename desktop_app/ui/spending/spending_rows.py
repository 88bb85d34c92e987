"""The table model of the figures below a chart.

A year has 366 rows of 13 cells. Formatting all of them takes 0.3 s, so only visible cells are
formatted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from desktop_app.i18n.translation import tr
from desktop_app.ui.spending.spending_measures import COLUMNS
from desktop_app.ui.spending.spending_table import spreadsheet_cell
from desktop_app.ui.widgets.rows.table_model import TableModel
from desktop_app.ui.widgets.text.foreign_text import one_line

if TYPE_CHECKING:
    from desktop_app.domain.spending.spending_report import SpendingRow

Column = tuple[str, "Callable[[SpendingRow], str]"]


class SpendingRows(TableModel["SpendingRow"]):
    """The rows of a report, each with its name and its figures."""

    def __init__(self) -> None:
        super().__init__((), ())
        self._name_of: Callable[[SpendingRow], str] = lambda row: row.key
        self._columns: Sequence[Column] = ()
        self.set_rows((), self._name_of, "", COLUMNS)

    def set_rows(
        self,
        rows: Sequence[SpendingRow],
        name_of: Callable[[SpendingRow], str],
        heading: str,
        columns: Sequence[Column],
    ) -> None:
        """Show other rows; `heading` is the heading of their names, marked for translation."""
        self.beginResetModel()
        self.rows = rows
        self._name_of = name_of
        self._columns = columns
        self._headings = (heading, *(each for each, _ in columns))
        self._number_columns = range(1, len(self._headings))
        self.endResetModel()

    def name(self, row: int) -> str:
        """Return the name of a row in one line."""
        return one_line(self._name_of(self.rows[row]))

    def to_tsv(self) -> str:
        """Return tab-separated lines, in which no name is a formula."""
        lines = [[tr(heading) for heading in self._headings]]
        for row in self.rows:
            name = spreadsheet_cell(self._name_of(row))
            lines.append([name, *(text(row) for _, text in self._columns)])
        return "".join("\t".join(line) + "\n" for line in lines)

    def cell_text(self, row: SpendingRow, column: int) -> str:
        if not column:
            return self._name_of(row)
        _heading, text = self._columns[column - 1]
        return text(row)
