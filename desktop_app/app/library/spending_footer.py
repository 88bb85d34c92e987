"""The footer of the list: the open conversation's provider and its spending this month."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop_app.app.state.providers import PROVIDER_REMOVED
from desktop_app.app.state.spending_events import SpendingEvents
from desktop_app.app.tasks import Tasks
from desktop_app.i18n.formatting import money
from desktop_app.i18n.translation import tr

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_app.app.library.store_watcher import StoreWatcher
    from desktop_app.app.state.conversation.answer_setup import AnswerSetup
    from desktop_app.services.spending.budget import Budget
    from desktop_app.ui.sidebar.conversation_list import ConversationList


class SpendingFooter(QObject):
    """Updater of the footer, after each change of its conversation, choice or spending."""

    def __init__(
        self,
        parent: QWidget,
        *,
        conversation_list: ConversationList,
        setup: AnswerSetup,
        spending: SpendingEvents,
        store_watcher: StoreWatcher,
        tasks: Tasks,
        budget: Budget,
    ) -> None:
        super().__init__(parent)
        self._footer = conversation_list.footer
        self._current = setup.current
        self._providers = setup.providers
        self._setup = setup
        self._tasks = tasks
        self._budget = budget
        for signal in (
            self._current.opened,
            self._setup.choice_changed,
            spending.spent,
            store_watcher.store_changed,
            conversation_list.day_change.reported,
        ):
            signal.connect(self._show)

    def _show(self, *_: object) -> None:
        self._tasks.start(self._show_month())

    async def _show_month(self) -> None:
        if not self._providers.has_provider(self._current.conversation):
            self._footer.show_provider(tr(PROVIDER_REMOVED), "cloud", "")
            return
        profile = self._setup.profile
        month = await self._budget.month(profile)
        if profile == self._setup.profile:
            icon = "cloud" if profile.needs_key else "cpu"
            # With calls of unknown cost, the sum is a minimum.
            spent_text = f"≥ {money(month.spent)}" if month.uncounted else money(month.spent)
            if not month.spent:
                text = ""
            elif month.cap and month.is_near_cap:
                text = tr("{spent} of {limit}", spent=spent_text, limit=money(month.cap))
            else:
                text = tr("{spent} this month", spent=spent_text)
            self._footer.show_provider(profile.name, icon, text, is_near_cap=month.is_near_cap)
