"""Shows streaming answers in the transcript, and finished JSON answers as trees of values."""

from __future__ import annotations

import json
from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from desktop_app.app.session import Controller, ConversationSession, Session
from desktop_app.chat.ui.running_answers import RunningAnswers
from desktop_app.domain.conversations.conversation import Message, MessageStatus
from desktop_app.domain.error_text import CONTINUABLE, NOT_CONTINUABLE
from desktop_app.domain.errors import StorageError
from desktop_app.i18n.translation import N_, tr
from desktop_app.markdown.structured_answer import json_value
from desktop_app.transcript.message_items import (
    COPY_CSV,
    COPY_JSON,
    SHOW_JSON,
    SHOW_VALUE,
    is_continuable,
)
from desktop_app.transcript.message_stream import MessageStream
from desktop_app.widgets.text.clipboard import copyable

STORE_TOPIC = "store"  # the topic of notifications about answers that cannot be stored
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
    return " ".join(filter(None, sentences))


class StreamedAnswers(QObject):
    """Connection of the running answers with the transcripts that show them.

    Args:
        stream_of: returns the stream that shows an answer, None if none does; its arguments are the
            ids of the conversation and of the answer.
    """

    def __init__(
        self,
        parent: QObject,
        running: RunningAnswers,
        stream_of: Callable[[str, str], MessageStream | None],
    ) -> None:
        super().__init__(parent)
        self._stream_of = stream_of
        running.text_arrived.connect(self._show_text)
        running.reasoning_arrived.connect(self._show_reasoning)
        running.status_changed.connect(self._show_status_line)

    def _show_text(self, conversation_id: str, message_id: str, text: str) -> None:
        if stream := self._stream_of(conversation_id, message_id):
            stream.append_text(message_id, text)

    def _show_reasoning(self, conversation_id: str, message_id: str, text: str) -> None:
        if stream := self._stream_of(conversation_id, message_id):
            stream.append_reasoning(message_id, text)

    def _show_status_line(self, conversation_id: str, message_id: str, sentence: str) -> None:
        if stream := self._stream_of(conversation_id, message_id):
            stream.set_status_line(message_id, sentence)


class ShownAnswers(StreamedAnswers):
    """Connection of the running answers with the transcript of a conversation."""

    def __init__(self, session: Session, conversation: ConversationSession) -> None:
        super().__init__(conversation.window, session.running, self._find_stream)
        self._transcript = conversation.transcript
        self._notices = conversation.notices
        self._current = conversation.current
        self._messages = conversation.messages
        self._ended_answer: Message | None = None  # announced when all of it is shown
        running = session.running
        self._transcript.message_updated.connect(self._announce_end)
        self._current.opened.connect(lambda: running.repeat_status(self._current.id))
        self._current.opened.connect(self._announce_early_end)
        running.amended.connect(self._show_amended)
        running.stepped.connect(self._show_amended)
        running.finished.connect(self._show_end)

    def _find_stream(self, conversation_id: str, _message_id: str) -> MessageStream | None:
        return self._transcript.stream if conversation_id == self._current.id else None

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

    def _show_amended(self, conversation_id: str, answer: Message) -> None:
        if conversation_id == self._current.id:
            self._messages.update(answer)


class StoreErrors(Controller):
    """The message that answers cannot be stored."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._running.store_error_changed.connect(self._show)

    def _show(self, _conversation_id: str, error: StorageError | None) -> None:
        if error is not None:
            self._notifications.notify(error, topic=STORE_TOPIC)
        else:
            self.dismiss()

    def dismiss(self) -> None:
        """Dismiss the error after a successful write, unless answers are still unstored."""
        if not self._running.has_unstored:
            self._notifications.dismiss_topic(STORE_TOPIC)


class StructuredAnswers(Controller):
    """Actions on the JSON of the open conversation's answers."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._transcript.action_requested.connect(self._run_action)

    def _run_action(self, message_id: str, action: str) -> None:
        answer = self._current.message(message_id)
        if answer is None:
            return
        if action in (SHOW_JSON, SHOW_VALUE):
            self._messages.show_as_text(answer, action == SHOW_JSON)
        elif action in (COPY_JSON, COPY_CSV):
            self._copy(answer, as_csv=action == COPY_CSV)

    def _copy(self, answer: Message, *, as_csv: bool) -> None:
        text = text_to_copy(answer, as_csv=as_csv)
        if text is not None:
            QGuiApplication.clipboard().setText(copyable(text))
            self._notifications.notify(tr("Copied"))


def text_to_copy(answer: Message, *, as_csv: bool) -> str | None:
    """Return an answer's value as JSON or CSV; None if it is not JSON or nested too deeply."""
    try:
        value = json_value(answer)
    except ValueError:  # not JSON
        return None
    try:
        return csv_of(value) if as_csv else json.dumps(value, ensure_ascii=False, indent=2)
    except RecursionError:  # a value that can just be read is too deep to be written
        return None


def csv_of(value: object) -> str:
    """Return a value as CSV (RFC 4180), in which no cell is a formula."""
    # Imported here, because start-up does not need these modules.
    import csv
    import io

    from desktop_app.domain.json_table import rows_for_export
    from desktop_app.exchange.csv_cell import escape_cell

    table = rows_for_export(value)
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for row in (table.columns, *table.rows):
        writer.writerow([escape_cell(cell) for cell in row])
    return buffer.getvalue()
