"""Switches for features of a custom server that cannot be detected."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker

from desktop_app.domain.answering.chat_request import NO_PROVIDER, ProviderKind, ProviderProfile
from desktop_app.i18n.translation import tr
from desktop_app.ui.widgets.forms.form_widgets import FormSection, check_box, check_row

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QCheckBox


class CustomServerSection(FormSection):
    """The switches of a custom server. See the module.

    Args:
        save: called with the changed profile.
    """

    def __init__(self, save: Callable[[ProviderProfile], None]) -> None:
        super().__init__("")
        self._save = save
        self._profile = NO_PROVIDER
        self._batches = self._add(tr("Supports Batch API"), "offers-batches")
        self._files = self._add(tr("Accepts file uploads"), "takes-files")
        self.note.set_text(tr("For servers with OpenAI’s Files and Batch APIs or file inputs."))
        self._batches.toggled.connect(lambda on: self._change(offers_batches=on))
        self._files.toggled.connect(lambda on: self._change(takes_files=on))

    def _add(self, title: str, name: str) -> QCheckBox:
        switch = check_box(title, object_name=name)
        self.body.addLayout(check_row(title, switch))
        return switch

    def show_profile(self, profile: ProviderProfile) -> None:
        """Show the switches of a stored custom server; hide the section for other profiles."""
        self._profile = profile
        is_custom = profile.kind is ProviderKind.COMPATIBLE
        self.setVisible(is_custom and not profile.from_environment)
        for switch, is_on in (
            (self._batches, profile.has_batches),
            (self._files, profile.takes_files),
        ):
            with QSignalBlocker(switch):
                switch.setChecked(is_on)

    def _change(self, **changes: bool) -> None:
        self._profile = replace(self._profile, **changes)  # type: ignore[arg-type]
        self._save(self._profile)
