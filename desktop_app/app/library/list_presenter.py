"""The part of the library that the conversation list shows, page by page.

A dot marks conversations and folders in which an answer streams. Conversations that were read or
changed are cached by id. Changes are shown at once and written later; reads wait for pending
writes, so that an older state never returns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QObject

from desktop_app.domain.conversations.conversation import Conversation
from desktop_app.domain.conversations.list_filter import LIST, ListFilter, ListFilterKind
from desktop_app.domain.errors import StorageError
from desktop_app.i18n.translation import tr
from desktop_app.ui.sidebar.row_delegates import forget_typed_name

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_app.app.answers.running_answers import RunningAnswers
    from desktop_app.app.state.answer_setup import AnswerSetup
    from desktop_app.app.state.folder_list import FolderList
    from desktop_app.app.tasks import Tasks
    from desktop_app.storage.conversations.conversation_store import ConversationStore
    from desktop_app.storage.conversations.folder_store import FolderStore
    from desktop_app.storage.database.temporary_database import TemporaryConversations
    from desktop_app.ui.sidebar.conversation_list import ConversationList

PAGE_SIZE = 100  # more rows than the tallest window has
LARGE_PAGE = 2000  # for commands that need all rows
MAX_REREAD = 1000  # rows that are read again after other processes wrote

_T = TypeVar("_T")
_Read = Callable[[], Awaitable[_T]]


class ListPresenter(QObject):
    """Presenter that fills the conversation list and applies changes to it.

    Args:
        show_title: shows the title of the open conversation.
    """

    def __init__(
        self,
        parent: QWidget,
        running: RunningAnswers,
        *,
        show_title: Callable[[str], None],
        conversation_list: ConversationList,
        folders: FolderList,
        setup: AnswerSetup,
        temporary: TemporaryConversations,
        tasks: Tasks,
        conversations: ConversationStore,
        folder_store: FolderStore,
    ) -> None:
        super().__init__(parent)
        self._list = conversation_list
        self._show_title, self._current = show_title, setup.current
        self._folders, self._setup = folders, setup
        self._temporary, self._tasks, self._conversations = temporary, tasks, conversations
        self._folder_store = folder_store
        self._running = running
        self._cache: dict[str, Conversation] = {}
        self._writes: set[asyncio.Future[Any]] = set()
        self._change_count = 0
        self._filter_number = 0
        conversation_list.filter_requested.connect(
            lambda list_filter: self.start(self.apply_filter(list_filter))
        )
        conversation_list.more_requested.connect(
            lambda all_rows: self.start(self._load_more(all_rows=all_rows))
        )
        conversation_list.renamed.connect(self.rename)
        self._setup.choice_changed.connect(self._cache_choice)
        self._setup.other_conversation_changed.connect(self.upsert)
        self._folders.changed.connect(self._show_folders)
        running.started.connect(self._show_dot)
        running.finished.connect(lambda id_, _answer: self._show_dot(id_))

    def start(self, work: Coroutine[Any, Any, Any]) -> None:
        """Start a task that writes no change of the list (see `write`)."""
        self._tasks.start(work)

    def write(self, work: Coroutine[Any, Any, Any]) -> None:
        """Start the write of a change that is already shown; reads wait for it."""
        task = self._tasks.start(work)
        self._change_count += 1
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    # -------------------------------------------------------------- cache

    @property
    def list_filter(self) -> ListFilter:
        """Return the filter of the list."""
        return self._list.model.order.list_filter

    def cached(self, conversation_id: str) -> Conversation | None:
        """Return a conversation from the cache, None if permanently deleted or never read."""
        return self._cache.get(conversation_id)

    def find_existing(self, conversation_id: str) -> Conversation | None:
        """Return a conversation from the cache, None if it was deleted or never read.

        A conversation in the trash counts as deleted, unless it is open.
        """
        cached = self.cached(conversation_id)
        is_open = conversation_id == self._current.id
        return cached if cached is not None and (cached.trashed_at is None or is_open) else None

    @property
    def chosen_conversations(self) -> list[Conversation]:
        """Return the conversations that a command applies to: those marked, else the open one."""
        ids = self._list.selection.affected_ids
        return [cached for id_ in ids if (cached := self.cached(id_)) is not None]

    def upsert(self, conversation: Conversation) -> None:
        """Cache a conversation and show it at its position in the list; the caller writes it."""
        self._change_count += 1
        self._cache[conversation.id] = conversation
        if self._temporary.was_ever_temporary(conversation.id):
            return  # temporary conversations are in no list
        self._list.upsert(self._as_shown(conversation))
        self._show_dot(conversation.id)

    def merge_into_cache(self, conversation: Conversation) -> Conversation:
        """Cache and return a stored conversation, with changes that may not be written yet."""
        cached = self._cache.get(conversation.id)
        if cached is not None:
            conversation = replace(
                cached, leaf_id=conversation.leaf_id, draft=conversation.draft, streaming=False
            )
        self._cache[conversation.id] = conversation
        return conversation

    def forget(self, conversation_id: str) -> None:
        """Remove a permanently deleted conversation."""
        self.forget_erased([conversation_id])
        self._list.model.remove(conversation_id)

    def forget_erased(self, conversation_ids: Sequence[str]) -> None:
        """Remove permanently deleted conversations from the cache, and their half-typed titles.

        The caller reloads the list if it shows them.
        """
        for conversation_id in conversation_ids:
            self._cache.pop(conversation_id, None)
            forget_typed_name(conversation_id)

    def change(self, conversation_ids: Sequence[str], **changes: Any) -> None:
        """Show changed values of conversations; the caller writes them."""
        for conversation_id in conversation_ids:
            cached = self._cache.get(conversation_id)
            if cached is not None:
                self.upsert(replace(cached, **changes))
        if self._current.id in conversation_ids and not self._current.is_new:
            self._current.update(replace(self._current.conversation, **changes))
            self._show_title(self._current.conversation.title)

    def rename(self, conversation_id: str, title: str) -> None:
        """Set a conversation's title, and write it; the default title replaces an empty one."""
        title = title.strip() or tr("New conversation")
        self.change([conversation_id], title=title, title_is_automatic=False)
        self.write(self._conversations.rename(conversation_id, title))

    def _cache_choice(self) -> None:
        """Cache the open conversation's choice, so that a new title does not undo it."""
        changed = self._current.conversation
        if changed.id in self._cache:
            self._cache[changed.id] = self._cache[changed.id].with_settings_of(changed)
            self._change_count += 1

    # -------------------------------------------------------------- filters and pages

    async def load(self) -> None:
        """Fill the list with the folders and the first page."""
        self._list.set_folders(self._folders.by_id.values())
        await self.apply_filter(LIST)

    async def apply_filter(self, list_filter: ListFilter) -> None:
        """Apply another filter and scroll to the top; a later call supersedes an earlier one."""
        self._filter_number += 1
        filter_number = self._filter_number
        pinned, page = await self.read_settled(lambda: self._read_top(list_filter, PAGE_SIZE))
        if filter_number != self._filter_number:
            return
        self._cache_stored([*pinned, *page])
        shown = [self._as_shown(self._cache[c.id]) for c in (*pinned, *page)]
        last = page[-1] if len(page) == PAGE_SIZE else None
        self._list.set_conversations(shown, list_filter=list_filter, last=last)
        self._list.selection.select(self._current.id if self._current.is_listed else None)
        self._show_dots_of_folders()

    async def _load_more(self, *, all_rows: bool) -> None:
        """Append the next page, or all remaining rows."""
        filter_number, size = self._filter_number, LARGE_PAGE if all_rows else PAGE_SIZE
        last = self._list.model.last_of_pages
        while last is not None:
            read = partial(self._read_page, self.list_filter, size, last)
            try:
                page = await self.read_settled(read)
            except StorageError:
                self._list.append((), last)  # the page can be requested again
                raise
            if filter_number != self._filter_number:
                return
            self._cache_stored(page)
            last = page[-1] if len(page) == size else None
            self._list.append([self._as_shown(self._cache[c.id]) for c in page], last)
            if not all_rows:
                return

    async def refresh(self) -> None:
        """Show other processes' changes to the folders and to the rows that are loaded."""
        list_filter, filter_number = self.list_filter, self._filter_number
        shown = [c for c in self._list.model.conversations if not self._is_pinned_above(c)]
        limit = min(len(shown), MAX_REREAD) + PAGE_SIZE
        await self._refresh_folders()
        if list_filter.folder_id and list_filter.folder_id not in self._folders.by_id:
            await self.apply_filter(LIST)
            return
        pinned, page = await self.read_settled(lambda: self._read_top(list_filter, limit))
        if filter_number != self._filter_number:
            return
        self._cache_stored([*pinned, *page])
        if len(shown) <= MAX_REREAD:
            self._list.append((), page[-1] if len(page) == limit else None)
        for conversation in (*pinned, *page):
            self._list.upsert(self._as_shown(self._cache[conversation.id]))
        await self._refresh_missing(
            self._find_missing({c.id for c in (*pinned, *page)}, page, limit)
        )

    async def _refresh_folders(self) -> None:
        folders = await self.read_settled(self._folder_store.all)
        if {folder.id: folder for folder in folders} != self._folders.by_id:
            self._folders.replace_all(folders)

    def _find_missing(
        self, found: set[str], page: Sequence[Conversation], limit: int
    ) -> list[Conversation]:
        """Return shown conversations that belong in the part just read, but were not in it."""
        shown = [c for c in self._list.model.conversations if c.id not in found]
        if len(page) < limit:
            return shown
        end = self.list_filter.moment_of(page[-1])
        return [c for c in shown if self._is_pinned_above(c) or self.list_filter.moment_of(c) > end]

    async def _refresh_missing(self, missing: Sequence[Conversation]) -> None:
        """Update or remove conversations that were moved or deleted."""
        for conversation in missing:
            read = partial(self._conversations.get, conversation.id)
            stored = await self.read_settled(read)
            if stored is None:
                self.forget(conversation.id)
            else:
                self._cache_stored([stored])
                self._list.upsert(self._as_shown(self._cache[stored.id]))

    def _is_pinned_above(self, conversation: Conversation) -> bool:
        return conversation.pinned and self.list_filter.kind in (
            ListFilterKind.LIST,
            ListFilterKind.FOLDER,
        )

    def _cache_stored(self, read: Sequence[Conversation]) -> None:
        """Cache conversations that were just read from the store.

        The open conversation keeps its choice, which may not be written yet. For the dot of an
        answer that runs here, `_as_shown` asks the running answers, because the store may lag.
        """
        for conversation in read:
            if self._running.is_running(conversation.id):
                conversation = replace(conversation, streaming=False)
            self._cache[conversation.id] = conversation
        opened = self._cache.get(self._current.id)
        if opened is not None:
            self._cache[opened.id] = opened.with_settings_of(self._current.conversation)

    async def _read_top(
        self, list_filter: ListFilter, limit: int
    ) -> tuple[list[Conversation], list[Conversation]]:
        """Return the pinned conversations above a filter's pages, and its first page."""
        pinned: list[Conversation] = []
        if list_filter.kind in (ListFilterKind.LIST, ListFilterKind.FOLDER):
            every = await self._conversations.list_pinned()
            pinned = [conversation for conversation in every if list_filter.includes(conversation)]
        return pinned, await self._read_page(list_filter, limit, None)

    async def _read_page(
        self, list_filter: ListFilter, limit: int, after: Conversation | None
    ) -> list[Conversation]:
        store = self._conversations
        match list_filter.kind:
            case ListFilterKind.ARCHIVE:
                return await store.list_archived(limit, after=after)
            case ListFilterKind.TRASH:
                return await store.list_trashed(limit, after=after)
        folder_id = list_filter.folder_id or None
        return await store.list_page(limit, after=after, folder_id=folder_id)

    async def read_settled(self, read: _Read[_T]) -> _T:
        """Call `read` until nothing changes while it reads; return its result."""
        while True:
            while self._writes:
                await asyncio.wait(set(self._writes))
            changes = self._change_count
            found = await read()
            if changes == self._change_count:
                return found

    # -------------------------------------------------------------- dots and folders

    def _as_shown(self, conversation: Conversation) -> Conversation:
        """Return a conversation that has a dot in the list if it streams, here or elsewhere."""
        is_running = self._running.is_running(conversation.id)
        return replace(conversation, streaming=is_running or conversation.streaming)

    def _show_folders(self) -> None:
        self._list.set_folders(self._folders.by_id.values())
        self._show_dots_of_folders()

    def _show_dot(self, conversation_id: str) -> None:
        self._change_count += 1
        self._list.model.set_streaming(conversation_id, self._running.is_running(conversation_id))
        self._show_dots_of_folders()

    def _show_dots_of_folders(self) -> None:
        """Show a dot at each folder in which an answer streams."""
        if self.list_filter == LIST:
            answering = [self._cache.get(id_) for id_ in self._running.conversations]
            busy = {conversation.folder_id for conversation in answering if conversation}
            for folder_id in self._folders.by_id:
                self._list.model.set_streaming(folder_id, folder_id in busy)
