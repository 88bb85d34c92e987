"""Resumes the background runs of an earlier start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.app.answers.running_answers import RunningAnswers
from desktop_app.app.state.providers import Providers
from desktop_app.services.chat.run_resumption import Resumer

if TYPE_CHECKING:
    from desktop_app.services.chat.chat_service import ChatService
    from desktop_app.storage.conversations.conversation_store import ConversationStore


async def resume_runs(
    running: RunningAnswers,
    *,
    providers: Providers,
    conversations: ConversationStore,
    chat_service: ChatService,
) -> None:
    """Start all runs that were left. Raises StorageError."""
    resumer = Resumer(conversations, chat_service)
    for answering in await resumer.take_up(providers.all):
        running.start(answering)
