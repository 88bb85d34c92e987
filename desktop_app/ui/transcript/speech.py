"""Reads answers out, where a screen reader runs: in sentences while they arrive, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAccessible

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_app.rendering.spoken_sentences import Sentences

_TOGETHER_MS: Final = 400
_PAUSES: Final = tuple(".!?…:;,。！？")
_MOST: Final = 2_000
"""Characters said of an answer that was not heard arriving."""


class AnswerSpeech(QObject):
    """What one transcript says aloud."""

    def __init__(self, view: QWidget) -> None:
        super().__init__(view)
        self._view = view
        self._message_id = ""
        self._sentences: Sentences | None = None
        self._waiting: list[str] = []
        self._timer = QTimer(self, singleShot=True, interval=_TOGETHER_MS)
        self._timer.timeout.connect(self._say)

    def is_heard(self) -> bool:
        """Whether anybody listens."""
        return QAccessible.isActive()

    def hear(self, message_id: str, text: str) -> None:
        """The next piece of an answer has come."""
        if not self.is_heard():
            return
        if self._sentences is None or message_id != self._message_id:
            # Imported here: few need it, and it is not a part of the start.
            from desktop_app.rendering.spoken_sentences import Sentences

            self._sentences, self._message_id = Sentences(), message_id
        self._wait(self._sentences.feed(text))

    def finish(self, message_id: str, text: str) -> None:
        """An answer is whole: the rest of it, or all of it where nobody has heard it come."""
        if not self.is_heard():
            return
        if self._sentences is None or message_id != self._message_id:
            self.hear(message_id, text[:_MOST])
        if self._sentences is not None:
            self._wait(self._sentences.finish())
        self._sentences = None
        self._say()

    def _wait(self, sentences: list[str]) -> None:
        self._waiting += sentences
        if self._waiting and not self._timer.isActive():
            self._timer.start()

    def _say(self) -> None:
        self._timer.stop()
        *before, last = self._waiting or [""]
        words, self._waiting = " ".join([*map(_paused, before), last]), []
        if words:
            self.say(words)

    def say(self, words: str) -> None:
        """Say this now."""
        from PySide6.QtGui import QAccessibleAnnouncementEvent

        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._view, words))


def _paused(piece: str) -> str:
    """A heading, an item or a row, so that what is said behind it does not run into it."""
    return piece if piece.endswith(_PAUSES) else f"{piece};"
