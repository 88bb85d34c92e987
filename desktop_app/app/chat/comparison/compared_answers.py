"""Answers that are compared, in the store: read, kept, and asked for again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.app.answers.running_answers import RunningAnswers
    from desktop_app.app.library.navigator import Navigator
    from desktop_app.app.state.conversation.answer_setup import AnswerSetup
    from desktop_app.app.state.conversation.message_presenter import MessagePresenter
    from desktop_app.domain.conversations.conversation import Message
    from desktop_app.services.chat.chat_service import ChatService
    from desktop_app.storage.conversations.conversation_store import ConversationStore
    from desktop_app.storage.spending.ledger import Ledger


class ComparedAnswers:
    """The stored versions of an answer, of which the conversation shows one."""

    def __init__(
        self,
        running: RunningAnswers,
        navigator: Navigator,
        *,
        setup: AnswerSetup,
        messages: MessagePresenter,
        chat_service: ChatService,
        conversations: ConversationStore,
        ledger: Ledger,
    ) -> None:
        self._running = running
        self._navigator = navigator
        self._current = setup.current
        self._setup = setup
        self._messages = messages
        self._chat_service = chat_service
        self._conversations = conversations
        self._ledger = ledger

    def display_form(self, answer: Message) -> Message:
        """Return an answer in the form that the window shows."""
        return self._messages.display_form(answer)

    async def read(self, ids: Sequence[str]) -> tuple[list[Message], dict[str, float]]:
        """Return the answers that still exist, and by id the seconds until their first tokens."""
        stored_answers = [await self._conversations.message(id_) for id_ in ids]
        answers = [answer for answer in stored_answers if answer is not None]
        if not answers:
            return [], {}
        return answers, await self._ledger.first_token_seconds(answers[0].conversation_id)

    async def keep(self, answer: Message) -> bool:
        """Show an answer in its conversation. Return False if the conversation was deleted."""
        if await self._conversations.get(answer.conversation_id) is None:
            return False
        await self._conversations.show_version(answer.conversation_id, answer.id)
        await self._navigator.open(answer.conversation_id)
        return True

    async def retry(self, path: list[Message], answer: Message) -> Message | None:
        """Ask the model of an answer again for another version of it.

        Return the new answer, or None if the conversation was deleted. Raises UserFacingError.
        """
        conversation = await self._conversations.get(answer.conversation_id)
        if conversation is None:
            return None
        with_choice = replace(conversation, choice=answer.choice or conversation.choice)
        profile = self._setup.profile_of(with_choice)
        settings = self._setup.settings_of(with_choice).for_comparison()
        run = await self._chat_service.begin_another_answer(with_choice, path, profile, settings)
        self._running.start(run)
        # The retry has stored its choice and shows its answer: restore both.
        is_open = self._current.id == conversation.id
        original = self._current.conversation if is_open else conversation
        await self._conversations.save_settings(original)
        await self._conversations.show_version(original.id, conversation.leaf_id or run.answer.id)
        return run.answer

    async def show_again(self, conversation_id: str) -> None:
        """Show the conversation with its new versions if it is open."""
        if self._current.id == conversation_id:
            await self._navigator.open(conversation_id)
