"""Speech to text and text to speech: POST /audio/transcriptions and /audio/speech.

Which models there are, only the provider's listing says: OpenAI's whisper-1 and gpt-4o models for
transcription end on 26 February 2027. Sources: OpenAI's published OpenAPI document, August 2026,
and its reference "Create transcription" and guide "Speech to text", November 2026.
"""

from __future__ import annotations

import base64
import io
import wave
from collections.abc import Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from desktop_app.domain.cost import CallUsage
from desktop_app.domain.errors import EndpointMissingError, RequestTooLargeError
from desktop_app.i18n.translation import N_
from desktop_app.providers.apis.event_reader import tokens
from desktop_app.providers.http import json_fields
from desktop_app.providers.http.retries import repeat

if TYPE_CHECKING:
    from desktop_app.providers.http.transport import Transport
    from desktop_app.providers.models.model_listing import ModelListing

SPEECH_RATE: Final = 24_000
"""Samples per second of speech, which has 16 bits a sample and one channel."""
VOICES: Final = (
    "alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage",
    "shimmer", "verse",
)  # fmt: skip
"""Of OpenAI; another server may have others."""
_MAX_SPEECH_BYTES: Final = 64 << 20
_MAX_SECONDS: Final = 1_000_000
_DIARIZING: Final = "diarize"
# These answer in sessions of the Realtime API.
_OTHER_KINDS: Final = ("realtime", "live")


class Said(NamedTuple):
    """What somebody says in a sound: seconds from its beginning, a name for who, and the words."""

    start: float
    end: float
    speaker: str
    text: str


class Heard(NamedTuple):
    """What is said in a sound; `said` has its parts if the model tells speakers apart, else ()."""

    text: str
    said: tuple[Said, ...] = ()


class Hints(NamedTuple):
    """What helps a model to hear.

    Attributes:
        language: of ISO 639-1; "" finds it.
        words: names and terms, separated by commas or lines.
        before: what was said before, as far as it is known.
        speakers: samples of the voices of at most four speakers, by their names.
    """

    language: str = ""
    words: str = ""
    before: str = ""
    speakers: Mapping[str, bytes] = {}


def transcription_models(listing: ModelListing) -> list[str]:
    """Return the listed models that transcribe, the newest last, after those that tell speakers."""
    return _sorted(listing, ("transcribe", "whisper"))


def speech_models(listing: ModelListing) -> list[str]:
    """Return the listed models that speak, the newest last."""
    return _sorted(listing, ("tts",))


def tells_speakers(model: str) -> bool:
    """Return True if a model for transcription tells speakers apart."""
    return _DIARIZING in model.lower()


def _sorted(listing: ModelListing, names: tuple[str, ...]) -> list[str]:
    found = [
        model
        for model in listing.models
        if any(name in model.id.lower() for name in names)
        and not any(kind in model.id.lower() for kind in _OTHER_KINDS)
    ]
    # Servers that state no day list Whisper beside newer models.
    found.sort(
        key=lambda m: (
            not tells_speakers(m.id),
            "whisper" not in m.id.lower(),
            str(m.created or ""),
            m.id,
        )
    )
    return [model.id for model in found]


async def transcribe(
    transport: Transport, provider: str, model: str, samples: bytes, hints: Hints
) -> tuple[Heard, CallUsage | None]:
    """Return what is said in a sound of 16,000 samples a second, and what is billed, if known.

    Raises:
        ProviderError: it failed.
    """
    form = {"model": model, **_form_of(model, hints)}
    content = {"file": ("speech.wav", wav_file(samples), "audio/wav")}

    async def attempt() -> tuple[Heard, CallUsage | None]:
        async with transport.send(
            "POST", "audio/transcriptions", sent=form, data=form, files=content
        ) as reply:
            return await reply.json(lambda value: (_heard(value), _usage(value)))

    try:
        return await repeat(attempt)
    except EndpointMissingError as error:
        raise EndpointMissingError(
            N_("The base URL of {provider} doesn’t support transcription."),
            hint=N_("Choose another provider, or transcribe on this computer."),
            provider=provider,
        ) from error
    except RequestTooLargeError as error:
        raise RequestTooLargeError(
            N_("The recording is too large for {provider}."),
            hint=N_("Choose another model for transcription in {advanced_page}."),
            provider=provider,
        ) from error


def _form_of(model: str, hints: Hints) -> dict[str, str | list[str]]:
    """Return the fields of a request, which depend on the model.

    gpt-transcribe takes lists of languages and of keywords; older ones take one language and a
    prompt; one that tells speakers apart takes no prompt, and needs to be told to cut long sounds.
    """
    form: dict[str, str | list[str]] = {"response_format": "json"}
    words = [
        word
        for line in hints.words.splitlines()
        for word in map(str.strip, line.split(","))
        if word
    ]
    is_newer = model.lower().startswith("gpt-transcribe")
    if hints.language:
        form |= {"languages[]": [hints.language]} if is_newer else {"language": hints.language}
    if tells_speakers(model):
        form |= {"response_format": "diarized_json", "chunking_strategy": "auto"}
        if hints.speakers:
            form["known_speaker_names[]"] = list(hints.speakers)
            form["known_speaker_references[]"] = [
                "data:audio/wav;base64," + base64.b64encode(wav_file(each)).decode()
                for each in hints.speakers.values()
            ]
        return form
    if words and is_newer:
        form["keywords[]"] = words
    if prompt := " ".join(filter(None, ("" if is_newer else ", ".join(words), hints.before))):
        form["prompt"] = prompt
    return form


def _heard(reply: Any) -> Heard:
    said = tuple(
        Said(
            _seconds(part, "start"),
            _seconds(part, "end"),
            json_fields.text(part, "speaker"),
            json_fields.text(part, "text"),
        )
        for part in json_fields.rows(reply, "segments")
    )
    has_speakers = any(part.speaker for part in said)
    return Heard(json_fields.text(reply, "text"), said if has_speakers else ())


async def speak(
    transport: Transport, provider: str, model: str, text: str, voice: str, speed: float
) -> bytes:
    """Return spoken text as samples of SPEECH_RATE. Raises ProviderError."""
    body = {"model": model, "input": text, "voice": voice, "response_format": "pcm", "speed": speed}

    async def attempt() -> bytes:
        async with (
            transport.send("POST", "audio/speech", sent=body, json=body) as reply,
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
    if not usage:
        return None
    if usage.get("type") == "duration":
        return CallUsage(audio_seconds=_seconds(usage, "seconds"))
    details = json_fields.mapping(usage, "input_token_details")
    return CallUsage(
        input_tokens=tokens(usage, "input_tokens"),
        output_tokens=tokens(usage, "output_tokens"),
        audio_input_tokens=tokens(details, "audio_tokens"),
    )


def _seconds(reply: Any, key: str) -> float:
    value = reply.get(key)
    is_number = isinstance(value, (int, float)) and 0 <= value < _MAX_SECONDS
    return float(value) if is_number else 0.0


def wav_file(samples: bytes) -> bytes:
    """Return a sound of 16,000 samples a second as a WAV file."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples)
    return buffer.getvalue()
