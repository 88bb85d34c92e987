"""Opening of conversations: from the list, from links.

`ListPresenter` decides what the list shows; `Trash` deletes, `PinnedOrder` pins.
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtGui import QGuiApplication

from desktop_app.app.session import Controller, Session
from desktop_app.composer.attachments.file_readings import FileReadings
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Draft,
    Message,
    MessageStatus,
    now,
    title_from,
)
from desktop_app.domain.conversations.message_link import MessageLink, parse_link
from desktop_app.domain.errors import StorageError
from desktop_app.i18n.translation import tr
from desktop_app.library.list_filter import ListFilter
from desktop_app.library.ui.conversation_list import ConversationList
from desktop_app.library.ui.list_presenter import ListPresenter
from desktop_app.transcript.message_items import COPY_LINK

ScrollPosition = tuple[str, int]
"""The id of the topmost message on screen, and the pixels of it that are scrolled off."""
PREVIEW_COUNT = 30  # messages shown while the rest of a longer conversation is read
OPEN_KEY = "window.conversation"  # the id of the open conversation
SCROLL_KEY = "window.scroll"  # the position at which it was left


class Navigator(Controller):
    """Opener and presenter of the open conversation, for the list and other controllers."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._drafts = session.drafts
        self._messages = session.messages
        self._new_conversation = session.new_conversation
        self._settings_store = session.backend.settings
        self._presenter = session.of(ListPresenter)
        self._presenter.filter_applied.connect(self.move_blank)
        self._shown_id = ""  # the conversation whose messages are in the transcript
        self._positions: dict[str, ScrollPosition] = {}  # where conversations were left
        self._current.opened.connect(self._show_opened)
        for signal in (self._current.opened, self._current.folder_changed, session.folders.changed):
            signal.connect(self._show_folder)
        listing = session.of(ConversationList)
        self._view = listing.view
        listing.open_requested.connect(session.tasks.slot(self.open))
        listing.project_requested.connect(self._open_project)
        listing.new_requested.connect(self.open_here)
        listing.new_in_folder_requested.connect(self.open_in_folder)
        session.window.header.renamed.connect(
            lambda title: self._presenter.rename(self._current.id, title)
        )
        self._request_number = 0  # of the latest request to open a conversation
        self._has_opened = False  # True once a conversation is open

    # -------------------------------------------------------------- start and end

    async def load(self) -> None:
        """Fill the list, and open the last conversation where it was left, or a blank one."""
        self._shown_id = self._window.early_conversation_id
        await self._presenter.load()
        stored_settings = await self._settings_store.all()
        last_id = stored_settings.get(OPEN_KEY)
        if last_id and await self._conversations.get(last_id) is not None:
            if SCROLL_KEY in stored_settings:
                message_id, offset = stored_settings[SCROLL_KEY]
                self._positions[last_id] = (message_id, offset)
            await self.open(last_id)
        if not self._has_opened:
            self._open_blank()

    def close(self) -> None:
        """Store the draft and the scroll position."""
        self._store_view_state()
        settings = self._settings_store
        scroll_position = self._positions.get(self._current.id)
        if scroll_position is None or self._current.is_temporary:
            self._tasks.start(settings.remove(SCROLL_KEY))
        else:
            self._tasks.start(settings.set(SCROLL_KEY, list(scroll_position)))

    # -------------------------------------------------------------- opening

    def open_new_in_front(self) -> None:
        """Bring the window to the front with an empty conversation."""
        self._session.raise_window()
        self.open_here()

    def open_in_front(self, conversation_id: str, message_id: str = "") -> None:
        """Bring the window to the front with a conversation, at a message if it has an id."""
        self._session.raise_window()
        self._tasks.start(self.open(conversation_id, message_id))

    def open_neighbor(self, step: int) -> None:
        """Open the conversation above (-1) or below (+1) the open one in the list."""
        if (neighbor := self._view.neighbor(step)) is not None:
            self._tasks.start(self.open(neighbor))

    def open_here(self) -> None:
        """Open an empty conversation in the folder that the list shows; see `open_fresh`."""
        self.open_fresh(self._presenter.list_filter.folder_id or None)

    def _open_project(self, folder_id: str) -> None:
        """Show a project in the list, so that what is typed next is asked in it."""
        if self._current.is_new or self._current.conversation.folder_id == folder_id:
            self._pane.close_page()
            self._tasks.start(self._presenter.apply_filter(ListFilter.for_folder(folder_id)))
            self._prompt.focus_text()
        else:
            self.open_in_folder(folder_id)

    def open_in_folder(self, folder_id: str) -> None:
        """Open an empty conversation in a project, which the list then shows."""
        self.open_fresh(folder_id)
        self._tasks.start(self._presenter.apply_filter(ListFilter.for_folder(folder_id)))

    def open_fresh(self, folder_id: str | None = None) -> None:
        """Open an empty conversation in a folder, None for none.

        An unsent draft of the former blank conversation becomes a row of the list, with its files
        and those that are still being read.
        """
        if self._current.is_new:
            self._draft.save()
        draft = self._drafts.unsent(self._drafts.blank_id)
        readings = self._session.main.of(FileReadings).readings_of(self._drafts.blank_id)
        reading_names = [reading.name for reading in readings.values()]
        if draft.text.strip() or draft.attachments or reading_names:
            self._store_blank(draft, reading_names)
        self.open_new(folder_id)

    def keep_open(self, title: str) -> None:
        """Store the open conversation if it is blank, so that something can belong to it."""
        if self._current.is_new:
            self._draft.save()
            self._store_blank(self._drafts.unsent(self._current.id), (), title)
            self._pane.set_title(self._current.conversation.title)
            self.mark_open()

    def _store_blank(self, draft: Draft, reading_names: Sequence[str], beginning: str = "") -> None:
        """Store the blank conversation, so that the list shows it with its unsent draft.

        Args:
            draft: the draft.
            reading_names: the names of the files for it that are being read.
            beginning: of its title; "" for that of the draft.
        """
        if not self._current.is_new:
            self._open_blank()
        names = ", ".join([*(part.name for part in draft.attachments), *reading_names])
        title = title_from(beginning or draft.text or names) or tr("New conversation")
        conversation = replace(
            self._current.conversation,
            title=title,
            title_is_automatic=True,
            updated_at=now(),
            draft=draft,
        )
        self._current.set_stored(conversation)
        self._presenter.writes.start(self._conversations.create(conversation))
        self._drafts.replace_stored(conversation.id, self._drafts.cached(conversation.id))
        self._presenter.upsert(conversation)

    def open_new(self, folder_id: str | None = None) -> None:
        """Open a blank conversation with the last blank one's draft.

        Args:
            folder_id: its folder; None for the one that the list shows, if any.
        """
        self._request_number += 1
        self._pane.close_page()
        self._open_blank(folder_id or self._presenter.list_filter.folder_id or None)
        self._notifications.announce(tr("New conversation"))
        self._tasks.start(self._settings_store.remove(OPEN_KEY))
        self._prompt.focus_text()

    def move_blank(self, list_filter: ListFilter) -> None:
        """Move an empty start page to the folder that the list shows, or out of any."""
        if not self._has_opened or not self._current.is_new or self._current.path:
            return
        folder_id = list_filter.folder_id or None
        if folder_id != self._current.conversation.folder_id:
            self._draft.save()
            self._new_conversation.move(folder_id)

    def open_another_blank(self) -> None:
        """Open another blank conversation, and move the open conversation's draft there."""
        draft = self._current.draft
        typed_draft = draft.current
        folder_id = self._current.conversation.folder_id
        draft.replace(Draft())
        self._prompt.set_text("")
        if typed_draft.has_question:
            self._drafts.put(self._drafts.blank_id, typed_draft)
        self._open_blank(folder_id)

    def mark_open(self) -> None:
        """Select the open conversation in the list, and have the next start open it again."""
        if self._current.is_temporary:
            return
        self._presenter.select_open()
        self._tasks.start(self._settings_store.set(OPEN_KEY, self._current.id))

    def open_temporary(self, conversation: Conversation) -> None:
        """Store a temporary conversation in memory, and open it."""
        self._tasks.start(self._conversations.create(conversation))
        self._request_number += 1
        self._pane.close_page()
        early_text = self._store_view_state()
        self._presenter.cache.merge(conversation)
        self._current.open(conversation, [], {}, Draft())
        self._append_early_text(early_text)
        self._prompt.focus_text()

    def forget_temporary(self, conversation_id: str) -> None:
        self._drafts.forget(conversation_id)
        self._presenter.forget(conversation_id)
        self._positions.pop(conversation_id, None)

    def _open_blank(self, folder_id: str | None = None) -> None:
        early_text = self._store_view_state()
        self._new_conversation.open(folder_id)
        self._append_early_text(early_text)

    def open(
        self, conversation_id: str, message_id: str = "", words: str = ""
    ) -> Coroutine[Any, Any, None]:
        """Open a conversation, optionally at a message and some words in it.

        The latest call wins, in the order of the calls, not of the tasks that await them.
        """
        self._request_number += 1
        self._pane.close_page()
        return self._open(self._request_number, conversation_id, message_id, words)

    async def _open(
        self, request_number: int, conversation_id: str, message_id: str, words: str
    ) -> None:
        store = self._conversations
        is_open = conversation_id == self._current.id == self._shown_id
        if message_id and is_open and self._current.message(message_id) is not None:
            self._transcript.scroll_to_message(message_id, words)
            return
        if message_id and message_id not in {m.id for m in await store.path(conversation_id)}:
            await store.show_version(conversation_id, message_id)
        conversation = await store.get(conversation_id)
        if conversation is None:
            self._presenter.forget(conversation_id)
            if request_number == self._request_number and self._shown_id != self._current.id:
                self._current.opened.emit()  # end the preview of another conversation
            return
        if not message_id and conversation_id not in self._positions:
            await self._preview(request_number, conversation)

        async def read_path() -> tuple[list[Message], dict[str, tuple[str, ...]]]:
            versions = await store.versions_on_path(conversation_id)
            return await self._with_running_answer(await store.path(conversation_id)), versions

        try:
            path, versions = await self._presenter.writes.read_settled(read_path)
        except StorageError:
            self._current.opened.emit()  # end the preview
            raise
        if request_number != self._request_number:
            return
        conversation = self._presenter.cache.merge(conversation)
        # Text that was typed so far belongs to the former conversation.
        early_text = self._store_view_state()
        draft = self._drafts.draft_of(conversation)
        if conversation_id != self._current.id:
            self._notifications.announce(conversation.title)
        self._current.open(conversation, path, versions, draft)
        self._append_early_text(early_text)
        if message_id:
            self._transcript.scroll_to_message(message_id, words)
        if not self._current.is_temporary:
            self._tasks.start(self._settings_store.set(OPEN_KEY, conversation_id))

    async def _preview(self, request_number: int, conversation: Conversation) -> None:
        """Show the end of a long conversation while the rest is read."""
        store = self._conversations
        tail = await self._with_running_answer(await store.tail(conversation.id, PREVIEW_COUNT))
        if (
            request_number != self._request_number
            or len(tail) < PREVIEW_COUNT
            or self._shown_id == conversation.id
        ):
            return
        self._save_scroll()
        self._shown_id = conversation.id
        self._pane.set_title((self._presenter.cache.get(conversation.id) or conversation).title)
        self._pane.show_empty_state(False)
        # The question would go to the former conversation.
        self._prompt.set_refusal(tr("Loading conversation…"))
        self._transcript.set_messages([self._messages.display_form(message) for message in tail])
        self._view.show_open(conversation.id)
        self._transcript.viewport().repaint()  # before reading occupies the processor

    async def _with_running_answer(self, path: list[Message]) -> list[Message]:
        if not path or path[-1].status is not MessageStatus.STREAMING:
            return path
        newest_message = self._running.newest_state(path[-1])
        if newest_message is path[-1]:  # it has ended, or another process writes it
            newest_message = await self._conversations.message(newest_message.id) or newest_message
        return [*path[:-1], newest_message]

    def _store_view_state(self) -> str:
        """Store the scroll position and the draft of the conversation that is left.

        Return the text that was typed before any conversation was open, "" later.
        """
        if not self._has_opened:
            self._has_opened = True
            return self._prompt.text()
        self._save_scroll()
        self._draft.save()
        return ""

    def _append_early_text(self, early_text: str) -> None:
        if early_text:
            prompt = self._prompt
            prompt.set_text(prompt.text() + early_text, prompt.field.template_id)
            self._draft.save_soon()

    # -------------------------------------------------------------- the open conversation

    def _save_scroll(self) -> None:
        """Record the scroll position of the open conversation, or none at the bottom."""
        if not self._current.path or self._shown_id != self._current.id:
            return
        if self._transcript.is_at_end:
            self._positions.pop(self._current.id, None)
        else:
            self._positions[self._current.id] = self._transcript.scroll_state()

    def _show_folder(self) -> None:
        folder = self._session.folders.folder_of(self._current.conversation)
        self._pane.header.set_folder("" if folder is None else folder.name)

    def _show_opened(self) -> None:
        self._pane.set_title(self._current.conversation.title)
        self._pane.show_empty_state(not self._current.path)
        transcript = self._transcript
        scroll_position = self._positions.get(self._current.id)
        if self._shown_id == self._current.id:  # the user has begun to read
            scroll_position = None if transcript.is_at_end else transcript.scroll_state()
        self._shown_id = self._current.id
        self._transcript.set_messages(
            [self._messages.display_form(message) for message in self._current.path],
            versions=self._current.version_numbers,
        )
        if scroll_position is not None:
            transcript.restore_scroll(scroll_position)
        self._presenter.select_open()
        draft = self._current.draft.value
        prompt = self._prompt
        if (prompt.text(), prompt.field.template_id) != (draft.text, draft.template_id):
            prompt.set_text(draft.text, draft.template_id)


class LinkController(Controller):
    """Opener of links, and copier of those to the open conversation."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._transcript.action_requested.connect(
            lambda message_id, action: self.copy(message_id) if action == COPY_LINK else None
        )

    def open(self, address: str) -> None:
        """Open the target of a link."""
        link = parse_link(address)
        if link is None:
            self._notifications.notify(tr("This link isn’t valid."))
        else:
            self._tasks.start(self._follow(link))

    async def _follow(self, link: MessageLink) -> None:
        """Open the target of a link, or notify that it no longer exists."""
        store = self._conversations
        message_id = link.message_id
        if await store.get(link.conversation_id) is None:
            self._notifications.notify(tr("This link leads to a deleted conversation."))
            return
        if message_id:
            message = await store.message(message_id)
            if message is None or message.conversation_id != link.conversation_id:
                self._notifications.notify(tr("This link leads to a deleted message."))
                message_id = ""
        await self._session.of(Navigator).open(link.conversation_id, message_id)

    def copy(self, message_id: str = "") -> None:
        """Copy a link to a message of the open conversation, "" for the conversation itself."""
        current = self._current
        if current.is_temporary or not current.path:
            self._notifications.notify(tr("Only saved conversations have a link."))
            return
        QGuiApplication.clipboard().setText(str(MessageLink(current.id, message_id)))
        self._notifications.notify(tr("Link copied"))
