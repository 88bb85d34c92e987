"""The presets, loaded from the store and written to it."""

from __future__ import annotations

import itertools
from functools import partial

from PySide6.QtCore import QObject, Signal

from desktop_app.app.prompts.prompt_writer import PromptWriter
from desktop_app.app.state.window_state import WindowState
from desktop_app.backend.preset_loader import (
    HIDDEN_PRESETS,
    built_in_presets,
    hidden_ids,
    with_built_in,
)
from desktop_app.domain.prompts.preset import Preset
from desktop_app.i18n.translation import N_, tr
from desktop_app.ui.window.main_window import MainWindow

NEW_NAME = N_("New preset")


class StoredPresets(QObject):
    """The presets of the window.

    Signals:
        changed(): presets were loaded, saved or deleted.
    """

    changed = Signal()

    def __init__(self, window: MainWindow, state: WindowState, *, writer: PromptWriter) -> None:
        super().__init__(window)
        self._presets = state.presets
        self._writer = writer
        self._prompt_store = state.backend.prompts
        self._settings_store = state.backend.settings

    async def load(self) -> None:
        """Load the presets from the store."""
        stored_presets = await self._prompt_store.presets()
        hidden = hidden_ids((await self._settings_store.all()).get(HIDDEN_PRESETS))
        self._presets.replace_all(with_built_in(stored_presets, hidden))
        self.changed.emit()

    async def refresh(self) -> None:
        """Add presets that another process has imported."""
        stored_presets = await self._prompt_store.presets()
        new_presets = [preset for preset in stored_presets if preset.id not in self._presets.by_id]
        if new_presets:
            self._presets.replace_all((*self._presets.by_id.values(), *new_presets))
            self.changed.emit()

    def save(self, preset: Preset) -> None:
        """Add or replace a preset."""
        self._presets.put(preset)
        self.changed.emit()
        self._writer.start(partial(self._prompt_store.save, presets=[preset]))

    def delete(self, preset_id: str) -> Preset:
        """Delete and return a preset."""
        deleted = self._presets.remove(preset_id)
        self.changed.emit()
        self._writer.start(partial(self._delete, preset_id))
        return deleted

    def free_name(self) -> str:
        """Return a name for a new preset."""
        taken_names = {preset.name for preset in self._presets.by_id.values()}
        name = tr(NEW_NAME)
        numbers = itertools.count(2)
        while name in taken_names:
            name = tr("New preset {number}", number=next(numbers))
        return name

    def next_position(self) -> int:
        """Return the position after all presets of the user."""
        built_in_ids = {preset.id for preset in built_in_presets()}
        own_positions = (
            p.position for p in self._presets.by_id.values() if p.id not in built_in_ids
        )
        return max(own_positions, default=-1) + 1

    async def _delete(self, preset_id: str) -> None:
        """Delete a preset. Hide a built-in preset, or it would return at the next start."""
        await self._prompt_store.remove_preset(preset_id)
        if any(preset.id == preset_id for preset in built_in_presets()):
            hidden = hidden_ids((await self._settings_store.all()).get(HIDDEN_PRESETS))
            await self._settings_store.set(HIDDEN_PRESETS, sorted(hidden | {preset_id}))
