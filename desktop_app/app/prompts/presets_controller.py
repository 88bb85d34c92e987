"""Presets: applied to the open conversation, and created from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMenu

from desktop_app.app.prompts.stored_presets import StoredPresets
from desktop_app.app.state.window_state import WindowState
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.conversation import Conversation, new_id, now
from desktop_app.domain.prompts.preset import Preset, preset_of
from desktop_app.i18n.translation import tr
from desktop_app.ui.widgets.program_menu import add_choice
from desktop_app.ui.widgets.text.foreign_text import menu_text
from desktop_app.ui.window.main_window import MainWindow


class PresetsController(QObject):
    """Connection of the presets with the open conversation and the header's menu.

    Args:
        manage: shows the page of presets.

    Signals:
        edit_requested(str): edit the name of the preset with this id on the page.
    """

    edit_requested = Signal(str)

    def __init__(
        self,
        window: MainWindow,
        state: WindowState,
        stored: StoredPresets,
        manage: Callable[[], object],
    ) -> None:
        super().__init__(window.pane)
        self._notifications = window.pane.notifications
        self._header = window.pane.header
        self._current = state.setup.current
        self._setup = state.setup
        self._stored_presets = stored
        self._presets = state.presets
        self._manage = manage
        stored.changed.connect(self._show_in_header)
        window.pane.header.preset_menu_requested.connect(self._fill_menu)
        self._current.opened.connect(self._show_in_header)
        self._setup.choice_changed.connect(self._show_in_header)

    # -------------------------------------------------------------- in the open conversation

    def use(self, preset_id: str) -> None:
        """Apply a preset to the open conversation."""
        preset = self._presets.by_id[preset_id]
        self._change(
            lambda conversation: self._presets.apply(preset, conversation),
            tr("Preset “{name}” applied", name=preset.name),
        )

    def unset(self) -> None:
        """Remove the preset and all own settings of the open conversation."""
        self._change(
            lambda conversation: replace(conversation, overrides=Overrides(), preset_id=None),
            tr("Preset removed. The defaults apply."),
        )

    def _change(self, change: Callable[[Conversation], Conversation], message: str) -> None:
        former = self._current.conversation
        applied = change(former)
        if applied == former:
            return
        self._setup.copy_settings(former.id, applied)
        # A mistake in a menu must not lose the user's settings.
        self._notifications.notify_undo(
            message,
            lambda: self._setup.change_settings(
                former.id, lambda current: _restored_conversation(current, applied, former)
            ),
        )

    def save_here(self) -> None:
        """Create a preset from the open conversation's settings, and edit its name.

        The preset contains the instructions even if they come from the defaults or the folder,
        because those may differ elsewhere.
        """
        conversation = self._current.conversation
        instructions = self._setup.ask_settings.instructions
        if conversation.overrides.instructions is None and instructions:
            conversation = replace(
                conversation, overrides=replace(conversation.overrides, instructions=instructions)
            )
        with_choice = replace(conversation, choice=self._setup.choice)
        preset = preset_of(with_choice, new_id(), self._stored_presets.free_name(), now())
        preset = replace(preset, position=self._stored_presets.next_position())
        self._stored_presets.save(preset)
        self._setup.copy_settings(self._current.id, replace(conversation, preset_id=preset.id))
        self._manage()
        self.edit_requested.emit(preset.id)

    def _update(self, preset: Preset) -> None:
        """Change a preset to the open conversation's settings."""
        conversation = self._current.conversation
        updated_preset = preset_of(conversation, preset.id, preset.name, now())
        self._stored_presets.save(
            replace(updated_preset, position=preset.position, created_at=preset.created_at)
        )
        self._notifications.notify_undo(
            tr("Preset “{name}” updated", name=preset.name),
            lambda: self._stored_presets.save(preset),
        )

    # -------------------------------------------------------------- the header

    def choose(self) -> None:
        """Open the menu of presets, or the page that creates them if there are none."""
        if self._presets.by_id:
            self._header.open_preset_menu()
        else:
            self._manage()

    def _show_in_header(self) -> None:
        conversation = self._current.conversation
        preset = self._presets.preset_of(conversation)
        name = "" if preset is None else preset.name
        self._header.set_preset(
            name,
            is_offered=bool(self._presets.by_id),
            is_changed=self._presets.is_changed(conversation),
        )

    def _fill_menu(self, menu: QMenu) -> None:
        conversation = self._current.conversation
        current_preset = self._presets.preset_of(conversation)
        for preset in self._presets.by_id.values():
            add_choice(menu, preset.name, preset is current_preset, partial(self.use, preset.id))
        add_choice(menu, tr("No preset"), current_preset is None, self.unset)
        menu.addSeparator()
        if current_preset is not None and self._presets.is_changed(conversation):
            change = menu.addAction(menu_text(tr("Update “{name}”", name=current_preset.name)))
            change.triggered.connect(lambda: self._update(current_preset))
        menu.addAction(tr("Save as preset")).triggered.connect(self.save_here)
        menu.addAction(tr("Edit presets…")).triggered.connect(lambda: self._manage())


def _restored_conversation(
    current: Conversation, applied: Conversation, former: Conversation
) -> Conversation:
    """Return `current` with the settings of `former`; those changed since `applied` stay."""
    current_values = current.overrides.to_json()
    applied_values = applied.overrides.to_json()
    former_values = former.overrides.to_json()
    restored_values = {}
    for key in {**former_values, **applied_values, **current_values}:
        is_set = key in current_values
        is_changed = is_set != (key in applied_values) or (
            is_set and current_values[key] != applied_values[key]
        )
        source = current_values if is_changed else former_values
        if key in source:
            restored_values[key] = source[key]
    return replace(
        current,
        choice=former.choice if current.choice == applied.choice else current.choice,
        overrides=Overrides.from_json(restored_values),
        preset_id=former.preset_id if current.preset_id == applied.preset_id else current.preset_id,
    )
