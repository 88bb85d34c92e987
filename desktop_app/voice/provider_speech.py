"""Sentences spoken by a provider."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from desktop_app.domain.cost import CallUsage
from desktop_app.domain.spending_report import Purpose
from desktop_app.providers.jobs.audio import VOICES
from desktop_app.providers.provider_client import ProviderClient
from desktop_app.voice.provider_calls import TEXT_SENT, VoiceCalls, VoiceModel


class ProviderSpeech:
    """Has a provider speak.

    Args:
        find_model: see `Transcription`. Raises UserFacingError.
    """

    def __init__(
        self, calls: VoiceCalls, find_model: Callable[[str], Awaitable[VoiceModel]]
    ) -> None:
        self._calls = calls
        self.find_model = find_model

    async def sound(self, text: str, voice: str, speed: float, answer: str) -> bytes:
        """Return a spoken sentence, as samples of `audio.SPEECH_RATE`.

        Args:
            voice: any name at a server with voices of its own; OpenAI has those of VOICES.
            answer: all that is read, for the price that the user is asked about.

        Raises:
            VoiceError: the user does not agree.
            UserFacingError: there is no model, or the provider failed.
        """
        model = await self.find_model("")
        await self._calls.require_consent(model, TEXT_SENT, model.cost(model.speaking(answer)))
        is_known = voice in VOICES or (voice and not model.profile.kind.takes_openai_fields)
        name = voice if is_known else VOICES[0]

        async def request(provider: ProviderClient) -> tuple[bytes, CallUsage | None]:
            sound = await provider.speak(model.model, text, name, speed)
            return sound, None if model.is_by_tokens else model.speaking(text)

        expected = model.cost(model.speaking(text))
        sound, _ = await self._calls.call(model, expected, Purpose.SPEECH, request)
        return sound
