"""The palette of the main window: commands, conversations, prompts, settings and more by name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from desktop_app.app.session import Session
from desktop_app.app.tasks import Tasks
from desktop_app.app.window.command_palette import CommandPalette
from desktop_app.composer.choice.choice_view import ModelEntry
from desktop_app.i18n.translation import N_, tr
from desktop_app.providers.ui.providers import SettingValues
from desktop_app.settings.schema import SETTINGS
from desktop_app.settings.setting import Group
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.shortcuts.command_search import (
    CONVERSATION,
    FoldedTitle,
    PaletteEntry,
    UseCounts,
    command_entries,
    find_entries,
    fold_titles,
)
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.widgets.look.shortcut_text import shortcut_text

PALETTE_COMMAND = "palette.open"
USES_KEY = "palette.uses"  # the key of the stored use counts


class Palette(QObject):
    """Search of all `actions` and `rows` by name; of equal matches, the most used come first.

    Each opening loads conversations and collections; they are found once they are loaded.
    """

    def __init__(
        self,
        parent: QWidget,
        actions: Mapping[str, Callable[[], object]],
        rows: PaletteRows,
        *,
        values: SettingValues,
        tasks: Tasks,
        settings_store: SettingsStore,
    ) -> None:
        super().__init__(parent)
        self._parent = parent
        self._values = values
        self._actions = actions
        self._rows = rows
        self._tasks = tasks
        self._settings_store = settings_store
        self._widget: CommandPalette | None = None
        self._use_counts: UseCounts | None = None
        self._titles: list[FoldedTitle] = []
        self._actions_by_row: dict[str, Callable[[], object]] = {}
        self._entries: dict[str, PaletteEntry] = {}

    def toggle(self) -> None:
        """Show the palette, or hide it."""
        if self._widget is None:
            self._widget = self._make_widget()
        if self._widget.isVisible():
            self._widget.dismiss()
            return
        keymap = Keymap.from_settings(self._values.all)
        offered_commands = [c for c in keymap if c.id in self._actions and c.id != PALETTE_COMMAND]
        commands = [
            e._replace(keys=shortcut_text(e.keys))
            for e in command_entries(offered_commands, keymap)
        ]
        self._entries = {entry.id: entry for entry in commands}
        self._actions_by_row = dict(self._actions)
        self._add_rows(self._rows.rows())
        self._widget.open_with(commands, self._find)
        self._tasks.start(self._load_stored())

    def _add_rows(self, rows: list[PaletteRow]) -> None:
        self._entries |= {entry.id: entry for entry, _ in rows}
        self._actions_by_row |= {entry.id: action for entry, action in rows}

    def _find(self, query: str) -> list[PaletteEntry]:
        uses = self._use_counts or UseCounts({})  # until the stored counts are loaded
        entries = [*self._entries.values()]
        return find_entries(query, entries, self._titles, uses, tr("Conversation"))

    async def _load_stored(self) -> None:
        """Load use counts, conversations and collections, and search again."""
        if self._use_counts is None:
            self._use_counts = UseCounts((await self._settings_store.all()).get(USES_KEY))
        titles = await self._rows.titles()
        self._titles = await asyncio.to_thread(fold_titles, titles)
        self._add_rows(await self._rows.collections())
        if self._widget is not None and self._widget.isVisible():
            self._widget.search_again()

    def _choose(self, row_id: str) -> None:
        if self._use_counts is not None:  # saving before they are loaded would replace them
            self._use_counts.count_choice(row_id)
            self._tasks.start(self._settings_store.set(USES_KEY, self._use_counts.stored))
        if row_id.startswith(CONVERSATION):
            self._rows.open_conversation(row_id)
        else:
            self._actions_by_row[row_id]()

    def _make_widget(self) -> CommandPalette:
        # Imported here, because the start does not need it.
        from desktop_app.app.window.command_palette import CommandPalette

        widget = CommandPalette(
            self._parent,
            name="command-palette",
            label=tr("Search everything"),
            empty_text=tr("Nothing found"),
        )
        widget.chosen.connect(self._choose)
        return widget


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

    def __init__(self, session: Session) -> None:
        self._window = session.window
        self._session = session

    def rows(self) -> list[PaletteRow]:
        """Return the rows that are known at once."""
        session = self._session
        rows: list[PaletteRow] = []
        for prompt in session.prompts.offered_prompts:
            entry = PaletteEntry(f"prompt:{prompt.id}", prompt.title, tr("Prompt"))
            rows.append((entry, partial(self._window.prompt.completer.insert_prompt, prompt)))
        for preset in session.presets.by_id.values():
            entry = PaletteEntry(f"preset:{preset.id}", preset.name, tr("Preset"))
            rows.append((entry, partial(session.presets_controller.use, preset.id)))
        for model in session.choices.models:
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
        providers = self._session.providers_controller
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
                partial(self._session.collections.ask_in_draft, id_),
            )
            for id_, name in await self._session.collections.names()
        ]

    async def titles(self) -> list[tuple[str, str]]:
        """Return id and title of all conversations outside the trash, the newest first."""
        return await self._session.backend.conversations.titles()

    def open_conversation(self, row_id: str) -> None:
        """Open the conversation of a row."""
        navigator = self._session.navigator
        self._session.tasks.start(navigator.open(row_id.removeprefix(CONVERSATION)))

    def _choose_model(self, model: ModelEntry) -> None:
        session = self._session
        session.setup.choose(session.choices.choice_with(model))

    def _show_place(self, page: str, name: str) -> None:
        self._window.outer_panes.show_settings(True)
        self._window.settings.show_page(page)
        if name:
            self._window.settings.show_setting(page, name)
            self._window.settings.show_section(page, name)

    def _show_setting(self, page: str, key: str) -> None:
        self._window.outer_panes.show_settings(True)
        self._window.settings.show_setting(page, key)
