"""Marks of conversations whose answer ended while the user did not see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from desktop_app.app.answers.running_answers import RunningAnswers
from desktop_app.app.state.conversation.open_conversation import OpenConversation
from desktop_app.app.tasks import Tasks
from desktop_app.domain.conversations.conversation import Message, MessageStatus
from desktop_app.storage.settings.settings_store import SettingsStore
from desktop_app.ui.sidebar.conversation_list import ConversationList

UNREAD_KEY: Final = "window.unread"
MAX_UNREAD: Final = 500  # the oldest marks go, because each change writes the whole list


class UnreadMarks(QObject):
    """Marks in the list, stored over restarts. Opening a conversation removes its mark.

    Args:
        is_in_front: returns True if the window has the focus.
        is_exempt: returns True for a conversation that gets no mark: the quick prompt shows it,
            or it is temporary, so that its id stays off the disk.

    Signals:
        seen(str): the user has opened or returned to an unread conversation (its id).
    """

    seen = Signal(str)

    def __init__(
        self,
        parent: QObject,
        running: RunningAnswers,
        conversation_list: ConversationList,
        is_in_front: Callable[[], bool],
        is_exempt: Callable[[str], bool],
        *,
        current: OpenConversation,
        settings_store: SettingsStore,
        tasks: Tasks,
    ) -> None:
        super().__init__(parent)
        self._list = conversation_list
        self._is_in_front = is_in_front
        self._is_exempt = is_exempt
        self._current = current
        self._settings_store = settings_store
        self._tasks = tasks
        self._unread_ids: dict[str, None] = {}  # conversation ids, in the order of their marks
        running.finished.connect(self._on_finished)
        current.opened.connect(self._mark_read)
        application = QGuiApplication.instance()
        if isinstance(application, QGuiApplication):
            application.focusWindowChanged.connect(self._mark_read)

    async def load(self) -> None:
        """Load the stored marks, and show them."""
        stored_ids = (await self._settings_store.all()).get(UNREAD_KEY)
        self._unread_ids = dict.fromkeys(
            map(str, stored_ids if isinstance(stored_ids, list) else ())
        )
        self._list.set_unread(self._unread_ids)
        self._mark_read()  # the last conversation has been opened before

    def _on_finished(self, conversation_id: str, answer: Message) -> None:
        is_stopped = answer.status is MessageStatus.CANCELLED  # by the user or a deletion
        is_seen = conversation_id == self._current.id and self._is_in_front()
        if not is_stopped and not is_seen and not self._is_exempt(conversation_id):
            self._unread_ids[conversation_id] = None
            while len(self._unread_ids) > MAX_UNREAD:
                del self._unread_ids[next(iter(self._unread_ids))]
            self._save()

    def _mark_read(self, *_: object) -> None:
        if self._current.id in self._unread_ids and self._is_in_front():
            del self._unread_ids[self._current.id]
            self._save()
            self.seen.emit(self._current.id)

    def _save(self) -> None:
        self._list.set_unread(self._unread_ids)
        self._tasks.start(self._settings_store.set(UNREAD_KEY, list(self._unread_ids)))
