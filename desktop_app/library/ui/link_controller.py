"""Links to conversations and messages, opened and copied."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication

from desktop_app.app.session import Controller, Session
from desktop_app.domain.conversations.message_link import MessageLink, parse_link
from desktop_app.i18n.translation import tr
from desktop_app.library.ui.navigator import Navigator
from desktop_app.transcript.message_items import COPY_LINK


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
