"""The streaming answer of the quick prompt."""

from __future__ import annotations

from PySide6.QtCore import QObject

from desktop_app.app.answers.running_answers import RunningAnswers
from desktop_app.app.answers.shown_answers import end_announcement
from desktop_app.app.quick.quick_conversation import QuickConversation
from desktop_app.app.state.conversation.open_conversation import MessagePresenter
from desktop_app.domain.conversations.conversation import Message, MessageStatus
from desktop_app.i18n.formatting import duration, money
from desktop_app.ui.quick.quick_prompt import QuickPrompt
from desktop_app.ui.widgets.accessibility.announcements import announce


class QuickAnswers(QObject):
    """Connection of the running answers with the quick prompt's transcript."""

    def __init__(
        self,
        quick: QuickPrompt,
        running: RunningAnswers,
        conversation: QuickConversation,
        messages: MessagePresenter,
    ) -> None:
        super().__init__(quick)
        self._quick = quick
        self._conversation = conversation
        self._messages = messages
        self._announced_id = ""
        quick.transcript.message_updated.connect(self._announce_end)
        running.text_arrived.connect(self._show_text)
        running.reasoning_arrived.connect(self._show_reasoning)
        running.status_changed.connect(self._show_status_line)
        running.finished.connect(self._finish)

    def _show_text(self, conversation_id: str, message_id: str, text: str) -> None:
        if conversation_id == self._conversation.id:
            self._quick.transcript.stream.append_text(message_id, text)

    def _show_reasoning(self, conversation_id: str, message_id: str, text: str) -> None:
        if conversation_id == self._conversation.id:
            self._quick.transcript.stream.append_reasoning(message_id, text)

    def _show_status_line(self, conversation_id: str, message_id: str, sentence: str) -> None:
        if conversation_id == self._conversation.id:
            self._quick.transcript.stream.set_status_line(message_id, sentence)

    def _finish(self, conversation_id: str, answer: Message) -> None:
        if conversation_id != self._conversation.id:
            return
        self._conversation.replace_message(answer)
        self._quick.set_streaming(False)
        self._quick.transcript.stream.set_status_line(answer.id, "")
        self._quick.transcript.stream.update_message(self._messages.display_form(answer))
        figures = [] if answer.cost is None else [money(answer.cost)]
        if answer.duration_s is not None:
            figures.append(duration(answer.duration_s))
        self._quick.status.show_figures(" · ".join(figures))

    def _announce_end(self, message_id: str) -> None:
        """Announce the end of an answer, and why it failed, after its last sentence."""
        path = self._conversation.path
        if not path or path[-1].id != message_id or message_id == self._announced_id:
            return
        answer = path[-1]
        if answer.status is not MessageStatus.STREAMING:
            self._announced_id = message_id
            announce(self._quick.field, end_announcement(self._messages.display_form(answer)))
