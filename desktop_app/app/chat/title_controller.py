"""Titles by the model for small tasks after a conversation's first answer, if enabled."""

from __future__ import annotations

import logging
from collections.abc import Callable

from PySide6.QtCore import QObject

from desktop_app.app.answers.running_answers import RunningAnswers
from desktop_app.app.library.list_presenter import ListPresenter
from desktop_app.app.state.window_state import WindowState
from desktop_app.domain.conversations.conversation import Message, MessageStatus
from desktop_app.domain.errors import UserFacingError
from desktop_app.services.chat.small_tasks.titles import TitleWriter, wants_title
from desktop_app.services.chat.small_tasks.utility_model import UtilityModel

log = logging.getLogger(__name__)


class TitleController(QObject):
    """Requester of titles from the model for small tasks, after a conversation's first answer."""

    def __init__(
        self,
        state: WindowState,
        running: RunningAnswers,
        presenter: ListPresenter,
        *,
        utility_model: Callable[[], UtilityModel],
    ) -> None:
        super().__init__(presenter)
        self._values = state.setup.values
        self._setup = state.setup
        self._temporary = state.temporary
        self._tasks = state.tasks
        self._conversations = state.backend.conversations
        self._chat_service = state.backend.chat
        self._delimiters = state.backend.delimiters
        self._utility_model = utility_model
        self._presenter = presenter
        self._requested_ids: set[str] = set()
        running.finished.connect(self._on_finished)

    def _on_finished(self, conversation_id: str, answer: Message) -> None:
        if (
            self._values["library.model_titles"]
            and not self._temporary.was_ever_temporary(conversation_id)
            and answer.status is MessageStatus.COMPLETE
        ):
            self._tasks.start(self._set_title(conversation_id))

    async def _set_title(self, conversation_id: str) -> None:
        """Set a better title, unless the user has chosen one in the meantime."""
        path = await self._conversations.path(conversation_id)
        conversation = self._presenter.cache.find_existing(conversation_id)
        if conversation is None or not wants_title(conversation, path):
            return
        if conversation_id in self._requested_ids:  # for an answer that ended earlier
            return
        self._requested_ids.add(conversation_id)
        resolved = self._chat_service.resolve(
            self._setup.profile_of(conversation), conversation.choice
        )
        try:
            writer = TitleWriter(self._utility_model(), self._delimiters)
            title = await writer.suggest(path, resolved)
        except UserFacingError as error:
            log.warning("no title: %s %s", error, error.all_details)
            return
        current_conversation = self._presenter.cache.find_existing(conversation_id)
        if title and current_conversation is not None and current_conversation.title_is_automatic:
            self._presenter.rename(conversation_id, title)
