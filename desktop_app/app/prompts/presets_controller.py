"""Presets: applied to the open conversation, created from it, and managed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop_app.app.state.presets import DEFAULT_PRESET, Presets
from desktop_app.backend.answer_settings import (
    overridden_values,
    with_override,
    with_restored,
    without_override,
)
from desktop_app.backend.preset_loader import (
    HIDDEN_PRESETS,
    built_in_presets,
    hidden_ids,
    with_built_in,
)
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.conversation import Conversation, new_id, now
from desktop_app.domain.prompts.preset import Preset, preset_of
from desktop_app.i18n.translation import N_, tr
from desktop_app.settings.schema import setting
from desktop_app.ui.widgets.program_menu import add_choice
from desktop_app.ui.widgets.text.foreign_text import menu_text

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMenu

    from desktop_app.app.chat.choice.available_models import AvailableModels
    from desktop_app.app.state.answer_setup import AnswerSetup
    from desktop_app.app.state.new_conversation import NewConversation
    from desktop_app.app.tasks import Tasks, Work
    from desktop_app.storage.settings.prompt_store import PromptStore
    from desktop_app.storage.settings.settings_store import SettingsStore
    from desktop_app.ui.library.presets_page import PresetsPage
    from desktop_app.ui.library.prompts_dialog import PromptsDialog
    from desktop_app.ui.window.conversation_pane import ConversationPane

NEW_NAME = N_("New preset")


class PresetsController(QObject):
    """Connection of the presets with the store, the open conversation and the header's menu.

    Args:
        manage: shows the page of presets.
    """

    def __init__(
        self,
        choices: AvailableModels,
        manage: Callable[[], object],
        *,
        pane: ConversationPane,
        setup: AnswerSetup,
        new_conversation: NewConversation,
        presets: Presets,
        tasks: Tasks,
        prompt_store: PromptStore,
        settings_store: SettingsStore,
    ) -> None:
        super().__init__(pane)
        self._notifications, self._header = pane.notifications, pane.header
        self._current, self._values, self._setup = setup.current, setup.values, setup
        self._new_conversation, self._presets, self._tasks = new_conversation, presets, tasks
        self._prompt_store, self._settings_store = prompt_store, settings_store
        self._choices, self._manage = choices, manage
        self._dialog: PromptsDialog | None = None
        self._save_lock = asyncio.Lock()
        pane.header.preset_menu_requested.connect(self._fill_menu)
        self._current.opened.connect(self._show_in_header)
        self._setup.choice_changed.connect(self._show_in_header)
        self._values.changed.connect(lambda _key: self._show_page())
        setup.providers.changed.connect(self._show_page)

    async def load(self) -> None:
        """Load the presets from the store."""
        stored = await self._prompt_store.presets()
        hidden = hidden_ids((await self._settings_store.all()).get(HIDDEN_PRESETS))
        self._presets.replace_all(with_built_in(stored, hidden))
        self._show()

    async def refresh(self) -> None:
        """Add presets that another process has imported."""
        found = await self._prompt_store.presets()
        new = [preset for preset in found if preset.id not in self._presets.by_id]
        for preset in new:
            self._presets.put(preset)
        if new:
            self._show()

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
        before = self._current.conversation
        after = change(before)
        if after == before:
            return
        self._setup.copy_settings(before.id, after)
        # A mistake in a menu must not lose the user's settings.
        self._notifications.notify_undo(
            message,
            lambda: self._setup.change_settings(
                before.id, lambda here: _restored_conversation(here, after, before)
            ),
        )

    def save_here(self) -> None:
        """Create a preset from the open conversation's settings, and edit its name.

        The preset contains the instructions even if they come from the defaults or the folder,
        because those may differ elsewhere.
        """
        here, instructions = self._current.conversation, self._setup.ask_settings.instructions
        if here.overrides.instructions is None and instructions:
            here = replace(here, overrides=replace(here.overrides, instructions=instructions))
        with_choice = replace(here, choice=self._setup.choice)
        created = preset_of(with_choice, new_id(), self._free_name(), now())
        created = replace(created, position=self._next_position())
        self._save(created)
        self._setup.copy_settings(self._current.id, replace(here, preset_id=created.id))
        self._manage()
        if self._dialog is not None:
            self._dialog.presets.edit(created.id)

    def _update(self, preset: Preset) -> None:
        """Change a preset to the open conversation's settings."""
        conversation = self._current.conversation
        updated = preset_of(conversation, preset.id, preset.name, now())
        self._save(replace(updated, position=preset.position, created_at=preset.created_at))
        self._notifications.notify_undo(
            tr("Preset “{name}” updated", name=preset.name), lambda: self._save(preset)
        )

    # -------------------------------------------------------------- the header

    def choose(self) -> None:
        """Open the menu of presets, or the page that creates them if there are none."""
        if self._presets.by_id:
            self._header.open_preset_menu()
        else:
            self._manage()

    def _show(self) -> None:
        self._show_in_header()
        self._show_page()

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
        current = self._presets.preset_of(conversation)
        for preset in self._presets.by_id.values():
            add_choice(menu, preset.name, preset is current, partial(self.use, preset.id))
        add_choice(menu, tr("No preset"), current is None, self.unset)
        menu.addSeparator()
        if current is not None and self._presets.is_changed(conversation):
            change = menu.addAction(menu_text(tr("Update “{name}”", name=current.name)))
            change.triggered.connect(lambda: self._update(current))
        menu.addAction(tr("Save as preset")).triggered.connect(self.save_here)
        menu.addAction(tr("Edit presets…")).triggered.connect(lambda: self._manage())

    # -------------------------------------------------------------- managing

    def connect_page(self, dialog: PromptsDialog) -> None:
        """Connect the page of presets in the dialog."""
        self._dialog = dialog
        page = dialog.presets
        page.save_requested.connect(self._save_named)
        page.override_changed.connect(
            lambda id_, key, value: self._override(id_, lambda own: with_override(own, key, value))
        )
        page.override_removed.connect(self._remove_override)
        page.examples_changed.connect(
            lambda id_, pairs: self._override(id_, lambda own: replace(own, examples=pairs))
        )
        page.new_requested.connect(self._begin_new)
        page.duplicate_requested.connect(self._duplicate)
        page.delete_requested.connect(self._delete)
        page.use_requested.connect(self.use)
        page.default_requested.connect(self._choose_default)
        self._show_page()

    @property
    def _page(self) -> PresetsPage | None:
        return None if self._dialog is None else self._dialog.presets

    def _show_page(self) -> None:
        page, values = self._page, self._values.all
        if page is not None:
            page.set_models(self._choices.models)
            page.set_values(values, lambda preset: overridden_values(preset.overrides))
            page.set_presets(list(self._presets.by_id.values()), str(values[DEFAULT_PRESET]))

    def _save(self, preset: Preset) -> None:
        self._presets.put(preset)
        self._show()
        self._tasks.start(self._write(self._prompt_store.save(presets=[preset])))

    def _save_named(self, preset: Preset) -> None:
        """Save name and choice from the page; the settings in memory may be newer."""
        known = self._presets.by_id.get(preset.id)
        self._save(preset if known is None else replace(preset, overrides=known.overrides))

    async def _write(self, work: Work) -> None:
        async with self._save_lock:
            await work

    def _override(self, preset_id: str, change: Callable[[Overrides], Overrides]) -> None:
        preset = self._presets.by_id.get(preset_id)
        if preset is not None:
            self._save(replace(preset, overrides=change(preset.overrides)))

    def _remove_override(self, preset_id: str, key: str) -> None:
        """Reset a setting of a preset to the default; offer Undo."""
        removed = overridden_values(self._presets.by_id[preset_id].overrides).get(key)
        self._override(preset_id, lambda own: without_override(own, key))
        if self._dialog is not None:
            self._dialog.status.show_message(
                tr("“{name}” reset to default", name=tr(setting(key).label)),
                lambda: self._override(preset_id, lambda own: with_restored(own, key, removed)),
            )

    def _begin_new(self) -> None:
        self._add(Preset(new_id(), self._free_name(), created_at=now()))

    def _duplicate(self, preset_id: str) -> None:
        preset = self._presets.by_id[preset_id]
        name = tr("{name} (copy)", name=preset.name)
        self._add(replace(preset, id=new_id(), name=name, created_at=now()))

    def _add(self, preset: Preset) -> None:
        self._save(replace(preset, position=self._next_position()))
        if self._page is not None:
            self._page.edit(preset.id)

    def _delete(self, preset_id: str) -> None:
        deleted = self._presets.remove(preset_id)
        self._show()
        self._tasks.start(self._write(self._delete_stored(preset_id)))

        def undo() -> None:
            self._save(deleted)
            presets = self._presets
            presets.replace_all(sorted(presets.by_id.values(), key=lambda p: p.position))
            self._show_page()
            if self._page is not None:
                self._page.list.select(deleted.id)

        if self._dialog is not None:
            self._dialog.status.show_message(tr("“{name}” deleted", name=deleted.name), undo)

    async def _delete_stored(self, preset_id: str) -> None:
        """Delete a preset. Hide a built-in preset, or it would return at the next start."""
        await self._prompt_store.remove_preset(preset_id)
        if any(preset.id == preset_id for preset in built_in_presets()):
            hidden = hidden_ids((await self._settings_store.all()).get(HIDDEN_PRESETS))
            await self._settings_store.set(HIDDEN_PRESETS, sorted(hidden | {preset_id}))

    def _choose_default(self, preset_id: str) -> None:
        self._tasks.start(self._new_conversation.set_default(DEFAULT_PRESET, preset_id))

    def _free_name(self) -> str:
        taken = {preset.name for preset in self._presets.by_id.values()}
        numbers = range(2, len(taken) + 2)
        names = (tr(NEW_NAME), *(tr("New preset {number}", number=n) for n in numbers))
        return next(name for name in names if name not in taken)

    def _next_position(self) -> int:
        shipped = {preset.id for preset in built_in_presets()}
        own = (p.position for p in self._presets.by_id.values() if p.id not in shipped)
        return max(own, default=-1) + 1


def _restored_conversation(
    here: Conversation, applied: Conversation, former: Conversation
) -> Conversation:
    """Return `here` with the settings of `former`; those changed since `applied` stay."""
    now_set, then_set, before = (each.overrides.to_json() for each in (here, applied, former))
    changed = {key: value for key, value in now_set.items() if (key, value) not in then_set.items()}
    kept = {key: before[key] for key in before if (key in now_set) == (key in then_set)}
    return replace(
        here,
        choice=former.choice if here.choice == applied.choice else here.choice,
        overrides=Overrides.from_json({**kept, **changed}),
        preset_id=former.preset_id if here.preset_id == applied.preset_id else here.preset_id,
    )
