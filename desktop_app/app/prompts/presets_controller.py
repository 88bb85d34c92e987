"""Presets: put into force in the open conversation, made out of it, and managed beside the prompts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop_app.backend.answer_settings import own_values, with_own, without_own
from desktop_app.domain.conversations.conversation import Conversation, new_id, now
from desktop_app.domain.conversations.generation import Overrides
from desktop_app.domain.conversations.presets import Preset, preset_of
from desktop_app.ui.widgets.foreign_text import menu_text

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMenu

    from desktop_app.app.chat.choice_controller import ChoiceController
    from desktop_app.app.tasks import Work
    from desktop_app.app.workspace import Workspace
    from desktop_app.ui.library.presets_page import PresetsPage
    from desktop_app.ui.library.prompts_dialog import PromptsDialog
    from desktop_app.ui.window.main_window import MainWindow

DEFAULT = "default.preset"
NEW_NAME = "New preset"


class PresetsController(QObject):
    """Between the store, the open conversation, and the header's menu.

    Args:
        manage: shows the page of presets.
    """

    def __init__(
        self,
        window: MainWindow,
        workspace: Workspace,
        prompt: ChoiceController,
        manage: Callable[[], object],
    ) -> None:
        super().__init__(window)
        self._window, self._workspace, self._prompt = window, workspace, prompt
        self._manage = manage
        self._presets: dict[str, Preset] = {}
        self._dialog: PromptsDialog | None = None
        self._saving = asyncio.Lock()
        workspace.begin_with = self.begun
        window.header.preset_menu_requested.connect(self._fill_menu)
        workspace.opened.connect(self._show)
        workspace.choice_changed.connect(self._show)
        workspace.values_changed.connect(lambda _key: self._show_page())
        workspace.profiles_changed.connect(self._show_page)

    async def load(self) -> None:
        """Read the store."""
        found = await self._workspace.backend.prompts.presets()
        self._presets = {preset.id: preset for preset in found}
        self._show()
        self._show_page()

    async def refresh(self) -> None:
        """Take in what an import beside the window has brought."""
        found = await self._workspace.backend.prompts.presets()
        new = {preset.id: preset for preset in found if preset.id not in self._presets}
        if new:
            self._presets |= new
            self._show()
            self._show_page()

    # -------------------------------------------------------------- in the open conversation

    def of(self, conversation: Conversation) -> Preset | None:
        """The preset that was put into force in a conversation last, if it is still there."""
        return self._presets.get(conversation.preset_id or "")

    def is_changed(self, conversation: Conversation) -> bool:
        """Whether a conversation's settings are others since."""
        preset = self.of(conversation)
        if preset is None:
            return False
        applied = self._with(preset, conversation)
        return (applied.choice, applied.overrides) != (
            conversation.choice,
            conversation.overrides,
        )

    def begun(self, conversation: Conversation) -> Conversation:
        """A new conversation with the preset that was chosen for it, else with the default one, if
        there is one."""
        wanted = conversation.preset_id or str(self._workspace.values[DEFAULT])
        preset = self._presets.get(wanted)
        return conversation if preset is None else self._with(preset, conversation)

    def _with(self, preset: Preset, conversation: Conversation) -> Conversation:
        """What does not fit the provider that answers is left aside; what its model does not take is
        refused where it is shown."""
        workspace = self._workspace
        known = {profile.id: profile for profile in workspace.profiles}
        if preset.provider_id not in known:
            preset = replace(preset, provider_id="", model="")
        profile = known.get(preset.provider_id) or workspace.profile_of(conversation)
        choice = preset.choice_from(
            conversation.choice, serves_the_family=profile.serves_the_family
        )
        return replace(conversation, choice=choice, overrides=preset.overrides, preset_id=preset.id)

    def use(self, preset_id: str) -> None:
        """Put a preset into force in the open conversation."""
        preset = self._presets[preset_id]
        self._change(
            lambda conversation: self._with(preset, conversation),
            f"“{preset.name}” is in use here.",
        )

    def leave(self) -> None:
        """No preset in the open conversation: its settings follow the defaults again."""
        self._change(
            lambda conversation: replace(conversation, overrides=Overrides(), preset_id=None),
            "No preset is in use here; the settings follow the defaults.",
        )

    def _change(self, change: Callable[[Conversation], Conversation], words: str) -> None:
        workspace = self._workspace
        before = workspace.conversation
        after = change(before)
        if after == before:
            return
        workspace.take_settings(before.id, after)
        # What one had set by hand is not lost with a slip in a menu.
        self._window.notifications.notify(
            words, [("Undo", lambda: workspace.take_settings(before.id, before))]
        )

    def save_here(self) -> None:
        """Make a preset out of the open conversation's settings, and have it named. The instructions
        are a part of it wherever they come from: of the defaults or a folder they would be others
        elsewhere."""
        workspace = self._workspace
        here, words = workspace.conversation, workspace.ask_settings.instructions
        if here.overrides.instructions is None and words:
            here = replace(here, overrides=replace(here.overrides, instructions=words))
        resolved = replace(here, choice=workspace.choice)
        made = preset_of(resolved, new_id(), self._free_name(), now())
        made = replace(made, position=self._next_position())
        self._save(made)
        workspace.take_settings(workspace.conversation.id, replace(here, preset_id=made.id))
        self._manage()
        if self._dialog is not None:
            self._dialog.presets.edit(made.id)

    def _update(self, preset: Preset) -> None:
        """The open conversation's settings are the preset's from now on."""
        conversation = self._workspace.conversation
        made = preset_of(conversation, preset.id, preset.name, now())
        self._save(replace(made, position=preset.position, created_at=preset.created_at))
        self._window.notifications.notify(
            f"“{preset.name}” has the settings of this conversation.",
            [("Undo", lambda: self._save(preset))],
        )

    # -------------------------------------------------------------- the header

    def choose(self) -> None:
        """Open the menu of presets; where there are none, the page where they are made."""
        if self._presets:
            self._window.header.open_preset_menu()
        else:
            self._manage()

    def _show(self) -> None:
        conversation = self._workspace.conversation
        preset = self.of(conversation)
        name = "" if preset is None else preset.name
        self._window.header.set_preset(
            name, is_offered=bool(self._presets), is_changed=self.is_changed(conversation)
        )

    def _fill_menu(self, menu: QMenu) -> None:
        conversation = self._workspace.conversation
        current = self.of(conversation)
        for preset in self._presets.values():
            action = menu.addAction(menu_text(preset.name))
            action.setCheckable(True)
            action.setChecked(preset is current)
            action.triggered.connect(lambda _=False, id_=preset.id: self.use(id_))
        none = menu.addAction("No preset")
        none.setCheckable(True)
        none.setChecked(current is None)
        none.triggered.connect(lambda _=False: self.leave())
        menu.addSeparator()
        if current is not None and self.is_changed(conversation):
            change = menu.addAction(menu_text(f"Change “{current.name}” to these settings"))
            change.triggered.connect(lambda: self._update(current))
        menu.addAction("Save these settings as a preset").triggered.connect(self.save_here)
        menu.addAction("Edit presets…").triggered.connect(lambda: self._manage())

    # -------------------------------------------------------------- managing

    def join(self, dialog: PromptsDialog) -> None:
        """Serve the page of presets in the window that was made."""
        self._dialog = dialog
        page = dialog.presets
        page.save_requested.connect(self._save_named)
        page.override_changed.connect(
            lambda id_, key, value: self._override(id_, lambda own: with_own(own, key, value))
        )
        page.override_removed.connect(
            lambda id_, key: self._override(id_, lambda own: without_own(own, key))
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
        page, values = self._page, self._workspace.values
        if page is not None:
            page.set_models(self._prompt.models)
            page.set_values(values, lambda preset: own_values(preset.overrides))
            page.set_presets(list(self._presets.values()), str(values[DEFAULT]))

    def _save(self, preset: Preset) -> None:
        self._presets[preset.id] = preset
        self._show()
        self._show_page()
        self._start(self._write(self._workspace.backend.prompts.save(presets=[preset])))

    def _save_named(self, preset: Preset) -> None:
        """The page knows name and choice; what is set in it may be newer here."""
        known = self._presets.get(preset.id)
        self._save(preset if known is None else replace(preset, overrides=known.overrides))

    async def _write(self, work: Work) -> None:
        async with self._saving:
            await work

    def _start(self, work: Work) -> None:
        self._workspace.tasks.start(work)

    def _override(self, preset_id: str, change: Callable[[Overrides], Overrides]) -> None:
        preset = self._presets.get(preset_id)
        if preset is not None:
            self._save(replace(preset, overrides=change(preset.overrides)))

    def _begin_new(self) -> None:
        self._add(Preset(new_id(), self._free_name(), created_at=now()))

    def _duplicate(self, preset_id: str) -> None:
        preset = self._presets[preset_id]
        self._add(replace(preset, id=new_id(), name=f"{preset.name} (copy)", created_at=now()))

    def _add(self, preset: Preset) -> None:
        self._save(replace(preset, position=self._next_position()))
        if self._page is not None:
            self._page.edit(preset.id)

    def _delete(self, preset_id: str) -> None:
        gone = self._presets.pop(preset_id)
        self._show()
        self._show_page()
        self._start(self._write(self._workspace.backend.prompts.remove_preset(preset_id)))

        def undo() -> None:
            self._save(gone)
            self._presets = dict(sorted(self._presets.items(), key=lambda p: p[1].position))
            self._show_page()
            if self._page is not None:
                self._page.select(gone.id)

        if self._dialog is not None:
            self._dialog.say(f"“{gone.name}” was deleted.", undo)

    def _choose_default(self, preset_id: str) -> None:
        self._start(self._workspace.set_value(DEFAULT, preset_id))

    def _free_name(self) -> str:
        taken = {preset.name for preset in self._presets.values()}
        names = (NEW_NAME if n == 1 else f"{NEW_NAME} {n}" for n in range(1, len(taken) + 2))
        return next(name for name in names if name not in taken)

    def _next_position(self) -> int:
        return max((p.position for p in self._presets.values()), default=-1) + 1
