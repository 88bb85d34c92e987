"""Shows changes that other processes, such as `repartee import`, write to the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop_app.i18n.translation import tr

if TYPE_CHECKING:
    from desktop_app.app.answers.running_answers import RunningAnswers
    from desktop_app.app.library.list_presenter import ListPresenter
    from desktop_app.app.library.navigator import Navigator
    from desktop_app.app.state.conversation.message_presenter import MessagePresenter
    from desktop_app.app.state.conversation.open_conversation import OpenConversation
    from desktop_app.domain.conversations.conversation import Conversation, Message
    from desktop_app.storage.conversations.conversation_store import ConversationStore
    from desktop_app.ui.window.conversation_pane import ConversationPane


class ForeignChanges(QObject):
    """Updater of the list and the open conversation after writes of other processes."""

    def __init__(
        self,
        running: RunningAnswers,
        navigator: Navigator,
        presenter: ListPresenter,
        *,
        pane: ConversationPane,
        current: OpenConversation,
        messages: MessagePresenter,
        conversations: ConversationStore,
    ) -> None:
        super().__init__(pane)
        self._running = running
        self._navigator = navigator
        self._presenter = presenter
        self._show_title = pane.set_title
        self._notifications = pane.notifications
        self._current = current
        self._messages = messages
        self._conversations = conversations
        self._changed_id = ""  # the conversation to show again when its answer has ended

    async def show(self) -> None:
        """Show changes by other processes, in the list and in the transcript."""
        former = self._current.conversation
        await self._presenter.refresh()
        opened_id = self._current.id
        if self._current.is_new:
            return
        stored_conversation = await self._conversations.get(opened_id)
        path = await self._conversations.path(opened_id)
        if opened_id != self._current.id:
            return
        if self._current.conversation is not former:  # changed here, perhaps after it was read
            await self.show()
        elif self._running.is_running(opened_id):  # its messages are newer here
            if stored_conversation is None or self._has_another_path(path):
                self._changed_id = opened_id
            if stored_conversation is not None:
                self._update_conversation(stored_conversation)
        elif stored_conversation is None:
            self._presenter.forget(opened_id)
            self._navigator.open_new()
            self._notifications.notify(tr("Another program deleted this conversation."))
        elif self._has_another_path(path):
            await self._navigator.open(opened_id)
        else:
            self._update_open(stored_conversation, path)

    async def show_end(self, conversation_id: str) -> None:
        """When an answer ends, show that its conversation was deleted or extended meanwhile."""
        if conversation_id == self._changed_id:
            self._changed_id = ""
            await self.show()

    def _has_another_path(self, path: Sequence[Message]) -> bool:
        """Return True if the messages of `path` are not those that are shown."""
        return [message.id for message in path] != [message.id for message in self._current.path]

    def _update_open(self, stored_conversation: Conversation, path: Sequence[Message]) -> None:
        """Show the open conversation and its messages as they are stored."""
        self._update_conversation(stored_conversation)
        for old, new in zip(self._current.path, path, strict=True):
            if old != new:
                self._messages.update(new)

    def _update_conversation(self, stored_conversation: Conversation) -> None:
        self._current.update(stored_conversation.with_settings_of(self._current.conversation))
        self._show_title(stored_conversation.title)
