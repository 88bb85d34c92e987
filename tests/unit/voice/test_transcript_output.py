"""What “repartee transcribe” writes, while it hears it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest

from desktop_app.voice.command import TranscriptWriter
from desktop_app.voice.transcription.transcription import Transcript
from desktop_app.writers.subtitles import Segment, segments_of, subtitles

SEGMENTS = [
    Segment(0.0, 2.5, "One."),
    Segment(3_725.4, 3_728.0, "Two --> <i>three</i>\x1b[2J", speaker="1"),
]


@pytest.mark.parametrize(
    ("cost", "note"),
    [
        (Decimal(0), "on this computer"),
        (Decimal("0.0063"), "for $0.006"),
        (None, "cost is unknown"),
    ],
)
def test_each_sentence_is_a_line_with_its_time(
    cost: Decimal | None, note: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = SimpleNamespace(files=["talk.mp3", "other.mp3"], json=False, format="text")
    writer = TranscriptWriter(Path("talk.mp3"), options)
    writer.write(Transcript(SEGMENTS[:1], 3.0, "whisper", cost))
    assert capsys.readouterr().out.splitlines() == ["talk.mp3:", "[00:00:00] One."]
    writer.write(Transcript(SEGMENTS, 3_730.0, "whisper", cost))
    writer.end()
    out, err = capsys.readouterr()
    assert out.startswith("[01:02:05] Speaker 1: Two")
    assert "\x1b" not in out, "a model may have heard, or written, anything"
    assert note in err


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (
            "srt",
            "1\n00:00:00,000 --> 00:00:02,500\nOne.\n\n"
            "2\n01:02:05,400 --> 01:02:08,000\nSpeaker 1: Two → <i>three</i>",
        ),
        (
            "vtt",
            "WEBVTT\n\n1\n00:00:00.000 --> 00:00:02.500\nOne.\n\n"
            "2\n01:02:05.400 --> 01:02:08.000\nSpeaker 1: Two → &lt;i>three&lt;/i>",
        ),
    ],
)
def test_subtitles(form: str, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = SimpleNamespace(files=["talk.mp3"], json=False, format=form)
    writer = TranscriptWriter(Path("talk.mp3"), options)
    for count in (1, 2):
        writer.write(Transcript(SEGMENTS[:count], 3_730.0, "whisper", None))
    assert capsys.readouterr().out.startswith(expected)


def test_subtitles_of_a_transcript_that_was_attached() -> None:
    text = Transcript(SEGMENTS[:1] + [Segment(7.0, 9.0, "Two.")], 9.0, "", None).text
    assert [(each.start, each.end, each.text) for each in segments_of(text)] == [
        (0.0, 7.0, "One."),
        (7.0, 11.0, "Two."),
    ]
    assert subtitles(segments_of("# No transcript\n\nText"), "srt") == ""
