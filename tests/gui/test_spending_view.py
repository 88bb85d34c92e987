"""The window of spending: its table, its total and its chart."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton

from desktop_app.domain.spending_report import SpendingRow, SpendingSum
from desktop_app.spending.ui.spending_view import NOT_COUNTED, BarChart, SpendingView
from tests.gui.recorded_session import RecordedSession
from tests.helpers.widgets import find

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.widgets.look.theme import Theme


def spending_view() -> SpendingView:
    session: Any = RecordedSession(window=None)
    session.name_of_model.effect = str
    return SpendingView(session)


def shown_headings(view: SpendingView) -> list[str]:
    """Return the headings of the columns that have figures."""
    model = view.table.model()
    shown = [n for n in range(model.columnCount()) if not view.table.isColumnHidden(n)]
    return [model.headerData(n, Qt.Orientation.Horizontal) for n in shown]


def test_no_name_in_the_copied_table_is_a_formula(qtbot: QtBot, light_theme: Theme) -> None:
    view = spending_view()
    qtbot.addWidget(view)
    rows = [SpendingRow("=1+1", SpendingSum(1, cost=Decimal(2)))]
    view.show_rows(rows, [], [])
    view.copy()
    headings, row = QGuiApplication.clipboard().text().splitlines()
    assert headings.startswith("model\tcalls\t")
    assert row.startswith("'=1+1\t1\t")


def test_the_exact_total_is_told_beside_calls_of_unknown_cost(
    qtbot: QtBot, light_theme: Theme
) -> None:
    view = spending_view()
    qtbot.addWidget(view)
    rows = [SpendingRow("a", SpendingSum(2, 1, cost=Decimal("5.833775")))]
    view.show_rows(rows, [], ["One.", "Two."])
    assert view.total.text() == "Total: $5.83 · 1 not counted"
    assert view.total.toolTip() == f"$5.833775\n{NOT_COUNTED}"
    assert shown_headings(view) == ["Model", "Cost", "Calls"]
    find(view, QPushButton, "spending-columns").click()
    assert shown_headings(view) == ["Model", "Cost", "Calls", "Not counted"]
    assert view.forecast.text() == "One.\nTwo."
    view.show_rows([], [], [])
    assert shown_headings(view) == ["Model", "Cost"]
    assert view.chart.isHidden()


def test_the_chart_names_the_day_at_the_pointer(qtbot: QtBot, light_theme: Theme) -> None:
    chart = BarChart()
    qtbot.addWidget(chart)
    chart.resize(400, 100)
    first = date(2026, 3, 1)
    chart.set_days([(first + timedelta(days=n), Decimal(n)) for n in range(10)])
    chart.show()
    assert chart.text_at(0) == ""
    assert chart.text_at(390).endswith(": $9.00")
    chart.set_days([(first, Decimal(0))])
    assert chart.text_at(200).endswith(": $0")
    assert not chart.grab().isNull()  # without a division by zero
