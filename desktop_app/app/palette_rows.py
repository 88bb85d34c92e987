"""Rows of the palette besides commands: prompts, presets, models, settings, collections."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from desktop_app.commands.command_search import PaletteEntry
from desktop_app.commands.palette_index import CONVERSATION
from desktop_app.i18n.translation import tr
from desktop_app.settings.schema import SETTINGS
from desktop_app.settings.setting import Group

if TYPE_CHECKING:
    from desktop_app.app.controllers import Controllers
    from desktop_app.ui.window.main_window import MainWindow

PaletteRow = tuple[PaletteEntry, Callable[[], object]]

_PAGES: Final = {
    Group.PROVIDER: "provider",
    Group.ANSWER: "answer",
    Group.LOOK: "look",
    Group.LIBRARY: "library",
    Group.BACKUP: "library",
    Group.DOCUMENTS: "library",
    Group.DESKTOP: "look",
}
_UNSHOWN: Final = ("default.provider", "default.preset", "local_model.weights")


class PaletteRows:
    """The rows of the window's controllers, each with its action."""

    def __init__(self, window: MainWindow, its: Controllers) -> None:
        self._window, self._its = window, its

    def rows(self) -> list[PaletteRow]:
        """Return the rows that are known at once."""
        its, rows = self._its, list[PaletteRow]()
        for prompt in its.state.prompts.offered:
            entry = PaletteEntry(f"prompt:{prompt.id}", prompt.title, tr("Prompt"))
            rows.append((entry, partial(self._window.prompt.slash.take, prompt)))
        for preset in its.state.presets.by_id.values():
            entry = PaletteEntry(f"preset:{preset.id}", preset.name, tr("Preset"))
            rows.append((entry, partial(its.presets.use, preset.id)))
        for model in its.choices.models:
            name = f"{model.provider_name}: {model.name}"
            entry = PaletteEntry(f"model:{model.provider_id}:{model.name}", name, tr("Model"))
            choose = partial(its.choices.choice_with, model)
            rows.append((entry, lambda choose=choose: its.state.setup.choose(choose())))  # type: ignore[misc]
        for declared in SETTINGS:
            page = _PAGES.get(declared.group, "")
            if page and declared.key not in _UNSHOWN:
                entry = PaletteEntry(f"setting:{declared.key}", tr(declared.label), tr("Settings"))
                rows.append((entry, partial(self._show_setting, page, declared.key)))
        return rows

    async def collections(self) -> list[PaletteRow]:
        """Return the rows of the collections, which are read from the store."""
        return [
            (
                PaletteEntry(f"collection:{id_}", name, tr("Collection")),
                partial(self._its.collections.put_into_draft, id_),
            )
            for id_, name in await self._its.collections.names()
        ]

    async def titles(self) -> list[tuple[str, str]]:
        """Return id and title of all conversations outside the trash, the newest first."""
        return await self._its.state.backend.conversations.titles()

    def open_conversation(self, row_id: str) -> None:
        """Open the conversation of a row."""
        library = self._its.library
        self._its.tasks.start(library.open(row_id.removeprefix(CONVERSATION)))

    def _show_setting(self, page: str, key: str) -> None:
        self._window.show_settings(True)
        self._window.settings.show_setting(page, key)
