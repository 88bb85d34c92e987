"""What “repartee transcribe” writes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from desktop_app.voice.command import write_transcript
from desktop_app.voice.transcription.local_transcriber import Segment
from desktop_app.voice.transcription.transcription import Transcript


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
    segments = [Segment(0.0, 2.0, "One."), Segment(3_725.4, 3_728.0, "Two.\x1b[2J")]
    transcript = Transcript(segments, 3_730.0, "whisper", cost)
    write_transcript(Path("talk.mp3"), transcript, is_named=True)
    out, err = capsys.readouterr()
    *lines, last = out.splitlines()
    assert lines == ["talk.mp3:", "[00:00:00] One."]
    assert last.startswith("[01:02:05] Two.")
    assert "\x1b" not in last, "a model may have heard, or written, anything"
    assert note in err
