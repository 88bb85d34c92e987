"""Charts of spending by measure, grouping and period, with the figures as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from desktop_app.domain.spending.spending_report import TIME_GROUPINGS, Grouping, SpendingRow
from desktop_app.i18n.translation import N_, tr
from desktop_app.ui.look.theme import Theme
from desktop_app.ui.spending.bar_chart import NO_DATA, BarChart, chart_data
from desktop_app.ui.spending.spending_measures import (
    COLUMNS,
    MEASURES,
    MODEL_COLUMNS,
    UNCOUNTED_COLUMN,
)
from desktop_app.ui.spending.spending_rows import SpendingRows
from desktop_app.ui.widgets.accessibility.announcements import announce
from desktop_app.ui.widgets.boxes import column_of, row_of
from desktop_app.ui.widgets.buttons.dialog_button import dialog_button
from desktop_app.ui.widgets.flow_layout import FlowLayout
from desktop_app.ui.widgets.forms.form_widgets import Combo
from desktop_app.ui.widgets.rows.table_views import show_as_rows
from desktop_app.ui.widgets.text.foreign_text import PlainLabel, spoken_text

_GROUPINGS: Final = (
    (Grouping.DAY, N_("By day"), N_("Day")),
    (Grouping.MONTH, N_("By month"), N_("Month")),
    (Grouping.MODEL, N_("By model"), N_("Model")),
    (Grouping.PROVIDER, N_("By provider"), N_("Provider")),
    (Grouping.PURPOSE, N_("By purpose"), N_("Purpose")),
    (Grouping.EFFORT, N_("By reasoning effort"), N_("Reasoning effort")),
    (Grouping.TIER, N_("By service tier"), N_("Service tier")),
    (Grouping.OUTCOME, N_("By outcome"), N_("Outcome")),
)
"""Each grouping, its name in the list, and the heading of the table's first column."""
_PERIODS: Final = ((30, N_("Last 30 days")), (365, N_("Last 12 months")), (0, N_("All time")))
"""Each period in days, 0 for all time, with its name."""
_MIN_CHART_HEIGHT: Final = 120
_MIN_TABLE_HEIGHT: Final = 90
# The chart shows only these; the table below it has all rows.
_MAX_CHARTED_DATES: Final = 62
_MAX_CHARTED_NAMES: Final = 10


class SpendingCharts(QWidget):
    """The page with a chart, its table and this month's forecast.

    Signals:
        rows_requested(): read the rows of the chosen grouping and period, and show them.
        export_requested(): write the shown rows to a file.
    """

    rows_requested = Signal()
    export_requested = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._rows = SpendingRows()
        self._measure = Combo(theme, tr("Figures"), object_name="chart-figures")
        self._grouping = Combo(theme, tr("Group by"), object_name="chart-grouping")
        self._period = Combo(theme, tr("Period"), object_name="chart-period")
        for key, measure in MEASURES.items():
            self._measure.addItem(tr(measure.title), key)
        for grouping, label, _ in _GROUPINGS:
            self._grouping.addItem(tr(label), grouping)
        for days, label in _PERIODS:
            self._period.addItem(tr(label), days)
        for combo in (self._measure, self._grouping, self._period):
            combo.setSizeAdjustPolicy(Combo.SizeAdjustPolicy.AdjustToContents)
        self.chart = BarChart(theme)
        self.caption = PlainLabel(name="chart-caption", role="note", wraps=True)
        self.forecast = PlainLabel(
            name="spending-forecast", role="dim", wraps=True, keeps_lines=True
        )
        self.table = QTableView()
        self.table.setModel(self._rows)
        self._export_button = dialog_button(tr("Export…"), "export-spending")
        self._build()
        self._connect()
        self.set_theme(theme)

    def _build(self) -> None:
        table = self.table
        table.setObjectName("chart-table")
        table.setAccessibleName(tr("Figures of the chart"))
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        show_as_rows(table)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        header = table.horizontalHeader()
        header.setResizeContentsPrecision(0)  # measures only the visible rows
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        head = FlowLayout(self._measure, self._grouping, self._period)
        foot = row_of((self.forecast, 1), (self._export_button, Qt.AlignmentFlag.AlignBottom))
        parts = (head, (self.chart, 3), self.caption, (table, 2), foot)
        column_of(*parts, parent=self, margins=0, spacing=8)

    def _connect(self) -> None:
        self._measure.activated.connect(lambda _: self._show_chart())
        self._grouping.activated.connect(self.rows_requested)
        self._period.activated.connect(self.rows_requested)
        self._export_button.clicked.connect(self.export_requested)
        self.chart.chosen.connect(self._show_caption)
        row_changed = self.table.selectionModel().currentRowChanged
        row_changed.connect(lambda index, _: self._choose_bar_of_row(index.row()))

    @property
    def rows(self) -> Sequence[SpendingRow]:
        """Return the rows as shown."""
        return self._rows.rows

    @property
    def grouping(self) -> Grouping:
        """Return the chosen grouping."""
        return Grouping(self._grouping.currentData())

    def first_day(self, today: date) -> date | None:
        """Return the first day of the period; None for all time."""
        days = int(self._period.currentData())
        return today - timedelta(days=days - 1) if days else None

    def set_theme(self, theme: Theme) -> None:
        px = theme.px
        self.table.verticalHeader().setDefaultSectionSize(px(28))
        self.chart.setMinimumHeight(px(_MIN_CHART_HEIGHT))
        self.table.setMinimumHeight(px(_MIN_TABLE_HEIGHT))

    # ---------------------------------------------------------------- content

    def refresh(self) -> None:
        """Request the rows again."""
        self.rows_requested.emit()

    def show_rows(self, rows: Sequence[SpendingRow], name_of: Callable[[SpendingRow], str]) -> None:
        """Show rows of the chosen grouping, named by `name_of`."""
        heading = next(heading for by, _, heading in _GROUPINGS if by is self.grouping)
        columns = MODEL_COLUMNS if self.grouping is Grouping.MODEL else COLUMNS
        self._rows.set_rows(rows, name_of, heading, columns)
        self.table.setColumnHidden(UNCOUNTED_COLUMN, not any(row.spent.uncounted for row in rows))
        self._show_chart()

    def show_forecast(self, lines: Sequence[str]) -> None:
        """Show a line for each provider's month."""
        self.forecast.setText("\n".join(lines))
        self.forecast.setVisible(bool(lines))

    def to_tsv(self) -> str:
        """Return the table as tab-separated lines."""
        return self._rows.to_tsv()

    def _show_chart(self) -> None:
        measure = MEASURES[str(self._measure.currentData())]
        needs_models = measure.is_by_model and self.grouping is not Grouping.MODEL
        rows = () if needs_models else self._charted_rows()
        data = NO_DATA
        if rows:
            first = self._first_charted()
            names = [self._rows.name(first + index) for index in range(len(rows))]
            data = chart_data(
                names,
                [tr(name) for name, _ in measure.series],
                [[value(row) for _, value in measure.series] for row in rows],
                measure.text,
                is_stacked=measure.is_stacked,
            )
        self.chart.set_data(data, tr("Chart: {figures}", figures=tr(measure.title)))
        if needs_models:
            self.caption.setText(tr("Reviews are counted by model: choose “By model” to see them."))
        else:
            self._show_caption(-1)

    def _charted_rows(self) -> Sequence[SpendingRow]:
        """Return the rows that fit into the chart: the last days or months, or the first names."""
        first = self._first_charted()
        limit = _MAX_CHARTED_DATES if self.grouping in TIME_GROUPINGS else _MAX_CHARTED_NAMES
        return self.rows[first : first + limit]

    def _first_charted(self) -> int:
        """Return the index of the first row in the chart."""
        return max(0, len(self.rows) - _MAX_CHARTED_DATES) if self.grouping in TIME_GROUPINGS else 0

    def _show_caption(self, index: int) -> None:
        rows = self._charted_rows()
        self.chart.setAccessibleDescription("")
        if not rows:
            self.caption.setText(tr("Nothing was spent in this period."))
            return
        if not 0 <= index < len(rows):
            self.caption.setText(self._overview(len(rows)))
            return
        measure = MEASURES[str(self._measure.currentData())]
        name = self._rows.name(self._first_charted() + index)
        caption = tr("{name}: {figures}", name=name, figures=measure.caption(rows[index]))
        self.caption.setText(caption)
        self.chart.setAccessibleDescription(spoken_text(caption))
        if self.chart.hasFocus():
            announce(self.chart, caption)

    def _overview(self, charted_rows: int) -> str:
        if charted_rows < len(self.rows):
            return tr(
                "The chart shows {count} of {total} rows.", count=charted_rows, total=len(self.rows)
            )
        return tr("Point at a bar, or press an arrow key, to see its figures.")

    def _choose_bar_of_row(self, row: int) -> None:
        if row >= 0:
            self.chart.choose(row - self._first_charted())
