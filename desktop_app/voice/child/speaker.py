"""Reading aloud, with the voices of the system, or what a provider has spoken."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QBuffer, QLocale, QObject, QTimer
from PySide6.QtMultimedia import QAudioFormat, QAudioSink, QMediaDevices, QtAudio
from PySide6.QtTextToSpeech import QTextToSpeech

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
        self._sound = QBuffer(self)
        # PulseAudio and speech-dispatcher report nothing when the loudspeaker is taken away.
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
        if self._spoken is None:
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
        self._stop_sink()

    def _say_next(self) -> None:
        if not self._waiting:
            return
        request = self._spoken = self._waiting.popleft()
        if request.sound:
            self._play(request)
            return
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
        device = QMediaDevices.defaultAudioOutput()
        if device.isNull():
            self._fail(FaultKind.NO_LOUDSPEAKER)
            return
        look = QAudioFormat()
        look.setSampleRate(SPEECH_RATE)
        look.setChannelCount(1)
        look.setSampleFormat(QAudioFormat.SampleFormat.Int16)
        self._sound.close()
        self._sound.setData(request.sound)
        self._sound.open(QBuffer.OpenModeFlag.ReadOnly)
        self._sink = QAudioSink(device, look, self)
        self._sink.stateChanged.connect(self._on_sink_state)
        self._watch.start(round(1000 * (_STANDSTILL_S + len(request.sound) / SPEECH_RATE / 2)))
        self._send(Started(request.number))
        self._sink.start(self._sound)

    def _on_sink_state(self, state: QtAudio.State) -> None:
        sink = self._sink
        if state is QtAudio.State.IdleState:  # all of it was played
            self._stop_sink()
            self._end_sentence()
        elif state is QtAudio.State.StoppedState and sink is not None:
            self._fail(FaultKind.NO_LOUDSPEAKER, str(sink.error()))

    def _stop_sink(self) -> None:
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.stop()
            sink.deleteLater()

    def _fail(self, kind: FaultKind, details: str = "") -> None:
        self._forget()
        self._send(Fault(kind, of_speech=True, details=details))
