"""The messages of the open conversation in the form that the window shows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from desktop_app.domain.answering.shown_length import shorten
from desktop_app.domain.conversations.conversation import Message, Role
from desktop_app.rendering.structured_answer import with_rendered_form

if TYPE_CHECKING:
    from desktop_app.app.state.conversation.open_conversation import OpenConversation
    from desktop_app.app.state.providers import Providers
    from desktop_app.ui.transcript.viewport.message_stream import MessageStream


class MessagePresenter:
    """Presenter that updates messages of the open conversation in the window's transcript."""

    def __init__(
        self, stream: MessageStream, *, current: OpenConversation, providers: Providers
    ) -> None:
        self._stream = stream
        self._current = current
        self._providers = providers
        self._shown_as_text: set[str] = set()  # ids of answers whose JSON is shown as text

    def show(self, message: Message) -> None:
        """Show a newer state of a message in the transcript."""
        number = self._current.version_numbers.get(message.id)
        self._stream.update_message(self.display_form(message), number)

    def update(self, message: Message) -> None:
        """Show a newer state of a message, and set it in the open conversation."""
        self.show(message)
        self._current.replace_message(message)

    def show_as_text(self, answer: Message, as_text: bool) -> None:
        """Show the JSON of an answer as text, or again as a table or a tree."""
        if as_text:
            self._shown_as_text.add(answer.id)
        else:
            self._shown_as_text.discard(answer.id)
        self.show(answer)

    def display_form(self, message: Message) -> Message:
        """Return a message for the window: long answers shortened, JSON as a table or a tree."""
        if message.role is Role.ASSISTANT:
            as_text = message.id in self._shown_as_text
            message = with_rendered_form(shorten(message), as_text=as_text)
        return self.with_environment_error(message)

    def with_environment_error(self, message: Message) -> Message:
        """Return a message whose error names the environment if its key comes from there."""
        profile = self._providers.get(message.choice.provider_id) if message.choice else None
        if message.error is None or profile is None or not profile.from_environment:
            return message
        return replace(message, error=replace(message.error, is_of_environment=True))
