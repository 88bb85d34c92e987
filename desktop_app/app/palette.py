"""The palette of the main window: commands, conversations, prompts, settings and more by name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from desktop_app.app.palette_rows import PaletteRow, PaletteRows
from desktop_app.app.state.setting_values import SettingValues
from desktop_app.app.tasks import Tasks
from desktop_app.commands.command_search import (
    CONVERSATION,
    FoldedTitle,
    PaletteEntry,
    UseCounts,
    command_entries,
    find_entries,
    fold_titles,
)
from desktop_app.commands.keymap import Keymap
from desktop_app.i18n.translation import tr
from desktop_app.storage.settings.settings_store import SettingsStore
from desktop_app.ui.look.shortcut_text import shortcut_text
from desktop_app.ui.window.command_palette import CommandPalette

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
        from desktop_app.ui.window.command_palette import CommandPalette

        widget = CommandPalette(
            self._parent,
            name="command-palette",
            label=tr("Search everything"),
            empty_text=tr("Nothing found"),
        )
        widget.chosen.connect(self._choose)
        return widget
