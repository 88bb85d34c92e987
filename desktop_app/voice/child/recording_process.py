"""The child process that decodes a recording, and transcribes it if there is a model for that.

The recording, which anyone may have made, is its standard input. FFmpeg, in QtMultimedia, decodes
it in this confined process. Each line of its output is a `RecordingReply` in JSON.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from desktop_app import sandbox
from desktop_app.voice.transcription.local_transcriber import (
    BYTES_PER_SECOND,
    SAMPLE_RATE,
    LocalTranscriber,
    Segment,
)
from desktop_app.voice.transcription.pieces import Piece, pieces
from desktop_app.voice.transcription.recordings import Ended, RecordingReply, Refused, Sound, Words

if TYPE_CHECKING:
    from collections.abc import Iterator

_MEMORY_BYTES: Final = 8 << 30  # large-v3-turbo takes 2.2 GB; the recording may have 0.2
_PROCESSOR_FILES: Final = ("/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system")


def main(arguments: Sequence[str]) -> int:
    """Transcribe standard input; the arguments are the model's folder and the language, or "".

    Without a folder, the sound itself is written.
    """
    folder, language = arguments
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # libraries write to standard output
    readable = [*([Path(folder)] if folder else []), *map(Path, _PROCESSOR_FILES)]
    sandbox.confine(sandbox.Policy(_MEMORY_BYTES, tuple(readable), descriptors=(replies.fileno(),)))

    def reply(message: RecordingReply) -> None:
        replies.write(msgspec.json.encode(message) + b"\n")
        replies.flush()

    try:
        reply(_read(sys.stdin.buffer.read(), folder, language or None, reply))
    except ImportError as exc:
        reply(Refused("packages", str(exc)))
    os._exit(0)  # FFmpeg's threads may still run


def _read(
    data: bytes, folder: str, language: str | None, reply: Callable[[RecordingReply], None]
) -> RecordingReply:
    from PySide6.QtCore import QBuffer, QCoreApplication, QEventLoop
    from PySide6.QtMultimedia import QAudioDecoder, QAudioFormat

    transcriber = None
    if folder:
        try:
            transcriber = LocalTranscriber(Path(folder), language)
        except RuntimeError as exc:
            return Refused("model", str(exc))
    application = QCoreApplication([])
    wanted = QAudioFormat()
    wanted.setSampleRate(SAMPLE_RATE)
    wanted.setChannelCount(1)
    wanted.setSampleFormat(QAudioFormat.SampleFormat.Int16)
    source = QBuffer()
    source.setData(data)
    source.open(QBuffer.OpenModeFlag.ReadOnly)
    decoder = QAudioDecoder()
    decoder.setAudioFormat(wanted)
    decoder.setSourceDevice(source)
    totals: list[int] = []
    decoder.durationChanged.connect(totals.append)
    ended: list[str] = []
    decoder.finished.connect(lambda: ended.append(""))
    decoder.error.connect(lambda _: ended.append(decoder.errorString()))

    def sound() -> Iterator[bytes]:
        decoder.start()
        while not ended:
            application.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
            while decoder.bufferAvailable():
                yield bytes(decoder.read().constData())

    seconds = 0.0
    for piece in pieces(sound()):
        seconds = piece.start + len(piece.samples) / BYTES_PER_SECOND
        reply(_reply_to(piece, transcriber, max(totals, default=0) / 1000, seconds))
    if ended[0] or not seconds:
        return Refused("recording", ended[0])
    return Ended(seconds)


def _reply_to(
    piece: Piece, transcriber: LocalTranscriber | None, total: float, done: float
) -> RecordingReply:
    if transcriber is None:
        return Sound(piece.start, piece.samples)
    heard = transcriber.transcribe(piece.samples)
    segments = [Segment(piece.start + s.start, piece.start + s.end, s.text) for s in heard]
    return Words(segments, done, total)
