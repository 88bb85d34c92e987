"""Sentences spoken by a provider."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from desktop_app.domain.cost import CallUsage
from desktop_app.domain.spending_report import Purpose
from desktop_app.providers.jobs.audio import VOICES
from desktop_app.providers.provider_client import ProviderClient
from desktop_app.voice.provider_calls import TEXT_SENT, VoiceCalls, VoiceModel

# gpt-4o-mini-tts: $0.015 a minute by OpenAI's own estimate (its pricing page, November 2026), which
# is 1,250 tokens at $12 a million; a minute has some 900 characters. The reply states no usage.
_TOKENS_PER_CHARACTER: Final = 1.4
_CHARACTERS_PER_TOKEN: Final = 4


class ProviderSpeech:
    """Has a provider speak.

    Args:
        find_model: returns the provider's model. Raises UserFacingError.
    """

    def __init__(self, calls: VoiceCalls, find_model: Callable[[], Awaitable[VoiceModel]]) -> None:
        self._calls = calls
        self.find_model = find_model

    async def sound(self, text: str, voice: str, speed: float, answer: str) -> bytes:
        """Return a spoken sentence, as samples of `audio.SPEECH_RATE`.

        Args:
            voice: another one is used if the provider has none of this name.
            answer: all that is read, for the price that the user is asked about.

        Raises:
            VoiceError: the user does not agree.
            UserFacingError: there is no model, or the provider failed.
        """
        model = await self.find_model()
        await self._calls.require_consent(model, TEXT_SENT, model.cost(_usage(answer)))
        name = voice if voice in VOICES else VOICES[0]

        async def request(provider: ProviderClient) -> tuple[bytes, CallUsage | None]:
            return await provider.speak(model.model, text, name, speed), None

        sound, _ = await self._calls.call(model, model.cost(_usage(text)), Purpose.SPEECH, request)
        return sound


def _usage(text: str) -> CallUsage:
    sound = round(len(text) * _TOKENS_PER_CHARACTER)
    return CallUsage(
        len(text) // _CHARACTERS_PER_TOKEN + 1, output_tokens=sound, audio_output_tokens=sound
    )
