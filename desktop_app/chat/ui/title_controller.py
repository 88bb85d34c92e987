"""Titles of conversations, given after the first answer."""

from __future__ import annotations

import logging

from desktop_app.app.session import Controller, Session
from desktop_app.chat.titles import TitleWriter, local_title, wants_title
from desktop_app.domain.conversations.conversation import Message, MessageStatus
from desktop_app.domain.errors import UserFacingError
from desktop_app.library.ui.list_presenter import ListPresenter

log = logging.getLogger(__name__)


class TitleController(Controller):
    """Giver of titles after a conversation's first answer, by a small model or made here."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._temporary = session.temporary
        self._chat_service = session.backend.chat
        self._requested_ids: set[str] = set()
        self._running.finished.connect(self._tasks.slot(self._set_title))

    async def _set_title(self, conversation_id: str, answer: Message) -> None:
        """Set a better title, unless the user has chosen one in the meantime."""
        if (
            self._temporary.was_ever_temporary(conversation_id)
            or answer.status is not MessageStatus.COMPLETE
        ):
            return
        find_existing = self._session.of(ListPresenter).cache.find_existing
        path = await self._conversations.path(conversation_id)
        conversation = find_existing(conversation_id)
        if conversation is None or not wants_title(conversation, path):
            return
        if conversation_id in self._requested_ids:  # for an answer that ended earlier
            return
        self._requested_ids.add(conversation_id)
        profile = self._setup.profile_of(conversation)
        resolved = self._chat_service.resolve(profile, conversation.choice)
        writer = TitleWriter(self._session.backend.utility_model, self._session.backend.delimiters)
        title = ""
        if self._values["library.model_titles"] and writer.may_ask(resolved):
            try:
                title = await writer.suggest(path, resolved)
            except UserFacingError as error:
                log.warning("no title: %s", type(error).__name__)
        title = title or local_title(path)
        current_conversation = find_existing(conversation_id)
        if current_conversation is None or not current_conversation.title_is_automatic:
            return
        if title and title != current_conversation.title:
            self._session.of(ListPresenter).rename(conversation_id, title)
