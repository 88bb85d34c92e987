"""Links to conversations and messages: copied, and opened by later starts of the program."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from desktop_app.app.library.navigator import Navigator
from desktop_app.app.state.window_state import WindowState
from desktop_app.domain.conversations.message_link import MessageLink, parse_link
from desktop_app.i18n.translation import tr
from desktop_app.ui.transcript.message_commands import COPY_LINK
from desktop_app.ui.window.main_window import MainWindow


class LinkController(QObject):
    """Opener of links, and copier of those to the open conversation."""

    def __init__(self, window: MainWindow, state: WindowState, navigator: Navigator) -> None:
        super().__init__(window.pane)
        self._navigator = navigator
        self._current = state.current
        self._tasks = state.tasks
        self._notifications = window.pane.notifications
        self._conversations = state.backend.conversations
        window.pane.transcript.action_requested.connect(self._run_action)

    def _run_action(self, message_id: str, action: str) -> None:
        if action == COPY_LINK:
            self.copy(message_id)

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
        await self._navigator.open(link.conversation_id, message_id)

    def copy(self, message_id: str = "") -> None:
        """Copy a link to a message of the open conversation, "" for the conversation itself."""
        current = self._current
        if current.is_temporary or not current.path:
            self._notifications.notify(tr("Only saved conversations have a link."))
            return
        QGuiApplication.clipboard().setText(str(MessageLink(current.id, message_id)))
        self._notifications.notify(tr("Link copied"))
