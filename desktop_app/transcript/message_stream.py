"""Shows arriving messages and streamed text in one view.

Streamed text is shown as it is reported, once a frame (see `RunningAnswers`), and parsed from the
last open block on. The rest appears at once when the answer ends. However long writing takes, three
quarters of the time remain for the rest of the window, unless the user waits for a message
(`prioritize`). The rest of a long stored text is written between two frames of the window.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, QTimer

from desktop_app.domain.conversations.conversation import Message, MessageStatus
from desktop_app.domain.conversations.message_parts import ImagePart

if TYPE_CHECKING:
    from desktop_app.transcript.view import TranscriptView

_SLICE_S: Final = 0.008
"""Seconds for which text is written in one iteration of the event loop."""
_BRIEF_S: Final = 0.01
"""Seconds for which `flush(briefly=True)` writes."""
_FRAME_PER_WORK: Final = 4
"""How many times as long as its writing and painting a frame is at least."""
_STORED_FRAME_PER_WORK: Final = 2
"""The same for the rest of a stored text, which the user sees only on scrolling."""
_DIRECT_CHARS: Final = 300
"""Characters that are written at once if nothing is queued: more than come in a frame."""


@dataclass
class _Work:
    """What is to be written of one message.

    Attributes:
        texts: its next text.
        update: what is done after that text; None for nothing.
        is_stored: whether the text is the rest of a stored one.
    """

    texts: list[str] = field(default_factory=list)
    update: Callable[[], None] | None = None
    is_stored: bool = False

    def take(self, length: int) -> str:
        """Remove and return the next text, at most `length` characters."""
        text = "".join(self.texts)
        self.texts = [text[length:]] if len(text) > length else []
        return text[:length]


class MessageStream(QObject):
    """The messages and the text that arrive for one view, written in slices."""

    def __init__(self, view: TranscriptView) -> None:
        super().__init__(view)
        self._view = view
        self._messages = view.messages
        self._work: dict[str, _Work] = {}  # by message; the next to write is first
        self._awaited = ""  # the message that the user waits for
        self._next_at = 0.0  # the beginning of the next slice
        self._timer = QTimer(self, singleShot=True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._write_slice)

    # ------------------------------------------------------------------ arriving

    def append_message(self, message: Message) -> None:
        self.flush(briefly=True)
        if self._view.selection.is_all:  # it would include the new message
            self._view.selection.forget()
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
        self._view.on_text_changed(message.id)
        if shown is not None:
            self._view.show_actions(shown)

    def append_text(self, message_id: str, text: str) -> None:
        """Write the next text of an answer, or queue it if earlier text has taken long."""
        began = time.monotonic()
        is_due = began >= self._next_at and not self._timer.isActive()
        if is_due and not self._work and len(text) <= _DIRECT_CHARS:
            self._write(message_id, text)
            self._next_at = began + _FRAME_PER_WORK * (time.monotonic() - began)
            return
        self._work_of(message_id).texts.append(text)
        if is_due:
            self._write_slice()
        else:
            self._schedule()

    def append_reasoning(self, message_id: str, text: str) -> None:
        """Append to the reasoning summary of a streaming answer.

        Folded, it changes the line above it at most.
        """
        shown = self._messages.opened(message_id)
        if shown is None:
            return
        shown.reasoning.append(text)
        if shown.has_new_head:
            with self._view.changing(shown, is_text=True):
                shown.refresh()
        self._view.on_text_changed(message_id)

    def show_preview(self, message_id: str, preview: ImagePart) -> None:
        """Show a partial image below a streaming answer, instead of the last one."""
        shown = self._messages.opened(message_id)
        if shown is None or not shown.is_streaming:
            return
        with self._view.changing(shown):
            shown.preview = preview
            shown.refresh(len(shown.body_range))
        self._view.on_text_changed(message_id)

    def update_message(self, message: Message, version: tuple[int, int] | None = None) -> None:
        """Update a message's status, footer, error, notices and, if it differs, its text.

        If text of the message is still queued, the update follows that text.

        Args:
            message: the newer form of the message.
            version: the message's number among its versions, from 1, and their count; None if both
                are unchanged.
        """
        self._work_of(message.id).update = partial(self._update, message, version)
        if message.status is not MessageStatus.STREAMING:
            self.prioritize(message.id)  # the user waits for the rest
        self.flush(briefly=True)

    def add_painting(self, seconds: float) -> None:
        """Count the time that painting took: slow frames get fewer."""
        if self._awaited not in self._work:
            self._next_at += self._frame_per_work * seconds
            if self._timer.isActive():
                self._timer.stop()
                self._schedule()

    def set_status_line(self, message_id: str, sentence: str) -> None:
        """Show a status line below an answer; "" shows none."""
        shown = self._messages.get(message_id)
        if shown is not None and shown.status_line != sentence:
            with self._view.changing(shown):
                shown.status_line = sentence
                shown.refresh()

    # ------------------------------------------------------------------ the queue

    @property
    def is_writing_text(self) -> bool:
        """Return True if text of messages or an update is queued."""
        return bool(self._work)

    def has_more(self, message_id: str) -> bool:
        """Return True if arrived text is not yet written."""
        shown = self._messages.get(message_id)
        if shown is not None and shown.is_growing and not shown.is_streaming:
            return True
        return message_id in self._work

    def prioritize(self, message_id: str) -> None:
        """Write a message first and without pauses, because the user waits for it."""
        if message_id in self._work:
            self._awaited = message_id
            self._next_at = 0.0
            self._timer.start(0)

    def clear(self) -> None:
        """Drop everything that is queued."""
        self._timer.stop()
        self._work.clear()
        self._awaited = ""

    def queue_unwritten(self) -> None:
        """Queue the rest of long stored texts, to be written in slices like streamed text."""
        for shown in self._messages.shown():
            if shown.unwritten:
                work = self._work_of(shown.key)
                work.texts.append(shown.unwritten)
                shown.unwritten = ""
                work.is_stored = True
                work.update = work.update or partial(self._complete, shown.key)
                self._schedule()

    def flush(self, *, briefly: bool = False) -> None:
        """Write everything now; if `briefly`, only for about `_BRIEF_S`."""
        self._timer.stop()
        try:
            self._write_until(time.monotonic() + _BRIEF_S if briefly else inf)
        finally:
            self._schedule()

    def _work_of(self, message_id: str) -> _Work:
        return self._work.setdefault(message_id, _Work())

    def _schedule(self) -> None:
        if self._work and not self._timer.isActive():
            wait = self._next_at - time.monotonic()
            self._timer.start(max(1, round(wait * 1000)))

    @property
    def _frame_per_work(self) -> int:
        is_stored = any(work.is_stored for work in self._work.values())
        return _STORED_FRAME_PER_WORK if is_stored else _FRAME_PER_WORK

    # ------------------------------------------------------------------ writing

    def _write_slice(self) -> None:
        began = time.monotonic()
        try:
            self._write_until(began + _SLICE_S)
        finally:  # an error in one piece must not block the following ones
            # Slow parsing makes frames longer, so that the window keeps its share of the time.
            frame_s = self._frame_per_work * (time.monotonic() - began)
            self._next_at = began + (0 if self._awaited in self._work else frame_s)
            self._timer.stop()
            self._schedule()

    def _write_until(self, until: float) -> None:
        """Write, and go on while the next piece, which may take as long, should end in time."""
        ended = time.monotonic()
        while self._work:
            began = ended
            self._write_next()
            ended = time.monotonic()
            if ended + (ended - began) > until:
                return

    def _write_next(self) -> None:
        """Write a piece of a message, or update it, and let the other messages go on."""
        message_id = self._awaited if self._awaited in self._work else next(iter(self._work))
        work = self._work[message_id] = self._work.pop(message_id)
        if work.texts:
            shown = self._messages.opened(message_id)
            length = _DIRECT_CHARS if shown is None else shown.piece_length
            self._write(message_id, work.take(length))
        elif work.update is not None:
            update, work.update = work.update, None
            update()
        if not (work.texts or work.update) and self._work.get(message_id) is work:
            del self._work[message_id]
            self._view.on_settled(message_id)

    def _write(self, message_id: str, text: str) -> None:
        shown = self._messages.opened(message_id)
        if shown is None:
            return
        segment = shown.append_words(text)
        if segment is not None:
            self._view.show_words(shown, segment)
        else:
            with self._view.changing(shown, is_text=True):
                shown.append_text(text)
        if shown.is_streaming:
            self._view.speech.announce_text(message_id, text, lambda: shown.text)
        self._view.on_text_changed(message_id)

    def _complete(self, message_id: str) -> None:
        """Complete a stored message all of whose text is written."""
        shown = self._messages.get(message_id)
        if shown is not None:
            with self._view.changing(shown):
                self._messages.update(shown.message, None)

    def _update(self, message: Message, version: tuple[int, int] | None) -> None:
        shown = self._messages.get(message.id)
        was_streaming = shown is not None and shown.is_streaming
        view = self._view
        with view.keeping_position() if shown is None else view.changing(shown):
            self._messages.update(message, version)
        self._view.on_text_changed(message.id)
        if shown is not None:
            self._view.show_actions(shown)
        if was_streaming and message.status is not MessageStatus.STREAMING:
            self._view.speech.finish(message.id, message.text)
        self._view.message_updated.emit(message.id)
