"""The page of presets, on which the user edits them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_app.app.chat.choice_controller import AvailableModels
from desktop_app.app.prompts.stored_presets import StoredPresets
from desktop_app.app.state.shared_lists import DEFAULT_PRESET
from desktop_app.app.state.window_state import WindowState
from desktop_app.backend.answer_settings import (
    overridden_values,
    with_override,
    with_restored,
    without_override,
)
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.conversation import new_id, now
from desktop_app.domain.prompts.preset import Preset
from desktop_app.i18n.translation import tr
from desktop_app.settings.schema import setting

if TYPE_CHECKING:
    from desktop_app.ui.library.presets_page import PresetsPage
    from desktop_app.ui.library.prompts_dialog import PromptsDialog


class PresetEditingController(QObject):
    """Connection of the presets with their page.

    Signals:
        use_requested(str): apply the preset with this id to the open conversation.
    """

    use_requested = Signal(str)

    def __init__(self, state: WindowState, stored: StoredPresets, choices: AvailableModels) -> None:
        super().__init__(stored)
        self._stored_presets = stored
        self._choices = choices
        self._values = state.setup.values
        self._new_conversation = state.new_conversation
        self._presets = state.presets
        self._tasks = state.tasks
        self._dialog: PromptsDialog | None = None
        stored.changed.connect(self._show)
        state.setup.values.changed.connect(lambda _key: self._show())
        state.setup.providers.changed.connect(self._show)

    def connect_page(self, dialog: PromptsDialog) -> None:
        """Connect the page of presets in the dialog."""
        self._dialog = dialog
        page = dialog.presets
        page.save_requested.connect(self._save_named)
        page.override_changed.connect(
            lambda id_, key, value: self._override(
                id_, lambda overrides: with_override(overrides, key, value)
            )
        )
        page.override_removed.connect(self._remove_override)
        page.examples_changed.connect(
            lambda id_, pairs: self._override(
                id_, lambda overrides: replace(overrides, examples=pairs)
            )
        )
        page.new_requested.connect(self._begin_new)
        page.duplicate_requested.connect(self._duplicate)
        page.delete_requested.connect(self._delete)
        page.use_requested.connect(self.use_requested)
        page.default_requested.connect(self._choose_default)
        self._show()

    @property
    def _page(self) -> PresetsPage | None:
        return None if self._dialog is None else self._dialog.presets

    def _show(self) -> None:
        page = self._page
        values = self._values.all
        if page is not None:
            page.set_models(self._choices.models)
            page.set_values(values, lambda preset: overridden_values(preset.overrides))
            page.set_presets(list(self._presets.by_id.values()), str(values[DEFAULT_PRESET]))

    def edit(self, preset_id: str) -> None:
        """Edit the name of a preset, if the page is shown."""
        if self._page is not None:
            self._page.edit(preset_id)

    def _save_named(self, preset: Preset) -> None:
        """Save name and choice from the page; the settings in memory may be newer."""
        stored_preset = self._presets.by_id.get(preset.id)
        self._stored_presets.save(
            preset if stored_preset is None else replace(preset, overrides=stored_preset.overrides)
        )

    def _override(self, preset_id: str, change: Callable[[Overrides], Overrides]) -> None:
        preset = self._presets.by_id.get(preset_id)
        if preset is not None:
            self._stored_presets.save(replace(preset, overrides=change(preset.overrides)))

    def _remove_override(self, preset_id: str, key: str) -> None:
        """Reset a setting of a preset to the default; offer Undo."""
        removed_value = overridden_values(self._presets.by_id[preset_id].overrides).get(key)
        self._override(preset_id, lambda overrides: without_override(overrides, key))
        if self._dialog is not None:
            self._dialog.status.show_message(
                tr("“{name}” reset to default", name=tr(setting(key).label)),
                lambda: self._override(
                    preset_id, lambda overrides: with_restored(overrides, key, removed_value)
                ),
            )

    def _begin_new(self) -> None:
        self._add(Preset(new_id(), self._stored_presets.free_name(), created_at=now()))

    def _duplicate(self, preset_id: str) -> None:
        preset = self._presets.by_id[preset_id]
        name = tr("{name} (copy)", name=preset.name)
        self._add(replace(preset, id=new_id(), name=name, created_at=now()))

    def _add(self, preset: Preset) -> None:
        self._stored_presets.save(replace(preset, position=self._stored_presets.next_position()))
        self.edit(preset.id)

    def _delete(self, preset_id: str) -> None:
        deleted = self._stored_presets.delete(preset_id)

        def undo() -> None:
            self._stored_presets.save(deleted)
            if self._page is not None:
                self._page.list.select(deleted.id)

        if self._dialog is not None:
            self._dialog.status.show_message(tr("“{name}” deleted", name=deleted.name), undo)

    def _choose_default(self, preset_id: str) -> None:
        self._tasks.start(self._new_conversation.set_default(DEFAULT_PRESET, preset_id))
