"""Writes arriving messages and streamed text into the document of one view.

Streamed text is collected for at most one frame, parsed from the last open block on, and written
as a diff. The text on screen stays in place, unless the view follows the end.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_app.domain.conversations.conversation import Message, MessageStatus
from desktop_app.transcript.viewport.stream_scheduler import ANY_LENGTH, StreamScheduler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from desktop_app.transcript.document.message_materializer import MessageMaterializer
    from desktop_app.transcript.document.message_writer import MessageWriter
    from desktop_app.transcript.message_state import MessageState
    from desktop_app.transcript.selection.virtual_selection import VirtualSelection
    from desktop_app.transcript.speech import AnswerSpeech
    from desktop_app.transcript.transcript_messages import TranscriptMessages
    from desktop_app.transcript.viewport.scroll_anchor import ScrollAnchor
    from desktop_app.transcript.viewport.viewport_filler import ViewportFiller


class MessageStream(QObject):
    """The messages and the text that arrive for one view, written in slices.

    Signals:
        text_changed(str message_id): the message was added, its text was written or replaced, or
            more of its reasoning arrived.
        slice_written(str message_id): part of the message was written, or nothing is left to write.
        message_shown(MessageState): a message in the document was added or updated.
        message_updated(str message_id): a message given to `update_message` is shown and
            announced.

    Attributes:
        is_inserting: True while arrived text is being written into the document.
    """

    text_changed = Signal(str)
    slice_written = Signal(str)
    message_shown = Signal(object)
    message_updated = Signal(str)

    def __init__(
        self,
        messages: TranscriptMessages,
        materializer: MessageMaterializer,
        message_writer: MessageWriter,
        anchor: ScrollAnchor,
        selection: VirtualSelection,
        filler: ViewportFiller,
        speech: AnswerSpeech,
        load_fonts: Callable[[str], bool],
    ) -> None:
        """Create an empty stream.

        Args:
            messages: the messages of the view.
            materializer: puts new messages into the document.
            message_writer: updates the messages.
            anchor: keeps the reader's position while text is written.
            selection: the selection of the view.
            filler: materializes text that comes on screen because of the new text.
            speech: announces the text.
            load_fonts: loads a few missing letters of a text; returns True if none was missing.
        """
        super().__init__(filler)
        self._messages = messages
        self._materializer = materializer
        self._message_writer = message_writer
        self._anchor = anchor
        self._selection = selection
        self._filler = filler
        self._speech = speech
        self.is_inserting = False
        self._text_queue = StreamScheduler(self._write, load_fonts, self)
        self._reasoning_queue = StreamScheduler(self._write_reasoning, load_fonts, self)

    # ------------------------------------------------------------------ arriving

    def append_message(self, message: Message) -> None:
        """Append a message to the conversation."""
        self._text_queue.flush(briefly=True)
        self._selection.clear_if_all()
        state = self._materializer.append(message)
        parent = self._messages.get(message.parent_id or "")
        if parent is not None:
            with self._anchor.keep_position():  # it is no longer last: drop its Continue action
                self._message_writer.refresh(parent)
        self.queue_unwritten()
        self.text_changed.emit(message.id)
        if state is not None:
            self.message_shown.emit(state)

    def append_text(self, message_id: str, text: str) -> None:
        """Queue the next text of an answer; it is written now or in one of the next frames."""
        self._text_queue.add(message_id, text)

    def append_reasoning(self, message_id: str, text: str) -> None:
        """Append to the reasoning summary of a streaming answer."""
        state = self._messages.find_state(message_id)
        if state is not None:
            self._message_writer.append_reasoning(state, text)
            self.text_changed.emit(message_id)

    def update_message(self, message: Message, version: tuple[int, int] | None = None) -> None:
        """Update a message's status, footer, error, notices and, if it differs, its text.

        If text of the message is still queued, the update follows that text.

        Args:
            version: the message's number among its versions, from 1, and their count; None if both
                are unchanged.
        """
        self._text_queue.run_after(message.id, partial(self._update, message, version))
        if message.status is not MessageStatus.STREAMING:
            self._text_queue.prioritize(message.id)  # the user waits for the rest
        self._text_queue.flush(briefly=True)

    def set_status_line(self, message_id: str, sentence: str) -> None:
        """Show a status line below an answer; "" shows none."""
        state = self._messages.find_state(message_id)
        if state is not None and state.status_line != sentence:
            self._message_writer.set_status_line(state, sentence)

    # ------------------------------------------------------------------ the queue

    @property
    def is_writing_text(self) -> bool:
        """Return True if text of messages, apart from reasoning, or an update is queued."""
        return self._text_queue.has_work

    def has_more(self, message_id: str) -> bool:
        """Return True if arrived text, or an update of earlier blocks, is not yet written."""
        state = self._messages.get(message_id)
        if state is not None and state.is_growing and not state.is_streaming:
            return True
        return self._text_queue.has_text(message_id) or self._reasoning_queue.has_text(message_id)

    def flush(self, *, briefly: bool = False) -> None:
        """Write all queued text now, or only some of it: see `StreamScheduler.flush`."""
        self._text_queue.flush(briefly=briefly)
        self._reasoning_queue.flush(briefly=briefly)

    def flush_text(self) -> None:
        """Write queued text, apart from reasoning, for a short time, as `flush` does."""
        self._text_queue.flush(briefly=True)

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
        for state in self._messages.materialized():
            text = state.take_unwritten()
            if text:
                message_id = state.message.id
                self._text_queue.run_after(message_id, partial(self._finish, message_id))
                self._text_queue.add(message_id, text, deferred=True)
        self.write_unfolded_reasoning()

    def write_unfolded_reasoning(self) -> None:
        """Queue the rest of all unfolded reasoning, or updates of its earlier blocks."""
        for state in self._messages.materialized():
            message_id = state.message.id
            unshown_text = state.reasoning.unshown_text
            if unshown_text and not self._reasoning_queue.has_text(message_id):
                self._reasoning_queue.add(message_id, unshown_text, deferred=True)
            elif state.reasoning.has_pending_updates:
                self._schedule_updates(message_id)

    # ------------------------------------------------------------------ writing

    def _write(self, message_id: str, text: str) -> tuple[int, int]:
        state = self._messages.find_state(message_id)
        if state is None:
            return ANY_LENGTH
        with self._inserting():
            if self._anchor.is_following:
                self._message_writer.append_text(state, text)
            else:
                top_message_id, top_item = self._anchor.item_on_top()
                with self._anchor.keep_position():  # text above the screen may change
                    visible_item = top_item if top_message_id == message_id else -1
                    self._message_writer.append_text(state, text, visible_item)
        if state.is_streaming:
            self._speech.announce_text(message_id, text, lambda: state.text)
        self.text_changed.emit(message_id)
        self._filler.remove_distant_soon()
        self.slice_written.emit(message_id)
        return state.piece_bounds

    @contextmanager
    def _inserting(self) -> Iterator[None]:
        self.is_inserting = True
        try:
            yield
        finally:
            self.is_inserting = False

    def _write_reasoning(self, message_id: str, text: str) -> tuple[int, int]:
        """Write the next text of unfolded reasoning; return the bounds of the next piece."""
        state = self._messages.get(message_id)
        if state is not None and not state.reasoning.is_folded:
            with self._inserting(), self._anchor.keep_position():
                self._message_writer.show_more_reasoning(state, len(text))
            self._filler.remove_distant_soon()
            self.write_unfolded_reasoning()  # the message may have been rematerialized
            if not state.reasoning.unshown_text:
                self._schedule_updates(message_id)
        return ANY_LENGTH if state is None else state.reasoning.piece_bounds

    def _finish(self, message_id: str) -> None:
        state = self._messages.find_state(message_id)
        if state is not None:
            self._messages.replace(state.message)
            with self._anchor.keep_position():
                self._update_state(state, state.message)
            self._filler.fill()
            self._schedule_updates(message_id)

    def _schedule_updates(self, message_id: str) -> None:
        """Schedule updates of earlier blocks for late link definitions or loose lists, in slices.

        If an action already waits for the message, the action stays, and schedules the updates at
        its end. If there are no updates, emit `slice_written`.
        """
        if self._text_queue.has_action(message_id):
            return
        state = self._messages.find_state(message_id)
        if state is not None and state.has_pending_updates:
            self._text_queue.run_after(message_id, partial(self._run_updates, message_id))
        else:
            self.slice_written.emit(message_id)

    def _run_updates(self, message_id: str) -> None:
        state = self._messages.find_state(message_id)
        if state is not None:
            with self._anchor.keep_position():
                self._message_writer.run_updates(state)
            self.text_changed.emit(message_id)
            self._schedule_updates(message_id)

    def _update(self, message: Message, version: tuple[int, int] | None) -> None:
        state = self._messages.find_state(message.id)
        was_streaming = state is not None and state.is_streaming
        self._messages.replace(message, version)
        with self._anchor.keep_position():
            if state is not None:
                self._update_state(state, message)
        self._schedule_updates(message.id)
        self.text_changed.emit(message.id)
        if state is not None and state.is_materialized:
            self.message_shown.emit(state)
        if was_streaming and message.status is not MessageStatus.STREAMING:
            self._speech.finish(message.id, message.text)
        self.message_updated.emit(message.id)

    def _update_state(self, state: MessageState, message: Message) -> None:
        version = self._messages.versions.get(message.id)
        self._message_writer.update(state, message, version)
