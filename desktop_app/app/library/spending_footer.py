"""The foot of the list: who answers in the open conversation, and what its month cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop_app.app.workspace import PROVIDER_REMOVED, Workspace
from desktop_app.domain.spending.cost import format_exact, format_money

if TYPE_CHECKING:
    from desktop_app.ui.window.main_window import MainWindow


class SpendingFooter(QObject):
    """Keeps it as things are."""

    def __init__(self, window: MainWindow, workspace: Workspace) -> None:
        super().__init__(window)
        self._foot, self._workspace = window.conversations, workspace
        for changed in (
            workspace.opened,
            workspace.choice_changed,
            workspace.profiles_changed,
            workspace.spent,
            workspace.utility_calls_paid,
        ):
            changed.connect(self._show)

    def _show(self, *_: object) -> None:
        self._workspace.tasks.start(self._show_month())

    async def _show_month(self) -> None:
        workspace = self._workspace
        if not workspace.has_provider(workspace.conversation):
            self._foot.set_foot(PROVIDER_REMOVED, "cloud", "")
            return
        profile = workspace.profile
        month = await workspace.backend.budget.month(profile)
        if profile == workspace.profile:
            icon = "cloud" if profile.needs_key else "cpu"
            limit = f"of {format_exact(month.cap)}" if month.cap and month.is_near else "this month"
            text = f"{format_money(month.spent)} {limit}" if month.spent else ""
            self._foot.set_foot(profile.name, icon, text, is_near_cap=month.is_near)
