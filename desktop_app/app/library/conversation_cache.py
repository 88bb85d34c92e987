"""Conversations that were read or changed, by id."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_app.app.answers.running_answers import RunningAnswers
    from desktop_app.app.state.conversation.open_conversation import OpenConversation
    from desktop_app.domain.conversations.conversation import Conversation


class ConversationCache:
    """The conversations that were read or changed since the start."""

    def __init__(self, current: OpenConversation, running: RunningAnswers) -> None:
        self._current = current
        self._running = running
        self._by_id: dict[str, Conversation] = {}

    def get(self, conversation_id: str) -> Conversation | None:
        """Return a conversation, None if permanently deleted or never read."""
        return self._by_id.get(conversation_id)

    def find_existing(self, conversation_id: str) -> Conversation | None:
        """Return a conversation, None if it was deleted or never read.

        A conversation in the trash counts as deleted, unless it is open.
        """
        cached = self.get(conversation_id)
        is_open = conversation_id == self._current.id
        if cached is not None and cached.trashed_at is not None and not is_open:
            return None
        return cached

    def set(self, conversation: Conversation) -> None:
        """Set a conversation that was changed."""
        self._by_id[conversation.id] = conversation

    def merge(self, conversation: Conversation) -> Conversation:
        """Set and return a stored conversation, with changes that may not be written yet."""
        cached = self.get(conversation.id)
        if cached is not None:
            conversation = replace(
                cached, leaf_id=conversation.leaf_id, draft=conversation.draft, streaming=False
            )
        self._by_id[conversation.id] = conversation
        return conversation

    def set_stored(self, stored_conversations: Iterable[Conversation]) -> list[Conversation]:
        """Set and return conversations that were just read from the store.

        The open conversation keeps its choice, which may not be written yet. The store may lag
        behind an answer that runs here, so that such a conversation counts as not streaming.
        """
        ids = []
        for conversation in stored_conversations:
            if self._running.is_running(conversation.id):
                conversation = replace(conversation, streaming=False)
            self._by_id[conversation.id] = conversation
            ids.append(conversation.id)
        self.set_current_choice()
        return [self._by_id[id_] for id_ in ids]

    def set_current_choice(self) -> bool:
        """Set the open conversation's choice, so that a new title does not undo it.

        Return False if it is not cached.
        """
        current = self.get(self._current.id)
        if current is not None:
            self._by_id[current.id] = current.with_settings_of(self._current.conversation)
        return current is not None

    def remove(self, conversation_id: str) -> None:
        """Remove a permanently deleted conversation."""
        self._by_id.pop(conversation_id, None)
