"""What was spent: the month beside its cap, the warning at 80 %, and the tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop_app.domain.conversations.conversation import now

if TYPE_CHECKING:
    from desktop_app.app.state.providers import Providers
    from desktop_app.app.state.spending_events import SpendingEvents
    from desktop_app.app.tasks import Tasks, Work
    from desktop_app.backend.backend import Backend
    from desktop_app.ui.look.theme import ThemeWatcher
    from desktop_app.ui.spending.spending_view import SpendingView
    from desktop_app.ui.window.main_window import MainWindow


class SpendingController(QObject):
    """Between the ledger and what shows it.

    Args:
        name_of_model: a model's name for people.
    """

    def __init__(
        self,
        window: MainWindow,
        theme: ThemeWatcher,
        name_of_model: Callable[[str], str],
        *,
        providers: Providers,
        spending: SpendingEvents,
        tasks: Tasks,
        backend: Backend,
    ) -> None:
        super().__init__(window)
        self._window, self._theme, self._providers, self._tasks, self._backend = (
            window,
            theme,
            providers,
            tasks,
            backend,
        )
        self._name_of_model = name_of_model
        self._view: SpendingView | None = None
        spending.spent.connect(lambda provider_id: self._start(self._after(provider_id)))
        self._providers.changed.connect(lambda: self._start(self.show_months()))
        window.settings.spending_requested.connect(self.show)

    def _start(self, work: Work) -> None:
        self._tasks.start(work)

    async def show_months(self) -> None:
        """Tell the settings how each provider's month stands."""
        for profile in self._providers.all:
            month = await self._backend.budget.month(profile)
            self._window.settings.set_spending(profile.id, month)

    async def _after(self, provider_id: str) -> None:
        """A provider's month has grown."""
        profiles = self._providers.all
        profile = next((p for p in profiles if p.id == provider_id), None)
        if profile is None:
            return
        budget = self._backend.budget
        self._window.settings.set_spending(profile.id, await budget.month(profile))
        if warning := await budget.warning(profile):
            self._window.notifications.notify(warning, [("Show spending", self.show)])
        if self._view is not None and self._view.isVisible():
            await self._fill(self._view)

    def show(self) -> None:
        """Show the tables."""
        self._start(self._show())

    async def _show(self) -> None:
        if self._view is None:
            self._view = self._made()
        await self._fill(self._view)
        self._view.show()
        self._view.raise_()
        self._view.activateWindow()

    def _made(self) -> SpendingView:
        # Imported here: not a part of the start.
        from desktop_app.ui.spending.spending_view import SpendingView

        view = SpendingView(self._theme.current, self._window)
        self._theme.changed.connect(view.set_theme)
        return view

    async def _fill(self, view: SpendingView) -> None:
        from desktop_app.ui.spending.spending_table import by_date, by_kind

        report = await self._backend.ledger.report(now())
        names = {profile.id: profile.name for profile in self._providers.all}

        def name_of(provider_id: str) -> str:
            return names.get(provider_id, provider_id)

        view.set_tables(
            {
                "today": by_kind(report.today, name_of, self._name_of_model),
                "month": by_kind(report.month, name_of, self._name_of_model),
                "days": by_date("Day", report.days, "%Y-%m-%d"),
                "months": by_date("Month", report.months, "%Y-%m"),
            }
        )
