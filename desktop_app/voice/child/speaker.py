"""Reading aloud with the voices of the system."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QLocale, QObject
from PySide6.QtTextToSpeech import QTextToSpeech

from desktop_app.voice.messages import Event, Fault, FaultKind, Finished, Say, Started, Voices

_SILENT_ENGINE: Final = "mock"  # Qt's own, for tests


class Speaker(QObject):
    """Speaks sentences, one after the other.

    The engine is made here, where nothing is painted: that of speech-dispatcher lists 1,530 voices
    first, which takes 2 s of the processor.
    """

    def __init__(self, send: Callable[[Event], None]) -> None:
        super().__init__()
        self._send = send
        self._waiting: deque[Say] = deque()
        self._spoken: Say | None = None
        self._engine: QTextToSpeech | None = None
        if any(name != _SILENT_ENGINE for name in QTextToSpeech.availableEngines()):
            self._engine = QTextToSpeech(self)
            self._engine.stateChanged.connect(self._on_state)

    def prepare(self, language: str) -> None:
        """Send the voices of a language."""
        if self._engine is None:
            self._fail()
            return
        self._use_language(self._engine, language)
        names = dict.fromkeys(voice.name() for voice in self._engine.availableVoices())
        self._send(Voices(language, tuple(names)))

    def say(self, request: Say) -> None:
        """Speak a sentence after those that wait."""
        if self._engine is None:
            self._fail()
            return
        self._waiting.append(request)
        if self._engine.state() is QTextToSpeech.State.Ready:
            self._say_next(self._engine)

    def hush(self) -> None:
        """Stop, and drop what waits."""
        self._waiting.clear()
        self._spoken = None
        if self._engine is not None:
            self._engine.stop()

    def _say_next(self, engine: QTextToSpeech) -> None:
        if not self._waiting:
            return
        request = self._spoken = self._waiting.popleft()
        self._use_language(engine, request.language)
        if request.voice and request.voice != engine.voice().name():
            for voice in engine.availableVoices():
                if voice.name() == request.voice:
                    engine.setVoice(voice)
        engine.setRate(request.rate)
        self._send(Started(request.number))
        engine.say(request.text)

    def _on_state(self, state: QTextToSpeech.State) -> None:
        engine = self._engine
        if engine is None:
            return
        if state is QTextToSpeech.State.Error:
            self._fail(engine.errorString())
        elif state is QTextToSpeech.State.Ready:
            if self._spoken is not None:
                self._send(Finished(self._spoken.number))
                self._spoken = None
            self._say_next(engine)

    def _use_language(self, engine: QTextToSpeech, language: str) -> None:
        wanted = QLocale(language)
        if engine.locale().language() is not wanted.language():
            engine.setLocale(wanted)

    def _fail(self, details: str = "") -> None:
        self._waiting.clear()
        self._spoken = None
        self._send(Fault(FaultKind.NO_VOICE, of_speech=True, details=details))
