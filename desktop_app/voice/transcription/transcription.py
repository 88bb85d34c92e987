"""Speech to text, where the user chose it: by a model on this computer, or by the provider.

A provider gets a voice only after the user has agreed to it, once for each. Its calls are held
against the monthly cap and recorded in the ledger.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

from desktop_app.domain.cost import CallUsage
from desktop_app.domain.errors import DocumentEmptyError, LocalModelError
from desktop_app.domain.spending_report import Purpose
from desktop_app.i18n.translation import N_
from desktop_app.local_model.store import LocalFile, ModelStore
from desktop_app.providers.provider_client import ProviderClient
from desktop_app.voice.provider_calls import VOICE_SENT, VoiceCalls, VoiceModel
from desktop_app.voice.transcription.local_transcriber import BYTES_PER_SECOND, Segment
from desktop_app.voice.transcription.pieces import pieces
from desktop_app.voice.transcription.recordings import Sound, Words, read_recording

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


class Transcription:
    """Transcribes speech.

    Args:
        choose: returns the values of the settings.
        find_model: returns the provider's model. Raises UserFacingError.

    """

    def __init__(
        self,
        calls: VoiceCalls,
        open_store: Callable[[], ModelStore],
        choose: Callable[[], Awaitable[Mapping[str, object]]],
        find_model: Callable[[], Awaitable[VoiceModel]],
    ) -> None:
        self._calls = calls
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
    ) -> Transcript:
        """Return what is said in a sound or video file.

        Raises:
            DocumentError: it cannot be read, or nothing is said.
            VoiceError: packages are missing, or the user does not agree.
            UserFacingError: there is no model, or the provider failed.
        """
        model = await self.local_model(transcriber)
        segments: list[Segment] = []
        sound: list[Sound] = []
        seconds = 0.0
        folder = str(Path(model.path).parent) if model else ""
        async with aclosing(read_recording(name, data, folder, language)) as replies:
            async for reply in replies:
                if isinstance(reply, Words):
                    segments += reply.segments
                    on_seconds(reply.done, reply.total)
                elif isinstance(reply, Sound):
                    sound.append(reply)
                else:
                    seconds = reply.seconds
        cost: Decimal | None = Decimal(0)
        if model is None:
            voice_model = await self.find_model()
            await self.require_consent(voice_model, seconds)
            for piece in sound:
                text, piece_cost = await self._send(voice_model, piece.samples, language)
                end = piece.start + len(piece.samples) / BYTES_PER_SECOND
                words = " ".join(text.split())  # a line each
                segments += [Segment(piece.start, end, words)] if words else []
                cost = None if cost is None or piece_cost is None else cost + piece_cost
                on_seconds(end, seconds)
        if not segments:
            raise DocumentEmptyError(
                N_("Nothing is said in “{name}”."),
                hint=N_("Check that it is the right file."),
                name=name,
            )
        return Transcript(segments, seconds, model.name if model else voice_model.model, cost)

    async def transcribe_sound(self, samples: bytes, language: str = "") -> str:
        """Have the provider transcribe what was said into the microphone.

        Raises:
            UserFacingError: the user does not agree, there is no model, or the provider failed.
        """
        model = await self.find_model()
        await self.require_consent(model, len(samples) / BYTES_PER_SECOND)
        texts = [(await self._send(model, p.samples, language))[0] for p in pieces([samples])]
        return " ".join(filter(None, texts))

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
