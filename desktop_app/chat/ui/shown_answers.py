"""Shows streaming answers in the transcript, and titles conversations after the first."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, QTimer

from desktop_app.app.session import ConversationSession, Session
from desktop_app.domain.conversations.conversation import Message, MessageStatus
from desktop_app.domain.error_text import CONTINUABLE, NOT_CONTINUABLE
from desktop_app.i18n.translation import N_, paragraph, tr, tr_context
from desktop_app.transcript.message_items import is_continuable

STORE_TOPIC = "store"  # the topic of notifications about answers that cannot be stored
FIRST_MS, NEXT_MS = 5_000, 30_000  # until a screen reader is told that the model (still) thinks
_OTHER_END = N_("Response ended.")
_ANNOUNCEMENTS = {
    MessageStatus.COMPLETE: N_("Response complete."),
    MessageStatus.REFUSED: N_("The model declined."),
    MessageStatus.CANCELLED: N_("Response stopped."),
    MessageStatus.FAILED: N_("Response failed."),
}


def end_announcement(answer: Message) -> str:
    """Return the announcement of an answer's end, with the reason and remedy shown below it."""
    sentences = [tr(_ANNOUNCEMENTS.get(answer.status, _OTHER_END))]
    if answer.error is not None:
        sentences.append(answer.error.what_happened)
        sentences.append(
            answer.error.hint_on(CONTINUABLE if is_continuable(answer) else NOT_CONTINUABLE)
        )
    return paragraph(*sentences)


class ShownAnswers(QObject):
    """Connection of the running answers with the transcript of a conversation."""

    def __init__(self, session: Session, conversation: ConversationSession) -> None:
        super().__init__(conversation.window)
        self._transcript = conversation.transcript
        self._notices = conversation.notices
        self._current = conversation.current
        self._messages = conversation.messages
        self._ended_answer: Message | None = None  # announced when all of it is shown
        running, stream = session.running, self._transcript.stream
        running.text_arrived.connect(partial(self._stream, stream.append_text))
        running.reasoning_arrived.connect(partial(self._stream, stream.append_reasoning))
        running.status_changed.connect(partial(self._stream, stream.set_status_line))
        self._awaited = ""  # the conversation whose answer has no text yet
        self._thinking = QTimer(self)
        self._thinking.timeout.connect(self._announce_thinking)
        running.started.connect(self._await_text)
        for signal in (running.text_arrived, running.finished):
            signal.connect(lambda id_, *_: self._thinking.stop() if id_ == self._awaited else None)
        self._transcript.message_updated.connect(self._announce_end)
        self._current.opened.connect(lambda: running.repeat_status(self._current.id))
        self._current.opened.connect(self._announce_early_end)
        running.amended.connect(
            lambda id_, answer: self._messages.update(answer) if id_ == self._current.id else None
        )
        running.finished.connect(self._show_end)

    def _stream(self, append: Callable[[str, str], None], *ids_and_text: str) -> None:
        conversation_id, message_id, text = ids_and_text
        if conversation_id == self._current.id:
            append(message_id, text)

    def _await_text(self, conversation_id: str) -> None:
        if conversation_id == self._current.id:
            self._awaited = conversation_id
            self._notices.announce(tr("Asking…"))
            self._thinking.start(FIRST_MS)

    def _announce_thinking(self) -> None:
        self._thinking.start(NEXT_MS)
        if self._awaited == self._current.id:
            self._notices.announce(tr_context("reasoning", "Thinking"))

    def _show_end(self, conversation_id: str, answer: Message) -> None:
        """Show the end of an answer, unless another version of it is shown."""
        if answer.status is MessageStatus.STREAMING or conversation_id != self._current.id:
            return  # a streaming answer continues at its provider after the program's end
        self._ended_answer = answer
        if self._current.message(answer.id) is not None:
            self._transcript.stream.set_status_line(answer.id, "")
            self._messages.update(answer)

    def _announce_early_end(self) -> None:
        """Announce an answer that ended before its conversation was reloaded with the question."""
        answer = self._ended_answer
        if answer is not None and self._current.message(answer.id) is not None:
            self._announce_end(answer.id)
        self._ended_answer = None

    def _announce_end(self, message_id: str) -> None:
        """Announce the end after the answer's last sentence, which may be read aloud."""
        answer = self._ended_answer
        if answer is None or answer.id != message_id:
            return
        self._ended_answer = None
        self._transcript.speech.finish_once(answer.id, answer.text)
        self._notices.announce(end_announcement(self._messages.display_form(answer)))
