"""Reading aloud, with the voices of the system, or what a provider has spoken."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QIODevice, QLocale, QObject, QTimer
from PySide6.QtMultimedia import QAudioSink, QMediaDevices, QtAudio
from PySide6.QtTextToSpeech import QTextToSpeech

from desktop_app.voice.child.devices import device_of, sound_format
from desktop_app.voice.messages import (
    SPEECH_RATE,
    Event,
    Fault,
    FaultKind,
    Finished,
    Say,
    Started,
    Voices,
)

_USUAL_ENGLISH: Final = "English (America)"
"""espeak-ng has the Caribbean voice first among those of the United States."""
_SLOWEST_S: Final = 0.2
"""Per character, at half the usual speed."""
_STANDSTILL_S: Final = 5.0
_BYTES_PER_SECOND: Final = 2 * SPEECH_RATE
_BUFFER_BYTES: Final = _BYTES_PER_SECOND // 5
_FILL_MS: Final = 40
_SILENT_ENGINE: Final = "mock"  # Qt's own, for tests


class Speaker(QObject):
    """Speaks sentences, one after the other.

    The engine is made here, where nothing is painted: that of speech-dispatcher lists 1,530 voices
    first, which takes 2 s of the processor. For a provider's speech it is not made.
    """

    def __init__(self, send: Callable[[Event], None]) -> None:
        super().__init__()
        self._send = send
        self._waiting: deque[Say] = deque()
        self._spoken: Say | None = None
        self._engine: QTextToSpeech | None = None
        self._sink: QAudioSink | None = None
        self._output: QIODevice
        self._sound = bytearray()  # of a provider, that the sink did not take yet
        self._played_ends: deque[tuple[int, int]] = deque()  # number of a sentence, end in bytes
        self._queued_bytes = 0  # since the sink was opened
        self._played_bytes = 0
        self._moved_at = 0.0
        self._filling = QTimer(self, interval=_FILL_MS)
        self._filling.timeout.connect(self._fill)
        # speech-dispatcher reports nothing when the loudspeaker is taken away.
        self._watch = QTimer(self, singleShot=True)
        self._watch.timeout.connect(self._on_standstill)

    def prepare(self, language: str) -> None:
        """Send the voices of a language."""
        engine = self._made_engine()
        if engine is None:
            self._fail(FaultKind.NO_VOICE)
            return
        self._use_language(engine, language)
        names = dict.fromkeys(voice.name() for voice in engine.availableVoices())
        self._send(Voices(language, tuple(names)))

    def say(self, request: Say) -> None:
        """Speak a sentence after those that wait."""
        self._waiting.append(request)
        self._say_next()

    def hush(self) -> None:
        """Stop, and drop what waits."""
        self._forget()
        if self._engine is not None:
            self._engine.stop()

    def _forget(self) -> None:
        self._waiting.clear()
        self._spoken = None
        self._watch.stop()
        self._close_sink()

    def _say_next(self) -> None:
        while self._waiting and self._waiting[0].sound and self._spoken is None:
            self._play(self._waiting.popleft())
        if not self._waiting or self._spoken is not None or self._played_ends:
            return
        request = self._spoken = self._waiting.popleft()
        engine = self._made_engine()
        if engine is None:
            self._fail(FaultKind.NO_VOICE)
            return
        self._watch.start(round(1000 * (_STANDSTILL_S + len(request.text) * _SLOWEST_S)))
        if engine.state() is not QTextToSpeech.State.Ready:  # it is being made, or stops
            self._waiting.appendleft(request)
            self._spoken = None
            return
        self._use_language(engine, request.language)
        if request.voice and request.voice != engine.voice().name():
            for voice in engine.availableVoices():
                if voice.name() == request.voice:
                    engine.setVoice(voice)
        engine.setRate(request.rate)
        self._send(Started(request.number))
        engine.say(request.text)

    def _end_sentence(self) -> None:
        self._watch.stop()
        request, self._spoken = self._spoken, None
        if request is not None:
            self._send(Finished(request.number))
        self._say_next()

    # ------------------------------------------------------------------ voices of the system

    def _made_engine(self) -> QTextToSpeech | None:
        is_offered = any(name != _SILENT_ENGINE for name in QTextToSpeech.availableEngines())
        if self._engine is None and is_offered:
            self._engine = QTextToSpeech(self)
            self._engine.stateChanged.connect(self._on_state)
        if self._engine is not None and self._engine.state() is QTextToSpeech.State.Error:
            self._drop_engine()
        return self._engine

    def _drop_engine(self) -> None:
        """Forget an engine that has failed: it speaks no more, and the next one may."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.stateChanged.disconnect(self._on_state)
            engine.deleteLater()

    def _on_standstill(self) -> None:
        self._drop_engine()
        self._fail(FaultKind.NO_LOUDSPEAKER, "it does not end")

    def _on_state(self, state: QTextToSpeech.State) -> None:
        if state is QTextToSpeech.State.Error and self._engine is not None:
            details = self._engine.errorString()
            self._drop_engine()
            self._fail(FaultKind.NO_VOICE, details)
        elif state is QTextToSpeech.State.Ready:
            self._end_sentence()

    def _use_language(self, engine: QTextToSpeech, language: str) -> None:
        wanted, own = QLocale(language), QLocale.system()
        if engine.locale().language() is wanted.language():
            return
        engine.setLocale(own if own.language() is wanted.language() else wanted)
        for voice in engine.availableVoices():
            if voice.name() == _USUAL_ENGLISH:
                engine.setVoice(voice)

    # ------------------------------------------------------------------ sound of a provider

    def _play(self, request: Say) -> None:
        """Queue a sentence in the one sink of all sentences, so that none waits for another."""
        if self._sink is None and not self._open_sink(request.loudspeaker):
            return
        self._sound += request.sound
        self._queued_bytes += len(request.sound)
        self._played_ends.append((request.number, self._queued_bytes))
        if len(self._played_ends) == 1:
            self._moved_at = time.monotonic()
            self._send(Started(request.number))
        self._fill()

    def _open_sink(self, loudspeaker: str) -> bool:
        device = device_of(QMediaDevices.audioOutputs(), loudspeaker)
        device = device or QMediaDevices.defaultAudioOutput()
        if device.isNull():
            self._fail(FaultKind.NO_LOUDSPEAKER)
            return False
        self._sink = QAudioSink(device, sound_format(SPEECH_RATE), self)
        self._sink.setBufferSize(_BUFFER_BYTES)
        self._output = self._sink.start()
        self._queued_bytes = self._played_bytes = 0
        self._filling.start()
        return True

    def _fill(self) -> None:
        """Give the sink sound, tell what it has played, and close it when it is not needed."""
        sink = self._sink
        if sink is None:
            return
        if sink.state() is QtAudio.State.StoppedState:
            self._fail(FaultKind.NO_LOUDSPEAKER, str(sink.error()))
            return
        if self._sound and (free := sink.bytesFree() // 2 * 2) > 0:
            written = self._output.write(bytes(self._sound[:free]))
            del self._sound[: max(written, 0)]
        played = round(sink.processedUSecs() * _BYTES_PER_SECOND / 1_000_000)
        if played > self._played_bytes:
            self._played_bytes, self._moved_at = played, time.monotonic()
        while self._played_ends and played >= self._played_ends[0][1]:
            self._send(Finished(self._played_ends.popleft()[0]))
            if self._played_ends:
                self._send(Started(self._played_ends[0][0]))
            else:
                self._say_next()
        # PulseAudio reports nothing when the loudspeaker is taken away.
        if time.monotonic() - self._moved_at > _STANDSTILL_S:
            if self._played_ends:
                self._fail(FaultKind.NO_LOUDSPEAKER, "it does not end")
            else:
                self._close_sink()

    def _close_sink(self) -> None:
        sink, self._sink = self._sink, None
        self._sound.clear()
        self._played_ends.clear()
        self._filling.stop()
        if sink is not None:
            sink.stop()
            sink.deleteLater()

    def _fail(self, kind: FaultKind, details: str = "") -> None:
        self._forget()
        self._send(Fault(kind, of_speech=True, details=details))
