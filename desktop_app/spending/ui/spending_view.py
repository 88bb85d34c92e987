"""The page of spending: a table of the costs in a period, by a grouping, and a chart by day."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QGuiApplication, QHelpEvent, QKeySequence, QPaintEvent, QShortcut
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QSizePolicy, QToolTip, QWidget

from desktop_app.app.session import Session
from desktop_app.domain.answering.chat_request import NO_PROVIDER, ProviderKind
from desktop_app.domain.conversations.conversation import MessageStatus, now
from desktop_app.domain.models.variants import Effort
from desktop_app.domain.spending_report import Grouping, Purpose, SpendingRow, SpendingSum
from desktop_app.i18n.formatting import (
    decimal,
    duration,
    exact_money,
    money,
    month,
    number,
    percent,
    short_day,
)
from desktop_app.i18n.translation import N_, tr
from desktop_app.providers.ui.providers_controller import ProvidersController
from desktop_app.spending.command import ProviderMonth, current_months, month_line, rows_as_csv
from desktop_app.spending.report_texts import HEADINGS, spent_text, total_text
from desktop_app.spending.ui.spending_section import SpendingSection
from desktop_app.widgets.boxes import DIALOG_MARGINS, STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import dialog_button
from desktop_app.widgets.empty_page import EmptyPage
from desktop_app.widgets.file_dialogs import choose_target, save_text
from desktop_app.widgets.forms.form_widgets import Combo
from desktop_app.widgets.look import painting
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.program_menu import run_command
from desktop_app.widgets.rows.table_model import RowTable, TableModel
from desktop_app.widgets.text.foreign_text import PlainLabel, set_tooltip, spoken_text, tooltip_text

_MISSING: Final = "–"
NOT_COUNTED: Final = N_("Calls of unknown cost: no price is known, or no usage was reported.")
ESTIMATED: Final = N_(
    "Estimated: no usage was reported, another model answered, or Repartee was ended."
)
_GROUPINGS: Final = (
    (Grouping.MODEL, N_("By model")),
    (Grouping.DAY, N_("By day")),
    (Grouping.MONTH, N_("By month")),
    (Grouping.PROVIDER, N_("By provider")),
    (Grouping.PURPOSE, N_("By purpose")),
    (Grouping.EFFORT, N_("By reasoning effort")),
    (Grouping.TIER, N_("By service tier")),
    (Grouping.OUTCOME, N_("By outcome")),
)
"""Each grouping, and its name in the list."""
_PERIODS: Final = (
    (N_("This month"), lambda today: today.replace(day=1)),
    (N_("Today"), lambda today: today),
    (N_("Last 30 days"), lambda today: today - timedelta(days=29)),
    (N_("Last 12 months"), lambda today: today - timedelta(days=364)),
    (N_("All time"), lambda _: None),
)
"""The name of each period, and its first day as a function of today; None for all time."""


_MAX_CHARTED_DAYS: Final = 365
_NAMES: Final[dict[Grouping, dict[str, str]]] = {
    Grouping.PURPOSE: {
        Purpose.ANSWER: N_("Responses"),
        Purpose.EDIT: N_("Changes to texts"),
        Purpose.TITLE: N_("Titles"),
        Purpose.COMPACTION: N_("Compaction"),
        Purpose.PART: N_("Reading in parts"),
        Purpose.EMBEDDING: N_("Embeddings"),
        Purpose.BATCH: N_("Batch jobs"),
        Purpose.TABLE: N_("Tables"),
        Purpose.EVALUATION: N_("Evaluations"),
        Purpose.JUDGMENT: N_("Judgments"),
        Purpose.TEST: N_("Test requests"),
        Purpose.TRANSCRIPTION: N_("Transcription"),
        Purpose.SPEECH: N_("Reading aloud"),
        Purpose.TOOLS: N_("Tools of the provider"),
    },
    Grouping.TIER: {
        "default": N_("Standard"),
        "flex": N_("Flex"),
        "priority": N_("Priority"),
        "batch": N_("Batch jobs"),
    },
    Grouping.OUTCOME: {
        MessageStatus.COMPLETE: N_("Complete"),
        MessageStatus.INCOMPLETE: N_("Incomplete"),
        MessageStatus.REFUSED: N_("Declined by the model"),
        MessageStatus.CANCELLED: N_("Stopped"),
        MessageStatus.FAILED: N_("Failed"),
        MessageStatus.INTERRUPTED: N_("Interrupted"),
    },
    Grouping.EFFORT: {effort: effort.label for effort in Effort},
}
"""The names of what the ledger stores, marked for translation."""


class _Column(NamedTuple):
    """A column of figures: its heading, a row's figure, None if not measured, and its text."""

    heading: str
    figure: Callable[[SpendingRow], SpendingSum | Decimal | float | None]
    text: Callable[[Any], str]


def _cached_share(row: SpendingRow) -> int | None:
    usage = row.spent.usage
    return round(100 * usage.cached_tokens / usage.input_tokens) if usage.input_tokens else None


def _speed_text(tokens_per_s: float) -> str:
    return decimal(tokens_per_s, 1) if tokens_per_s < 10 else number(round(tokens_per_s))


_COLUMNS: Final = (
    _Column(N_("Cost"), lambda row: row.spent, spent_text),
    _Column(N_("Calls"), lambda row: row.spent.calls, number),
    _Column(N_("Input"), lambda row: row.spent.usage.input_tokens, number),
    _Column(N_("Output"), lambda row: row.spent.usage.output_tokens, number),
    _Column(N_("Cached"), _cached_share, percent),
    _Column(N_("Reasoning"), lambda row: row.spent.usage.reasoning_tokens, number),
    _Column(N_("Failed"), lambda row: row.performance.failed, number),
    _Column(N_("Estimated"), lambda row: row.spent.estimated, number),
    _Column(N_("Not counted"), lambda row: row.spent.uncounted, number),
    _Column(N_("Duration"), lambda row: row.performance.p50_s, duration),
    _Column(N_("First token"), lambda row: row.performance.p50_first_token_s, duration),
    _Column(N_("at 95%"), lambda row: row.performance.p95_first_token_s, duration),
    _Column(N_("Tokens/s"), lambda row: row.performance.p50_tokens_per_s, _speed_text),
)
_COST_COLUMN: Final = 1  # column 0 has the names
_ALWAYS: Final = 4
"""How many columns of figures are shown without a wish for more."""


class SpendingView(QWidget):
    """The page of spending."""

    def __init__(self, session: Session) -> None:
        super().__init__(session.window)
        self._session = session
        self._load_number = 0
        self.setObjectName("spending")
        self.setWindowTitle(tr("Spending"))
        self.grouping_choice = Combo(tr("Group by"), object_name="spending-grouping")
        self.grouping_choice.fill([(tr(label), grouping) for grouping, label in _GROUPINGS])
        self.period_choice = Combo(tr("Period"), object_name="spending-period")
        self.period_choice.fill([(tr(label), first_day) for label, first_day in _PERIODS])
        for combo in (self.grouping_choice, self.period_choice):
            combo.setSizeAdjustPolicy(Combo.SizeAdjustPolicy.AdjustToContents)
            combo.activated.connect(lambda: session.tasks.start(self.fill()))
        self.chart = BarChart()
        self._model = _SpendingModel()
        self.table = RowTable(self._model)
        self.total = PlainLabel(name="spending-total", role="strong")
        self.forecast = PlainLabel(
            name="spending-forecast", role="dim", wraps=True, keeps_lines=True
        )
        self._limit_of = Combo(tr("Provider"), object_name="limit-provider")
        self._limit_of.setSizeAdjustPolicy(Combo.SizeAdjustPolicy.AdjustToContents)
        self._limit_of.activated.connect(self._show_limit)
        self.limit = SpendingSection(self._save_limit, None)
        self.limit.body.addLayout(row_of(self._limit_of, self.limit.field, STRETCH, spacing=8))
        self._more_button = dialog_button(tr("More columns"), "spending-columns")
        self._more_button.setCheckable(True)
        self._more_button.toggled.connect(lambda _is_on: self._show_columns())
        self._copy_button = dialog_button(tr("Copy as table"), "copy-spending")
        set_tooltip(self._copy_button, tr("Copies exact values for a spreadsheet"))
        self._copy_button.clicked.connect(self.copy)
        export_button = dialog_button(tr("Export…"), "export-spending")
        export_button.clicked.connect(self._export)
        copy_keys = QShortcut(QKeySequence.StandardKey.Copy, self, self.copy)
        copy_keys.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        begin = dialog_button(tr("New conversation"), "spending-begin")
        begin.clicked.connect(lambda: run_command(self, "conversation.new"))
        sentence = tr("The cost of each response is listed here.")
        self._empty = EmptyPage("chart", sentence, begin, name="spending-empty")
        self._lay_out(export_button)
        self.update_theme()

    def _lay_out(self, export_button: QWidget) -> None:
        table = self.table
        table.setObjectName("spending-table")
        table.setAccessibleName(tr("Spending"))
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        header = table.horizontalHeader()
        header.setResizeContentsPrecision(0)  # measures only the visible rows
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        choices = row_of(self.grouping_choice, self.period_choice, STRETCH, spacing=8)
        head = column_of(choices, self.total, margins=0, spacing=8)
        self._foot = QWidget()
        buttons = (self._more_button, STRETCH, self._copy_button, export_button)
        row_of(*buttons, parent=self._foot, margins=0, spacing=8)
        rows = ((table, 1), (self._empty, 1))
        parts = (head, self.limit, self.chart, *rows, self.forecast, self._foot)
        column_of(*parts, parent=self, margins=DIALOG_MARGINS, spacing=12)
        self.setTabOrder(self._limit_of, self.limit.field)

    async def fill(self) -> None:
        """Show the chosen rows; a later call supersedes an earlier one."""
        self._load_number += 1
        load_number = self._load_number
        today = now().astimezone().date()
        first_day: date | None = self.period_choice.currentData()(today)
        ledger = self._session.backend.ledger
        rows = await ledger.group_spending(self.grouping, first_day)
        days = await ledger.group_spending(Grouping.DAY, first_day)
        months = await current_months(self._session.backend.budget, self._session.providers.all)
        if load_number == self._load_number:
            for each in months:
                self.limit.set_month(each.profile.id, each.month)
            self._show_limits(max(months, key=lambda each: each.month.spent, default=None))
            charted_days = _charted_days(days, first_day, today)
            self.show_rows(rows, charted_days, [month_line(each) for each in months])

    def _show_limits(self, dearest: ProviderMonth | None) -> None:
        """Offer the providers that cost money, and show the limit of the chosen one.

        That is at first the one with the highest cost this month.
        """
        providers, former_id = self._session.providers, self._limit_of.currentData()
        offered = [
            profile
            for profile in providers.all
            if profile.kind is not ProviderKind.ON_DEVICE and not profile.from_environment
        ]
        owner = self._session.of(ProvidersController).owner_of_cap()
        wanted_id = former_id or (owner if dearest is None else dearest.profile).id
        self._limit_of.fill([(profile.name, profile.id) for profile in offered], wanted_id)
        self._limit_of.setVisible(len(offered) > 1)
        self._show_limit()

    def _show_limit(self) -> None:
        profile = self._session.providers.get(self._limit_of.currentData() or "")
        self.limit.show_profile(profile or NO_PROVIDER)
        if profile is not None:
            title = tr("Monthly limit of {provider} (US dollars)", provider=profile.name)
            self.limit.title.setText(title)
            self.limit.field.setAccessibleName(spoken_text(title))
        self.limit.setVisible(profile is not None)

    def _save_limit(self, cap: Decimal | None) -> None:
        profile = self._session.providers.get(self._limit_of.currentData() or "")
        if profile is not None:
            changed = replace(profile, monthly_cap=cap)
            self._session.tasks.start(self._session.of(ProvidersController).save(changed))

    @property
    def rows(self) -> Sequence[SpendingRow]:
        return self._model.rows

    @property
    def grouping(self) -> Grouping:
        return Grouping(self.grouping_choice.currentData())

    def show_rows(
        self,
        rows: Sequence[SpendingRow],
        days: Sequence[tuple[date, Decimal]],
        forecast: Sequence[str],
    ) -> None:
        """Show rows of the chosen grouping.

        Args:
            days: the costs of the days in the chart.
            forecast: a line for each provider's month.
        """
        heading = HEADINGS[self.grouping]
        grouping = self.grouping
        self._model.show_rows(rows, lambda row: self._row_name(grouping, row.key), heading)
        self._show_columns()
        self.chart.set_days(days)
        for part in (self.total, self.chart, self.table, self._foot):
            part.setVisible(bool(rows))
        self._empty.setVisible(not rows)
        self.forecast.setText("\n".join(forecast))
        self.forecast.setVisible(bool(forecast))
        self._copy_button.setText(tr("Copy as table"))
        self._show_total(sum((row.spent for row in rows), SpendingSum()))

    def _show_columns(self) -> None:
        """Show the cost, and other columns that have figures; most of them if they are wanted."""
        wants_all = self._more_button.isChecked()
        has_more = False
        for place, column in enumerate(_COLUMNS[1:], 2):
            has_figures = any(column.figure(row) for row in self.rows)
            has_more |= has_figures and place > _ALWAYS
            is_shown = has_figures and (wants_all or place <= _ALWAYS)
            self.table.setColumnHidden(place, not is_shown)
        self._more_button.setVisible(has_more)
        modes = QHeaderView.ResizeMode
        name_mode = modes.ResizeToContents if wants_all else modes.Stretch
        self.table.horizontalHeader().setSectionResizeMode(0, name_mode)

    def _show_total(self, total: SpendingSum) -> None:
        self.total.setText(total_text(total))
        lines = [exact_money(total.cost)]
        if total.estimated:
            lines.append(tr(ESTIMATED))
        if total.uncounted:
            lines.append(tr(NOT_COUNTED))
        set_tooltip(self.total, "\n".join(lines))

    def copy(self) -> None:
        text = rows_as_csv(self.grouping, self.rows, delimiter="\t")
        QGuiApplication.clipboard().setText(text)
        self._copy_button.setText(tr("Copied"))

    def _row_name(self, grouping: Grouping, key: str) -> str:
        """Return the name of a row; the grouping decides what its key is."""
        if grouping is Grouping.DAY:
            return short_day(date.fromisoformat(key))
        if grouping is Grouping.MONTH:
            return month(date.fromisoformat(f"{key}-01"))
        if grouping is Grouping.MODEL:
            return self._session.name_of_model(key)
        if grouping is Grouping.PROVIDER:
            return next((p.name for p in self._session.providers.all if p.id == key), key)
        return tr(_NAMES[grouping].get(key, key)) if key else tr("Not recorded")

    def _export(self) -> None:
        """Ask for a file, and write the rows to it as CSV."""
        choose_target(
            self,
            tr("Export"),
            self._session.tasks.slot(self._write_csv),
            start=Path.home() / f"{tr('Spending')}.csv",
            filters="CSV (*.csv)",
        )

    async def _write_csv(self, path: Path) -> None:
        error = await asyncio.to_thread(save_text, path, rows_as_csv(self.grouping, self.rows))
        message = error or tr("Saved “{file}”.", file=path.name)
        self._session.window.notifications.notify(message)

    def update_theme(self) -> None:
        theme = current_theme()
        self.table.verticalHeader().setDefaultSectionSize(theme.px(30))


class _SpendingModel(TableModel[SpendingRow]):
    """The rows, each with its name and its figures.

    A year has 366 rows of 13 cells. Formatting all of them takes 0.3 s, so only visible cells are
    formatted.
    """

    def __init__(self) -> None:
        headings = [column.heading for column in _COLUMNS]
        super().__init__(["", *headings], range(1, len(_COLUMNS) + 1))
        self._name_of: Callable[[SpendingRow], str] = lambda row: row.key

    def show_rows(
        self, rows: Sequence[SpendingRow], name_of: Callable[[SpendingRow], str], heading: str
    ) -> None:
        self.beginResetModel()
        self.rows = rows
        self._name_of = name_of
        self._headings = [heading, *self._headings[1:]]
        self.endResetModel()

    def cell_text(self, row: SpendingRow, column: int) -> str:
        if column == 0:
            return self._name_of(row)
        figure = _COLUMNS[column - 1].figure(row)
        return _MISSING if figure is None else _COLUMNS[column - 1].text(figure)

    def cell_tooltip(self, row: SpendingRow, column: int) -> str:
        """Return the exact cost of a rounded one."""
        return exact_money(row.spent.cost) if column == _COST_COLUMN else ""


def _charted_days(
    rows: Sequence[SpendingRow], first_day: date | None, today: date
) -> list[tuple[date, Decimal]]:
    """Return the cost of each day of a period until today, at most of a year.

    `first_day` is None for all time, which begins with the first call.
    """
    costs = {date.fromisoformat(row.key): row.spent.cost for row in rows}
    first = max(
        first_day or min(costs, default=today), today - timedelta(days=_MAX_CHARTED_DAYS - 1)
    )
    days = [first + timedelta(days=number) for number in range((today - first).days + 1)]
    return [(day, costs.get(day, Decimal(0))) for day in days] if costs else []


_SIZE: Final = (560, 130)
_MAX_BAR_WIDTH: Final = 44


class BarChart(QWidget):
    """The cost of each day, from the earliest at the left. The tooltip of a bar has its figures."""

    def __init__(self) -> None:
        super().__init__()
        self.accessible_role = "Chart"
        self.setObjectName("spending-chart")
        self.setAccessibleName(tr("Cost by day"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.days: Sequence[tuple[date, Decimal]] = ()
        self.update_theme()

    def set_days(self, days: Sequence[tuple[date, Decimal]]) -> None:
        """Show the costs of consecutive days."""
        self.days = days
        self.setVisible(bool(days))
        self.update()

    def update_theme(self) -> None:
        theme = current_theme()
        self.setFont(theme.note())
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(current_theme().px(_SIZE[0]), current_theme().px(_SIZE[1]))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, current_theme().px(_SIZE[1]) // 3)

    def event(self, event: QEvent) -> bool:
        """Show the cost of the day below the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), tooltip_text(self.text_at(event.pos().x())), self)
            return True
        return super().event(event)

    def text_at(self, x: int) -> str:
        """Return the day and the cost of the bar at `x`, "" beside the bars."""
        plot = self._plot_rect()
        if self.isRightToLeft():
            x = self.width() - 1 - x
        if not self.days or not plot.left() <= x < plot.right():
            return ""
        day, cost = self.days[int((x - plot.left()) * len(self.days) / plot.width())]
        return tr("{name}: {value}", name=short_day(day), value=money(cost))

    def paintEvent(self, _event: QPaintEvent) -> None:
        if not self.days:
            return
        plot = self._plot_rect()
        highest = self._highest
        column = plot.width() / len(self.days)
        width = min(column * 0.72, current_theme().px(_MAX_BAR_WIDTH))
        label_height = self.fontMetrics().height()
        theme, font = current_theme(), self.font()
        with painting.painter_of(self) as painter:
            for share in (0, 0.5, 1):
                y = round(plot.bottom() - share * plot.height())
                painter.setPen(theme.line)
                painter.drawLine(int(plot.left()), y, int(plot.right()), y)
                place = QRect(0, y - label_height // 2, int(plot.left()) - 6, label_height)
                text = money(highest * Decimal(share))
                painting.draw_text(painter, place, text, font, theme.dim, alignment=painting.RIGHT)
            for number, (_, cost) in enumerate(self.days):
                height = plot.height() * float(cost / highest) if highest else 0.0
                left = plot.left() + column * (number + 0.5) - width / 2
                bar = QRectF(left, plot.bottom() - height, width, height)
                painter.fillRect(bar, theme.accent)
            below = QRectF(plot.left(), plot.bottom() + 4, plot.width(), label_height).toRect()
            painting.draw_text(painter, below, short_day(self.days[0][0]), font, theme.dim)
            if len(self.days) > 1:
                last_day = short_day(self.days[-1][0])
                painting.draw_text(
                    painter, below, last_day, font, theme.dim, alignment=painting.RIGHT
                )

    @property
    def _highest(self) -> Decimal:
        return max((cost for _, cost in self.days), default=Decimal(0))

    def _plot_rect(self) -> QRectF:
        metrics = self.fontMetrics()
        texts = (money(self._highest), money(self._highest / 2))
        left = max(map(metrics.horizontalAdvance, texts)) + 8
        return QRectF(self.rect()).adjusted(
            left, metrics.height() / 2, -4, -metrics.height() - current_theme().px(6)
        )
