"""Shows streaming answers in the transcript while their conversation is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop_app.domain.conversations.conversation import Message, MessageStatus
from desktop_app.domain.errors import StorageError
from desktop_app.i18n.translation import N_, tr

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_app.app.chat.running_answers import RunningAnswers
    from desktop_app.app.state.open_conversation import OpenConversation
    from desktop_app.app.state.providers import Providers
    from desktop_app.ui.window.conversation_pane import ConversationPane

STORE = "store"  # the topic of notifications about answers that cannot be stored
_ENDED = N_("Response ended.")
_ANNOUNCED = {
    MessageStatus.COMPLETE: N_("Response complete."),
    MessageStatus.REFUSED: N_("The model declined."),
    MessageStatus.CANCELLED: N_("Response stopped."),
    MessageStatus.FAILED: N_("Response failed."),
}


class ShownAnswers(QObject):
    """Connects the running answers with the transcript."""

    def __init__(
        self,
        parent: QWidget,
        running: RunningAnswers,
        *,
        pane: ConversationPane,
        current: OpenConversation,
        providers: Providers,
    ) -> None:
        super().__init__(parent)
        self._pane, self._current, self._providers = pane, current, providers
        self._ended: dict[str, str] = {}  # answer id -> announcement for when all of it is shown
        pane.transcript.message_updated.connect(self._announce_end)
        self._unkept: set[str] = set()  # conversations whose answer cannot be stored
        self._current.opened.connect(lambda: running.say_again(self._current.id))
        running.text_arrived.connect(self._show_text)
        running.reasoning_arrived.connect(self._show_reasoning)
        running.waiting_changed.connect(self._show_waiting)
        running.rate_changed.connect(self._show_rate)
        running.amended.connect(self._show_amended)
        running.stepped.connect(self._show_amended)
        running.store_changed.connect(self._show_store)

    def show_end(self, answer: Message) -> None:
        """Show the end of an answer, unless another version of it is shown."""
        if answer.id in [message.id for message in self._current.path]:
            self._pane.transcript.stream.set_waiting(answer.id, "")
            ending = tr(_ANNOUNCED.get(answer.status, _ENDED))
            error = self._providers.as_shown(answer).error
            why = error.sentences if error is not None else ""
            self._ended = {answer.id: f"{ending} {why}".strip()}
            self._show_amended(answer.conversation_id, answer)

    def _announce_end(self, message_id: str) -> None:
        """Announce the end after the answer's last sentence, which may be read aloud."""
        if words := self._ended.pop(message_id, ""):
            self._pane.notifications.announce(words)

    def say_store_works(self) -> None:
        """Dismiss the storage error after a successful write, unless another answer waits."""
        if not self._unkept:
            self._pane.notifications.dismiss_topic(STORE)

    def _is_open(self, conversation_id: str) -> bool:
        return conversation_id == self._current.id

    def _show_text(self, conversation_id: str, message_id: str, text: str) -> None:
        if self._is_open(conversation_id):
            self._pane.transcript.stream.append_text(message_id, text)

    def _show_reasoning(self, conversation_id: str, message_id: str, text: str) -> None:
        if self._is_open(conversation_id):
            self._pane.transcript.stream.append_reasoning(message_id, text)

    def _show_waiting(self, conversation_id: str, message_id: str, sentence: str) -> None:
        if self._is_open(conversation_id):
            self._pane.transcript.stream.set_waiting(message_id, sentence)

    def _show_rate(self, conversation_id: str, rate: float) -> None:
        if self._is_open(conversation_id):
            self._pane.prompt.set_rate(tr("{count} tok/s", count=round(rate)))

    def _show_amended(self, conversation_id: str, answer: Message) -> None:
        if self._is_open(conversation_id):
            numbers = self._current.version_numbers
            shown = self._providers.as_shown(answer)
            self._pane.transcript.stream.update_message(shown, numbers.get(answer.id))
            self._current.replace_message(answer)

    def _show_store(self, conversation_id: str, error: StorageError | None) -> None:
        if error is not None:
            self._unkept.add(conversation_id)
            self._pane.notifications.notify(error, topic=STORE)
            return
        self._unkept.discard(conversation_id)
        self.say_store_works()
