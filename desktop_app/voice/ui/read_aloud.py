"""Reads an answer aloud, sentence by sentence, while it streams or once it is complete."""

from __future__ import annotations

import asyncio
from math import log2
from typing import Final

import msgspec
from PySide6.QtCore import Signal

from desktop_app.app.session import Controller, Session
from desktop_app.domain.errors import UserFacingError
from desktop_app.i18n.translation import language
from desktop_app.settings.schema import SPEAKER, SPEECH_RATE, SPEECH_VOICE
from desktop_app.transcript.segment import Place
from desktop_app.transcript.text_marks import TextRange
from desktop_app.transcript.view import TranscriptView
from desktop_app.voice.messages import Event, Fault, Finished, Hush, Prepare, Say, Started
from desktop_app.voice.spoken_text import SpokenText, language_of
from desktop_app.voice.ui.voice import Voice

_TOPIC: Final = "read-aloud"
_SPOKEN_AHEAD: Final = 3
"""Sentences that a provider speaks before they are played: each is paid for."""
_BY_PROVIDER: Final = "provider"  # a value of the setting SPEAKER


class ReadAloud(Controller):
    """Reads one answer at a time.

    Signals:
        ended(bool): reading has ended; True if all of the answer was read.
    """

    ended = Signal(bool)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._view = session.window.transcript
        self._followed: set[TranscriptView] = set()
        self._voice = session.of(Voice)
        self._message_id = ""
        self._splitter = SpokenText()
        self._fed = 0  # characters of the answer
        self._is_whole = False  # all of the answer was given to the splitter
        self._number = 0  # of the last sentence that was sent, of all answers
        self._waiting: dict[int, str] = {}  # sentences that were not spoken yet, by number
        self._place: TextRange | None = None  # of the sentence that was marked last
        self._begin: Place | None = None  # sentences before it are left out
        self._turn = asyncio.Lock()  # of sentences that a provider speaks
        self._was_spoken = asyncio.Event()
        self._voice.received.connect(self._on_event)
        session.escape_steps.append(self.stop)

    @property
    def is_reading(self) -> bool:
        """Return True while an answer is read, or its next sentence is awaited."""
        return bool(self._message_id)

    def toggle(self) -> None:
        """Stop; or read from the selection, else the newest answer from its beginning."""
        if self.stop():
            return
        view = self._window.transcript
        if (ends := view.selection.ends) is not None:
            self.start(ends[0].message_id, ends[0])
        elif (shown := view.messages.newest_answer()) is not None:
            self.start(shown.key)

    def read_message(self, message_id: str) -> None:
        """Read an answer, from the selection if that begins in it."""
        ends = self._window.transcript.selection.ends
        is_here = ends is not None and ends[0].message_id == message_id
        self.start(message_id, ends[0] if ends and is_here else None)

    def start(
        self, message_id: str, begin: Place | None = None, view: TranscriptView | None = None
    ) -> None:
        """Read an answer from a place on, else from its beginning.

        Args:
            view: shows it; None for the window's.
        """
        self.stop()
        self._view = view or self._window.transcript
        if self._view not in self._followed:
            self._followed.add(self._view)
            self._view.text_changed.connect(self._on_text_changed)
            self._view.message_updated.connect(self._on_text_changed)
        shown = self._view.messages.opened(message_id)
        if shown is None:
            return
        if not shown.is_streaming and not self._view.write_whole(
            message_id, lambda: self.start(message_id, begin, view)
        ):
            return
        self._message_id, self._begin, self._place = message_id, begin, None
        self._splitter, self._fed, self._is_whole = SpokenText(), 0, False
        if self._session.values[SPEAKER] != _BY_PROVIDER:
            self._voice.send(Prepare(language()))  # it takes seconds, and so begins at once
        self._feed()

    def stop(self) -> bool:
        """Stop reading. Return False if nothing is read."""
        if not self._message_id:
            return False
        self._voice.send(Hush())
        self._end()
        return True

    def _end(self, *, is_whole: bool = False) -> None:
        self._message_id = ""
        self._waiting.clear()
        self._was_spoken.set()
        self._view.spoken.show("", None)
        self.ended.emit(is_whole)

    def _on_text_changed(self, message_id: str) -> None:
        if message_id == self._message_id and not self._is_whole:
            self._feed()

    def _feed(self) -> None:
        """Have the sentences spoken that are complete by now."""
        shown = self._view.messages.opened(self._message_id)
        if shown is None:  # another conversation was opened
            self.stop()
            return
        text = shown.source
        sentences = self._splitter.feed(text[self._fed :])
        self._fed = len(text)
        if not shown.is_streaming:
            self._is_whole = True
            sentences += self._splitter.finish()
        for words in sentences:
            self._say(words, text)
        if self._is_whole and not self._waiting:
            self._end(is_whole=True)

    def _say(self, words: str, text: str) -> None:
        if self._begin is not None:
            found = self._view.spoken.find(self._message_id, words, self._place)
            begin = (self._begin.item, self._begin.cell, self._begin.unit)
            if found is None or (found.item, found.cell, found.end) <= begin:
                self._place = found or self._place
                return
            self._begin = None
        self._number += 1
        self._waiting[self._number] = words
        values = self._session.values
        speed = float(values[SPEECH_RATE] or 1)
        voice = str(values[SPEECH_VOICE])
        # Qt's rate goes from half to double the speed.
        say = Say(self._number, words, language_of(text, language()), voice, log2(speed))
        if values[SPEAKER] == _BY_PROVIDER:
            self._tasks.start(self._say_by_provider(say, speed, text))
        else:
            self._voice.send(say)

    async def _say_by_provider(self, say: Say, speed: float, answer: str) -> None:
        """Have a provider speak a sentence, while those before it are played."""
        try:
            async with self._turn:
                while say.number - min(self._waiting, default=say.number) >= _SPOKEN_AHEAD:
                    self._was_spoken.clear()
                    await self._was_spoken.wait()
                if say.number not in self._waiting:
                    return
                speech = self._session.backend.speech
                sound = await speech.sound(say.text, say.voice, speed, answer)
        except UserFacingError as error:
            if say.number in self._waiting:
                self._fail(error)
            return
        if say.number in self._waiting:
            self._voice.send(msgspec.structs.replace(say, sound=sound))

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Started) and event.number in self._waiting:
            words = self._waiting[event.number]
            found = self._view.spoken.find(self._message_id, words, self._place)
            self._place = found or self._place
            self._view.spoken.show(self._message_id, found)
        elif isinstance(event, Finished) and self._waiting.pop(event.number, ""):
            self._was_spoken.set()
            if self._is_whole and not self._waiting:
                self._end(is_whole=True)
        elif isinstance(event, Fault) and event.of_speech is not False and self._message_id:
            self._fail(event.error)

    def _fail(self, error: UserFacingError) -> None:
        self.stop()
        self._session.window.notifications.notify(error, topic=_TOPIC)
