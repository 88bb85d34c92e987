"""Reads recordings, which anyone may have made, in a confined child process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from typing import Final

import msgspec

from desktop_app.child_processes import child_command, start_child
from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.domain.errors import DocumentError, UserFacingError, VoiceError
from desktop_app.i18n.translation import N_
from desktop_app.voice.messages import pack
from desktop_app.voice.transcription.local_transcriber import Segment
from desktop_app.voice.voice_process import ChildErrors, receive

log = logging.getLogger(__name__)
_STANDSTILL_S: Final = 600.0  # of large-v3-turbo on an old computer, and of minutes of silence
_WRITTEN_BYTES: Final = 1 << 20


class Task(msgspec.Struct, frozen=True):
    """What a recording is read for.

    Attributes:
        model_folder: of a Whisper model; "" returns the sound.
        language: of ISO 639-1; "" finds it.
        words: see `LocalTranscriber`.
        start: the second from which on it is read.
        tells_speakers: the provider's model does, and so gets long pieces.
    """

    model_folder: str = ""
    language: str = ""
    words: str = ""
    start: float = 0.0
    tells_speakers: bool = False


class Sound(msgspec.Struct, tag=True, frozen=True):
    """A piece of a recording, to be transcribed by a provider: where it begins, in seconds."""

    start: float
    samples: bytes


class Words(msgspec.Struct, tag=True, frozen=True):
    """What is said in the next piece, and how far that is.

    Attributes:
        done, total: seconds; the total is 0 if the file does not say.
    """

    segments: list[Segment]
    done: float
    total: float


class Refused(msgspec.Struct, tag=True, frozen=True):
    """Why there is no more: "packages", "model" or "recording"."""

    reason: str
    details: str = ""


class Ended(msgspec.Struct, tag=True, frozen=True):
    """All of the recording was read; it takes so many seconds."""

    seconds: float


RecordingReply = Sound | Words | Refused | Ended
_ERRORS: Final = {
    "packages": (
        N_("Reading recordings needs packages that are not installed."),
        N_("Install Repartee as repartee[voice]."),
    ),
    "model": (
        N_("The transcription model could not be loaded."),
        N_("Remove it, and download it again."),
    ),
    "recording": (
        N_("“{name}” has no sound that can be read."),
        N_("Open it in a media player, and save it as MP3 or WAV."),
    ),
}


async def read_recording(
    name: str, data: bytes, task: Task
) -> AsyncGenerator[Sound | Words | Ended, None]:
    """Yield the pieces of a recording, then its end. Closing the iterator ends the child.

    Args:
        name: for errors.

    Raises:
        DocumentError: it cannot be read.
        VoiceError: packages are missing, or the model is damaged.
    """
    command = child_command("recordings")
    child = await start_child(command, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    errors = ChildErrors(child)
    writing = asyncio.ensure_future(_write(child, pack(task), data))
    try:
        while True:
            reply = await _receive(child, errors, name)
            if isinstance(reply, Refused):
                raise _error(reply.reason, name, reply.details)
            yield reply
            if isinstance(reply, Ended):
                return
    finally:
        writing.cancel()
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await errors.end()


async def _write(child: Process, head: bytes, data: bytes) -> None:
    assert child.stdin is not None
    with contextlib.suppress(OSError):  # its end is seen by the reader
        child.stdin.write(head)
        for start in range(0, len(data), _WRITTEN_BYTES):
            child.stdin.write(data[start : start + _WRITTEN_BYTES])
            await child.stdin.drain()
        child.stdin.close()


async def _receive(child: Process, errors: ChildErrors, name: str) -> RecordingReply:
    try:
        async with asyncio.timeout(_STANDSTILL_S):
            reply: RecordingReply = await receive(child, RecordingReply)
    except (TimeoutError, EOFError, msgspec.MsgspecError, *BAD_VALUE) as exc:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        details = await errors.end(repr(exc))
        log.exception("The process for recordings: %s", details)
        raise _error("recording", name, details) from exc
    return reply


def _error(reason: str, name: str, details: str) -> UserFacingError:
    kind = VoiceError if reason in ("packages", "model") else DocumentError
    message, hint = _ERRORS.get(reason, _ERRORS["recording"])
    return kind(message, hint, details=details, name=name)
