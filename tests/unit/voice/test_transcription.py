"""Transcription by a provider: what is sent, asked, counted; and recordings that cannot be read."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import AsyncGenerator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from desktop_app.documents.worker.pdf_reading import PartlyReadError
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.cost import CallUsage, Price
from desktop_app.domain.errors import (
    EndpointMissingError,
    LocalModelError,
    ModelNotFoundError,
    RequestRefusedError,
    RequestTooLargeError,
    SpendingCapError,
    VoiceError,
)
from desktop_app.domain.speech_packages import can_transcribe_here
from desktop_app.local_model.services import model_store
from desktop_app.providers.jobs.audio import Heard, Hints
from desktop_app.providers.provider_client import ProviderClient
from desktop_app.voice import services
from desktop_app.voice.command import _transcribe_file
from desktop_app.voice.consent import VoiceConsent
from desktop_app.voice.provider_calls import VoiceModel
from desktop_app.voice.transcription import transcription
from desktop_app.voice.transcription.local_transcriber import BYTES_PER_SECOND, SAMPLE_RATE
from desktop_app.voice.transcription.recordings import Ended, Sound, Task, Words
from desktop_app.voice.transcription.transcription import (
    BY_PROVIDER,
    SPEAKERS,
    StoppedTranscriptError,
)
from desktop_app.writers.subtitles import Segment
from tests.helpers.scripted_voice import put_speech_model
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
            transcribe = backend.of(services.transcription).transcribe_sound
            await backend.settings.set("voice.transcriber", BY_PROVIDER)
            with pytest.raises(VoiceError):
                await transcribe(MINUTE)
            backend.of(VoiceConsent).ask = refuse
            with pytest.raises(VoiceError):
                await transcribe(MINUTE)
            assert server.requests == []
            assert "Your voice goes to" in asked[0]
            assert "unknown" in asked[1], "no list has the price of a model at this server"
            backend.of(VoiceConsent).ask = agree
            assert "Hello." in await transcribe(MINUTE, "en")
        async with started_backend(environment(server)) as backend:
            assert "Hello." in await backend.of(services.transcription).transcribe_sound(MINUTE)
        async with LoopbackServer(models=MODELS) as other:
            async with started_backend(environment(other)) as backend:
                with pytest.raises(VoiceError):  # another server, though the same provider
                    await backend.of(services.transcription).transcribe_sound(MINUTE)
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
        backend.of(VoiceConsent).ask = answer_later
        send = backend.of(services.transcription).transcribe_sound
        assert await asyncio.gather(send(MINUTE), send(MINUTE)) == ["Hello."] * 2
        assert len(questions) == 1


async def test_the_cost_is_held_and_counted() -> None:
    reply = {"text": "Hello.", "usage": USAGE}
    async with (
        LoopbackServer(replies(body=reply), models=MODELS) as server,
        started_backend(environment(server)) as backend,
    ):
        found = await backend.of(services.transcription).find_model("")

        async def priced(_: str) -> VoiceModel:
            return VoiceModel(found.profile, found.model, PRICE)

        backend.of(services.transcription).find_model = priced
        await backend.settings.set("voice.transcriber", BY_PROVIDER)
        backend.of(VoiceConsent).ask = agree
        minute = CallUsage(600, output_tokens=240, audio_input_tokens=600)
        assert (await priced("")).cost(minute) == Decimal("0.006"), "OpenAI's own estimate"
        await backend.of(services.transcription).transcribe_sound(MINUTE)
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
        backend.of(VoiceConsent).ask = agree
        with pytest.raises(EndpointMissingError, match="transcription"):
            await backend.of(services.transcription).transcribe_sound(MINUTE)
    async with (
        LoopbackServer(models=("gpt-4o", "tts-1")) as server,
        started_backend(environment(server)) as backend,
    ):
        await backend.settings.set("voice.transcriber", BY_PROVIDER)
        with pytest.raises(ModelNotFoundError, match="lists no model for speech"):
            await backend.of(services.transcription).transcribe_sound(MINUTE)


OPTIONS = SimpleNamespace(
    json=True, progress=True, files=["x"], language="", by="", model="", speakers=False
)


def recording_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *seconds: float, length: float = 10.0
) -> Path:
    """Return a file with a piece at each of `seconds`, whose samples are its number."""
    path = tmp_path / "meeting.mp3"
    path.write_bytes(b"ID3")

    async def pieces(_name: str, _data: bytes, task: Task) -> AsyncGenerator[Sound | Ended, None]:
        for number, start in enumerate(seconds):
            if start >= task.start:
                yield Sound(start, array("h", [number]).tobytes() * int(length * SAMPLE_RATE))
        yield Ended(160.0)

    monkeypatch.setattr(transcription, "read_recording", pieces)
    return path


async def test_what_was_paid_for_is_kept_when_a_later_piece_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = recording_of(tmp_path, monkeypatch, 1.5, 46.0, 120.0)
    refused = replies(400, {"error": {"message": "Bad sound."}})
    said = [replies(body={"text": text}) for text in ("One. It begins!", "Two.", "Three.")]
    server = LoopbackServer(said[0], refused, said[1], refused, said[2], models=MODELS)
    async with server:
        async with started_backend(environment(server)) as backend:
            backend.of(VoiceConsent).ask = agree
            await backend.settings.set("voice.transcriber", BY_PROVIDER)
            with pytest.raises(PartlyReadError, match="meeting") as stopped:
                await backend.documents.extract(recording)
            assert "00:00:11 of 00:02:40: " in stopped.value.what_happened
            assert "Bad sound." in stopped.value.what_happened
            assert stopped.value.reading.progress == "00:00:11 / 00:02:40"
            so_far = await stopped.value.reading.finish()
            assert so_far.text == "[00:00:01] One.\n[00:00:04] It begins!"
            results: list[dict[str, object]] = []
            with pytest.raises(StoppedTranscriptError):  # “repartee transcribe --json”
                await _transcribe_file(backend, recording, OPTIONS, results)
            assert [result["text"] for result in results] == ["One. It begins! Two."]
        async with started_backend(environment(server)) as backend:  # after a restart, too
            backend.of(VoiceConsent).ask = agree
            document = await backend.documents.extract(recording)
            rows = await backend.database.rows("SELECT outcome FROM ledger ORDER BY id")
    assert document.text.splitlines()[2:] == ["[00:00:46] Two.", "[00:02:00] Three."]
    assert len(server.requests) == 5, "all of it, and nothing twice"
    assert [row["outcome"] for row in rows] == ["complete", "failed"] * 2 + ["complete"]


@pytest.mark.parametrize(("speech_s", "pause_s"), [(4.0, 1.0), (15.0, 0.0)])
async def test_an_hour_is_few_requests_four_at_a_time_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, speech_s: float, pause_s: float
) -> None:
    """The provider refuses every fourth request, and the user tries again."""
    step = speech_s + pause_s
    starts = [number * step for number in range(int(3600 / step))]
    recording_of(tmp_path, monkeypatch, *starts, length=speech_s)
    sent: list[tuple[int, int]] = []  # pieces of each request that was answered
    waiting = count = contexts = 0
    are_four = asyncio.Event()

    async def transcribe(
        _client: ProviderClient, _model: str, samples: bytes, hints: Hints
    ) -> tuple[Heard, None]:
        nonlocal waiting, count, contexts
        waiting += 1
        assert waiting <= 4
        count += 1
        is_refused = count % 4 == 0
        if waiting == 4:
            are_four.set()
        if count > 3:  # the first ones are sent alone
            await are_four.wait()
        waiting -= 1
        if is_refused:
            raise RequestRefusedError("Bad sound.")
        contexts += bool(hints.before)
        numbers = array("h", samples)[:: int(speech_s * SAMPLE_RATE)]
        sent.append((numbers[0], numbers[-1]))
        return Heard(" ".join(f"Piece {number}." for number in numbers)), None

    monkeypatch.setattr(ProviderClient, "transcribe", transcribe)
    heard = None
    async with (
        LoopbackServer(models=MODELS) as server,
        started_backend(environment(server)) as backend,
    ):
        backend.of(VoiceConsent).ask = agree
        send = backend.of(services.transcription).transcribe_recording
        for _ in starts:
            try:
                heard = await send("a.mp3", b"ID3", lambda *_: None, "", BY_PROVIDER)
                break
            except StoppedTranscriptError as stopped:
                so_far = [segment.text for segment in stopped.transcript.segments]
                assert so_far == [f"Piece {number}." for number in range(len(so_far))]
            except RequestRefusedError:
                pass
        outcomes = await backend.database.rows("SELECT outcome FROM ledger")
    assert heard is not None
    said = [segment.text for segment in heard.segments]
    assert said == [f"Piece {number}." for number in range(len(starts))]
    for segment, start in zip(heard.segments, starts, strict=True):
        assert abs(segment.start - start) < 3
    assert contexts > len(sent) - 6
    assert len(sent) <= 200
    numbers = sorted(n for first, last in sent for n in range(first, last + 1))
    assert numbers == list(range(len(starts))), "nothing is paid twice"
    assert len(outcomes) == count


async def test_what_was_heard_on_this_computer_before_a_stop_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = tmp_path / "meeting.mp3"
    recording.write_bytes(b"ID3")
    tasks: list[Task] = []
    heard_one = asyncio.Event()

    async def child(_name: str, _data: bytes, task: Task) -> AsyncGenerator[Words | Ended, None]:
        tasks.append(task)
        if not task.start:
            yield Words([Segment(0.0, 20.0, "One.")], 20.0, 1200.0)
            heard_one.set()
            await asyncio.sleep(60)
        yield Words([Segment(20.0, 40.0, "Two.")], 40.0, 1200.0)
        yield Ended(1200.0)

    monkeypatch.setattr(transcription, "read_recording", child)
    monkeypatch.setattr(transcription, "can_transcribe_here", lambda: True)
    options = SimpleNamespace(**vars(OPTIONS) | {"json": False, "format": "text", "by": "computer"})
    async with started_backend() as backend:
        put_speech_model(backend.of(model_store))
        await backend.settings.set("voice.words", "Repartee")
        stopped = asyncio.ensure_future(_transcribe_file(backend, recording, options, []))
        await heard_one.wait()
        assert capsys.readouterr().out == "[00:00:00] One.\n", "while it is heard"
        stopped.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stopped
        await _transcribe_file(backend, recording, options, [])
    assert capsys.readouterr().out == "[00:00:00] One.\n[00:00:20] Two.\n"
    assert [(task.start, task.words) for task in tasks] == [(0.0, "Repartee"), (20.0, "Repartee")]


async def test_seconds_are_priced_asked_about_held_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording_of(tmp_path, monkeypatch, *range(0, 60, 10))
    asked: list[str] = []

    async def hear(sentence: str, price: str) -> bool:
        asked.extend((sentence, price))
        return True

    duration = {"text": "Hello.", "usage": {"type": "duration", "seconds": 30}}
    models = ("gpt-transcribe", "gpt-4o-transcribe-diarize")
    server = LoopbackServer(replies(body=duration), replies(body={"text": "Hi."}), models=models)
    async with server, started_backend(environment(server)) as backend:
        found = await backend.of(services.transcription).find_model("")
        assert found.model == "gpt-transcribe"
        price = backend.catalog.info(found.model, "https://api.openai.com/v1").price

        async def priced(_: str) -> VoiceModel:
            return VoiceModel(found.profile, found.model, price)

        backend.of(services.transcription).find_model = priced
        backend.of(VoiceConsent).ask = hear
        await backend.settings.set("voice.words", "Ångström, PySide\nRepartee")
        transcribe = backend.of(services.transcription).transcribe_recording
        heard = await transcribe("a.mp3", b"ID3", lambda *_: None, "de", BY_PROVIDER)
        assert asked[0].startswith("What is said in the recording goes to")
        assert "$0.005" in asked[1], "0.0045, before it is sent"
        assert heard.cost == Decimal("0.0045"), "also if the server states no seconds"
        rows = await backend.database.rows("SELECT DISTINCT is_estimated FROM ledger")
        assert [tuple(row) for row in rows] == [(0,)]
        sent = len(server.requests)
        capped = replace(found.profile, monthly_cap=Decimal("0.005"))

        async def limited(_: str) -> VoiceModel:
            return VoiceModel(capped, found.model, price)

        backend.of(services.transcription).find_model = limited
        with pytest.raises(SpendingCapError):  # 30 seconds more would exceed it
            await transcribe("b.mp3", b"ID3b", lambda *_: None, "de", BY_PROVIDER)
        assert len(server.requests) == sent
    body = server.requests[0].body
    for field, value in (
        ("languages[]", "de"),
        ("keywords[]", "PySide"),
        ("keywords[]", "Repartee"),
    ):
        assert f'name="{field}"\r\n\r\n{value}\r\n'.encode() in body
    assert b'name="language"' not in body
    assert b'name="prompt"' not in body


async def test_speakers_are_told_apart_over_several_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = recording_of(tmp_path, monkeypatch, 0.0, 700.0)

    def said(*parts: tuple[float, float, str, str]) -> dict[str, object]:
        keys = ("start", "end", "speaker", "text")
        return {"text": "x", "segments": [dict(zip(keys, each, strict=True)) for each in parts]}

    first = said((0.5, 4.0, "A", "Hello."), (4.0, 9.0, "B", "Good morning."))
    second = said((1.0, 3.0, "2", "Yes."), (3.0, 8.0, "A", "I am new."))
    models = ("gpt-transcribe", "gpt-4o-transcribe-diarize")
    server = LoopbackServer(replies(body=first), replies(body=second), models=models)
    async with server, started_backend(environment(server)) as backend:
        backend.of(VoiceConsent).ask = agree
        options = SimpleNamespace(**vars(OPTIONS) | {"speakers": True})
        results: list[dict[str, Any]] = []
        await _transcribe_file(backend, recording, options, results)
    speakers = [(segment["speaker"], segment["text"]) for segment in results[0]["segments"]]
    assert speakers == [("1", "Hello."), ("2", "Good morning."), ("2", "Yes."), ("3", "I am new.")]
    assert results[0]["segments"][2]["start"] == 701.0
    for body in (each.body for each in server.requests):
        assert b"diarized_json" in body
        assert b'name="chunking_strategy"\r\n\r\nauto\r\n' in body
    assert server.requests[1].body.count(b'name="known_speaker_names[]"') == 2
    assert server.requests[1].body.count(b"data:audio/wav;base64,UklGR") == 2


async def test_the_model_is_that_of_the_chosen_provider() -> None:
    async with (
        LoopbackServer(models=("gpt-4o", "whisper-1")) as default,
        LoopbackServer(
            replies(413, {"error": {"message": "Too large"}}), models=("kokoro-tts",)
        ) as other,
        started_backend(environment(default)) as backend,
    ):
        profile = ProviderProfile(
            "own", "Own", ProviderKind.COMPATIBLE, other.base_url, needs_key=False
        )
        await backend.settings.save_profile(profile)
        assert (await backend.of(services.transcription).find_model("")).model == "whisper-1"
        await backend.settings.set("voice.hearing_model", "own parakeet v3")
        await backend.settings.set("voice.speech_model", "own kokoro")
        for service, model in (
            (backend.of(services.transcription), "parakeet v3"),
            (backend.of(services.provider_speech), "kokoro"),
        ):
            found = await service.find_model("")
            assert (found.profile.id, found.model) == ("own", model)
        await backend.settings.set("voice.transcriber", BY_PROVIDER)
        backend.of(VoiceConsent).ask = agree
        with pytest.raises(RequestTooLargeError, match="The recording is too large"):
            await backend.of(services.transcription).transcribe_sound(MINUTE)
        with pytest.raises(ModelNotFoundError, match="tells speakers apart"):
            await backend.of(services.transcription).find_model(SPEAKERS)
        await backend.settings.set("voice.hearing_model", "removed x")
        assert (await backend.of(services.transcription).find_model("")).model == "whisper-1"


async def test_the_words_of_a_temporary_conversation_are_not_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = recording_of(tmp_path, monkeypatch, 0.0)
    async with (
        LoopbackServer(replies(body={"text": "Private."}), models=MODELS) as server,
        started_backend(environment(server)) as backend,
    ):
        backend.of(VoiceConsent).ask = agree
        await backend.settings.set("voice.transcriber", BY_PROVIDER)
        backend.temporary.begin("temporary")
        for _ in range(2):
            document = await backend.documents.extract(recording, conversation_id="temporary")
            assert document.text == "[00:00:00] Private."
        assert not await backend.database.rows("SELECT * FROM part_notes")
        transcriptions = [each for each in server.requests if "transcriptions" in each.path]
        assert len(transcriptions) == 1, "nothing is paid twice"


async def test_a_recording_needs_packages_and_a_model_or_the_provider(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = tmp_path / "meeting.MP3"
    recording.write_bytes(b"ID3")
    async with started_backend() as backend:
        await backend.settings.set("voice.transcriber", "computer")
        monkeypatch.setattr(transcription, "can_transcribe_here", lambda: False)
        with pytest.raises(VoiceError, match="can’t transcribe on this computer"):
            await backend.documents.extract(recording)
        assert (
            not any(model.parts for model in backend.of(model_store).offered)
            or can_transcribe_here()
        )
        monkeypatch.setattr(transcription, "can_transcribe_here", lambda: True)
        with pytest.raises(LocalModelError, match="No model that transcribes"):
            await backend.documents.extract(recording)
        await backend.settings.set("voice.transcriber", BY_PROVIDER)
        with pytest.raises(ModelNotFoundError, match="no provider"):
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
        found = await backend.of(services.provider_speech).find_model("")
        assert found.model == "tts-1"

        async def priced(_: str) -> VoiceModel:
            return VoiceModel(found.profile, "gpt-4o-mini-tts", Price(Decimal("0.6"), Decimal(12)))

        backend.of(services.provider_speech).find_model = priced
        with pytest.raises(VoiceError):
            await backend.of(services.provider_speech).sound("Hello.", "", 1.0, "Hello. And more.")
        backend.of(VoiceConsent).ask = hear
        speak = backend.of(services.provider_speech).sound
        assert await speak("Hello.", "", 1.5, "Hello. " * 900) == sound[:-1]
        assert await speak("Again.", "nova", 1.0, "Again.") == sound[:-1]
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
