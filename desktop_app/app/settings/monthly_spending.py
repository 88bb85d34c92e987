"""Each provider's spending this month in the settings, and the warning at 80 % of its limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr
from desktop_app.services.spending.budget import NEAR_LIMIT, Budget

if TYPE_CHECKING:
    from desktop_app.app.state.providers import Providers
    from desktop_app.app.state.spending_events import SpendingEvents
    from desktop_app.app.tasks import Tasks
    from desktop_app.domain.spending.spending_report import MonthSpending
    from desktop_app.ui.settings.settings_panel import SettingsPanel
    from desktop_app.ui.window.cards.notifications import Notifications


class MonthlySpending(QObject):
    """Connection of the budget with the page of providers and the notifications.

    Signals:
        report_requested(): show the tables of spending.
    """

    report_requested = Signal()

    def __init__(
        self,
        panel: SettingsPanel,
        *,
        notifications: Notifications,
        providers: Providers,
        spending: SpendingEvents,
        tasks: Tasks,
        budget: Budget,
    ) -> None:
        super().__init__(panel)
        self._page = panel.pages.provider
        self._notifications = notifications
        self._providers = providers
        self._tasks = tasks
        self._budget = budget
        spending.spent.connect(tasks.slot(self._on_spent))
        providers.changed.connect(self.refresh)
        self._page.on_created(
            lambda page: page.spending.report_requested.connect(self.report_requested)
        )

    def refresh(self) -> None:
        """Show the months of all providers again."""
        self._tasks.start(self._refresh())

    async def _refresh(self) -> None:
        for profile in self._providers.all:
            self._show_month(profile.id, await self._budget.month(profile))

    def _show_month(self, profile_id: str, month: MonthSpending) -> None:
        self._page.set_content(
            ("month", profile_id), lambda page: page.spending.set_month(profile_id, month)
        )

    async def _on_spent(self, provider_id: str) -> None:
        """Update the months that include a provider's spending; warn if it nears the limit."""
        for affected in (p for p in self._providers.all if provider_id in p.ids_under_cap):
            self._show_month(affected.id, await self._budget.month(affected))
        profile = self._providers.get(provider_id)
        if profile is None:
            return
        month = await self._budget.month_to_warn_of(profile)
        if month is not None and month.cap is not None:
            warning = tr(
                NEAR_LIMIT,
                spent=formatting.money(month.spent),
                limit=formatting.money(month.cap),
                provider=profile.short_name,
            )
            self._notifications.notify(warning, [(tr("Show spending"), self.report_requested.emit)])
