"""The charts of spending and their table."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from desktop_app.domain.spending.spending_report import SpendingRow, Spent
from desktop_app.ui.spending.spending_charts import SpendingCharts

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.ui.look.theme import Theme

ROWS = (SpendingRow("=1+1", Spent(1, cost=Decimal(2))),)


def test_no_name_in_the_copied_table_is_a_formula(qtbot: QtBot, light_theme: Theme) -> None:
    charts = SpendingCharts(light_theme)
    qtbot.addWidget(charts)
    charts.show_rows(ROWS, lambda row: row.key)
    assert charts.as_text().splitlines()[1].startswith("'=1+1\t")


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
