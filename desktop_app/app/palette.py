"""The search of the main window: conversations, messages, commands, settings and more."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction

from desktop_app.app.feature import Action
from desktop_app.app.features import ACTIONS, FEATURES, PLACES
from desktop_app.app.navigator import Navigator
from desktop_app.app.session import Session
from desktop_app.app.window.command_palette import CommandPalette, PaletteRow
from desktop_app.app.window.settings_panel import PAGES
from desktop_app.composer.available_models import AvailableModels
from desktop_app.domain.conversations.conversation import SearchHit
from desktop_app.domain.models.model_entry import ModelEntry
from desktop_app.i18n.translation import tr
from desktop_app.library.ui.list_presenter import ListPresenter
from desktop_app.library.ui.message_search import (
    ConversationHits,
    SearchDelegate,
    SearchFilters,
    group_hits,
)
from desktop_app.providers.ui.providers_controller import ProvidersController
from desktop_app.settings.schema import SETTINGS
from desktop_app.shortcuts.command_search import (
    CONVERSATION,
    FoldedTitles,
    PaletteEntry,
    count_use,
    find_entries,
)
from desktop_app.widgets.look.shortcut_text import shortcut_text

USES_KEY = "palette.uses"  # the key of the stored use counts
_SEARCH_PAUSE_MS: Final = 120  # the pause in typing after which messages are searched
_RECENT_COUNT: Final = 5  # conversations before anything is typed
_MAX_ENTRIES: Final = 12
_MAX_PASSAGES: Final = 3  # conversations with passages below the entries
_MAX_VALUES: Final = 3  # of a setting: a word that finds the setting finds all of them
_VALUE: Final = "value:"
# Before anything is typed or was ever chosen, by the ids of their rows.
_FIRST_ROWS: Final = (
    "conversation.new",
    "prompt.attach",
    "conversation.temporary",
    "text.new",
    "prompt.image",
    "voice.dictate",
    "place:settings",
    "help.open",
    "library.import",
)


class Palette(CommandPalette):
    """The search of the window: conversations, messages, and commands and more by name.

    Of equal matches, the most used come first. Each opening loads conversations and some entries.
    The messages that contain the words follow; the last row shows all of them, with filters.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(
            session.window,
            name="command-palette",
            label=tr("Search conversations, messages, and commands"),
            empty_text=tr("Nothing found"),
            delegate=SearchDelegate(session.window),
        )
        self._session = session
        self._tasks = session.tasks
        self._uses: Mapping[str, float] | None = None  # before they are loaded
        self._titles = FoldedTitles()
        self._hits: list[SearchHit] = []
        self._entries_of_now: list[PaletteEntry] = []  # without those that are loaded
        self._opened_hits_of = ""  # the words whose hit was opened last
        self._search_task: asyncio.Future[None] | None = None
        self._pause = QTimer(self, singleShot=True, interval=_SEARCH_PAUSE_MS)
        self._pause.timeout.connect(self._search)
        self.filters = SearchFilters()
        self.filters.hide()
        self.filters.changed.connect(self._search)
        self.add_filters(self.filters, self.filters.buttons)
        self.field.textChanged.connect(self._on_typed)

    def toggle(self) -> None:
        """Show the palette, or hide it.

        After a hit was opened, its words are there again, for the next hit. A search of messages
        becomes one of everything.
        """
        if not self.isVisible():
            self._open(shows_messages=False)
        elif self._shows_messages:
            self._show_filters(False)
        else:
            self.dismiss()

    def open_messages(self) -> None:
        """Show the palette for messages only, with filters and the words that were typed."""
        if self.isVisible():
            self._show_filters(True)
        else:
            self._open(shows_messages=True)

    def _open(self, *, shows_messages: bool) -> None:
        self._hits = []
        self.filters.clear()
        folders = self._session.folders.by_id.values()
        self.filters.set_folders(sorted(folders, key=lambda folder: folder.name.casefold()))
        self.filters.setVisible(shows_messages)
        session = self._session
        found = [f.find_entries(session) for f in FEATURES if f.find_entries is not None]
        rows = (command_entries(session), *found, other_entries(session))
        self._entries_of_now = [*itertools.chain.from_iterable(rows)]
        self.open_with(self._entries_of_now)
        self.field.setText(self._opened_hits_of)
        self.field.selectAll()
        self._tasks.start(self._load_stored())

    async def _load_stored(self) -> None:
        """Load use counts, conversations and what features load, and search again."""
        session = self._session
        if self._uses is None:
            self._uses = (await session.backend.settings.all()).get(USES_KEY, {})
        titles = await session.backend.conversations.titles()
        self._titles = await asyncio.to_thread(FoldedTitles, titles)
        loaded = [f.load_entries for f in FEATURES if f.load_entries is not None]
        rows = [entry for load in loaded for entry in await load(session)]
        self.entries = [*self._entries_of_now, *rows]
        if self.isVisible():
            self.search_again()

    # -------------------------------------------------------------- rows

    @property
    def _shows_messages(self) -> bool:
        return not self.filters.isHidden()

    def find_rows(self, typed: str) -> list[PaletteEntry | ConversationHits]:
        query = typed.strip()
        if self._shows_messages:
            is_filtered = self.filters.is_active
            no_hits = tr("No results with these filters") if is_filtered else tr("No results")
            self.empty_label.setText(no_hits if query else "")
            return [*group_hits(self._hits)] if query else []
        uses = self._uses or {}
        if not query:
            recent = [
                PaletteEntry(CONVERSATION + id_, title, tr("Conversation"))
                for id_, title in self._titles.rows[: _RECENT_COUNT + 1]
                if id_ != self._session.current.id
            ]
            first = [row for id_ in _FIRST_ROWS for row in self.entries if row.id == id_]
            rows = dict.fromkeys((*first, *self.entries))
            return [*recent[:_RECENT_COUNT], *find_entries("", [*rows], None, uses)]
        found = find_entries(query, self.entries, self._titles, uses, tr("Conversation"))
        found = _without_many_values(found)[:_MAX_ENTRIES]
        ids = {entry.id for entry in found}
        passages = [
            row
            for row in group_hits(self._hits)
            if not row.hit.is_title and CONVERSATION + row.hit.conversation_id not in ids
        ]
        words = tr("Search messages for “{words}”", words=query)
        keys = _keys_of(self._session.actions["list.search"])
        show = partial(self._show_filters, True)
        more = PaletteEntry("messages", words, keys=keys, run=show, stays=True)
        return [*found, *passages[:_MAX_PASSAGES], more]

    def _show_filters(self, are_shown: bool) -> None:
        """Search messages only, with filters, or everything, for the same words."""
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)
        self.filters.setVisible(are_shown)
        if not are_shown and self.filters.is_active:
            self.filters.clear()
        self._search()
        self.search_again()

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
        query = self.field.text().strip()
        if query:
            self._search_task = self._tasks.start(self._find_messages(query))
        else:
            self._hits = []

    async def _find_messages(self, query: str) -> None:
        hits = await self._session.backend.search.find(
            query, search_filter=self.filters.current, order=self.filters.order
        )
        # The store may still find a conversation that was just trashed.
        cache = self._session.of(ListPresenter).cache
        cached = {hit.conversation_id: cache.get(hit.conversation_id) for hit in hits}
        trashed_ids = {id_ for id_, c in cached.items() if c is not None and c.trashed_at}
        self._hits = [hit for hit in hits if hit.conversation_id not in trashed_ids]
        if self.isVisible():
            self.search_again()

    # -------------------------------------------------------------- choice

    def run_row(self, row: PaletteRow) -> None:
        if isinstance(row, ConversationHits):
            self._opened_hits_of = self.field.text()
            hit = row.hit
            if hit.text_id:
                ids = hit.conversation_id, hit.text_id
                self._session.events.stored_text_requested.emit(*ids, hit.first_match)
            else:
                self._show_conversation(hit.conversation_id, hit.message_id or "", hit.first_match)
        elif isinstance(row, PaletteEntry) and not row.stays:
            self._opened_hits_of = ""
            if self._uses is not None:  # saving before they are loaded would replace them
                self._uses = count_use(self._uses, row.id)
                self._tasks.start(self._session.backend.settings.set(USES_KEY, self._uses))
            if row.run is None:
                self._show_conversation(row.id.removeprefix(CONVERSATION))
        super().run_row(row)

    def _show_conversation(self, id_: str, message_id: str = "", words: str = "") -> None:
        panes = self._session.window.outer_panes
        if panes.drawer is not None:
            panes.close_drawer()
        self._tasks.start(self._session.of(Navigator).open(id_, message_id, words))


def _without_many_values(found: list[PaletteEntry]) -> list[PaletteEntry]:
    """Return the rows with at most three values of each setting."""
    counts = Counter[str]()
    rows = []
    for row in found:
        setting = row.id.rpartition(":")[0] if row.id.startswith(_VALUE) else ""
        counts[setting] += 1
        if not setting or counts[setting] <= _MAX_VALUES:
            rows.append(row)
    return rows


def _keys_of(action: QAction) -> str:
    return shortcut_text(action.shortcut().toString())


def command_entries(session: Session) -> list[PaletteEntry]:
    """Return the rows of the window's commands; that of a switch says what it would set."""
    return [
        PaletteEntry(
            row.id,
            _switch_title(session, row) or tr(row.title),
            tr("Command"),
            _keys_of(action),
            tr(row.words) if row.words else "",
            action.trigger,
        )
        for row in ACTIONS
        if (action := session.actions.get(row.id)) and row.is_in_palette
    ]


def _switch_title(session: Session, row: Action) -> str:
    is_on = row.is_on(session) if row.is_on is not None else None
    if is_on is None:
        return ""
    value = tr("Off") if is_on else tr("On")
    return tr("{label}: {value}", label=tr(row.menu_label), value=value)


def other_entries(session: Session) -> Iterator[PaletteEntry]:
    """Yield the rows of models, settings and their pages."""
    window, category = session.window, tr("Settings")
    panel = window.settings

    def choose_model(model: ModelEntry) -> None:
        session.setup.choose(session.of(AvailableModels).choice_with(model))

    for model in session.of(AvailableModels).models:
        name = f"{model.provider_name}: {model.name}"
        id_ = f"model:{model.provider_id}:{model.model}"
        yield PaletteEntry(id_, name, tr("Model"), run=partial(choose_model, model))

    def show_setting(page: str, key: str) -> None:
        window.outer_panes.show_settings(True)
        panel.show_setting(page, key)

    # Before the settings: "limit" first finds that of a month, not that of tools.
    providers = session.of(ProvidersController)
    for place in PLACES:
        show: Callable[[], object] = partial(show_setting, place.page, place.name)
        if place.name == "key":
            show = providers.open_at_key
        elif place.name == "monthly-cap":
            show = partial(providers.open_at_cap, "")
        id_, words = f"place:{place.page}:{place.title}", tr(place.words) if place.words else ""
        yield PaletteEntry(id_, tr(place.title), category, keywords=words, run=show)
    for setting in SETTINGS:
        page = setting.page
        if not page:
            continue
        label = tr(setting.label)
        # The values come first: the words that find a setting may name one of them.
        for choice in setting.choices:
            title = tr("{label}: {value}", label=label, value=tr(choice.label))
            change = partial(panel.pages.change, setting.key, choice.value)
            yield PaletteEntry(f"{_VALUE}{setting.key}:{choice.value}", title, run=change)
        show = partial(show_setting, page, setting.key)
        words = tr(setting.words)
        yield PaletteEntry(f"setting:{setting.key}", label, category, keywords=words, run=show)

    # Without this row, the first for "settings" is a command for the settings of a folder.
    words, show = tr("preferences options"), partial(window.outer_panes.show_settings, True)
    keys = _keys_of(session.actions["settings.toggle"])
    yield PaletteEntry("place:settings", category, "", keys, words, show)
    network = tr("Network and privacy")
    yield PaletteEntry("place:network", network, category, run=providers.open_at_network)

    for page, title in PAGES:
        if all(place.title != title for place in PLACES):
            show = partial(show_setting, page, "")
            yield PaletteEntry(f"place:{page}", tr(title), category, run=show)
