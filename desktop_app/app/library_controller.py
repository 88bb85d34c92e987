"""The conversation list: opening, renaming, pinning, deleting, searching, and every draft."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, QTimer

from desktop_app.app.running_answers import RunningAnswers
from desktop_app.app.workspace import Workspace
from desktop_app.domain.conversation import Conversation, Draft, Message, MessageStatus, now
from desktop_app.domain.cost import format_money
from desktop_app.domain.parts import DocumentPart, ImagePart, parts_from_json, parts_to_json
from desktop_app.ui.main_window import MainWindow

DRAFT_MS = 400
UNDO_MS = 8000
PAGE = 60  # messages that are loaded into the view at once
OPEN_KEY, SCROLL_KEY, NEW_DRAFT_KEY = "window.conversation", "window.scroll", "window.new_draft"


class LibraryController(QObject):
    """Between the conversation list and the store."""

    def __init__(self, window: MainWindow, workspace: Workspace, running: RunningAnswers) -> None:
        super().__init__(window)
        self._window = window
        self._workspace = workspace
        self._running = running
        self._conversations: dict[str, Conversation] = {}
        self._scroll: dict[str, tuple[str, int]] = {}
        self._deleting: dict[str, Conversation] = {}
        self._new_draft = Draft()
        self._shown_from = 0
        self._wanted = ""
        self._draft_timer = QTimer(self, singleShot=True, interval=DRAFT_MS)
        self._draft_timer.timeout.connect(lambda: self._start(self.save_draft()))
        self._connect()

    def _connect(self) -> None:
        shown = self._window.conversations
        shown.opened.connect(lambda id_: self._start(self.open(id_)))
        shown.new_requested.connect(self.open_new)
        shown.renamed.connect(self._rename)
        shown.pinned.connect(self._pin)
        shown.deleted.connect(self.delete)
        shown.search_changed.connect(lambda text: self._start(self._search(text.strip())))
        shown.hit_opened.connect(lambda id_, message: self._start(self.open(id_, message)))
        self._window.prompt.text_changed.connect(self._draft_timer.start)
        self._window.transcript.older_wanted.connect(self._show_older)
        self._workspace.opened.connect(self._show_opened)
        self._workspace.draft_changed.connect(self._draft_timer.start)
        self._workspace.choice_changed.connect(self._show_foot)
        self._workspace.path_changed.connect(self._show_foot)
        self._running.started.connect(lambda id_: shown.set_streaming(id_, True))
        self._running.finished.connect(lambda id_, _answer: shown.set_streaming(id_, False))

    def _start(self, work: Any) -> None:
        self._workspace.tasks.start(work)

    # -------------------------------------------------------------- start and end

    async def load(self) -> None:
        """Fill the list and open what was open last, where it was scrolled to."""
        backend = self._workspace.backend
        await backend.conversations.interrupt_orphans()
        if backend.database.needs_check:  # the last exit was not clean, and the store is large
            self._start(backend.database.check())
        listed = await backend.conversations.all()
        self._conversations = {conversation.id: conversation for conversation in listed}
        self._window.conversations.set_conversations(listed)
        stored = await backend.settings.all()
        self._new_draft = _draft_from_json(stored.get(NEW_DRAFT_KEY))
        last = stored.get(OPEN_KEY)
        if last in self._conversations:
            if stored.get(SCROLL_KEY):
                message_id, offset = stored[SCROLL_KEY]
                self._scroll[last] = (message_id, offset)
            await self.open(last)
        else:
            self._workspace.open_new(self._new_draft)

    async def close(self) -> None:
        """Keep the draft and the place in the conversation; delete what was to be deleted."""
        await self.save_draft()
        settings = self._workspace.backend.settings
        for conversation_id in list(self._deleting):
            await self._delete_now(conversation_id)
        if self._workspace.path:
            await settings.set(SCROLL_KEY, list(self._window.transcript.scroll_state()))

    # -------------------------------------------------------------- opening

    def open_new(self) -> None:
        """A blank conversation, with the draft that was left in the last blank one."""
        self._leave()
        self._workspace.open_new(self._new_draft)
        self._window.conversations.select(None)
        self._start(self._workspace.backend.settings.remove(OPEN_KEY))
        self._window.prompt.focus_text()

    async def open(self, conversation_id: str, message_id: str = "") -> None:
        """Open a conversation, at a message where one is named."""
        self._leave()
        store = self._workspace.backend.conversations
        if message_id and message_id not in {m.id for m in await store.path(conversation_id)}:
            await self._show_version(conversation_id, message_id)
        conversation = await store.get(conversation_id)
        if conversation is None:
            self._window.conversations.remove(conversation_id)
            return
        path = await store.path(conversation_id)
        versions = await store.versions_on_path(conversation_id)
        self._conversations[conversation_id] = conversation
        self._workspace.open(conversation, self._with_running(path), versions, conversation.draft)
        if message_id:
            self._show_all_from(message_id)
            self._window.transcript.scroll_to_message(message_id)
        await self._workspace.backend.settings.set(OPEN_KEY, conversation_id)

    async def _show_version(self, conversation_id: str, message_id: str) -> None:
        store = self._workspace.backend.conversations
        conversation = await store.get(conversation_id)
        if conversation is not None:
            leaf = await store.newest_leaf(message_id)
            await store.save(replace(conversation, leaf_id=leaf))

    def _with_running(self, path: Iterable[Message]) -> list[Message]:
        """The path with the running answer as far as it has come in memory."""
        messages = list(path)
        if messages and messages[-1].status is MessageStatus.STREAMING:
            so_far = self._running.answer_so_far(messages[-1].conversation_id)
            if so_far is not None and so_far.id == messages[-1].id:
                messages[-1] = so_far
        return messages

    def _leave(self) -> None:
        """Remember what is left behind: the place in it, its draft."""
        if self._workspace.path:
            self._scroll[self._workspace.conversation.id] = self._window.transcript.scroll_state()
        if self._draft_timer.isActive():
            self._draft_timer.stop()
            self._start(self.save_draft())

    def _show_opened(self) -> None:
        workspace, window = self._workspace, self._window
        window.set_title(workspace.conversation.title)
        window.show_first_start(not workspace.path)
        self._shown_from = max(0, len(workspace.path) - PAGE)
        window.transcript.set_messages(
            workspace.path[self._shown_from :],
            has_older=self._shown_from > 0,
            versions=version_numbers(workspace),
        )
        scroll = self._scroll.get(workspace.conversation.id)
        if scroll is not None:
            self._show_all_from(scroll[0])
            window.transcript.restore_scroll(scroll)
        else:
            window.transcript.scroll_to_bottom()
        window.conversations.select(None if workspace.is_new else workspace.conversation.id)
        window.prompt.set_text(workspace.draft.text)
        self._draft_timer.stop()
        self._show_foot()

    def _show_older(self) -> None:
        if self._shown_from == 0:
            return
        start = max(0, self._shown_from - PAGE)
        older = self._workspace.path[start : self._shown_from]
        self._shown_from = start
        self._window.transcript.prepend_messages(older, has_older=start > 0)

    def _show_all_from(self, message_id: str) -> None:
        ids = [message.id for message in self._workspace.path]
        while message_id in ids[: self._shown_from]:
            self._show_older()

    # -------------------------------------------------------------- drafts

    async def save_draft(self) -> None:
        """Keep what stands in the prompt."""
        workspace = self._workspace
        draft = replace(workspace.draft, text=self._window.prompt.text())
        workspace.draft = draft
        if workspace.is_new:
            self._new_draft = draft
            await workspace.backend.settings.set(NEW_DRAFT_KEY, _draft_to_json(draft))
        else:
            await workspace.backend.conversations.save_draft(workspace.conversation.id, draft)

    def drop_draft(self) -> None:
        """The draft was sent: nothing of it is to be saved again."""
        self._draft_timer.stop()
        if self._workspace.is_new:
            self._new_draft = Draft()
            self._start(self._workspace.backend.settings.remove(NEW_DRAFT_KEY))
        self._workspace.draft = Draft()
        self._workspace.draft_changed.emit()
        self._draft_timer.stop()

    # -------------------------------------------------------------- changes

    def kept(self, conversation: Conversation) -> None:
        """A conversation was written to: show it in its place."""
        self._conversations[conversation.id] = conversation
        self._window.conversations.upsert(conversation)

    def _rename(self, conversation_id: str, title: str) -> None:
        self._change(conversation_id, title=title.strip() or "New conversation")

    def _pin(self, conversation_id: str, pinned: bool) -> None:
        self._change(conversation_id, pinned=pinned)

    def _change(self, conversation_id: str, **changes: Any) -> None:
        changed = replace(self._conversations[conversation_id], **changes)
        self._start(self._workspace.backend.conversations.save(changed))
        self.kept(changed)
        if conversation_id == self._workspace.conversation.id:
            self._workspace.conversation = replace(self._workspace.conversation, **changes)
            self._window.set_title(changed.title)

    def pin_open(self) -> None:
        """Pin the open conversation, or take the pin away."""
        known = self._conversations.get(self._workspace.conversation.id)
        if known is not None:
            self._pin(known.id, not known.pinned)

    def delete_open(self) -> None:
        """Delete the open conversation."""
        if self._workspace.conversation.id in self._conversations:
            self.delete(self._workspace.conversation.id)

    def open_neighbour(self, step: int) -> None:
        """Open the conversation above (-1) or below (+1) in the list."""
        neighbour = self._window.conversations.neighbour(step)
        if neighbour is not None:
            self._start(self.open(neighbour))

    def delete(self, conversation_id: str) -> None:
        """Take a conversation out of the list; it is gone for good when Undo is."""
        conversation = self._conversations.pop(conversation_id)
        self._running.stop(conversation_id)
        self._deleting[conversation_id] = conversation
        self._window.conversations.remove(conversation_id)
        if conversation_id == self._workspace.conversation.id:
            self.open_new()
        self._window.notifications.notify(
            f"“{conversation.title}” was deleted.",
            actions=[("Undo", lambda: self._undo_delete(conversation_id))],
        )
        QTimer.singleShot(UNDO_MS, self, lambda: self._start(self._delete_now(conversation_id)))

    def _undo_delete(self, conversation_id: str) -> None:
        conversation = self._deleting.pop(conversation_id, None)
        if conversation is not None:
            self.kept(conversation)
            self._start(self.open(conversation_id))

    async def _delete_now(self, conversation_id: str) -> None:
        if self._deleting.pop(conversation_id, None) is not None:
            await self._workspace.backend.conversations.delete(conversation_id)

    # -------------------------------------------------------------- search and foot

    async def _search(self, text: str) -> None:
        shown, self._wanted = self._window.conversations, text
        if not text:
            shown.show_hits(None)
            return
        hits = await self._workspace.backend.search.find(text)
        if self._wanted == text:
            shown.show_hits([hit for hit in hits if hit.conversation_id not in self._deleting])

    def _show_foot(self) -> None:
        self._start(self._show_month())

    async def _show_month(self) -> None:
        profile = self._workspace.profile
        spent = await self._workspace.backend.ledger.month(now(), profile.id)
        icon = "cloud" if profile.needs_key else "cpu"
        month = f"{format_money(spent)} this month" if spent else ""
        self._window.conversations.set_foot(profile.name, icon, month)


def version_numbers(workspace: Workspace) -> dict[str, tuple[int, int]]:
    """Message id -> (which version, of how many), for the messages that have several."""
    return {
        message_id: (ids.index(message_id) + 1, len(ids))
        for message_id, ids in workspace.versions.items()
        if message_id in ids
    }


def _draft_to_json(draft: Draft) -> dict[str, Any]:
    return {"text": draft.text, "attachments": parts_to_json(draft.attachments)}


def _draft_from_json(row: dict[str, Any] | None) -> Draft:
    if not row:
        return Draft()
    parts = parts_from_json(row["attachments"])
    return Draft(row["text"], tuple(p for p in parts if isinstance(p, DocumentPart | ImagePart)))
