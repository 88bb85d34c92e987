"""Speech to text and text to speech: POST /audio/transcriptions and /audio/speech.

Which models there are, only the provider's listing says: OpenAI's whisper-1 and gpt-4o models for
transcription end on 26 February 2027. Source: OpenAI's published OpenAPI document, August 2026.
"""

from __future__ import annotations

import io
import wave
from collections.abc import Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final

from desktop_app.domain.cost import CallUsage
from desktop_app.domain.errors import EndpointMissingError
from desktop_app.i18n.translation import N_
from desktop_app.providers.apis.event_reader import tokens
from desktop_app.providers.http import json_fields
from desktop_app.providers.http.retries import repeat

if TYPE_CHECKING:
    from desktop_app.domain.models.model_listing import ModelListing
    from desktop_app.providers.http.transport import Transport

SPEECH_RATE: Final = 24_000
"""Samples per second of speech, which has 16 bits a sample and one channel."""
VOICES: Final = ("alloy", "ash", "ballad", "coral", "echo", "fable", "nova", "onyx", "sage")
"""Of OpenAI; another server may have others."""
_MAX_SPEECH_BYTES: Final = 64 << 20
# These answer in sessions of the Realtime API, or with other fields.
_OTHER_KINDS: Final = ("realtime", "live", "diarize")


def transcription_model(listing: ModelListing) -> str:
    """Return the newest listed model that transcribes; "" if there is none."""
    return _newest(listing, lambda id_: "transcribe" in id_ or "whisper" in id_)


def speech_model(listing: ModelListing) -> str:
    """Return the newest listed model that speaks; "" if there is none."""
    return _newest(listing, lambda id_: "tts" in id_)


def _newest(listing: ModelListing, is_wanted: Callable[[str], bool]) -> str:
    found = [
        model
        for model in listing.models
        if is_wanted(model.id.lower()) and not any(kind in model.id for kind in _OTHER_KINDS)
    ]
    # Whisper is billed by the minute, and no list has that price.
    found.sort(key=lambda m: ("whisper" not in m.id.lower(), str(m.created or ""), m.id))
    return found[-1].id if found else ""


async def transcribe(
    transport: Transport, provider: str, model: str, samples: bytes, language: str
) -> tuple[str, CallUsage | None]:
    """Return what is said in a sound of 16,000 samples a second, and the tokens, None if unknown.

    Args:
        language: of ISO 639-1; "" finds it.

    Raises:
        ProviderError: it failed.
    """
    form = {"model": model, "response_format": "json"}
    if language:
        form["language"] = language
    content = {"file": ("speech.wav", wav_file(samples), "audio/wav")}

    async def attempt() -> tuple[str, CallUsage | None]:
        async with transport.send(
            "POST", "audio/transcriptions", model=model, data=form, files=content
        ) as reply:
            return await reply.json(lambda value: (json_fields.text(value, "text"), _usage(value)))

    try:
        return await repeat(attempt)
    except EndpointMissingError as error:
        raise EndpointMissingError(
            N_("The base URL of {provider} doesn’t support transcription."),
            hint=N_("Choose another provider, or transcribe on this computer."),
            provider=provider,
        ) from error


async def speak(
    transport: Transport, provider: str, model: str, text: str, voice: str, speed: float
) -> bytes:
    """Return spoken text as samples of SPEECH_RATE. Raises ProviderError."""
    body = {"model": model, "input": text, "voice": voice, "response_format": "pcm", "speed": speed}

    async def attempt() -> bytes:
        async with (
            transport.send("POST", "audio/speech", model=model, json=body) as reply,
            aclosing(reply.pieces(_MAX_SPEECH_BYTES)) as pieces,
        ):
            return b"".join([piece async for piece in pieces])

    try:
        sound = await repeat(attempt)
    except EndpointMissingError as error:
        raise EndpointMissingError(
            N_("The base URL of {provider} doesn’t support speech."),
            hint=N_("Choose another provider, or a voice of this computer."),
            provider=provider,
        ) from error
    return sound[: len(sound) // 2 * 2]


def _usage(reply: Any) -> CallUsage | None:
    usage = json_fields.mapping(reply, "usage")
    if not usage or usage.get("type") == "duration":
        return None  # billed by the minute
    details = json_fields.mapping(usage, "input_token_details")
    return CallUsage(
        input_tokens=tokens(usage, "input_tokens"),
        output_tokens=tokens(usage, "output_tokens"),
        audio_input_tokens=tokens(details, "audio_tokens"),
    )


def wav_file(samples: bytes) -> bytes:
    """Return a sound of 16,000 samples a second as a WAV file."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples)
    return buffer.getvalue()
