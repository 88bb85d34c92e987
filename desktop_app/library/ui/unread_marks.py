"""The marks of conversations with an answer that the user has not seen."""

from __future__ import annotations

from typing import Final

from PySide6.QtGui import QGuiApplication

from desktop_app.app.session import Controller, Session
from desktop_app.domain.conversations.conversation import Message, MessageStatus
from desktop_app.library.ui.conversation_list import ConversationList

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

    async def load(self) -> None:
        """Load the stored marks, and show them."""
        stored_ids = (await self._settings_store.all()).get(UNREAD_KEY)
        self._unread_ids = dict.fromkeys(
            map(str, stored_ids if isinstance(stored_ids, list) else ())
        )
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

    def _mark_read(self, *_: object) -> None:
        if self._current.id in self._unread_ids and self._session.window.isActiveWindow():
            del self._unread_ids[self._current.id]
            self._save()
            self._session.events.read.emit(self._current.id)

    def _save(self) -> None:
        self._list.model.set_unread(self._unread_ids)
        self._tasks.start(self._settings_store.set(UNREAD_KEY, list(self._unread_ids)))
