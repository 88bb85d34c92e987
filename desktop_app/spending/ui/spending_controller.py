"""Spending in the window: its report, this month's sums, and the warning near a limit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from desktop_app.app.session import Controller, Session
from desktop_app.domain.conversations.conversation import MessageStatus, now
from desktop_app.domain.models.variants import Effort
from desktop_app.domain.spending_report import Grouping, MonthSpending, Purpose, SpendingRow
from desktop_app.i18n import formatting
from desktop_app.i18n.formatting import money
from desktop_app.i18n.translation import N_, tr
from desktop_app.providers.ui.providers import PROVIDER_REMOVED
from desktop_app.spending.budget import NEAR_LIMIT
from desktop_app.widgets.file_dialogs import choose_target, save_text

if TYPE_CHECKING:
    from desktop_app.spending.ui.spending_view import SpendingView

_MAX_CHARTED_DAYS: Final = 365
_NAMES: Final[dict[Grouping, dict[str, str]]] = {
    Grouping.PURPOSE: {
        Purpose.ANSWER: N_("Responses"),
        Purpose.TITLE: N_("Titles"),
        Purpose.COMPACTION: N_("Compaction"),
        Purpose.PART: N_("Reading in parts"),
        Purpose.EMBEDDING: N_("Embeddings"),
        Purpose.BATCH: N_("Batch jobs"),
        Purpose.EVALUATION: N_("Evaluations"),
        Purpose.JUDGMENT: N_("Judgments"),
        Purpose.TEST: N_("Test requests"),
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


class SpendingController(Controller):
    """Connection of the ledger and the budget with the report, the settings and the sidebar."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._budget = session.backend.budget
        self._ledger = session.backend.ledger
        self._page = session.window.settings.pages.provider
        self._view: SpendingView | None = None
        self._load_number = 0
        session.spending.spent.connect(self._tasks.slot(self._on_spent))
        self._providers.changed.connect(self.refresh)
        session.window.conversations.day_change.reported.connect(self.refresh)
        for signal in (self._current.opened, self._setup.choice_changed):
            signal.connect(lambda *_: self._tasks.start(self._show_footer()))

    def refresh(self) -> None:
        """Show everything again."""
        self._tasks.start(self._refresh())

    async def _refresh(self) -> None:
        for profile in self._providers.all:
            self._show_month(profile.id, await self._budget.month(profile))
        await self._show_footer()
        if self._view is not None and self._view.isVisible():
            await self._fill(self._view)

    async def _on_spent(self, provider_id: str) -> None:
        """Show everything again; warn if a provider's spending nears its limit."""
        await self._refresh()
        profile = self._providers.get(provider_id)
        if profile is None:
            return
        month = await self._budget.month_to_warn_of(profile)
        if month is not None and month.cap is not None:
            warning = tr(
                NEAR_LIMIT,
                spent=money(month.spent),
                limit=money(month.cap),
                provider=profile.short_name,
            )
            self._notifications.notify(warning, [(tr("Show spending"), self.show)])

    def _show_month(self, profile_id: str, month: MonthSpending) -> None:
        self._page.set_content(
            ("month", profile_id), lambda page: page.spending.set_month(profile_id, month)
        )

    async def _show_footer(self) -> None:
        """Show the open conversation's provider and its spending this month below the list."""
        footer = self._window.conversations.footer
        if not self._providers.has_provider(self._current.conversation):
            footer.show_provider(tr(PROVIDER_REMOVED), "cloud", "")
            return
        profile = self._setup.profile
        month = await self._budget.month(profile)
        if profile != self._setup.profile:
            return
        text = ""
        if month.spent:  # else no formats need to be loaded: 40 ms of the start
            # With calls of unknown cost, the sum is a minimum.
            spent_text = f"≥ {money(month.spent)}" if month.uncounted else money(month.spent)
            if month.cap and month.is_near_cap:
                text = tr("{spent} of {limit}", spent=spent_text, limit=money(month.cap))
            else:
                text = tr("{spent} this month", spent=spent_text)
        icon = "cloud" if profile.needs_key else "cpu"
        footer.show_provider(profile.name, icon, text, is_near_cap=month.is_near_cap)

    # ---------------------------------------------------------------- report

    def show(self) -> None:
        """Show the report."""
        self._tasks.start(self._show())

    async def _show(self) -> None:
        from desktop_app.spending.ui.spending_view import SpendingView  # not needed at the start

        if self._view is None:
            view = self._view = SpendingView(self._window)
            view.rows_requested.connect(lambda: self._tasks.start(self._fill(view)))
            view.export_requested.connect(lambda: self._export(view))
        await self._fill(self._view)
        self._window.show_page(self._view)

    async def _fill(self, view: SpendingView) -> None:
        """Show the rows; a later call supersedes an earlier one."""
        from desktop_app.spending.command import current_months, month_line

        self._load_number += 1
        load_number = self._load_number
        grouping = view.grouping
        today = now().astimezone().date()
        first_day = view.first_day(today)
        rows = await self._ledger.group_spending(grouping, first_day)
        days = await self._ledger.group_spending(Grouping.DAY, first_day)
        months = await current_months(self._ledger, self._providers.all)
        if load_number == self._load_number:
            view.show_rows(
                rows,
                lambda row: self._row_name(grouping, row.key),
                _charted_days(days, first_day, today),
                [month_line(month) for month in months],
            )

    def _row_name(self, grouping: Grouping, key: str) -> str:
        """Return the name of a row; the grouping decides what its key is."""
        if grouping is Grouping.DAY:
            return formatting.short_day(date.fromisoformat(key))
        if grouping is Grouping.MONTH:
            return formatting.month(date.fromisoformat(f"{key}-01"))
        if grouping is Grouping.MODEL:
            return self._session.name_of_model(key)
        if grouping is Grouping.PROVIDER:
            return next((p.name for p in self._providers.all if p.id == key), key)
        return tr(_NAMES[grouping].get(key, key)) if key else tr("Not recorded")

    def _export(self, view: SpendingView) -> None:
        """Ask for a file, and write the rows to it as CSV."""
        choose_target(
            view,
            tr("Export"),
            lambda path: self._tasks.start(self._write_csv(view, path)),
            start=Path.home() / f"{tr('Spending')}.csv",
            filters="CSV (*.csv)",
        )

    async def _write_csv(self, view: SpendingView, path: Path) -> None:
        from desktop_app.spending.command import rows_as_csv

        text = rows_as_csv(view.grouping, view.rows)
        error = await asyncio.to_thread(save_text, path, text)
        self._notifications.notify(error or tr("Saved “{file}”.", file=path.name))


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
