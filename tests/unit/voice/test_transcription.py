"""Transcription by a provider: what is sent, asked, counted; and recordings that cannot be read."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from desktop_app.domain.cost import Price
from desktop_app.domain.errors import (
    DocumentError,
    EndpointMissingError,
    LocalModelError,
    ModelNotFoundError,
    VoiceError,
)
from desktop_app.voice.transcription.local_transcriber import BYTES_PER_SECOND
from desktop_app.voice.transcription.transcription import BY_PROVIDER, VoiceModel
from tests.helpers.started_backend import started_backend
from tests.unit.providers.loopback import LoopbackServer, replies

MINUTE = bytes(60 * BYTES_PER_SECOND)
MODELS = ("gpt-4o-mini", "whisper-1", "gpt-4o-mini-transcribe", "gpt-live-transcribe", "tts-1")
USAGE = {
    "type": "tokens",
    "input_tokens": 610,
    "output_tokens": 200,
    "input_token_details": {"audio_tokens": 600, "text_tokens": 10},
}
PRICE = Price(Decimal("2.5"), Decimal(10), audio_input=Decimal(6))


def environment(server: LoopbackServer) -> dict[str, str]:
    return {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "sk-test"}


async def agree(_sentence: str, _price: str) -> bool:
    return True


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPARTEE_HOME", str(tmp_path))


async def test_a_voice_is_sent_only_after_the_user_has_agreed_once() -> None:
    asked: list[str] = []

    async def refuse(sentence: str, price: str) -> bool:
        asked.extend((sentence, price))
        return False

    async with LoopbackServer(replies(body={"text": " Hello. "}), models=MODELS) as server:
        async with started_backend(environment(server)) as backend:
            transcription = backend.transcription
            with pytest.raises(VoiceError):
                await transcription.transcribe_sound(MINUTE)
            transcription.ask = refuse
            with pytest.raises(VoiceError):
                await transcription.transcribe_sound(MINUTE)
            assert server.requests == []
            assert "Your voice goes to" in asked[0]
            assert "unknown" in asked[1], "no list has the price of a model at this server"
            transcription.ask = agree
            assert "Hello." in await transcription.transcribe_sound(MINUTE, "en")
        async with started_backend(environment(server)) as backend:
            assert "Hello." in await backend.transcription.transcribe_sound(MINUTE)
    first = server.requests[0]
    assert first.path == "/v1/audio/transcriptions"
    assert b'name="model"\r\n\r\ngpt-4o-mini-transcribe\r\n' in first.body
    assert b'name="language"\r\n\r\nen\r\n' in first.body
    assert b"RIFF" in first.body
    assert b"language" not in server.requests[1].body


async def test_the_cost_is_held_and_counted() -> None:
    reply = {"text": "Hello.", "usage": USAGE}
    async with (
        LoopbackServer(replies(body=reply), models=MODELS) as server,
        started_backend(environment(server)) as backend,
    ):
        found = await backend.transcription.find_model()

        async def priced() -> VoiceModel:
            return VoiceModel(found.profile, found.model, PRICE)

        backend.transcription.find_model = priced
        backend.transcription.ask = agree
        assert (await priced()).cost_of_sound(60) == Decimal("0.006"), "OpenAI's own estimate"
        await backend.transcription.transcribe_sound(MINUTE)
        (row,) = await backend.database.rows("SELECT purpose FROM ledger")
        assert tuple(row) == ("transcription",)
        month = await backend.budget.month(found.profile)
        # 600 tokens of sound, 10 of text, 200 of the answer.
        assert month.spent == Decimal("0.003600") + Decimal("0.000025") + Decimal("0.002")


async def test_what_the_provider_lacks_is_a_sentence() -> None:
    async with (
        LoopbackServer(replies(404, {"error": {"message": "no"}}), models=MODELS) as server,
        started_backend(environment(server)) as backend,
    ):
        backend.transcription.ask = agree
        with pytest.raises(EndpointMissingError, match="transcription"):
            await backend.transcription.transcribe_sound(MINUTE)
    async with (
        LoopbackServer(models=("gpt-4o", "tts-1")) as server,
        started_backend(environment(server)) as backend,
    ):
        with pytest.raises(ModelNotFoundError, match="lists no model for speech"):
            await backend.transcription.transcribe_sound(MINUTE)


async def test_a_recording_needs_a_model_on_this_computer_or_the_provider(tmp_path: Path) -> None:
    recording = tmp_path / "meeting.MP3"
    recording.write_bytes(b"ID3")
    async with started_backend() as backend:
        with pytest.raises(LocalModelError, match="No model that transcribes"):
            await backend.documents.extract(recording)
        await backend.settings.set("voice.transcriber", BY_PROVIDER)
        # Without the packages of voice, or with them, since it is no recording.
        with pytest.raises((VoiceError, DocumentError)):
            await backend.documents.extract(recording)
