"""Speech to text, where the user chose it: by a model on this computer, or by the provider.

A provider gets a voice only after the user has agreed to it, once for each. Its calls are held
against the monthly cap and recorded in the ledger.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from desktop_app.documents.store.note_store import NoteStore
from desktop_app.domain.cost import CallUsage
from desktop_app.domain.errors import (
    DocumentEmptyError,
    DocumentError,
    LocalModelError,
    StorageError,
    UserFacingError,
)
from desktop_app.domain.network.origin import origin
from desktop_app.domain.spending_report import Purpose
from desktop_app.i18n.translation import N_
from desktop_app.local_model.store import LocalFile, ModelStore
from desktop_app.providers.jobs.audio import wav_file
from desktop_app.providers.provider_client import ProviderClient
from desktop_app.voice.provider_calls import VOICE_SENT, VoiceCalls, VoiceModel
from desktop_app.voice.transcription.local_transcriber import BYTES_PER_SECOND, Segment
from desktop_app.voice.transcription.pieces import MAX_PIECE_BYTES, pieces
from desktop_app.voice.transcription.recordings import Ended, Sound, read_recording

BY_PROVIDER: Final = "provider"
"""The value of the setting `voice.transcriber` for the provider; "computer" is the other."""
# gpt-4o-transcribe: $0.006 a minute by OpenAI's own estimate (its pricing page, November 2026), of
# which 10 tokens of sound a second are $0.0036, and the words the rest.
_SOUND_TOKENS: Final = 10
_WORD_TOKENS: Final = 4  # per second

OnSeconds = Callable[[float, float], None]
"""Hears how many seconds of how many were transcribed; the second is 0 if unknown."""


class Transcript(NamedTuple):
    """What is said in a recording, and how long that is.

    Attributes:
        model: the name of the model that heard it.
        cost: US dollars; None if it is unknown.
    """

    segments: Sequence[Segment]
    seconds: float
    model: str
    cost: Decimal | None

    @property
    def text(self) -> str:
        """Return a line for each segment, with the time at which it begins."""
        return "\n".join(f"[{time_mark(s.start)}] {s.text}" for s in self.segments)


def time_mark(seconds: float) -> str:
    """Return a time in a recording.

    >>> time_mark(725.9)
    '00:12:05'
    """
    whole = int(seconds)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"


class _Sent(NamedTuple):
    """What a provider made of a piece: its words, what they cost, and the bytes of the piece."""

    text: str
    cost: Decimal | None
    size: int


class StoppedTranscriptError(DocumentError):
    """A recording was transcribed in part.

    Attributes:
        transcript: of this part, with the seconds that it takes.
        seconds: of the whole recording; 0 if unknown.
    """

    def __init__(
        self, name: str, transcript: Transcript, seconds: float, error: UserFacingError
    ) -> None:
        super().__init__(
            N_("Transcribing “{name}” stopped at {done} of {total}."),
            N_("Try again: it continues where it stopped."),
            details=error.details,
            name=name,
            done=time_mark(transcript.seconds),
            total=time_mark(seconds) if seconds else "?",
            words=error.what_happened,
        )
        self.transcript = transcript
        self.seconds = seconds


class Transcription:
    """Transcribes speech.

    Args:
        notes: keeps the words of a provider, so that no piece is paid for twice.
        choose: returns the values of the settings.
        find_model: returns the provider's model. Raises UserFacingError.

    """

    def __init__(
        self,
        calls: VoiceCalls,
        notes: NoteStore,
        open_store: Callable[[], ModelStore],
        choose: Callable[[], Awaitable[Mapping[str, object]]],
        find_model: Callable[[], Awaitable[VoiceModel]],
    ) -> None:
        self._calls = calls
        self._notes = notes
        self._open_store = open_store
        self._choose = choose
        self.find_model = find_model

    async def local_model(self, transcriber: str = "") -> LocalFile | None:
        """Return the model on this computer that transcribes; None if the provider does.

        Args:
            transcriber: instead of that of the settings.

        Raises:
            LocalModelError: it should be on this computer, but none was downloaded.
        """
        values = await self._choose()
        if (transcriber or values["voice.transcriber"]) == BY_PROVIDER:
            return None
        store = await asyncio.to_thread(self._open_store)
        models = await asyncio.to_thread(store.speech_models)
        chosen = [model for model in models if model.path == values["voice.model"]]
        if not models:
            raise LocalModelError(
                N_("No model that transcribes speech is on this computer."),
                hint=N_("Download Whisper in {models_window}, or have the provider transcribe."),
            )
        model = (chosen or models)[-1]  # the largest
        await asyncio.to_thread(store.remember_use, model.path)
        return model

    async def transcribe_recording(
        self,
        name: str,
        data: bytes,
        on_seconds: OnSeconds,
        language: str = "",
        transcriber: str = "",
        conversation_id: str = "",
    ) -> Transcript:
        """Return what is said in a sound or video file.

        Args:
            conversation_id: of the conversation with which the words are deleted; "" for none.

        Raises:
            StoppedTranscriptError: it failed later than the first words.
            DocumentError: it cannot be read, or nothing is said.
            VoiceError: packages are missing, or the user does not agree.
            UserFacingError: there is no model, or the provider failed.
        """
        model = await self.local_model(transcriber)
        found = Transcript([], 0.0, model.name if model else "", Decimal(0))
        seconds = 0.0
        try:
            async for found, seconds in self._heard(name, data, model, language, conversation_id):
                on_seconds(found.seconds, seconds)
        except UserFacingError as error:
            if not found.segments:
                raise
            raise StoppedTranscriptError(name, found, seconds, error) from error
        if not found.segments:
            raise DocumentEmptyError(
                N_("Nothing is said in “{name}”."),
                hint=N_("Check that it is the right file."),
                name=name,
            )
        return found

    async def _heard(
        self, name: str, data: bytes, model: LocalFile | None, language: str, conversation_id: str
    ) -> AsyncGenerator[tuple[Transcript, float], None]:
        """Yield what was transcribed so far, and the seconds of the recording, 0 if unknown."""
        segments: list[Segment] = []
        sound = bytearray()
        seconds = 0.0
        folder = str(Path(model.path).parent) if model else ""
        async with aclosing(read_recording(name, data, folder, language)) as replies:
            async for reply in replies:
                if isinstance(reply, Sound):
                    sound += reply.samples
                elif isinstance(reply, Ended):
                    seconds = reply.seconds
                elif model is not None:
                    segments += reply.segments
                    yield Transcript(segments, reply.done, model.name, Decimal(0)), reply.total
        if model is not None:
            yield Transcript(segments, seconds, model.name, Decimal(0)), seconds
            return
        voice_model = await self.find_model()
        await self.require_consent(voice_model, seconds)
        source = f"{origin(voice_model.profile.base_url)} {voice_model.model} {language} ".encode()
        key = await asyncio.to_thread(lambda: sha256(source + data).hexdigest())
        cost: Decimal | None = Decimal(0)
        position = 0
        while position < len(sound):
            rest = bytes(sound[position : position + MAX_PIECE_BYTES + 2])
            piece_key = f"{key} {position}"
            sent = await self._send_once(voice_model, rest, language, piece_key, conversation_id)
            start, position = position, position + sent.size
            words = " ".join(sent.text.split())  # a line each
            start_s, end_s = start / BYTES_PER_SECOND, position / BYTES_PER_SECOND
            segments += [Segment(start_s, end_s, words)] if words else []
            cost = None if cost is None or sent.cost is None else cost + sent.cost
            yield Transcript(segments, end_s, voice_model.model, cost), seconds

    async def _send_once(
        self, model: VoiceModel, sound: bytes, language: str, key: str, conversation_id: str
    ) -> _Sent:
        """Transcribe the first piece of a sound, unless it was paid for before.

        FFmpeg never decodes a file to quite the same samples, so the key has none.
        """
        kept = await self._notes.get(key)
        if kept is not None:
            return msgspec.json.decode(kept, type=_Sent)
        piece = next(pieces([sound]))
        text, cost = await self._send(model, piece.samples, language)
        sent = _Sent(text, cost, len(piece.samples))
        with suppress(StorageError):  # it is only paid for again after a failure
            await self._notes.put(key, msgspec.json.encode(sent).decode(), conversation_id)
        return sent

    async def transcribe_sound(self, samples: bytes, language: str = "") -> str:
        """Return what was said into the microphone.

        Raises:
            UserFacingError: the user does not agree, there is no model, or it failed.
        """
        if await self.local_model() is not None:  # as the user chose after the provider failed
            with suppress(DocumentEmptyError):
                file = wav_file(samples)
                heard = await self.transcribe_recording("", file, lambda *_: None, language)
                return " ".join(segment.text for segment in heard.segments)
            return ""
        model = await self.find_model()
        await self.require_consent(model, len(samples) / BYTES_PER_SECOND)
        text, _ = await self._send(model, samples, language)
        return text.strip()

    async def require_consent(self, model: VoiceModel, seconds: float) -> None:
        """Raise VoiceError unless the user agrees that so much speech goes to the provider."""
        await self._calls.require_consent(model, VOICE_SENT, model.cost(_usage(seconds)))

    async def _send(
        self, model: VoiceModel, samples: bytes, language: str
    ) -> tuple[str, Decimal | None]:
        """Transcribe one piece. Return the text and its cost."""

        async def request(provider: ProviderClient) -> tuple[str, CallUsage | None]:
            return await provider.transcribe(model.model, samples, language)

        expected = model.cost(_usage(len(samples) / BYTES_PER_SECOND))
        return await self._calls.call(model, expected, Purpose.TRANSCRIPTION, request)


def _usage(seconds: float) -> CallUsage:
    sound, words = round(seconds * _SOUND_TOKENS), round(seconds * _WORD_TOKENS)
    return CallUsage(sound, output_tokens=words, audio_input_tokens=sound)
