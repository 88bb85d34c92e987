"""Presets: stored, applied to the open conversation, and edited on their page."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtWidgets import QMenu

from desktop_app.app.session import Controller, Session
from desktop_app.backend.answer_settings import (
    overridden_values,
    with_override,
    with_restored,
    without_override,
)
from desktop_app.backend.prompt_loader import HIDDEN_PRESETS, built_in_presets, with_built_in
from desktop_app.chat.ui.open_conversation import DEFAULT_PRESET
from desktop_app.composer.available_models import AvailableModels
from desktop_app.domain.answering.generation import Examples, Overrides
from desktop_app.domain.conversations.conversation import Conversation, new_id, now
from desktop_app.domain.preset import Preset, preset_of
from desktop_app.i18n.translation import N_, tr
from desktop_app.prompts.ui.presets import Presets
from desktop_app.prompts.ui.prompts_controller import PromptsController
from desktop_app.settings.schema import label_of
from desktop_app.settings.setting import SettingValue
from desktop_app.tools.ui.tools_controller import ToolsController
from desktop_app.widgets.forms.schema_form import EditRequest
from desktop_app.widgets.program_menu import add_choice, add_commands
from desktop_app.widgets.text.foreign_text import menu_text

NEW_NAME = N_("New preset")


class PresetsController(Controller):
    """Connection of the presets with the open conversation, the header's menu and their page."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._header = session.window.pane.header
        self._presets = session.of(Presets)
        self._prompts = session.of(PromptsController)  # its page has that of the presets
        self._prompt_store = session.backend.prompts
        self._settings_store = session.backend.settings
        self._header.preset_menu_requested.connect(self._fill_menu)
        for signal in (self._current.opened, self._setup.choice_changed):
            signal.connect(self._show_in_header)
        for signal in (session.values.changed, session.providers.changed):
            signal.connect(lambda *_: self.show_on_page())

    # -------------------------------------------------------------- the stored presets

    async def load(self) -> None:
        stored_presets = await self._prompt_store.presets()
        self._presets.replace_all(with_built_in(stored_presets, await self._hidden_ids()))
        self._show()

    async def _hidden_ids(self) -> set[str]:
        return set((await self._settings_store.all()).get(HIDDEN_PRESETS, ()))

    async def refresh(self) -> None:
        """Add presets that another process has imported."""
        stored_presets = await self._prompt_store.presets()
        new_presets = [preset for preset in stored_presets if preset.id not in self._presets.by_id]
        if new_presets:
            self._presets.replace_all((*self._presets.by_id.values(), *new_presets))
            self._show()

    def _save(self, preset: Preset) -> None:
        """Add or replace a preset."""
        self._presets.put(preset)
        self._show()
        self._prompts.writer.start(partial(self._prompt_store.save, presets=[preset]))

    def _add(self, preset: Preset) -> None:
        """Add a preset after all others of the user, and edit its name on the page."""
        built_in_ids = {preset.id for preset in built_in_presets()}
        own = (p.position for p in self._presets.by_id.values() if p.id not in built_in_ids)
        self._save(replace(preset, position=max(own, default=-1) + 1))
        if self._prompts.page is not None:
            self._prompts.page.presets.edit(preset.id)

    def _free_name(self) -> str:
        """Return a name for a new preset."""
        taken_names = {preset.name for preset in self._presets.by_id.values()}
        numbered = (tr("New preset {number}", number=number) for number in itertools.count(2))
        names = itertools.chain([tr(NEW_NAME)], numbered)
        return next(name for name in names if name not in taken_names)

    # -------------------------------------------------------------- in the open conversation

    def use(self, preset_id: str) -> None:
        """Apply a preset to the open conversation."""
        preset = self._presets.by_id[preset_id]
        self._change(
            lambda conversation: self._presets.apply(preset, conversation),
            tr("Preset “{name}” applied", name=preset.name),
        )

    def _change(self, change: Callable[[Conversation], Conversation], message: str) -> None:
        """Change the open conversation's settings; Undo restores its former settings."""
        former = self._current.conversation
        applied = change(former)
        if applied == former:
            return
        self._setup.copy_settings(former.id, applied)

        def restored(current: Conversation) -> Conversation:
            return replace(
                current,
                choice=former.choice,
                overrides=former.overrides,
                preset_id=former.preset_id,
            )

        self._notifications.notify_undo(
            message, lambda: self._setup.change_settings(former.id, restored)
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
        preset = preset_of(with_choice, new_id(), self._free_name(), now())
        self._prompts.manage("presets")
        self._add(preset)
        self._setup.copy_settings(self._current.id, replace(conversation, preset_id=preset.id))

    def _update(self, preset: Preset) -> None:
        """Change a preset to the open conversation's settings."""
        updated_preset = preset_of(self._current.conversation, preset.id, preset.name, now())
        self._save(replace(updated_preset, position=preset.position, created_at=preset.created_at))
        self._notifications.notify_undo(
            tr("Preset “{name}” updated", name=preset.name), lambda: self._save(preset)
        )

    # -------------------------------------------------------------- the header

    def choose(self) -> None:
        """Open the menu of presets, or the page that creates them if there are none."""
        if self._presets.by_id:
            self._header.open_preset_menu()
        else:
            self._prompts.manage("presets")

    def _show(self) -> None:
        self._show_in_header()
        self.show_on_page()

    def _show_in_header(self) -> None:
        conversation = self._current.conversation
        preset = self._presets.preset_of(conversation)
        self._header.set_preset(
            "" if preset is None else preset.name,
            is_changed=preset is not None and self._presets.is_changed(conversation),
        )

    def _fill_menu(self, menu: QMenu) -> None:
        conversation = self._current.conversation
        current_preset = self._presets.preset_of(conversation)
        for preset in self._presets.by_id.values():
            add_choice(menu, preset.name, preset is current_preset, partial(self.use, preset.id))
        unset = partial(
            self._change,
            lambda former: replace(former, overrides=Overrides(), preset_id=None),
            tr("Preset removed. The defaults apply."),
        )
        add_choice(menu, tr("No preset"), current_preset is None, unset)
        menu.addSeparator()
        if current_preset is not None and self._presets.is_changed(conversation):
            change = menu.addAction(menu_text(tr("Update “{name}”", name=current_preset.name)))
            change.triggered.connect(lambda: self._update(current_preset))
        add_commands(menu, "presets.save", "presets.manage")

    # -------------------------------------------------------------- the page

    def show_on_page(self) -> None:
        """Show the presets on their page, if it exists."""
        if self._prompts.page is not None:
            page = self._prompts.page.presets
            page.set_models(self._session.of(AvailableModels).models)
            page.set_presets(list(self._presets.by_id.values()), self._values.all)

    def edit(self, request: EditRequest) -> None:
        """Change a value in a window of its own."""
        self._session.of(ToolsController).edit(request)

    def begin_new(self) -> None:
        """Create a preset."""
        self._add(Preset(new_id(), self._free_name(), created_at=now()))

    def set_default(self, preset_id: str) -> None:
        """Use a preset for new conversations; "" for none."""
        set_default = self._session.new_conversation.set_default
        self._tasks.start(set_default(DEFAULT_PRESET, preset_id))

    def save_named(self, preset: Preset) -> None:
        """Save name and choice from the page; the settings in memory may be newer."""
        stored_preset = self._presets.by_id.get(preset.id)
        self._save(
            preset if stored_preset is None else replace(preset, overrides=stored_preset.overrides)
        )

    def override(self, preset_id: str, key: str, value: SettingValue) -> None:
        self._change_overrides(preset_id, lambda overrides: with_override(overrides, key, value))

    def set_examples(self, preset_id: str, examples: Examples) -> None:
        self._change_overrides(preset_id, lambda overrides: replace(overrides, examples=examples))

    def _change_overrides(self, preset_id: str, change: Callable[[Overrides], Overrides]) -> None:
        preset = self._presets.by_id.get(preset_id)
        if preset is not None:
            self._save(replace(preset, overrides=change(preset.overrides)))

    def remove_override(self, preset_id: str, key: str) -> None:
        """Reset a setting of a preset to the default; offer Undo."""
        removed_value = overridden_values(self._presets.by_id[preset_id].overrides).get(key)
        self._change_overrides(preset_id, lambda overrides: without_override(overrides, key))
        self._prompts.report(
            tr("“{name}” reset to default", name=tr(label_of(key))),
            lambda: self._change_overrides(
                preset_id, lambda overrides: with_restored(overrides, key, removed_value)
            ),
        )

    def duplicate(self, preset_id: str) -> None:
        """Copy a preset."""
        preset = self._presets.by_id[preset_id]
        name = tr("{name} (copy)", name=preset.name)
        self._add(replace(preset, id=new_id(), name=name, created_at=now()))

    def delete(self, preset_id: str) -> None:
        """Delete a preset; offer Undo."""
        deleted = self._presets.remove(preset_id)
        self._show()

        async def delete_stored() -> None:
            await self._prompt_store.remove_preset(preset_id)
            # A built-in preset would return at the next start.
            if any(preset.id == preset_id for preset in built_in_presets()):
                hidden = await self._hidden_ids()
                await self._settings_store.set(HIDDEN_PRESETS, sorted(hidden | {preset_id}))

        self._prompts.writer.start(delete_stored)

        def undo() -> None:
            self._save(deleted)
            if self._prompts.page is not None:
                self._prompts.page.presets.select(deleted.id)

        self._prompts.report(tr("“{name}” deleted", name=deleted.name), undo)
