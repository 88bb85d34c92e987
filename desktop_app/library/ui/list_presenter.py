"""The part of the library that the conversation list shows: pages, pins, unread marks.

A dot marks conversations and folders in which an answer streams. Changes are shown at once and
written later (`PendingWrites`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final

from msgspec.structs import replace
from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication

from desktop_app.app.open_conversation import OpenConversation
from desktop_app.app.running_answers import RunningAnswers
from desktop_app.app.session import Controller, Session
from desktop_app.app.tasks import PendingWrites
from desktop_app.chat.conversation_store import ConversationStore
from desktop_app.domain.conversations.conversation import Conversation, Message, MessageStatus
from desktop_app.domain.errors import StorageError
from desktop_app.i18n.translation import tr
from desktop_app.library.list_filter import LIST, ListFilter, ListFilterKind
from desktop_app.library.ui.conversation_list import ConversationList

PAGE_SIZE = 100  # more rows than the tallest window has
LARGE_PAGE = 2000  # for commands that need all rows


class ListPresenter(Controller):
    """Presenter that fills the conversation list and applies changes to it.

    Attributes:
        cache: the conversations that were read or changed.
        writes: the writes of changes that the list shows already.

    Signals:
        filter_applied(ListFilter): the list shows what this filter includes.
        changed(Conversation): a conversation was changed; the caller writes it.
        forgotten(str): the conversation with this id was permanently deleted.
    """

    filter_applied = Signal(object)
    changed = Signal(object)
    forgotten = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._temporary = session.temporary
        self._list = session.of(ConversationList)
        self._folders = session.folders
        self.cache = ConversationCache(session.current, session.running)
        self.writes = PendingWrites(session.tasks)
        self._filter_number = 0
        self._list.model.more_requested.connect(self.load_more)
        self._list.model.renamed.connect(self.rename)
        self._setup.choice_changed.connect(
            lambda: self.writes.invalidate_reads() if self.cache.set_current_choice() else None
        )
        self._setup.other_conversation_changed.connect(self.upsert)
        self._folders.changed.connect(self.show_folders)
        self._running.started.connect(self._show_answering)
        self._running.finished.connect(self._on_finished)

    # -------------------------------------------------------------- conversations

    @property
    def list_filter(self) -> ListFilter:
        return self._list.model.order.list_filter

    @property
    def chosen_conversations(self) -> list[Conversation]:
        """Return the conversations that a command applies to: those marked, else the open one."""
        ids = self._list.view.affected_ids
        return [cached for id_ in ids if (cached := self.cache.get(id_)) is not None]

    def upsert(self, conversation: Conversation) -> None:
        """Cache a conversation and show it at its position in the list; the caller writes it."""
        self.writes.invalidate_reads()
        self.cache.set(conversation)
        if self._temporary.was_ever_temporary(conversation.id):
            return  # temporary conversations are in no list
        self._list.upsert(conversation)
        self.changed.emit(conversation)
        self._show_answering()

    def forget(self, conversation_id: str) -> None:
        """Remove a permanently deleted conversation."""
        self.cache.remove(conversation_id)
        self._list.model.remove(conversation_id)
        self.forgotten.emit(conversation_id)
        self._session.events.removed.emit(conversation_id)

    def change(self, conversation_ids: Sequence[str], **changes: Any) -> None:
        """Show changed values of conversations; the caller writes them."""
        for conversation_id in conversation_ids:
            cached = self.cache.get(conversation_id)
            if cached is not None:
                self.upsert(replace(cached, **changes))
            if changes.get("trashed_at") is not None:
                self._session.events.removed.emit(conversation_id)
        if self._current.id in conversation_ids and not self._current.is_new:
            self._current.update(replace(self._current.conversation, **changes))
            self._pane.set_title(self._current.conversation.title)

    def rename(self, conversation_id: str, title: str) -> None:
        """Set a conversation's title, and write it; the default title replaces an empty one."""
        title = title.strip() or tr("New conversation")
        self.change([conversation_id], title=title, title_is_automatic=False)
        self.writes.start(self._conversations.rename(conversation_id, title))

    # -------------------------------------------------------------- filters and pages

    def toggle_list(self) -> None:
        """Show or hide the list, and announce it."""
        self._window.outer_panes.toggle_list()
        is_shown = self._list.isVisible()
        shown, hidden = tr("Conversation list shown"), tr("Conversation list hidden")
        self._window.notifications.announce(shown if is_shown else hidden)

    def show_filter(self, list_filter: ListFilter) -> None:
        """Show the list with another filter, and focus its rows."""

        async def show() -> None:
            await self.apply_filter(list_filter)
            self._list.focus_filtered_rows()

        self._window.outer_panes.show_list()
        self._tasks.start(show())

    async def load(self) -> None:
        """Fill the list with the folders and the first page."""
        self.show_folders()
        await self.apply_filter(LIST)

    async def apply_filter(self, list_filter: ListFilter) -> None:
        """Apply another filter and scroll to the top; a later call supersedes an earlier one."""
        self._filter_number += 1
        filter_number = self._filter_number
        pinned, page = await self.read_top(list_filter, PAGE_SIZE)
        if filter_number != self._filter_number:
            return
        rows = self.cache.set_stored([*pinned, *page])
        last = page[-1] if len(page) == PAGE_SIZE else None
        self._list.model.set_conversations(rows, list_filter=list_filter, last=last)
        self.select_open()
        self._show_answering()
        self.filter_applied.emit(list_filter)

    def select_open(self) -> None:
        """Select the open conversation in the list, or nothing if the list does not have it."""
        self._list.view.show_open(self._current.id if self._current.is_listed else None)

    def load_more(self, *, all_rows: bool = False) -> None:
        """Append the next page, or all remaining rows, and then scroll to the last."""
        self._tasks.start(self._load_more(all_rows=all_rows))

    async def _load_more(self, *, all_rows: bool) -> None:
        filter_number = self._filter_number
        size = LARGE_PAGE if all_rows else PAGE_SIZE
        last = self._list.model.last_of_pages
        while last is not None:
            read = partial(read_page, self._conversations, self.list_filter, size, last)
            try:
                page = await self.writes.read_settled(read)
            except StorageError:
                self._list.model.append((), last)  # the page can be requested again
                raise
            if filter_number != self._filter_number:
                return
            last = page[-1] if len(page) == size else None
            self._list.model.append(self.cache.set_stored(page), last)
            if not all_rows:
                return
        self._list.view.setCurrentIndex(self._list.view.edge_row(first=False))

    async def refresh(self) -> None:
        """Show other processes' changes to the folders and to the rows that are loaded."""
        list_filter = self.list_filter
        filter_number = self._filter_number
        folders = await self.writes.read_settled(self._folders.read)
        if {folder.id: folder for folder in folders} != self._folders.by_id:
            self._folders.replace_all(folders)
        if list_filter.folder_id and list_filter.folder_id not in self._folders.by_id:
            await self.apply_filter(LIST)
            return
        limit = len(self._list.model.conversations) + PAGE_SIZE
        pinned, page = await self.read_top(list_filter, limit)
        if filter_number != self._filter_number:
            return
        read_conversations = self.cache.set_stored([*pinned, *page])
        self._list.model.append((), page[-1] if len(page) == limit else None)
        for conversation in read_conversations:
            self._list.upsert(conversation)
        read_ids = {c.id for c in read_conversations}
        # Others were moved or deleted.
        for missing_id in [c.id for c in self._list.model.conversations if c.id not in read_ids]:
            read = partial(self._conversations.get, missing_id)
            stored = await self.writes.read_settled(read)
            if stored is None:
                self.forget(missing_id)
            else:
                self._list.upsert(self.cache.set_stored([stored])[0])

    async def read_top(
        self, list_filter: ListFilter, limit: int
    ) -> tuple[list[Conversation], list[Conversation]]:
        """Return the pinned conversations above the pages, and the first page of `limit` rows."""
        store = self._conversations

        async def read() -> tuple[list[Conversation], list[Conversation]]:
            all_pinned = await store.list_pinned() if list_filter.has_pinned else []
            pinned = [c for c in all_pinned if list_filter.includes(c)]
            return pinned, await read_page(store, list_filter, limit, None)

        return await self.writes.read_settled(read)

    # -------------------------------------------------------------- dots and folders

    def show_folders(self) -> None:
        self._list.set_folders(self._folders.by_id.values())
        self._show_answering()

    def _on_finished(self, conversation_id: str, _answer: Message) -> None:
        cached = self.cache.get(conversation_id)
        if cached is not None:
            self.upsert(replace(cached, streaming=False))
        self._show_answering()

    def _show_answering(self, *_: object) -> None:
        """Show a dot at each conversation in which an answer streams, and at its folder."""
        self.writes.invalidate_reads()
        running_ids = self._running.conversations
        conversations = [self.cache.get(id_) for id_ in running_ids]
        folder_ids = {c.folder_id for c in conversations if c is not None and c.folder_id}
        self._list.model.set_answering(running_ids | folder_ids)


async def read_page(
    store: ConversationStore, list_filter: ListFilter, limit: int, after: Conversation | None
) -> list[Conversation]:
    """Return the page after a conversation, None for the first page."""
    match list_filter.kind:
        case ListFilterKind.ARCHIVE:
            return await store.list_archived(limit, after=after)
        case ListFilterKind.TRASH:
            return await store.list_trashed(limit, after=after)
    folder_id = list_filter.folder_id or None
    return await store.list_page(limit, after=after, folder_id=folder_id)


class ConversationCache:
    """The conversations that were read or changed since the start."""

    def __init__(self, current: OpenConversation, running: RunningAnswers) -> None:
        self._current = current
        self._running = running
        self._by_id: dict[str, Conversation] = {}

    def get(self, conversation_id: str) -> Conversation | None:
        """Return a conversation, None if permanently deleted or never read."""
        return self._by_id.get(conversation_id)

    def find_existing(self, conversation_id: str) -> Conversation | None:
        """Return a conversation, None if it was deleted or never read.

        A conversation in the trash counts as deleted, unless it is open.
        """
        cached = self.get(conversation_id)
        is_open = conversation_id == self._current.id
        if cached is not None and cached.trashed_at is not None and not is_open:
            return None
        return cached

    def set(self, conversation: Conversation) -> None:
        self._by_id[conversation.id] = conversation

    def merge(self, conversation: Conversation) -> Conversation:
        """Set and return a stored conversation, with changes that may not be written yet."""
        cached = self.get(conversation.id)
        if cached is not None:
            conversation = replace(
                cached, leaf_id=conversation.leaf_id, draft=conversation.draft, streaming=False
            )
        self._by_id[conversation.id] = conversation
        return conversation

    def set_stored(self, stored_conversations: Iterable[Conversation]) -> list[Conversation]:
        """Set and return conversations that were just read from the store.

        The open conversation keeps its choice, which may not be written yet. The store may lag
        behind an answer that runs here, so that such a conversation counts as not streaming.
        """
        ids = []
        for conversation in stored_conversations:
            if self._running.is_running(conversation.id):
                conversation = replace(conversation, streaming=False)
            self._by_id[conversation.id] = conversation
            ids.append(conversation.id)
        self.set_current_choice()
        return [self._by_id[id_] for id_ in ids]

    def set_current_choice(self) -> bool:
        """Set the open conversation's choice, so that a new title does not undo it.

        Return False if it is not cached.
        """
        current = self.get(self._current.id)
        if current is not None:
            self._by_id[current.id] = current.with_settings_of(self._current.conversation)
        return current is not None

    def remove(self, conversation_id: str) -> None:
        self._by_id.pop(conversation_id, None)


ORDER_KEY: Final = "list.pinned_order"


class PinnedOrder(Controller):
    """Pins of the list's conversations, in the user's order."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._presenter = session.of(ListPresenter)
        self._list = session.of(ConversationList)
        self._flag_store = session.backend.flags
        self._settings_store = session.backend.settings

    async def load(self) -> None:
        """Load the order, before the list is filled."""
        self._list.model.set_pin_order((await self._settings_store.all()).get(ORDER_KEY, []))

    def pin(self, conversation_ids: Sequence[str], pinned: bool) -> None:
        self._notifications.announce(tr("Pinned") if pinned else tr("Unpinned"))
        self._presenter.change(conversation_ids, pinned=pinned)
        self._presenter.writes.start(self._flag_store.set_pinned(conversation_ids, pinned))

    def pin_chosen(self) -> None:
        """Pin the marked conversations or the open one, or unpin them if all are pinned."""
        if chosen_conversations := self._presenter.chosen_conversations:
            should_pin = not all(conversation.pinned for conversation in chosen_conversations)
            self.pin([conversation.id for conversation in chosen_conversations], should_pin)

    def move(self, step: int) -> None:
        """Move the chosen pinned conversation up (-1) or down (+1), and announce its position."""
        order = self._list.model.pinned_ids
        chosen_conversations = [c for c in self._presenter.chosen_conversations if c.id in order]
        if len(chosen_conversations) != 1:
            self._notifications.notify(tr("Choose one pinned conversation to move it."))
            return
        conversation = chosen_conversations[0]
        index = order.index(conversation.id)
        new_index = min(max(index + step, 0), len(order) - 1)
        order.insert(new_index, order.pop(index))
        if new_index != index:
            self.arrange(order)
        self._notifications.announce(
            tr(
                "{title}: {position} of {count} pinned conversations",
                title=conversation.title,
                position=new_index + 1,
                count=len(order),
            )
        )

    def arrange(self, order: Sequence[str]) -> None:
        """Show and store this order of pinned conversations; pin those that are not yet pinned."""
        former_order = self._list.model.pinned_ids
        newly_pinned = [id_ for id_ in order if id_ not in former_order]
        self._apply_order(order, newly_pinned, pinned=True)
        self._notifications.notify_undo(
            tr("Pinned conversations rearranged"),
            lambda: self._apply_order(former_order, newly_pinned, pinned=False),
        )

    def _apply_order(self, order: Sequence[str], changed_ids: list[str], *, pinned: bool) -> None:
        if changed_ids:
            self._presenter.change(changed_ids, pinned=pinned)
            self._presenter.writes.start(self._flag_store.set_pinned(changed_ids, pinned))
        # In a folder, the list shows only some pinned conversations.
        order = [*order, *(id_ for id_ in self._list.model.order.pin_order if id_ not in order)]
        self._list.model.set_pin_order(order)
        self._presenter.writes.start(self._settings_store.set(ORDER_KEY, order))


UNREAD_KEY: Final = "window.unread"


MAX_UNREAD: Final = 500  # the oldest marks go, because each change writes the whole list


class UnreadMarks(Controller):
    """Marks in the list, stored over restarts. Opening a conversation removes its mark."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._list = session.of(ConversationList)
        self._settings_store = session.backend.settings
        self._unread_ids: dict[str, None] = {}  # conversation ids, in the order of their marks
        session.running.finished.connect(self._on_finished)
        session.current.opened.connect(self._mark_read)
        application = QGuiApplication.instance()
        if isinstance(application, QGuiApplication):
            application.focusWindowChanged.connect(self._mark_read)

    def _is_exempt(self, conversation_id: str) -> bool:
        """Return True if another window shows a conversation, or if its id stays off the disk."""
        is_shown = any(shows(conversation_id) for shows in self._session.other_views)
        return is_shown or self._session.temporary.was_ever_temporary(conversation_id)

    @property
    def ids(self) -> list[str]:
        """Return the ids of the conversations with an unread answer, the newest last."""
        return list(self._unread_ids)

    async def load(self) -> None:
        self._unread_ids = dict.fromkeys((await self._settings_store.all()).get(UNREAD_KEY, ()))
        self._list.model.set_unread(self._unread_ids)
        self._mark_read()  # the last conversation has been opened before

    def _on_finished(self, conversation_id: str, answer: Message) -> None:
        is_stopped = answer.status is MessageStatus.CANCELLED  # by the user or a deletion
        is_seen = conversation_id == self._current.id and self._session.window.isActiveWindow()
        if not is_stopped and not is_seen and not self._is_exempt(conversation_id):
            self._unread_ids[conversation_id] = None
            while len(self._unread_ids) > MAX_UNREAD:
                del self._unread_ids[next(iter(self._unread_ids))]
            self._save()
            self._session.events.activity_changed.emit(conversation_id)

    def _mark_read(self, *_: object) -> None:
        if self._current.id in self._unread_ids and self._session.window.isActiveWindow():
            del self._unread_ids[self._current.id]
            self._save()
            self._session.events.read.emit(self._current.id)

    def _save(self) -> None:
        self._list.model.set_unread(self._unread_ids)
        self._tasks.start(self._settings_store.set(UNREAD_KEY, list(self._unread_ids)))
