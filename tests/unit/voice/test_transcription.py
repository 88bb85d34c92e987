"""Transcription by a provider: what is sent, asked, counted; and recordings that cannot be read."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest

from desktop_app.documents.worker.pdf_reading import PartlyReadError
from desktop_app.domain.cost import CallUsage, Price
from desktop_app.domain.errors import (
    DocumentError,
    EndpointMissingError,
    LocalModelError,
    ModelNotFoundError,
    VoiceError,
)
from desktop_app.voice.command import _transcribe_file
from desktop_app.voice.provider_calls import VoiceModel
from desktop_app.voice.transcription import transcription
from desktop_app.voice.transcription.local_transcriber import BYTES_PER_SECOND
from desktop_app.voice.transcription.recordings import Ended, Sound
from desktop_app.voice.transcription.transcription import BY_PROVIDER, StoppedTranscriptError
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
            transcribe = backend.transcription.transcribe_sound
            await backend.settings.set("voice.transcriber", BY_PROVIDER)
            with pytest.raises(VoiceError):
                await transcribe(MINUTE)
            backend.ask_about_voice = refuse
            with pytest.raises(VoiceError):
                await transcribe(MINUTE)
            assert server.requests == []
            assert "Your voice goes to" in asked[0]
            assert "unknown" in asked[1], "no list has the price of a model at this server"
            backend.ask_about_voice = agree
            assert "Hello." in await transcribe(MINUTE, "en")
        async with started_backend(environment(server)) as backend:
            assert "Hello." in await backend.transcription.transcribe_sound(MINUTE)
        async with LoopbackServer(models=MODELS) as other:
            async with started_backend(environment(other)) as backend:
                with pytest.raises(VoiceError):  # another server, though the same provider
                    await backend.transcription.transcribe_sound(MINUTE)
            assert other.requests == []
    first = server.requests[0]
    assert first.path == "/v1/audio/transcriptions"
    assert b'name="model"\r\n\r\ngpt-4o-mini-transcribe\r\n' in first.body
    assert b'name="language"\r\n\r\nen\r\n' in first.body
    assert b"RIFF" in first.body
    assert b"language" not in server.requests[1].body


async def test_several_who_need_an_agreement_ask_once() -> None:
    questions: list[str] = []

    async def answer_later(sentence: str, _price: str) -> bool:
        questions.append(sentence)
        await asyncio.sleep(0.05)
        return True

    async with (
        LoopbackServer(replies(body={"text": "Hello."}), models=MODELS) as server,
        started_backend(environment(server)) as backend,
    ):
        await backend.settings.set("voice.transcriber", BY_PROVIDER)
        backend.ask_about_voice = answer_later
        send = backend.transcription.transcribe_sound
        assert await asyncio.gather(send(MINUTE), send(MINUTE)) == ["Hello."] * 2
        assert len(questions) == 1


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
        await backend.settings.set("voice.transcriber", BY_PROVIDER)
        backend.ask_about_voice = agree
        minute = CallUsage(600, output_tokens=240, audio_input_tokens=600)
        assert (await priced()).cost(minute) == Decimal("0.006"), "OpenAI's own estimate"
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
        await backend.settings.set("voice.transcriber", BY_PROVIDER)
        backend.ask_about_voice = agree
        with pytest.raises(EndpointMissingError, match="transcription"):
            await backend.transcription.transcribe_sound(MINUTE)
    async with (
        LoopbackServer(models=("gpt-4o", "tts-1")) as server,
        started_backend(environment(server)) as backend,
    ):
        await backend.settings.set("voice.transcriber", BY_PROVIDER)
        with pytest.raises(ModelNotFoundError, match="lists no model for speech"):
            await backend.transcription.transcribe_sound(MINUTE)


async def test_what_was_paid_for_is_kept_when_a_later_piece_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = tmp_path / "meeting.mp3"
    recording.write_bytes(b"ID3")

    quiet = itertools.cycle((46, 55, 50))  # seconds: FFmpeg never decodes to the same samples

    async def nearly_three_minutes(*_: object) -> AsyncGenerator[Sound | Ended, None]:
        minute = bytearray(b"\x00\x10" * (len(MINUTE) // 2))
        moment = next(quiet) * BYTES_PER_SECOND
        minute[moment : moment + 3200] = bytes(3200)
        yield Sound(0.0, bytes(minute * 2))
        yield Sound(120.0, bytes(40 * BYTES_PER_SECOND))
        yield Ended(160.0)

    monkeypatch.setattr(transcription, "read_recording", nearly_three_minutes)
    refused = replies(400, {"error": {"message": "Bad sound."}})
    said = [replies(body={"text": word}) for word in ("One.", "Two.", "Three.")]
    server = LoopbackServer(said[0], refused, said[1], refused, said[2], models=MODELS)
    async with server:
        async with started_backend(environment(server)) as backend:
            backend.ask_about_voice = agree
            await backend.settings.set("voice.transcriber", BY_PROVIDER)
            with pytest.raises(PartlyReadError, match="meeting") as stopped:
                await backend.documents.extract(recording)
            assert "00:00:46 of 00:02:40: " in stopped.value.what_happened
            assert "Bad sound." in stopped.value.what_happened
            assert stopped.value.reading.progress == "00:00:46 / 00:02:40"
            so_far = await stopped.value.reading.finish()
            assert so_far.text == "[00:00:00] One."
            options = SimpleNamespace(json=True, progress=True, files=["x"], language="", by="")
            results: list[dict[str, object]] = []
            with pytest.raises(StoppedTranscriptError):  # “repartee transcribe --json”
                await _transcribe_file(backend, recording, options, results)
            assert [result["text"] for result in results] == ["One. Two."]
        async with started_backend(environment(server)) as backend:  # after a restart, too
            backend.ask_about_voice = agree
            document = await backend.documents.extract(recording)
            rows = await backend.database.rows("SELECT outcome FROM ledger ORDER BY id")
    assert document.text.splitlines()[:2] == ["[00:00:00] One.", "[00:00:46] Two."]
    billed = [len(request.body) / BYTES_PER_SECOND for request in server.requests]
    seconds = billed[0] + billed[2] + sum(billed[4:])
    assert round(seconds) == 160, "all of it, and nothing twice"
    outcomes = [row["outcome"] for row in rows]
    assert outcomes[:4] == ["complete", "failed", "complete", "failed"]


async def test_the_words_of_a_temporary_conversation_are_not_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def minute(*_: object) -> AsyncGenerator[Sound | Ended, None]:
        yield Sound(0.0, MINUTE)
        yield Ended(60.0)

    recording = tmp_path / "meeting.mp3"
    recording.write_bytes(b"ID3")
    monkeypatch.setattr(transcription, "read_recording", minute)
    async with (
        LoopbackServer(replies(body={"text": "Private."}), models=MODELS) as server,
        started_backend(environment(server)) as backend,
    ):
        backend.ask_about_voice = agree
        await backend.settings.set("voice.transcriber", BY_PROVIDER)
        backend.temporary.begin("temporary")
        for _ in range(2):
            document = await backend.documents.extract(recording, conversation_id="temporary")
            assert document.text == "[00:00:00] Private."
        assert not await backend.database.rows("SELECT * FROM part_notes")
        transcriptions = [each for each in server.requests if "transcriptions" in each.path]
        assert len(transcriptions) == 1, "nothing is paid twice"


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


async def test_a_provider_speaks_after_the_user_has_agreed_and_the_cost_is_estimated() -> None:
    asked: list[str] = []

    async def hear(sentence: str, price: str) -> bool:
        asked.extend((sentence, price))
        return True

    sound = bytes(range(256)) * 100 + b"\x00"
    async with (
        LoopbackServer(replies(body=sound, kind="audio/pcm"), models=MODELS) as server,
        started_backend(environment(server)) as backend,
    ):
        found = await backend.speech.find_model()
        assert found.model == "tts-1"

        async def priced() -> VoiceModel:
            return VoiceModel(found.profile, "gpt-4o-mini-tts", Price(Decimal("0.6"), Decimal(12)))

        backend.speech.find_model = priced
        with pytest.raises(VoiceError):
            await backend.speech.sound("Hello.", "", 1.0, "Hello. And more.")
        backend.ask_about_voice = hear
        assert await backend.speech.sound("Hello.", "", 1.5, "Hello. " * 900) == sound[:-1]
        assert await backend.speech.sound("Again.", "nova", 1.0, "Again.") == sound[:-1]
        assert "What is read aloud goes to" in asked[0]
        assert "$0.1" in asked[1], "for all of the answer"
        assert len(asked) == 2, "once for each provider"
        (row,) = await backend.database.rows("SELECT DISTINCT purpose, is_estimated FROM ledger")
        assert tuple(row) == ("speech", 1)
    first, second = (request.json for request in server.requests)
    assert first == {
        "model": "gpt-4o-mini-tts",
        "input": "Hello.",
        "voice": "alloy",
        "response_format": "pcm",
        "speed": 1.5,
    }
    assert second["voice"] == "nova"
