"""Shows arriving messages and streamed text in one view.

Streamed text is shown in 30 frames a second and parsed from the last open block on. The first text
of an answer appears at once, and so does the rest when the answer ends.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from desktop_app.domain.conversations.conversation import Message, MessageStatus
from desktop_app.transcript.stream_scheduler import ANY_LENGTH, StreamScheduler

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.transcript.conversation_messages import ConversationMessages
    from desktop_app.transcript.shown_message import ShownMessage
    from desktop_app.transcript.speech import AnswerSpeech
    from desktop_app.transcript.view import TranscriptView

_FRAME_S: Final = 1 / 30
"""Seconds between two frames of an answer. Twice as many take twice the work, and look the same."""


class MessageStream(QObject):
    """The messages and the text that arrive for one view, written in slices.

    Signals:
        text_changed(str message_id): the message was added, its text was written or replaced, or
            more of its reasoning arrived.
        slice_written(str message_id): part of the message was written, or nothing is left to write.
        message_shown(ShownMessage): a message was added or updated.
        message_updated(str message_id): a message given to `update_message` is shown and
            announced.
    """

    text_changed = Signal(str)
    slice_written = Signal(str)
    message_shown = Signal(object)
    message_updated = Signal(str)

    def __init__(
        self,
        view: TranscriptView,
        messages: ConversationMessages,
        speech: AnswerSpeech,
        load_fonts: Callable[[str], bool],
    ) -> None:
        """Create an empty stream.

        Args:
            view: the view.
            messages: the messages of the view.
            speech: announces the text.
            load_fonts: loads a few missing letters of a text; returns True if none was missing.
        """
        super().__init__(view)
        self._view = view
        self._messages = messages
        self._speech = speech
        self._text_queue = StreamScheduler(self._write, load_fonts, self, frame_s=_FRAME_S)
        self._reasoning_queue = StreamScheduler(
            self._write_reasoning, load_fonts, self, frame_s=_FRAME_S
        )

    # ------------------------------------------------------------------ arriving

    def append_message(self, message: Message) -> None:
        """Append a message to the conversation."""
        self._text_queue.flush(briefly=True)
        self._view.selection.clear_if_all()
        with self._view.keeping_position():
            self._messages.append(message)
            parent = self._messages.get(message.parent_id or "")
            if parent is not None:  # it is no longer last: drop its Continue action
                parent.refresh()
                self._view.article_changed(parent.key)
            shown = self._messages.opened(message.id)
            self._view.article_changed(message.id)
        self._view.pin_question(message)
        self.queue_unwritten()
        self.text_changed.emit(message.id)
        if shown is not None:
            self.message_shown.emit(shown)

    def append_text(self, message_id: str, text: str) -> None:
        """Queue the next text of an answer; it is written now or in one of the next frames."""
        self._text_queue.add(message_id, text)

    def append_reasoning(self, message_id: str, text: str) -> None:
        """Append to the reasoning summary of a streaming answer; unfolded, it is queued as text is.

        Folded, it changes the line above it at most.
        """
        shown = self._messages.opened(message_id)
        if shown is None:
            return
        shown.append_reasoning(text)
        if shown.has_new_lines:
            with self._view.changing(shown, is_text=True):
                shown.refresh()
        self.write_unfolded_reasoning(shown)
        self.text_changed.emit(message_id)

    def update_message(self, message: Message, version: tuple[int, int] | None = None) -> None:
        """Update a message's status, footer, error, notices and, if it differs, its text.

        If text of the message is still queued, the update follows that text.

        Args:
            message: the newer form of the message.
            version: the message's number among its versions, from 1, and their count; None if both
                are unchanged.
        """
        self._text_queue.run_after(message.id, partial(self._update, message, version))
        if message.status is not MessageStatus.STREAMING:
            self._text_queue.prioritize(message.id)  # the user waits for the rest
        self._text_queue.flush(briefly=True)

    def add_painting(self, seconds: float) -> None:
        """Count the time that painting took: slow frames get fewer."""
        self._text_queue.add_work(seconds)
        if self._reasoning_queue.has_work:
            self._reasoning_queue.add_work(seconds)

    def set_status_line(self, message_id: str, sentence: str) -> None:
        """Show a status line below an answer; "" shows none."""
        shown = self._messages.get(message_id)
        if shown is not None and shown.status_line != sentence:
            with self._view.changing(shown):
                shown.set_status_line(sentence)

    # ------------------------------------------------------------------ the queue

    @property
    def is_writing_text(self) -> bool:
        """Return True if text of messages, apart from reasoning, or an update is queued."""
        return self._text_queue.has_work

    def has_more(self, message_id: str) -> bool:
        """Return True if arrived text, or an update of earlier blocks, is not yet written."""
        shown = self._messages.get(message_id)
        if shown is not None and shown.is_growing and not shown.is_streaming:
            return True
        return self._text_queue.has_text(message_id) or self._reasoning_queue.has_text(message_id)

    def flush(self, *, briefly: bool = False) -> None:
        """Write all queued text now, or only some of it: see `StreamScheduler.flush`."""
        self._text_queue.flush(briefly=briefly)
        self._reasoning_queue.flush(briefly=briefly)

    def prioritize(self, message_id: str) -> None:
        """Write a message without pauses: see `StreamScheduler.prioritize`."""
        self._text_queue.prioritize(message_id)
        self._reasoning_queue.prioritize(message_id)

    def clear(self) -> None:
        """Drop all queued text."""
        self._text_queue.clear()
        self._reasoning_queue.clear()

    def queue_unwritten(self) -> None:
        """Queue the rest of long stored texts, to be written in slices like streamed text."""
        for shown in self._messages.shown():
            text = shown.take_unwritten()
            if text:
                self._text_queue.run_after(shown.key, partial(self._finish, shown.key))
                self._text_queue.add(shown.key, text, deferred=True)
            self.write_unfolded_reasoning(shown)

    def write_unfolded_reasoning(self, shown: ShownMessage) -> None:
        """Queue the rest of unfolded reasoning, or updates of its earlier blocks."""
        unshown_text = shown.reasoning.unshown_text
        if unshown_text and not self._reasoning_queue.has_text(shown.key):
            self._reasoning_queue.add(shown.key, unshown_text, deferred=True)
        elif shown.reasoning.has_pending_updates:
            self._schedule_updates(shown.key)

    # ------------------------------------------------------------------ writing

    def _write(self, message_id: str, text: str) -> tuple[int, int]:
        shown = self._messages.opened(message_id)
        if shown is None:
            return ANY_LENGTH
        with self._view.changing(shown, is_text=True):
            shown.append_text(text)
        if shown.is_streaming:
            self._speech.announce_text(message_id, text, lambda: shown.text)
        self.text_changed.emit(message_id)
        self.slice_written.emit(message_id)
        return shown.piece_bounds

    def _write_reasoning(self, message_id: str, text: str) -> tuple[int, int]:
        """Write the next text of unfolded reasoning; return the bounds of the next piece."""
        shown = self._messages.get(message_id)
        if shown is None:
            return ANY_LENGTH
        if not shown.reasoning.is_folded:
            with self._view.changing(shown, is_text=True):
                shown.show_more_reasoning(len(text))
            self.write_unfolded_reasoning(shown)
            if not shown.reasoning.unshown_text:
                self._schedule_updates(message_id)
        return shown.reasoning.piece_bounds

    def _finish(self, message_id: str) -> None:
        shown = self._messages.get(message_id)
        if shown is not None:
            with self._view.changing(shown):
                shown.update(shown.message, self._messages.versions.get(message_id))
            self._schedule_updates(message_id)

    def _schedule_updates(self, message_id: str) -> None:
        """Schedule updates of earlier blocks for late link definitions or loose lists, in slices.

        If an action already waits for the message, the action stays, and schedules the updates at
        its end. If there are no updates, emit `slice_written`.
        """
        if self._text_queue.has_action(message_id):
            return
        shown = self._messages.get(message_id)
        if shown is not None and shown.has_pending_updates:
            self._text_queue.run_after(message_id, partial(self._run_updates, message_id))
        else:
            self.slice_written.emit(message_id)

    def _run_updates(self, message_id: str) -> None:
        shown = self._messages.get(message_id)
        if shown is not None:
            with self._view.changing(shown):
                shown.run_updates()
            self.text_changed.emit(message_id)
            self._schedule_updates(message_id)

    def _update(self, message: Message, version: tuple[int, int] | None) -> None:
        shown = self._messages.get(message.id)
        was_streaming = shown is not None and shown.is_streaming
        with self._view.keeping_position():
            head_count = shown.head_count if shown is not None else 0
            self._messages.update(message, version)
            if shown is not None:
                self._view.follow_items(message.id, shown.head_count - head_count)
                self._view.article_changed(message.id)
        self._schedule_updates(message.id)
        self.text_changed.emit(message.id)
        if shown is not None:
            self.message_shown.emit(shown)
        if was_streaming and message.status is not MessageStatus.STREAMING:
            self._speech.finish(message.id, message.text)
        self.message_updated.emit(message.id)
