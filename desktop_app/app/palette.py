"""The search of the main window: conversations, messages, commands, settings and more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from typing import Final

from PySide6.QtCore import QObject, QTimer

from desktop_app.app.session import Session
from desktop_app.app.window.command_palette import CommandPalette
from desktop_app.composer.choice.choice_view import ModelEntry
from desktop_app.domain.conversations.conversation import SearchHit
from desktop_app.i18n.translation import N_, tr
from desktop_app.library.ui.search.search_filters import SearchFilters
from desktop_app.library.ui.search.search_hits import (
    HIT,
    ConversationHits,
    SearchDelegate,
    group_hits,
)
from desktop_app.settings.schema import SETTINGS
from desktop_app.shortcuts.command import KEYS_ONLY
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

USES_KEY = "palette.uses"  # the key of the stored use counts
_SEARCH_PAUSE_MS: Final = 120  # the pause in typing after which messages are searched
_RECENT_COUNT: Final = 5  # conversations before anything is typed
_MAX_ENTRIES: Final = 12
_MAX_PASSAGES: Final = 3  # conversations with passages below the entries
_MESSAGES_ROW: Final = "messages"


class Palette(QObject):
    """The search of the window: conversations, messages and all `actions` and `rows` by name.

    Of equal matches, the most used come first. Each opening loads conversations and collections.
    The messages that contain the words follow; the last row shows all of them, with filters.
    """

    def __init__(
        self, session: Session, actions: Mapping[str, Callable[[], object]], rows: PaletteRows
    ) -> None:
        super().__init__(session.window)
        self._session = session
        self._actions = actions
        self._rows = rows
        self._tasks = session.tasks
        self._use_counts: UseCounts | None = None
        self._titles: list[FoldedTitle] = []
        self._actions_by_row: dict[str, Callable[[], object]] = {}
        self._entries: dict[str, PaletteEntry] = {}
        self._hits: list[SearchHit] = []
        self._opened_hits_of = ""  # the words whose hit was opened last
        self._shows_messages = False
        self._search_task: asyncio.Future[None] | None = None
        self._pause = QTimer(self, singleShot=True, interval=_SEARCH_PAUSE_MS)
        self._pause.timeout.connect(self._search)

    def toggle(self) -> None:
        """Show the palette, or hide it.

        After a hit was opened, its words are there again, for the next hit.
        """
        if self.widget.isVisible():
            self.widget.dismiss()
        else:
            self._open(shows_messages=False)

    def open_messages(self) -> None:
        """Show the palette for messages only, with filters."""
        self._open(shows_messages=True)

    def _open(self, *, shows_messages: bool) -> None:
        keymap = Keymap.from_settings(self._session.values.all)
        listed_commands = [c for c in keymap if c.id in self._actions and c.id not in KEYS_ONLY]
        commands = [
            e._replace(keys=shortcut_text(e.keys)) for e in command_entries(listed_commands, keymap)
        ]
        self._entries = {entry.id: entry for entry in commands}
        self._actions_by_row = dict(self._actions)
        self._add_rows(self._rows.rows())
        self._hits = []
        self.filters.clear()
        folders = self._session.folders.by_id.values()
        self.filters.set_folders(sorted(folders, key=lambda folder: folder.name.casefold()))
        self._set_messages(shows_messages)
        self.widget.open_with(commands, self._find)
        self.widget.field.setText(self._opened_hits_of)
        self.widget.field.selectAll()
        self._tasks.start(self._load_stored())

    def _set_messages(self, shows_messages: bool) -> None:
        self._shows_messages = shows_messages
        self.filters.setVisible(shows_messages)

    def _add_rows(self, rows: list[PaletteRow]) -> None:
        self._entries |= {entry.id: entry for entry, _ in rows}
        self._actions_by_row |= {entry.id: action for entry, action in rows}

    # -------------------------------------------------------------- rows

    def _find(self, query: str) -> list[PaletteEntry | ConversationHits]:
        query = query.strip()
        if self._shows_messages:
            is_filtered = self.filters.is_active
            no_hits = tr("No results with these filters") if is_filtered else tr("No results")
            self.widget.empty_label.setText(no_hits if query else "")
            return [*group_hits(self._hits)] if query else []
        uses = self._use_counts or UseCounts({})  # until the stored counts are loaded
        entries = [*self._entries.values()]
        if not query:
            recent = [
                PaletteEntry(CONVERSATION + title.id, title.title, tr("Conversation"))
                for title in self._titles[: _RECENT_COUNT + 1]
                if title.id != self._session.current.id
            ]
            return [*recent[:_RECENT_COUNT], *find_entries("", entries, (), uses)]
        found = find_entries(query, entries, self._titles, uses, tr("Conversation"))
        passages = [row for row in group_hits(self._hits) if row.hit.message_id]
        words = tr("Search messages for “{words}”", words=query)
        return [
            *found[:_MAX_ENTRIES],
            *passages[:_MAX_PASSAGES],
            PaletteEntry(_MESSAGES_ROW, words, keys=self._messages_keys),
        ]

    @property
    def _messages_keys(self) -> str:
        keymap = Keymap.from_settings(self._session.values.all)
        return shortcut_text(keymap.shortcut_of("list.search"))

    async def _load_stored(self) -> None:
        """Load use counts, conversations and collections, and search again."""
        if self._use_counts is None:
            stored = await self._session.backend.settings.all()
            self._use_counts = UseCounts(stored.get(USES_KEY))
        titles = await self._session.backend.conversations.titles()
        self._titles = await asyncio.to_thread(fold_titles, titles)
        self._add_rows(await self._rows.collections())
        if self.widget.isVisible():
            self.widget.search_again()

    # -------------------------------------------------------------- messages

    def _on_typed(self, text: str) -> None:
        if text.strip():
            self._pause.start()
        else:
            self._search()

    def _search(self) -> None:
        """Cancel the previous search of messages, and search for the typed words."""
        self._pause.stop()
        if self._search_task is not None:
            self._search_task.cancel()
            self._search_task = None
        query = self.widget.field.text().strip()
        if query:
            self._search_task = self._tasks.start(self._find_messages(query))
        else:
            self._hits = []

    async def _find_messages(self, query: str) -> None:
        hits = await self._session.backend.search.find(
            query, search_filter=self.filters.current, order=self.filters.order
        )
        # The store may still find a conversation that was just trashed.
        cache = self._session.list_presenter.cache
        cached = {hit.conversation_id: cache.get(hit.conversation_id) for hit in hits}
        trashed_ids = {id_ for id_, c in cached.items() if c is not None and c.trashed_at}
        self._hits = [hit for hit in hits if hit.conversation_id not in trashed_ids]
        if self.widget.isVisible():
            self.widget.search_again()

    # -------------------------------------------------------------- choice

    def _choose(self, row_id: str) -> None:
        if row_id == _MESSAGES_ROW:
            self._set_messages(True)
            self.widget.search_again()
            return
        if row_id.startswith(HIT):
            row = next(row for row in group_hits(self._hits) if row.id == row_id)
            self._opened_hits_of = self.widget.field.text()
            hit = row.hit
            self._show_conversation(hit.conversation_id, hit.message_id or "", hit.first_match)
            return
        self._opened_hits_of = ""
        if self._use_counts is not None:  # saving before they are loaded would replace them
            self._use_counts.count_choice(row_id)
            settings = self._session.backend.settings
            self._tasks.start(settings.set(USES_KEY, self._use_counts.stored))
        if row_id.startswith(CONVERSATION):
            self._show_conversation(row_id.removeprefix(CONVERSATION))
        else:
            self._actions_by_row[row_id]()

    def _show_conversation(self, id_: str, message_id: str = "", words: str = "") -> None:
        panes = self._session.window.outer_panes
        if panes.drawer is not None:
            panes.close_drawer()
        self._tasks.start(self._session.navigator.open(id_, message_id, words))

    @cached_property
    def filters(self) -> SearchFilters:
        """Return the filters of messages."""
        filters = SearchFilters()
        filters.hide()
        filters.changed.connect(self._search)
        return filters

    @cached_property
    def widget(self) -> CommandPalette:
        """Return the field with its rows."""
        widget = CommandPalette(
            self._session.window,
            name="command-palette",
            label=tr("Search conversations, messages, and commands"),
            empty_text=tr("Nothing found"),
            delegate=SearchDelegate(self),
        )
        widget.staying_ids = frozenset({_MESSAGES_ROW})
        widget.add_filters(self.filters, self.filters.buttons)
        widget.field.textChanged.connect(self._on_typed)
        widget.chosen.connect(self._choose)
        return widget


PaletteRow = tuple[PaletteEntry, Callable[[], object]]

# Title, page, the name of the field or section to show, "" for only the page, and synonyms.
_PLACES: Final = (
    (N_("Provider"), "provider", "provider", N_("Ollama LM Studio llama.cpp vLLM Jan account")),
    (N_("Base URL"), "provider", "base-url", N_("server address")),
    (N_("Monthly limit (US dollars)"), "provider", "monthly-cap", N_("budget cap")),
    (N_("Chat"), "answer", "", N_("responses answers")),
    (N_("Look"), "look", "", N_("appearance colors")),
    (N_("Shortcuts"), "keys", "", N_("keyboard keys hotkeys")),
    (N_("Tool servers"), "servers", "", N_("MCP")),
    (N_("Data"), "library", "", ""),
    (N_("Import and export"), "library", "", ""),
    (N_("Backups"), "library", "", ""),
    (N_("Delete everything"), "library", "delete-everything", ""),
    (N_("About"), "about", "", ""),
)


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
            page = setting.group.page
            if page:
                label = tr(setting.label)
                # The values come first: the words that find a setting may name one of them.
                for choice in setting.choices:
                    title = tr("{label}: {value}", label=label, value=tr(choice.label))
                    entry = PaletteEntry(f"value:{setting.key}:{choice.value}", title)
                    rows.append((entry, partial(self._set, setting.key, choice.value)))
                entry = PaletteEntry(
                    f"setting:{setting.key}", label, tr("Settings"), keywords=tr(setting.words)
                )
                rows.append((entry, partial(self._show_setting, page, setting.key)))
        return [*rows, *self._place_rows()]

    def _place_rows(self) -> Iterator[PaletteRow]:
        """Yield the pages of the settings, and fields and sections on them that are no settings."""
        category = tr("Settings")
        providers = self._session.providers_controller
        show_settings = partial(self._window.outer_panes.show_settings, True)
        # Without this row, the first for "settings" is a command for the settings of a folder.
        yield (
            PaletteEntry("place:settings", category, keywords=tr("preferences options")),
            show_settings,
        )
        yield PaletteEntry("place:key", tr("API key"), category), providers.open_at_key
        network = tr("Network and privacy")
        yield PaletteEntry("place:network", network, category), providers.open_at_network
        for title, page, name, synonyms in _PLACES:
            keywords = tr(synonyms) if synonyms else ""
            id_ = f"place:{page}:{title}"
            entry = PaletteEntry(id_, tr(title), category, keywords=keywords)
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

    def _set(self, key: str, value: str) -> None:
        self._window.settings.pages.change(key, value)

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
