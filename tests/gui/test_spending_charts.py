"""The spending report: its tables, its charts and their table."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from desktop_app.domain.spending.spending_report import SpendingRow, SpendingSum
from desktop_app.ui.spending.spending_charts import SpendingCharts
from desktop_app.ui.spending.spending_table import FIGURES, SpendingTable
from desktop_app.ui.spending.spending_view import NOT_COUNTED, SpendingView

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.ui.look.theme import Theme

ROWS = (SpendingRow("=1+1", SpendingSum(1, cost=Decimal(2))),)


def test_no_name_in_the_copied_table_is_a_formula(qtbot: QtBot, light_theme: Theme) -> None:
    charts = SpendingCharts(light_theme)
    qtbot.addWidget(charts)
    charts.show_rows(ROWS, lambda row: row.key)
    assert charts.to_tsv().splitlines()[1].startswith("'=1+1\t")


def test_new_rows_remove_the_spoken_description_of_the_old_bar(
    qtbot: QtBot, light_theme: Theme
) -> None:
    charts = SpendingCharts(light_theme)
    qtbot.addWidget(charts)
    charts.show_rows(ROWS, lambda row: row.key)
    charts.chart.choose(0)
    assert charts.chart.accessibleDescription() == charts.caption.text()
    charts.show_rows(ROWS, lambda row: row.key)
    assert charts.chart.accessibleDescription() == ""


def test_only_the_rounded_cost_has_the_exact_cost_as_tooltip(
    qtbot: QtBot, light_theme: Theme
) -> None:
    view = SpendingView(light_theme)
    qtbot.addWidget(view)
    rows = ((("Today",), SpendingSum(1, cost=Decimal("0.001234"))),)
    view.set_tables({"month": SpendingTable(("Day", *FIGURES), rows)})
    cells = [view.table.model().index(0, column) for column in range(view.table.columnCount())]
    tooltips = [cell.data(Qt.ItemDataRole.ToolTipRole) for cell in cells]
    assert tooltips == ["Today", "$0.001234", *[""] * 5]


def test_the_exact_total_is_told_beside_calls_of_unknown_cost(
    qtbot: QtBot, light_theme: Theme
) -> None:
    view = SpendingView(light_theme)
    qtbot.addWidget(view)
    rows = ((("Today",), SpendingSum(2, 1, cost=Decimal("5.833775"))),)
    view.set_tables({"month": SpendingTable(("Day", *FIGURES), rows)})
    assert view.total.text() == "Total: $5.83 · 1 not counted"
    assert view.total.toolTip() == f"$5.833775\n{NOT_COUNTED}"
