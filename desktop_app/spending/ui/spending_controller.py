"""Spending in the window: its report, this month's sums, and the warning near a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_app.app.provider_list import PROVIDER_REMOVED
from desktop_app.app.session import Controller, Session
from desktop_app.budget.budget import NEAR_LIMIT
from desktop_app.domain.spending_report import MonthSpending
from desktop_app.i18n.formatting import money
from desktop_app.i18n.translation import tr
from desktop_app.library.ui.conversation_list import ConversationList

if TYPE_CHECKING:
    from desktop_app.providers.ui.provider_tab import ProviderTab
    from desktop_app.spending.ui.spending_section import SpendingSection
    from desktop_app.spending.ui.spending_view import SpendingView


class SpendingEvents(QObject):
    """Signals for calls recorded in the ledger, paid or free.

    Signals:
        spent(str): calls to a provider were recorded; the argument is the provider's id.
    """

    spent = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__(session.window)
        session.backend.ledger.listen(self.spent.emit)


class SpendingController(Controller):
    """Connection of the ledger and the budget with the report, the settings and the sidebar."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._budget = session.backend.budget
        self._ledger = session.backend.ledger
        self._page = session.window.settings.pages.by_name["provider"]
        self._view: SpendingView | None = None
        self._months: dict[str, MonthSpending] = {}
        self._section: SpendingSection | None = None
        self._page.set_content("spending", self._add_section)
        session.of(SpendingEvents).spent.connect(self._tasks.slot(self._on_spent))
        self._providers.changed.connect(self.refresh)
        session.of(ConversationList).day_change.reported.connect(self.refresh)
        for signal in (self._current.opened, self._setup.choice_changed):
            signal.connect(lambda *_: self._tasks.start(self._show_footer()))

    def refresh(self) -> None:
        self._tasks.start(self._refresh())

    async def _refresh(self) -> None:
        for profile in self._providers.all:
            self._show_month(profile.id, await self._budget.month(profile))
        await self._show_footer()
        if self._view is not None and self._view.isVisible():
            await self._view.fill()

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
        self._months[profile_id] = month
        if self._section is not None:
            self._section.set_month(profile_id, month)

    def _add_section(self, page: ProviderTab) -> None:
        from desktop_app.spending.ui.spending_section import SpendingSection

        section = self._section = SpendingSection(lambda cap: page.edit(monthly_cap=cap), self.show)
        page.add_section(section)
        page.profile_shown.connect(section.show_profile)
        section.show_profile(page.profile)
        for profile_id, month in self._months.items():
            section.set_month(profile_id, month)

    async def _show_footer(self) -> None:
        """Show the open conversation's provider and its spending this month below the list."""
        footer = self._session.of(ConversationList).footer
        if not self._providers.has_provider(self._current.conversation):
            footer.show_provider(tr(PROVIDER_REMOVED), "cloud", "")
            return
        profile = self._setup.profile
        month = await self._budget.month(profile)
        if profile != self._setup.profile:
            return
        text = ""
        reasons: list[str] = []
        if month.spent:  # else no formats need to be loaded: 40 ms of the start
            from desktop_app.spending.report_texts import month_text, uncertain_sentences

            spent_text = month_text(month)
            reasons = uncertain_sentences(month)
            if month.cap and month.is_near_cap:
                text = tr("{spent} of {limit}", spent=spent_text, limit=money(month.cap))
            else:
                text = tr("{spent} this month", spent=spent_text)
        icon = "cloud" if profile.needs_key else "cpu"
        footer.show_provider(
            profile.name, icon, text, is_near_cap=month.is_near_cap, note="\n".join(reasons)
        )

    # ---------------------------------------------------------------- report

    def show(self) -> None:
        self._tasks.start(self._show())

    async def _show(self) -> None:
        from desktop_app.spending.ui.spending_view import SpendingView

        if self._view is None:
            self._view = SpendingView(self._session)
        await self._view.fill()
        self._window.show_page(self._view)
