"""Announces answers to screen readers sentence by sentence while they stream."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QWidget

from desktop_app.widgets.announcements import announce

if TYPE_CHECKING:
    from desktop_app.markdown.spoken_sentences import SentenceSplitter

_COLLECT_MS: Final = 400
"""Time in which sentences are collected before they are announced together."""
_PAUSES: Final = tuple(".!?…:;,。！？")
_MAX_EARLIER_CHARACTERS: Final = 2_000
"""Maximum characters announced of an answer that did not stream here from its beginning."""


class AnswerSpeech(QObject):
    """The announcer of one transcript's answers."""

    def __init__(self, view: QWidget) -> None:
        super().__init__(view)
        self._view = view
        self._message_id = self._finished_id = ""
        self._sentences: SentenceSplitter | None = None
        self._queued: list[str] = []
        self._timer = QTimer(self, singleShot=True, interval=_COLLECT_MS)
        self._timer.timeout.connect(self._announce_queued)

    def has_screen_reader(self) -> bool:
        """Return True if a screen reader is active."""
        return QAccessible.isActive()

    def announce_text(
        self, message_id: str, text: str, whole_text: Callable[[], str] | None = None
    ) -> None:
        """Announce the next text of a streaming answer.

        Args:
            message_id: the answer.
            text: the text that has just arrived.
            whole_text: returns the answer so far, including `text`. Needed if the answer may have
                begun before the conversation was opened.
        """
        if not self.has_screen_reader():
            return
        if self._sentences is None or message_id != self._message_id:
            # Imported late: only needed with a screen reader.
            from desktop_app.markdown.spoken_sentences import SentenceSplitter

            self._sentences = SentenceSplitter()
            self._message_id = message_id
            so_far = text if whole_text is None else whole_text()
            text = so_far if len(so_far) <= _MAX_EARLIER_CHARACTERS else text
        self._queue(self._sentences.feed(text))

    def finish(self, message_id: str, text: str) -> None:
        """Announce the rest of a finished answer, or its beginning if it did not stream."""
        if not self.has_screen_reader():
            return
        self._finished_id = message_id
        if self._sentences is None or message_id != self._message_id:
            self.announce_text(message_id, text[:_MAX_EARLIER_CHARACTERS])
        if self._sentences is not None:
            self._queue(self._sentences.finish())
        self._sentences = None
        self._announce_queued()

    def finish_once(self, message_id: str, text: str) -> None:
        """Announce a finished answer, unless `finish` has announced it."""
        if message_id != self._finished_id:
            self.finish(message_id, text)

    def _queue(self, sentences: list[str]) -> None:
        self._queued += sentences
        if self._queued and not self._timer.isActive():
            self._timer.start()

    def _announce_queued(self) -> None:
        self._timer.stop()
        if self._queued:
            *earlier, last = self._queued
            # A heading, item or row ends with a pause, so that the next words do not run into it.
            words = [piece if piece.endswith(_PAUSES) else f"{piece};" for piece in earlier]
            announce(self._view, " ".join([*words, last]))
            self._queued = []
