"""The conversation list: opening, renaming, pinning, deleting, searching, and every draft."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QObject, QTimer

from desktop_app.app.running_answers import RunningAnswers
from desktop_app.app.workspace import PROVIDER_REMOVED, Workspace
from desktop_app.domain.conversation import Conversation, Message, MessageStatus
from desktop_app.domain.cost import format_exact, format_money
from desktop_app.domain.errors import StorageError
from desktop_app.ui.main_window import MainWindow

DRAFT_MS = 400
UNDO_MS = 8000
PREVIEW = 30  # messages that are shown before a longer conversation has been read
OPEN_KEY, SCROLL_KEY = "window.conversation", "window.scroll"


@dataclass(frozen=True)
class _Deletion:
    """A conversation that is deleted for good when `timer` fires."""

    conversation: Conversation
    was_open: bool
    timer: QTimer


class LibraryController(QObject):
    """Between the conversation list and the store."""

    def __init__(self, window: MainWindow, workspace: Workspace, running: RunningAnswers) -> None:
        super().__init__(window)
        self._window = window
        self._workspace = workspace
        self._running = running
        self._conversations: dict[str, Conversation] = {}
        self._scroll: dict[str, tuple[str, int]] = {}
        self._deleting: dict[str, _Deletion] = {}
        self._shown = ""  # the conversation whose messages the transcript shows
        self._wanted = ""
        self._openings = 0
        self._is_loaded = False
        self._draft_timer = QTimer(self, singleShot=True, interval=DRAFT_MS)
        self._draft_timer.timeout.connect(self.save_draft)
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
        self._workspace.opened.connect(self._show_opened)
        self._workspace.draft_changed.connect(self._draft_timer.start)
        self._workspace.choice_changed.connect(self._take_choice)
        self._workspace.changed_elsewhere.connect(self.kept)
        self._workspace.profiles_changed.connect(self._show_foot)
        self._workspace.spent.connect(self._show_foot)
        self._workspace.jobs_paid.connect(self._show_foot)
        self._running.started.connect(lambda id_: shown.set_streaming(id_, True))
        self._running.finished.connect(
            lambda id_, _answer: shown.set_streaming(id_, self._running.is_running(id_))
        )

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
        self._workspace.drafts.load(stored)
        last = stored.get(OPEN_KEY)
        if last in self._conversations:
            if stored.get(SCROLL_KEY):
                message_id, offset = stored[SCROLL_KEY]
                self._scroll[last] = (message_id, offset)
            await self.open(last)
        if not self._is_loaded:
            self._open_blank()

    async def refresh(self) -> None:
        """Show what other processes have added."""
        listed = await self._workspace.backend.conversations.all()
        for conversation in listed:
            if conversation.id not in self._conversations and conversation.id not in self._deleting:
                self.kept(conversation)

    async def close(self) -> None:
        """Keep the draft and the place in the conversation; delete what was to be deleted."""
        self._leave()
        for conversation_id in list(self._deleting):
            await self._delete_now(conversation_id)
        settings = self._workspace.backend.settings
        place = self._scroll.get(self._workspace.conversation.id)
        if place is None:
            await settings.remove(SCROLL_KEY)
        else:
            await settings.set(SCROLL_KEY, list(place))

    # -------------------------------------------------------------- opening

    def open_new(self) -> None:
        """A blank conversation, with the draft that was left in the last blank one."""
        self._openings += 1
        self._open_blank()
        self._start(self._workspace.backend.settings.remove(OPEN_KEY))
        self._window.prompt.focus_text()

    def mark_open(self) -> None:
        """The open conversation is in the list now: mark it there, and open it at the next start."""
        conversation_id = self._workspace.conversation.id
        self._window.conversations.select(conversation_id)
        self._start(self._workspace.backend.settings.set(OPEN_KEY, conversation_id))

    def _open_blank(self) -> None:
        early = self._leave()
        self._workspace.open_new()
        self._bring_along(early)

    def open(self, conversation_id: str, message_id: str = "") -> Coroutine[Any, Any, None]:
        """Open a conversation, at a message where one is named. A later call supersedes it, in the
        order of the calls, not of the tasks that they are awaited in."""
        self._openings += 1
        return self._open(self._openings, conversation_id, message_id)

    async def _open(self, opening: int, conversation_id: str, message_id: str) -> None:
        store = self._workspace.backend.conversations
        if message_id and self._is_shown(conversation_id, message_id):
            self._window.transcript.scroll_to_message(message_id)
            return
        if message_id and message_id not in {m.id for m in await store.path(conversation_id)}:
            await self._show_version(conversation_id, message_id)
        conversation = await store.get(conversation_id)
        if conversation is None:
            self._window.conversations.remove(conversation_id)
            return
        if not message_id and conversation_id not in self._scroll:
            await self._preview(opening, conversation)
        try:
            versions = await store.versions_on_path(conversation_id)
            path = await self._with_running(await store.path(conversation_id))
        except StorageError:
            self._workspace.opened.emit()  # what is left stays, whatever was shown meanwhile
            raise
        if opening != self._openings:
            return
        conversation = self._as_changed(conversation)
        early = self._leave()  # only now: what was typed until here belongs to what is left
        draft = self._workspace.drafts.of(conversation)
        self._workspace.open(conversation, path, versions, draft)
        self._bring_along(early)
        if message_id:
            self._window.transcript.scroll_to_message(message_id)
        await self._workspace.backend.settings.set(OPEN_KEY, conversation_id)

    def _is_shown(self, conversation_id: str, message_id: str) -> bool:
        """Whether a message is one of the open conversation's."""
        workspace = self._workspace
        is_open = conversation_id == workspace.conversation.id == self._shown
        return is_open and any(message.id == message_id for message in workspace.path)

    async def _preview(self, opening: int, conversation: Conversation) -> None:
        """Show the end of a long conversation while the rest is being read. Until it is open in
        earnest, nothing can be sent: it would go to the one that is left."""
        store, window = self._workspace.backend.conversations, self._window
        tail = await self._with_running(await store.tail(conversation.id, PREVIEW))
        if opening != self._openings or len(tail) < PREVIEW or self._shown == conversation.id:
            return
        self._remember_place()
        self._shown = conversation.id
        window.set_title(self._conversations.get(conversation.id, conversation).title)
        window.show_first_start(False)
        window.prompt.set_can_send(False, "The conversation is being read.")
        window.transcript.set_messages([self._workspace.as_shown(message) for message in tail])
        window.conversations.select(conversation.id)
        window.transcript.viewport().repaint()  # before reading takes the processor

    def _as_changed(self, read: Conversation) -> Conversation:
        """A conversation as it was read, with what was changed here and may still be on its way to
        the disk."""
        known = self._conversations.get(read.id, read)
        conversation = replace(read, title=known.title, pinned=known.pinned)
        conversation = conversation.with_settings_of(known)
        self._conversations[read.id] = conversation
        return conversation

    async def _show_version(self, conversation_id: str, message_id: str) -> None:
        store = self._workspace.backend.conversations
        conversation = await store.get(conversation_id)
        if conversation is not None:
            leaf = await store.newest_leaf(message_id)
            await store.save(replace(conversation, leaf_id=leaf))

    async def _with_running(self, path: list[Message]) -> list[Message]:
        """The path with the running answer as far as it has come in memory."""
        if not path or path[-1].status is not MessageStatus.STREAMING:
            return path
        last = self._running.newest(path[-1])
        if last is path[-1]:  # it has ended since the path was read, or another process writes it
            last = await self._workspace.backend.conversations.message(last.id) or last
        return [*path[:-1], last]

    def _leave(self) -> str:
        """Remember what is left behind: the place in it, its draft. Returns what was typed before
        anything was open."""
        if not self._is_loaded:
            self._is_loaded = True
            return self._window.prompt.text()
        self._remember_place()
        self.save_draft()
        return ""

    def _remember_place(self) -> None:
        """The place of one who reads above; at the bottom there is nothing to come back to."""
        transcript, conversation_id = self._window.transcript, self._workspace.conversation.id
        if not self._workspace.path or self._shown != conversation_id:
            return
        if transcript.is_at_end:
            self._scroll.pop(conversation_id, None)
        else:
            self._scroll[conversation_id] = transcript.scroll_state()

    def _bring_along(self, early: str) -> None:
        if early:
            self._window.prompt.set_text(self._window.prompt.text() + early)
            self._draft_timer.start()

    def _show_opened(self) -> None:
        workspace, window = self._workspace, self._window
        window.set_title(workspace.conversation.title)
        window.show_first_start(not workspace.path)
        scroll = self._scroll.get(workspace.conversation.id)
        if self._shown == workspace.conversation.id and not window.transcript.is_at_end:
            scroll = window.transcript.scroll_state()  # someone has begun to read
        self._shown = workspace.conversation.id
        window.transcript.set_messages(
            [workspace.as_shown(message) for message in workspace.path],
            versions=version_numbers(workspace),
        )
        if scroll is not None:
            window.transcript.restore_scroll(scroll)
        window.conversations.select(None if workspace.is_new else workspace.conversation.id)
        if window.prompt.text() != workspace.draft.text:
            window.prompt.set_text(workspace.draft.text)
        self._show_foot()

    # -------------------------------------------------------------- drafts

    def save_draft(self) -> None:
        """Keep what stands in the prompt."""
        self._draft_timer.stop()
        workspace = self._workspace
        workspace.draft = replace(workspace.draft, text=self._window.prompt.text())
        workspace.drafts.keep(workspace.conversation.id, workspace.draft)

    # -------------------------------------------------------------- changes

    def kept(self, conversation: Conversation) -> None:
        """A conversation was written to: show it in its place."""
        self._conversations[conversation.id] = conversation
        streaming = self._running.is_running(conversation.id)
        self._window.conversations.upsert(replace(conversation, streaming=streaming))

    def known(self, conversation_id: str) -> Conversation | None:
        """A conversation as the list has it; None where it was deleted."""
        return self._conversations.get(conversation_id)

    def _take_choice(self) -> None:
        """A later change of the title must not bring the former choice or settings back."""
        changed = self._workspace.conversation
        if changed.id in self._conversations:
            known = self._conversations[changed.id]
            self._conversations[changed.id] = known.with_settings_of(changed)
        self._show_foot()

    def _rename(self, conversation_id: str, title: str) -> None:
        self._change(conversation_id, title=title.strip() or "New conversation")

    def retitle(self, conversation_id: str, title: str) -> None:
        """Give a conversation a title that the person did not choose."""
        self._change(conversation_id, title=title)
        self._workspace.retitled.emit(conversation_id, title)

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
        was_open = conversation_id == self._workspace.conversation.id
        timer = QTimer(self, singleShot=True, interval=UNDO_MS)
        timer.setObjectName("undo")
        timer.timeout.connect(lambda: self._start(self._delete_now(conversation_id)))
        self._deleting[conversation_id] = _Deletion(conversation, was_open, timer)
        self._window.conversations.remove(conversation_id)
        if was_open:
            self.open_new()
        self._window.notifications.notify(
            f"“{conversation.title}” was deleted.",
            actions=[("Undo", lambda: self._undo_delete(conversation_id))],
        )
        timer.start()

    def _undo_delete(self, conversation_id: str) -> None:
        deletion = self._no_longer_deleting(conversation_id)
        if deletion is not None:
            self.kept(deletion.conversation)
            if deletion.was_open:
                self._start(self.open(conversation_id))

    def _no_longer_deleting(self, conversation_id: str) -> _Deletion | None:
        deletion = self._deleting.pop(conversation_id, None)
        if deletion is not None:
            deletion.timer.stop()
            deletion.timer.deleteLater()
        return deletion

    async def _delete_now(self, conversation_id: str) -> None:
        if self._no_longer_deleting(conversation_id) is not None:
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

    def _show_foot(self, *_: object) -> None:
        self._start(self._show_month())

    async def _show_month(self) -> None:
        workspace = self._workspace
        if not workspace.has_provider(workspace.conversation):
            self._window.conversations.set_foot(PROVIDER_REMOVED, "cloud", "")
            return
        profile = workspace.profile
        month = await workspace.backend.budget.month(profile)
        if profile == workspace.profile:
            icon = "cloud" if profile.needs_key else "cpu"
            limit = f"of {format_exact(month.cap)}" if month.cap and month.is_near else "this month"
            text = f"{format_money(month.spent)} {limit}" if month.spent else ""
            foot = self._window.conversations
            foot.set_foot(profile.name, icon, text, is_near_cap=month.is_near)


def version_numbers(workspace: Workspace) -> dict[str, tuple[int, int]]:
    """Message id -> (which version, of how many), for the messages that have several."""
    return {
        message_id: (ids.index(message_id) + 1, len(ids))
        for message_id, ids in workspace.versions.items()
        if message_id in ids
    }
