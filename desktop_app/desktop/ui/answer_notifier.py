"""Notifications of ended answers and jobs, and of waiting tools, while no window is in front."""

from __future__ import annotations

import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Final

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from desktop_app.app.navigator import Navigator
from desktop_app.app.session import Session
from desktop_app.desktop.core import NOTIFICATIONS
from desktop_app.desktop_session.application_object import show_progress
from desktop_app.desktop_session.notifier import Notifier
from desktop_app.desktop_session.session_bus import BusError, SessionBus
from desktop_app.domain.conversations.conversation import Message, MessageStatus
from desktop_app.domain.conversations.message_link import MessageLink, parse_link
from desktop_app.i18n.translation import N_, tr
from desktop_app.library.ui.list_presenter import ListPresenter
from desktop_app.widgets.text.foreign_text import one_line

LONG_ANSWER_S: Final = 10.0
"""Shorter answers are not announced: the user is still waiting for them."""
_DEFAULT_HEADING: Final = N_("Response ready")
_HEADINGS: Final = {
    MessageStatus.FAILED: N_("Response failed"),
    MessageStatus.REFUSED: N_("The model declined"),
}


class AnswerNotifier(QObject):
    """Notifications of answers, batch jobs and waiting tools, which show a title, but no answer."""

    def __init__(self, session: Session, bus: SessionBus) -> None:
        super().__init__(session.window)
        self._session = session
        self._bus = bus
        self._values = session.values
        self._tasks = session.tasks
        self._clock = time.monotonic
        self._notifier = Notifier(bus, self._on_link_clicked)
        self._notified_ids: set[str] = set()
        self._started_at: dict[str, float] = {}
        session.running.started.connect(lambda id_: self._started_at.update({id_: self._clock()}))
        session.running.finished.connect(self._on_finished)
        session.events.notified.connect(self._notify_of_command)
        session.events.progressed.connect(self._show_progress)
        session.events.read.connect(self.forget)

    def _title_of(self, conversation_id: str) -> str:
        """Return a title for notifications, which desktops keep; "" if temporary or unknown."""
        if self._session.temporary.is_temporary(conversation_id):
            return ""
        conversation = self._session.of(ListPresenter).cache.get(conversation_id)
        return "" if conversation is None else conversation.title

    def _notify_of_command(self, command_id: str, heading: str, title: str) -> None:
        self._notify(heading, title, key=command_id, link=command_id)

    def notify_waiting_tool(self, conversation_id: str) -> None:
        """Notify that a tool waits for the user's permission."""
        self._notified_ids.add(conversation_id)
        link = str(MessageLink(conversation_id))
        title = self._title_of(conversation_id)
        self._notify(tr("A tool is waiting for your permission"), title, key=link, link=link)

    def _show_progress(self, share: float) -> None:
        """Show the progress of background work on the program's icon."""
        show_progress(self._bus, share if share < 1.0 else None)

    def forget(self, conversation_id: str) -> None:
        """Remove the notification of a conversation that was opened."""
        if conversation_id in self._notified_ids:
            self._notified_ids.remove(conversation_id)
            self._start_quietly(self._notifier.withdraw(str(MessageLink(conversation_id))))

    def _on_finished(self, conversation_id: str, answer: Message) -> None:
        started_at = self._started_at.pop(conversation_id, self._clock())
        duration_s = max(self._clock() - started_at, answer.duration_s or 0.0)
        if duration_s <= LONG_ANSWER_S or answer.status is MessageStatus.CANCELLED:
            return
        link = str(MessageLink(conversation_id, answer.id))
        self._notified_ids.add(conversation_id)
        heading = tr(_HEADINGS.get(answer.status, _DEFAULT_HEADING))
        # A later answer in the conversation replaces the notification.
        key = str(MessageLink(conversation_id))
        self._notify(heading, self._title_of(conversation_id), key=key, link=link)

    def _notify(self, heading: str, title: str, *, key: str, link: str) -> None:
        if self._values[NOTIFICATIONS] and QGuiApplication.focusWindow() is None:
            self._start_quietly(self._notifier.notify(heading, one_line(title), key=key, link=link))

    def _start_quietly(self, work: Coroutine[Any, Any, None]) -> None:
        async def ignore_bus_errors() -> None:
            with suppress(BusError):  # a desktop without notifications
                await work

        self._tasks.start(ignore_bus_errors())

    def _on_link_clicked(self, address: str) -> None:
        link = parse_link(address)
        if link is not None:
            navigator = self._session.of(Navigator)
            navigator.open_in_front(link.conversation_id, link.message_id)
        else:
            self._session.raise_window()
            self._session.run(address)
