"""Rows of the palette besides commands: prompts, presets, models, settings, collections."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from desktop_app.app.controllers import Controllers
from desktop_app.commands.command_search import CONVERSATION, PaletteEntry
from desktop_app.i18n.translation import N_, tr
from desktop_app.settings.schema import SETTINGS
from desktop_app.settings.setting import Group
from desktop_app.ui.composer.choice.choice_view import ModelEntry
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
# Title, page, and the name of the field or section to show; "" shows only the page.
_PLACES: Final = (
    (N_("Provider"), "provider", "provider"),
    (N_("Base URL"), "provider", "base-url"),
    (N_("Monthly limit (US dollars)"), "provider", "monthly-cap"),
    (N_("Responses"), "answer", ""),
    (N_("Appearance"), "look", ""),
    (N_("Shortcuts"), "keys", ""),
    (N_("Tool servers"), "servers", ""),
    (N_("Data"), "library", ""),
    (N_("Import and export"), "library", ""),
    (N_("Backups"), "library", ""),
    (N_("Document limits"), "library", "document-limits"),
    (N_("Delete everything"), "library", "delete-everything"),
    (N_("About"), "about", ""),
)
_HIDDEN_KEYS: Final = ("default.provider", "default.preset", "local_model.weights")


class PaletteRows:
    """The rows of the window's controllers, each with its action."""

    def __init__(self, window: MainWindow, controllers: Controllers) -> None:
        self._window = window
        self._controllers = controllers

    def rows(self) -> list[PaletteRow]:
        """Return the rows that are known at once."""
        controllers = self._controllers
        rows: list[PaletteRow] = []
        for prompt in controllers.state.prompts.offered_prompts:
            entry = PaletteEntry(f"prompt:{prompt.id}", prompt.title, tr("Prompt"))
            rows.append((entry, partial(self._window.prompt.completer.insert_prompt, prompt)))
        for preset in controllers.state.presets.by_id.values():
            entry = PaletteEntry(f"preset:{preset.id}", preset.name, tr("Preset"))
            rows.append((entry, partial(controllers.composer.presets.use, preset.id)))
        for model in controllers.composer.choices.models:
            name = f"{model.provider_name}: {model.name}"
            entry = PaletteEntry(f"model:{model.provider_id}:{model.model}", name, tr("Model"))
            rows.append((entry, partial(self._choose_model, model)))
        for setting in SETTINGS:
            page = _PAGES.get(setting.group, "")
            if page and setting.key not in _HIDDEN_KEYS:
                entry = PaletteEntry(
                    f"setting:{setting.key}",
                    tr(setting.label),
                    tr("Settings"),
                    keywords=" ".join(tr(choice.label) for choice in setting.choices),
                )
                rows.append((entry, partial(self._show_setting, page, setting.key)))
        return [*rows, *self._place_rows()]

    def _place_rows(self) -> Iterator[PaletteRow]:
        """Yield the pages of the settings, and fields and sections on them that are no settings."""
        category = tr("Settings")
        providers = self._controllers.panel.providers
        show_settings = partial(self._window.outer_panes.show_settings, True)
        # Without this row, the first for "settings" is a command for the settings of a folder.
        yield PaletteEntry("place:settings", category), show_settings
        yield PaletteEntry("place:key", tr("API key"), category), providers.open_at_key
        network = tr("Network and privacy")
        yield PaletteEntry("place:network", network, category), providers.open_at_network
        for title, page, name in _PLACES:
            entry = PaletteEntry(f"place:{page}:{title}", tr(title), category)
            yield entry, partial(self._show_place, page, name)

    async def collections(self) -> list[PaletteRow]:
        """Return the rows of the collections, which are read from the store."""
        return [
            (
                PaletteEntry(f"collection:{id_}", name, tr("Collection")),
                partial(self._controllers.composer.collections.ask_in_draft, id_),
            )
            for id_, name in await self._controllers.composer.collections.names()
        ]

    async def titles(self) -> list[tuple[str, str]]:
        """Return id and title of all conversations outside the trash, the newest first."""
        return await self._controllers.state.backend.conversations.titles()

    def open_conversation(self, row_id: str) -> None:
        """Open the conversation of a row."""
        navigator = self._controllers.sidebar.navigator
        self._controllers.tasks.start(navigator.open(row_id.removeprefix(CONVERSATION)))

    def _choose_model(self, model: ModelEntry) -> None:
        controllers = self._controllers
        controllers.state.setup.choose(controllers.composer.choices.choice_with(model))

    def _show_place(self, page: str, name: str) -> None:
        self._window.outer_panes.show_settings(True)
        self._window.settings.show_page(page)
        if name:
            self._window.settings.show_setting(page, name)
            self._window.settings.show_section(page, name)

    def _show_setting(self, page: str, key: str) -> None:
        self._window.outer_panes.show_settings(True)
        self._window.settings.show_setting(page, key)
