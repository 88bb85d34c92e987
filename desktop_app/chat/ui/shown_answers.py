"""Shows streaming answers in the transcript, and titles conversations after the first."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject

from desktop_app.app.session import Controller, ConversationSession, Session
from desktop_app.chat.titles import TitleWriter, local_title, wants_title
from desktop_app.chat.ui.running_answers import RunningAnswers
from desktop_app.domain.conversations.conversation import Message, MessageStatus
from desktop_app.domain.error_text import CONTINUABLE, NOT_CONTINUABLE
from desktop_app.domain.errors import UserFacingError
from desktop_app.i18n.translation import N_, tr
from desktop_app.markdown.structured_answer import json_value
from desktop_app.transcript.message_items import is_continuable
from desktop_app.transcript.message_stream import MessageStream

log = logging.getLogger(__name__)
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


def stream_answers(
    running: RunningAnswers, stream_of: Callable[[str, str], MessageStream | None]
) -> None:
    """Pass what running answers report on to the transcripts that show them.

    Args:
        stream_of: returns the stream that shows an answer, None if none does; its arguments are the
            ids of the conversation and of the answer.
    """

    def show(append: Callable[[MessageStream, str, str], None], *ids_and_text: str) -> None:
        conversation_id, message_id, text = ids_and_text
        if stream := stream_of(conversation_id, message_id):
            append(stream, message_id, text)

    running.text_arrived.connect(partial(show, MessageStream.append_text))
    running.reasoning_arrived.connect(partial(show, MessageStream.append_reasoning))
    running.status_changed.connect(partial(show, MessageStream.set_status_line))


class ShownAnswers(QObject):
    """Connection of the running answers with the transcript of a conversation."""

    def __init__(self, session: Session, conversation: ConversationSession) -> None:
        super().__init__(conversation.window)
        self._transcript = conversation.transcript
        self._notices = conversation.notices
        self._current = conversation.current
        self._messages = conversation.messages
        self._ended_answer: Message | None = None  # announced when all of it is shown
        running = session.running
        stream_answers(
            running, lambda id_, _: self._transcript.stream if id_ == self._current.id else None
        )
        self._transcript.message_updated.connect(self._announce_end)
        self._current.opened.connect(lambda: running.repeat_status(self._current.id))
        self._current.opened.connect(self._announce_early_end)
        running.amended.connect(
            lambda id_, answer: self._messages.update(answer) if id_ == self._current.id else None
        )
        running.finished.connect(self._show_end)

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


class TitleController(Controller):
    """Giver of titles after a conversation's first answer, by a small model or made here."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._requested_ids: set[str] = set()
        self._running.finished.connect(self._tasks.slot(self._set_title))

    async def _set_title(self, conversation_id: str, answer: Message) -> None:
        """Set a better title, unless the user has chosen one in the meantime."""
        if (
            self._temporary.was_ever_temporary(conversation_id)
            or answer.status is not MessageStatus.COMPLETE
        ):
            return
        find_existing = self._session.list_presenter.cache.find_existing
        path = await self._conversations.path(conversation_id)
        conversation = find_existing(conversation_id)
        if conversation is None or not wants_title(conversation, path):
            return
        if conversation_id in self._requested_ids:  # for an answer that ended earlier
            return
        self._requested_ids.add(conversation_id)
        profile = self._setup.profile_of(conversation)
        resolved = self._chat_service.resolve(profile, conversation.choice)
        writer = TitleWriter(self._session.backend.utility_model, self._session.backend.delimiters)
        title = ""
        if self._values["library.model_titles"] and writer.may_ask(resolved):
            try:
                title = await writer.suggest(path, resolved)
            except UserFacingError as error:
                log.warning("no title: %s %s", error, error.all_details)
        title = title or local_title(path)
        current_conversation = find_existing(conversation_id)
        if current_conversation is None or not current_conversation.title_is_automatic:
            return
        if title and title != current_conversation.title:
            self._session.list_presenter.rename(conversation_id, title)


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
