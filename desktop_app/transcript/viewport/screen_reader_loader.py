"""Materializes the conversation, up to a limit, for a screen reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

if TYPE_CHECKING:
    from desktop_app.transcript.document.message_materializer import MessageMaterializer
    from desktop_app.transcript.selection.virtual_selection import VirtualSelection
    from desktop_app.transcript.speech import AnswerSpeech
    from desktop_app.transcript.transcript_messages import TranscriptMessages
    from desktop_app.transcript.viewport.message_stream import MessageStream
    from desktop_app.transcript.viewport.scroll_anchor import ScrollAnchor
    from desktop_app.transcript.viewport.viewport_filler import ViewportFiller
    from desktop_app.transcript.viewport.virtualizer import Virtualizer

_PASS_CHARACTERS: Final = 3_000
_PASS_ITEMS: Final = 60
"""Characters of messages, and items, to materialize in one pass for a screen reader."""

_PASS_MS: Final = 60
"""Milliseconds between two passes for a screen reader."""


class ScreenReaderLoader(QObject):
    """A loader that materializes the conversation bit by bit while a screen reader runs.

    Meanwhile, `ViewportFiller` raises the limit of materialized characters. Older messages that
    would exceed this limit stay out of the document.

    Signals:
        loaded(): more text is in the document.
    """

    loaded = Signal()

    def __init__(
        self,
        messages: TranscriptMessages,
        materializer: MessageMaterializer,
        anchor: ScrollAnchor,
        selection: VirtualSelection,
        virtualizer: Virtualizer,
        filler: ViewportFiller,
        stream: MessageStream,
        speech: AnswerSpeech,
    ) -> None:
        super().__init__(filler)
        self._messages = messages
        self._materializer = materializer
        self._anchor = anchor
        self._selection = selection
        self._virtualizer = virtualizer
        self._filler = filler
        self._stream = stream
        self._speech = speech
        self._timer = QTimer(self, singleShot=True, interval=_PASS_MS)
        self._timer.timeout.connect(self._load)
        filler.reader_detected.connect(self.start)

    @property
    def is_waiting(self) -> bool:
        """Return True if another pass is scheduled."""
        return self._timer.isActive()

    def start(self) -> None:
        """Schedule the next pass, unless one is scheduled."""
        if not self._timer.isActive():
            self._timer.start()

    def _load(self) -> None:
        self._filler.update_limit()
        if not self._speech.has_screen_reader():
            return
        if self._virtualizer.fill_more(_PASS_ITEMS):
            self.loaded.emit()
            self._timer.start()
        if not self._materializer.can_materialize_more:
            return
        if not self._stream.is_writing_text and self._messages.older:
            with self._anchor.keep_position(), self._selection.keep():
                on_screen = self._anchor.ids_on_screen()
                self._materializer.write_more(_PASS_CHARACTERS, on_screen, above=True)
            self._stream.queue_unwritten()
            self.loaded.emit()
        if self._messages.older:
            self._timer.start()
