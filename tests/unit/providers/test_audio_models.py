"""Which listed model transcribes and which speaks."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from desktop_app.domain.models.model_facts import ModelFacts
from desktop_app.providers.jobs.audio import speech_models, transcription_models
from desktop_app.providers.models.model_listing import ModelListing


def listing(*ids: str) -> ModelListing:
    days = {"gpt-7-transcribe": date(2027, 2, 1), "gpt-4o-transcribe": date(2025, 3, 1)}
    models = tuple(ModelFacts(id_, created=days.get(id_)) for id_ in ids)
    return ModelListing("https://api.openai.com/v1", models, datetime.now(UTC))


@pytest.mark.parametrize(
    ("ids", "transcribes", "speaks"),
    [
        (("gpt-4o", "whisper-1", "tts-1"), "whisper-1", "tts-1"),
        (("whisper-1", "gpt-4o-transcribe", "gpt-7-transcribe"), "gpt-7-transcribe", ""),
        (("gpt-live-transcribe", "gpt-realtime-whisper"), "", ""),
        (("gpt-4o-transcribe-diarize", "whisper-1"), "whisper-1", ""),
        (("gpt-4o-transcribe-diarize",), "gpt-4o-transcribe-diarize", ""),
        (
            ("Systran/faster-whisper-small", "kokoro-tts"),
            "Systran/faster-whisper-small",
            "kokoro-tts",
        ),
        (("gpt-4o-mini-tts", "gpt-4o"), "", "gpt-4o-mini-tts"),
    ],
)
def test_the_newest_model_that_the_provider_lists(
    ids: tuple[str, ...], transcribes: str, speaks: str
) -> None:
    assert (transcription_models(listing(*ids)) or [""])[-1] == transcribes
    assert (speech_models(listing(*ids)) or [""])[-1] == speaks
