"""The spending report: tables of today, this month, by day and by month, and charts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHeaderView,
    QStackedWidget,
    QTableWidget,
    QWidget,
)

from desktop_app.i18n.formatting import exact_money, money
from desktop_app.i18n.translation import N_, tr
from desktop_app.ui.look import painting
from desktop_app.ui.look.theme import Theme
from desktop_app.ui.spending.spending_charts import SpendingCharts
from desktop_app.ui.spending.spending_table import FIGURES, SpendingTable, figures_of
from desktop_app.ui.widgets.boxes import DIALOG_MARGINS, STRETCH, column_of, row_of
from desktop_app.ui.widgets.buttons.dialog_button import dialog_button
from desktop_app.ui.widgets.buttons.help_button import HelpButton
from desktop_app.ui.widgets.buttons.segmented_control import SegmentedControl
from desktop_app.ui.widgets.forms.fitting_dialog import fitting_size, scroll_area_of
from desktop_app.ui.widgets.forms.form_widgets import retheme
from desktop_app.ui.widgets.rows.table_views import set_headings, show_as_rows, table_item
from desktop_app.ui.widgets.text.foreign_text import PlainLabel, set_tooltip

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QResizeEvent


PAGES: Final = (
    ("today", N_("Today")),
    ("month", N_("This month")),
    ("days", N_("By day")),
    ("months", N_("By month")),
    ("charts", N_("Charts")),
)
SIZE: Final = (900, 520)
_MIN_NAME_WIDTH: Final = 90
CHARTS: Final = "charts"
NOT_COUNTED: Final = N_("Calls of unknown cost: no price is known, or no usage was reported.")


class SpendingView(QDialog):
    """The spending report."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("spending")
        self.setWindowTitle(tr("Spending"))
        self._tables: Mapping[str, SpendingTable] = {}
        self._tabs = SegmentedControl(
            [(page, tr(label)) for page, label in PAGES],
            theme,
            name=tr("Period"),
            padding=8,  # so that long labels fit into a window of 640 pixels
            is_small=True,
            is_tabs=True,
        )
        self._tabs.set_current("month")
        self._tabs.chosen.connect(lambda _: self._show_current_page())
        self.charts = SpendingCharts(theme)
        self.table = QTableWidget()
        self.table.setObjectName("spending-table")
        self.total = PlainLabel(name="spending-total", role="strong")
        self._copy_button = dialog_button(tr("Copy as table"), "copy-spending")
        self._copy_button.clicked.connect(self.copy)
        self._build()
        self.set_theme(theme)
        self.resize(fitting_size(SIZE, theme, parent))

    def _build(self) -> None:
        table = self.table
        table.setAccessibleName(tr("Spending"))
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        show_as_rows(table)
        QShortcut(QKeySequence.StandardKey.Copy, self, self.copy)
        head = row_of(self._tabs, STRETCH, HelpButton())
        self._pages = QStackedWidget()
        self._pages.addWidget(table)
        self._pages.addWidget(scroll_area_of(self.charts))
        parts = (head, (self._pages, 1), row_of((self.total, 1), self._copy_button))
        self._column = column_of(*parts, parent=self, margins=DIALOG_MARGINS, spacing=12)

    def set_tables(self, tables: Mapping[str, SpendingTable]) -> None:
        """Set the tables of the pages, by the names in `PAGES`."""
        self._tables = tables
        self._show_current_page()

    def show_page(self, page: str) -> None:
        """Show one of `PAGES`."""
        self._tabs.set_current(page)
        self._show_current_page()

    def copy(self) -> None:
        """Copy the visible table to the clipboard."""
        page = self._tabs.current() or ""
        if page == CHARTS:
            QGuiApplication.clipboard().setText(self.charts.to_tsv())
        elif table := self._tables.get(page):
            QGuiApplication.clipboard().setText(table.to_tsv())
        else:
            return
        self._copy_button.setText(tr("Copied"))

    def set_theme(self, theme: Theme) -> None:
        self.table.verticalHeader().setDefaultSectionSize(theme.px(30))
        self._min_name_width = theme.px(_MIN_NAME_WIDTH)
        retheme(self, theme)

    def _show_current_page(self) -> None:
        self._copy_button.setText(tr("Copy as table"))
        page = self._tabs.current() or ""
        self._pages.setCurrentIndex(int(page == CHARTS))
        # The figures below a chart are copied as they are shown.
        hint = "" if page == CHARTS else tr("Copies exact values for a spreadsheet")
        set_tooltip(self._copy_button, hint)
        if page == CHARTS:
            self.total.clear()
            self.charts.refresh()
        table = self._tables.get(page)
        if table is None:
            return
        self._fill_table(table)
        total = table.total
        cost = money(total.cost)
        if total.uncounted:
            total_text = tr("Total: {cost} · {count} not counted", cost=cost, count=total.uncounted)
        else:
            total_text = tr("Total: {cost}", cost=cost)
        self.total.setText(total_text)
        exact = exact_money(total.cost)
        set_tooltip(self.total, f"{exact}\n{tr(NOT_COUNTED)}" if total.uncounted else exact)

    def _fill_table(self, table: SpendingTable) -> None:
        headings = list(map(tr, table.headings))
        figure_columns = range(len(headings) - len(FIGURES), len(headings))
        set_headings(self.table, headings, len(table.rows), figure_columns)
        for row, (names, spent) in enumerate(table.rows):
            for column, name in enumerate(names):
                self.table.setItem(row, column, table_item(name, painting.LEFT, name))
            for column, figure in zip(figure_columns, figures_of(spent), strict=True):
                # The first figure is the cost, which is rounded.
                tooltip = exact_money(spent.cost) if column == figure_columns.start else ""
                self.table.setItem(row, column, table_item(figure, painting.RIGHT, tooltip))
        self.table.setColumnHidden(len(headings) - 1, not table.total.uncounted)
        self._fit_columns()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_columns()

    def _fit_columns(self) -> None:
        """Narrow the columns of names, which have tooltips, if the table would have to scroll."""
        table = self.table
        header = table.horizontalHeader()
        mode = QHeaderView.ResizeMode
        header.setSectionResizeMode(mode.ResizeToContents)
        visible = [c for c in range(table.columnCount()) if not table.isColumnHidden(c)]
        if not visible:
            return
        widths = {c: max(table.sizeHintForColumn(c), header.sectionSizeHint(c)) for c in visible}
        name_columns = range(table.columnCount() - len(FIGURES))
        sides = self._column.contentsMargins()
        available_width = self.width() - sides.left() - sides.right() - 2 * table.frameWidth()
        available_width -= table.verticalScrollBar().sizeHint().width()
        for _ in range(sum(widths.values()) - available_width):
            widest = max(name_columns, key=widths.__getitem__)
            widths[widest] -= 1
        # With large text, the first column would get no width.
        if all(widths[c] >= self._min_name_width for c in name_columns):
            header.setSectionResizeMode(mode.Interactive)
            for column, width in widths.items():
                table.setColumnWidth(column, width)
            header.setSectionResizeMode(0, mode.Stretch)
