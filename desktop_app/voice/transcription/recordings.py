"""Reads recordings, which anyone may have made, in a confined child process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator
from typing import Final

import msgspec

from desktop_app.child_client import ChildError, ChildStream
from desktop_app.child_processes import child_command
from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.domain.errors import DocumentError, UserFacingError, VoiceError
from desktop_app.i18n.translation import N_
from desktop_app.voice.messages import MAX_BYTES
from desktop_app.writers.subtitles import Segment

log = logging.getLogger(__name__)
_STANDSTILL_S: Final = 600.0  # of large-v3-turbo on an old computer, and of minutes of silence


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
    child = await ChildStream.start(
        child_command("recordings"), most_bytes=MAX_BYTES, keeps_errors=True
    )
    writing = asyncio.ensure_future(_write(child, task, data))
    try:
        while True:
            reply = await _receive(child, name)
            if isinstance(reply, Refused):
                raise _error(reply.reason, name, reply.details)
            yield reply
            if isinstance(reply, Ended):
                return
    finally:
        writing.cancel()
        await child.end()


async def _write(child: ChildStream, task: Task, data: bytes) -> None:
    with contextlib.suppress(ChildError):  # its end is seen by the reader
        await child.send(msgspec.msgpack.encode(task), data)
        child.close_input()


async def _receive(child: ChildStream, name: str) -> RecordingReply:
    try:
        async with asyncio.timeout(_STANDSTILL_S):
            packed = await child.receive()
        reply: RecordingReply = msgspec.msgpack.decode(packed, type=RecordingReply)
    except (ChildError, TimeoutError, msgspec.MsgspecError, *BAD_VALUE) as exc:
        details = f"{await child.end()}\n{exc!r}"
        log.exception("The process for recordings: %s", details)
        raise _error("recording", name, details) from exc
    return reply


def _error(reason: str, name: str, details: str) -> UserFacingError:
    kind = VoiceError if reason in ("packages", "model") else DocumentError
    message, hint = _ERRORS.get(reason, _ERRORS["recording"])
    return kind(message, hint, details=details, name=name)
