"""Stored answers that a window compares, of which the user can keep one or retry any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from desktop_app.app.answers.running_answers import RunningAnswers
from desktop_app.app.library.navigator import Navigator
from desktop_app.app.state.window_state import WindowState
from desktop_app.domain.conversations.conversation import Message


class ComparedAnswers:
    """The stored versions of an answer, of which the conversation shows one."""

    def __init__(self, state: WindowState, running: RunningAnswers, navigator: Navigator) -> None:
        self._running = running
        self._navigator = navigator
        self._current = state.setup.current  # the open conversation
        self._setup = state.setup
        self._messages = state.messages
        self._chat_service = state.backend.chat
        self._conversations = state.backend.conversations
        self._ledger = state.backend.ledger

    def display_form(self, answer: Message) -> Message:
        """Return an answer in the form that the window shows."""
        return self._messages.display_form(answer)

    async def read(self, ids: Sequence[str]) -> tuple[list[Message], dict[str, float]]:
        """Return the answers that still exist, and by id the seconds until their first tokens.

        Args:
            ids: of answers in one conversation.
        """
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

        Args:
            path: the messages before the answer, of which the last question is asked again.
        """
        conversation = await self._conversations.get(answer.conversation_id)
        if conversation is None:
            return None
        with_choice = replace(conversation, choice=answer.choice or conversation.choice)
        profile = self._setup.profile_of(with_choice)
        settings = self._setup.settings_of(with_choice).for_comparison()
        run = await self._chat_service.begin_another_answer(with_choice, path, profile, settings)
        self._running.start(run)
        # `begin_another_answer` has stored the model of the retried answer as the conversation's
        # choice, and shows the new answer. Restore both. Meanwhile the user may have changed the
        # settings of the open conversation; then the changed ones count.
        if self._current.id == conversation.id:
            await self._conversations.save_settings(self._current.conversation)
        else:
            await self._conversations.save_settings(conversation)
        # `leaf_id` is None only without messages: then there is no earlier version to show.
        shown_id = conversation.leaf_id or run.answer.id
        await self._conversations.show_version(conversation.id, shown_id)
        return run.answer

    async def show_again(self, conversation_id: str) -> None:
        """Show the conversation with its new versions if it is open."""
        if self._current.id == conversation_id:
            await self._navigator.open(conversation_id)
