"""The window with the tables and charts of spending."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject

from desktop_app.app.export.text_file import save_text
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.models.variants import Effort
from desktop_app.domain.spending.spending_report import Grouping, SpendingRow, SpendingSum
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr
from desktop_app.ui.widgets.file_dialogs import choose_target
from desktop_app.ui.widgets.window_activation import bring_to_front

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_app.app.state.providers import Providers
    from desktop_app.app.state.spending_events import SpendingEvents
    from desktop_app.app.tasks import Tasks
    from desktop_app.storage.conversations.review_store import ReviewCount, ReviewStore
    from desktop_app.storage.spending.ledger import Ledger
    from desktop_app.ui.look.theme import ThemeWatcher
    from desktop_app.ui.spending.spending_view import SpendingView
    from desktop_app.ui.window.cards.notifications import Notifications

PAUSE_S: Final = 0.02
"""The pause after each step of the preparation, for other work of the store."""


class SpendingController(QObject):
    """Connection of the ledger with the tables and charts.

    Args:
        name_of_model: returns a model's name for display.
    """

    def __init__(
        self,
        parent: QWidget,
        theme: ThemeWatcher,
        name_of_model: Callable[[str], str],
        *,
        notifications: Notifications,
        providers: Providers,
        spending: SpendingEvents,
        tasks: Tasks,
        ledger: Ledger,
        review_store: Callable[[], ReviewStore],
    ) -> None:
        super().__init__(parent)
        self._parent = parent
        self._notifications = notifications
        self._theme = theme
        self._providers = providers
        self._tasks = tasks
        self._ledger = ledger
        self._review_store = review_store
        self._name_of_model = name_of_model
        self._view: SpendingView | None = None
        self._load_number = 0
        spending.spent.connect(self.refresh)
        providers.changed.connect(self.refresh)

    def refresh(self) -> None:
        """Show the tables again if they are visible."""
        if self._view is not None and self._view.isVisible():
            self._tasks.start(self._fill(self._view))

    def show(self) -> None:
        """Show the tables."""
        self._tasks.start(self._show())

    async def _show(self) -> None:
        if self._view is None:
            self._view = self._make_view()
        await self._fill(self._view)
        bring_to_front(self._view)

    def _make_view(self) -> SpendingView:
        # Imported here, because the start does not need it.
        from desktop_app.ui.spending.spending_view import SpendingView

        view = SpendingView(self._theme.current, self._parent)
        view.charts.rows_requested.connect(lambda: self._tasks.start(self._load_charts(view)))
        view.charts.export_requested.connect(lambda: self._export(view))
        self._theme.changed.connect(view.set_theme)
        return view

    async def _fill(self, view: SpendingView) -> None:
        """Show the tables of spending by purpose, and by day and month."""
        from desktop_app.ui.spending.spending_table import table_by_date, table_by_purpose

        report = await self._ledger.report(now())
        names = {profile.id: profile.name for profile in self._providers.all}

        def name_of(provider_id: str) -> str:
            return names.get(provider_id, provider_id)

        view.set_tables(
            {
                "today": table_by_purpose(report.today, name_of, self._name_of_model),
                "month": table_by_purpose(report.month, name_of, self._name_of_model),
                "days": table_by_date(N_("Day"), report.days, formatting.day),
                "months": table_by_date(N_("Month"), report.months, formatting.month),
            }
        )

    # ---------------------------------------------------------------- charts

    async def _load_charts(self, view: SpendingView) -> None:
        """Show the rows; a later call supersedes an earlier one."""
        from desktop_app.cli.reports.spending_command import current_months, month_line

        self._load_number += 1
        load_number = self._load_number
        charts = view.charts
        grouping = charts.grouping
        first_day = charts.first_day(now().astimezone().date())
        rows = await self._ledger.group_spending(grouping, first_day)
        if grouping is Grouping.MODEL:
            rows = _with_reviews(rows, await self._review_store().counts(first_day))
        months = await current_months(self._ledger, self._providers.all)
        if load_number != self._load_number:
            return
        charts.show_rows(rows, lambda row: self._row_name(grouping, row.key))
        charts.show_forecast([month_line(month) for month in months])

    def _row_name(self, grouping: Grouping, key: str) -> str:
        """Return the name of a chart's row; the grouping decides what its key is."""
        from desktop_app.ui.spending.spending_table import outcome_name, purpose_name, tier_name

        if grouping is Grouping.DAY:
            return formatting.short_day(date.fromisoformat(key))
        if grouping is Grouping.MONTH:
            return formatting.month(date.fromisoformat(f"{key}-01"))
        if grouping is Grouping.MODEL:
            return self._name_of_model(key)
        if grouping is Grouping.PROVIDER:
            return next((p.name for p in self._providers.all if p.id == key), key)
        if grouping is Grouping.PURPOSE:
            return purpose_name(key)
        if grouping is Grouping.TIER:
            return tier_name(key)
        if grouping is Grouping.OUTCOME:
            return outcome_name(key)
        if key in tuple(Effort):
            return tr(Effort(key).label)
        return key or tr("Not recorded")

    def _export(self, view: SpendingView) -> None:
        """Ask for a file, and write the chart's rows to it as CSV."""
        choose_target(
            view,
            tr("Export"),
            lambda path: self._tasks.start(self._write_csv(view, path)),
            start=Path.home() / f"{tr('Spending')}.csv",
            filters="CSV (*.csv)",
        )

    async def _write_csv(self, view: SpendingView, path: Path) -> None:
        from desktop_app.cli.reports.spending_command import rows_as_csv

        text = rows_as_csv(view.charts.grouping, view.charts.rows)
        error = await asyncio.to_thread(save_text, path, text)
        self._notifications.notify(error or tr("Saved “{file}”.", file=path.name))


def _with_reviews(rows: list[SpendingRow], counts: Iterable[ReviewCount]) -> list[SpendingRow]:
    """Add the verdicts to the rows of models, and a row for each reviewed model without calls."""
    verdicts: dict[str, Counter[str]] = {row.key: Counter() for row in rows}
    for count in counts:
        verdicts.setdefault(count.model, Counter()).update(count.counts)
    rows_by_model = {row.key: row for row in rows}
    return [
        rows_by_model.get(model, SpendingRow(model, SpendingSum()))._replace(reviews=verdict_counts)
        for model, verdict_counts in verdicts.items()
    ]
