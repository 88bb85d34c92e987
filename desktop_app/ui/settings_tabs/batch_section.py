"""Whether a server of the person's own takes batches: nobody can tell before one was sent there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QHBoxLayout, QLabel

from desktop_app.domain.chat_request import ProviderKind, ProviderProfile
from desktop_app.ui.settings_tabs.fields import Section, Switch
from desktop_app.ui.theme import set_role

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.ui.theme import Theme


class BatchSection(Section):
    """The switch of one provider.

    Args:
        save: takes the changed profile.
    """

    def __init__(self, theme: Theme, save: Callable[[ProviderProfile], None]) -> None:
        super().__init__("", theme)
        self._save = save
        self._profile: ProviderProfile | None = None
        label = QLabel("Offers batch jobs")
        set_role(label, "strong")
        self.switch = Switch(theme, "Offers batch jobs")
        self.switch.setObjectName("offers-batches")
        row = QHBoxLayout()
        row.addWidget(label, 1)
        row.addWidget(self.switch)
        self.body.addLayout(row)
        self.note.set_text("For a server with OpenAI's Files and Batch API.")
        self.switch.toggled.connect(self._changed)

    def show_profile(self, profile: ProviderProfile) -> None:
        """Show a provider's; nothing of one whose kind says it."""
        self._profile = profile
        is_own = profile.kind is ProviderKind.COMPATIBLE
        self.setVisible(is_own and not profile.from_environment)
        with QSignalBlocker(self.switch):
            self.switch.setChecked(profile.has_batches)

    def _changed(self, on: bool) -> None:
        if self._profile is not None:
            self._profile = replace(self._profile, offers_batches=on)
            self._save(self._profile)
