"""Deletion, archiving and restoring of conversations with Undo, and emptying of the trash."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from desktop_app.app.navigator import Navigator
from desktop_app.app.session import Controller, Session
from desktop_app.domain.activity_log import described
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.errors import StorageError
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.library.list_filter import TRASH_RETENTION
from desktop_app.library.ui.conversation_list import ConversationList
from desktop_app.library.ui.list_presenter import ListPresenter
from desktop_app.storage.expiry_clock import expiry_time
from desktop_app.widgets.forms.form_dialog import ask

if TYPE_CHECKING:
    from desktop_app.library.ui.trash_section import TrashSection

log = logging.getLogger(__name__)


class Trash(Controller):
    """Commands of the list that trash, archive, restore and permanently delete."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._view = session.of(ConversationList).view
        self._flag_store = session.backend.flags
        self._attachment_store = session.backend.attachments
        self._navigator = session.of(Navigator)
        self._presenter = session.of(ListPresenter)
        # A new answer restores its conversation from the trash. The slot is queued because, after
        # starting a run, `TurnPresenter` sets the open conversation, still marked as trashed.
        self._running.started.connect(self._restore_answered, Qt.ConnectionType.QueuedConnection)
        self._current.opened.connect(self._notify_if_trashed)

    @cached_property
    def sections(self) -> list[TrashSection]:
        """Return what is in the trash beside conversations."""
        sections: list[TrashSection] = self._session.make_sections("trash")
        return sections

    def delete_chosen_or_close(self) -> None:
        """Delete the chosen conversations; without any, close the open temporary one."""
        if self._current.is_temporary and not self._view.affected_ids:
            self._session.run("conversation.close-temporary")
        else:
            self.delete_chosen()

    # -------------------------------------------------------------- moving to and from the trash

    def delete(self, conversation_ids: Sequence[str]) -> None:
        """Move conversations into the trash, and offer Undo."""
        ids = self._filter_ids(conversation_ids, in_trash=False)
        if not ids:
            return
        message = tr_plural(
            "“{title}” moved to trash",
            "{count} conversations moved to trash",
            len(ids),
            title=self._single_title(ids),
        )
        opened_id = self._current.id
        trashed_at = now()
        for id_ in ids:
            self._running.stop(id_)
        had_focus = self._view.hasFocus()
        next_ids = [self._view.neighbor(+1), self._view.neighbor(-1)] if had_focus else []
        self._presenter.change(ids, trashed_at=trashed_at)
        if opened_id in ids:
            next_id = next((id_ for id_ in next_ids if id_ and id_ not in ids), None)
            if next_id is None:
                self._navigator.open_new()
            else:  # the row that is now lit
                self._tasks.start(self._navigator.open(next_id))
        if had_focus and self._view.isVisible():  # so that Delete works again
            self._view.setFocus(Qt.FocusReason.OtherFocusReason)
        self._presenter.writes.start(self._flag_store.set_trashed(ids, trashed_at))
        self._notifications.notify_undo(message, lambda: self._undo(ids, trashed_at, opened_id))
        if had_focus and not self._view.hasFocus():  # no row is left, and the prompt has the focus
            self._session.window.prompt.field.undos.append(self._notifications.undo_last)

    def restore(self, conversation_ids: Sequence[str]) -> None:
        ids = self._filter_ids(conversation_ids, in_trash=True)
        if ids:
            self._presenter.change(ids, trashed_at=None)
            self._presenter.writes.start(self._flag_store.set_trashed(ids, None))

    def archive(self, conversation_ids: Sequence[str], archived: bool) -> None:
        """Archive conversations, or take them out of the archive."""
        ids = list(conversation_ids)
        count = len(ids)
        title = self._single_title(ids)
        if archived:
            message = tr_plural(
                "“{title}” archived", "{count} conversations archived", count, title=title
            )
        else:
            message = tr_plural(
                "“{title}” unarchived", "{count} conversations unarchived", count, title=title
            )
        self._set_archived(ids, archived)
        self._notifications.notify_undo(message, lambda: self._set_archived(ids, not archived))

    def _set_archived(self, ids: list[str], archived: bool) -> None:
        self._presenter.change(ids, archived=archived)
        self._presenter.writes.start(self._flag_store.set_archived(ids, archived))

    def _undo(self, ids: list[str], trashed_at: datetime, opened_id: str) -> None:
        """Restore the conversations that have been in the trash since `trashed_at`."""
        cached_conversations = [(id_, self._presenter.cache.get(id_)) for id_ in ids]
        restorable_ids = [
            id_ for id_, c in cached_conversations if c is not None and c.trashed_at == trashed_at
        ]
        self.restore(restorable_ids)
        if opened_id in restorable_ids:
            self._tasks.start(self._navigator.open(opened_id))

    def _filter_ids(self, ids: Sequence[str], *, in_trash: bool) -> list[str]:
        """Return the ids of cached conversations in the trash, or outside it if not `in_trash`."""
        cached_conversations = [(id_, self._presenter.cache.get(id_)) for id_ in ids]
        return [
            id_ for id_, c in cached_conversations if c and (c.trashed_at is not None) == in_trash
        ]

    def _single_title(self, ids: Sequence[str]) -> str:
        conversation = self._presenter.cache.get(ids[0]) if len(ids) == 1 else None
        return conversation.title if conversation else ""

    def delete_or_erase(self, conversation_ids: Sequence[str]) -> None:
        """Delete conversations; offer to permanently delete those in the trash."""
        ids = self._filter_ids(conversation_ids, in_trash=True)
        if ids:
            question = tr_plural(
                "Permanently delete “{title}”?",
                "Permanently delete {count} conversations?",
                len(ids),
                title=self._single_title(ids),
            )
            self.ask(question, lambda: self._tasks.start(self.erase(ids)))
        self.delete(conversation_ids)

    def delete_chosen(self) -> None:
        """Delete the marked conversations, or the open one if none is marked."""
        self.delete_or_erase([c.id for c in self._presenter.chosen_conversations])

    def archive_chosen(self) -> None:
        """Archive the marked conversations or the open one, or unarchive them if all are archived.

        Conversations in the trash do not change.
        """
        chosen_conversations = [
            c for c in self._presenter.chosen_conversations if c.trashed_at is None
        ]
        if chosen_conversations:
            self.archive(
                [c.id for c in chosen_conversations],
                not all(c.archived for c in chosen_conversations),
            )

    # -------------------------------------------------------------- the open conversation

    def _notify_if_trashed(self) -> None:
        """Notify that the open conversation is in the trash, and offer to restore it."""
        open_conversation = self._current.conversation
        if open_conversation.trashed_at is not None and not self._current.is_new:
            self._notifications.notify(
                tr("This conversation is in the trash."),
                actions=[(tr("Restore"), lambda: self.restore([open_conversation.id]))],
            )

    def _restore_answered(self, conversation_id: str) -> None:
        running = self._running
        if running.is_running(conversation_id) and not running.is_stopping(conversation_id):
            self.restore([conversation_id])

    # -------------------------------------------------------------- permanent deletion

    def confirm_and_empty(self) -> None:
        """Ask for confirmation, then empty the trash, or say that it is empty."""

        async def offer() -> None:
            read = partial(self._conversations.list_trashed, 1)
            others = [await section.read() for section in self.sections]
            if await self._presenter.writes.read_settled(read) or any(others):
                self.ask(tr("Empty trash?"), lambda: self._tasks.start(self.empty()))
            else:
                self._notifications.notify(tr("Trash is empty"))

        self._tasks.start(offer())

    def ask(self, question: str, on_accepted: Callable[[], object], consequence: str = "") -> None:
        """Ask before a permanent deletion."""
        ask(
            self._window,
            "delete-for-good",
            question,
            consequence or tr("This can’t be undone."),
            label=tr("Delete permanently"),
            on_accepted=on_accepted,
        )

    async def erase(self, conversation_ids: Sequence[str]) -> None:
        """Permanently delete those of the conversations that are in the trash."""
        ids = self._filter_ids(conversation_ids, in_trash=True)  # Undo may have restored some
        for conversation_id in ids:
            self._stop_and_close(conversation_id)
            self._presenter.forget(conversation_id)
        await self._conversations.erase(ids)
        await self._attachment_store.remove_of_deleted_conversations()

    async def empty(self) -> None:
        """Permanently delete everything in the trash."""
        open_conversation = self._current.conversation
        if open_conversation.trashed_at is not None:
            self._stop_and_close(open_conversation.id)
        await self._erase_trashed(now())
        for section in self.sections:
            for item in await section.read():
                await item.erase()
        self._session.events.trash_changed.emit()

    async def expire(self) -> None:
        """Permanently delete conversations and texts whose time in the trash has expired.

        Failures are retried the next time. While an expired conversation is open, it stays, as do
        those trashed after it.
        """
        from desktop_app.chat.text_store import TextStore

        try:
            expired = await expiry_time(self._session.backend.database) - TRASH_RETENTION
            trashed_at = self._current.conversation.trashed_at
            await self._erase_trashed(min(expired, trashed_at or expired))
            await TextStore(self._session.temporary).erase_trashed(expired)
        except StorageError as error:
            log.warning("%s", described(error))

    async def _erase_trashed(self, cutoff: datetime) -> None:
        erased_ids = await self._conversations.empty_trash(cutoff)
        for id_ in erased_ids:
            self._presenter.forget(id_)
        await self._attachment_store.remove_of_deleted_conversations()

    def _stop_and_close(self, conversation_id: str) -> None:
        """Stop a conversation's answer, and open a blank conversation if this one is open."""
        self._running.stop(conversation_id)
        if self._current.id == conversation_id:
            self._navigator.open_new()
