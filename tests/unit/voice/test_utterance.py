"""Where in the sound somebody speaks."""

from __future__ import annotations

from array import array

import pytest

from desktop_app.voice.child.utterance import FRAME_BYTES, Utterance
from desktop_app.voice.transcription.local_transcriber import BYTES_PER_SECOND

FRAME_S = FRAME_BYTES / BYTES_PER_SECOND


def sound(pattern: str) -> bytes:
    """Return a frame for each letter: "#" is speech, "." is silence."""
    loud, silent = (array("h", [level] * (FRAME_BYTES // 2)).tobytes() for level in (16_000, 0))
    return b"".join(loud if letter == "#" else silent for letter in pattern)


def heard(pattern: str, chunk: int = 700) -> Utterance:
    utterance = Utterance(lambda samples: 2 * samples[0])
    data = sound(pattern)
    for start in range(0, len(data), chunk):
        utterance.add(data[start : start + chunk])
    return utterance


@pytest.mark.parametrize(
    ("pattern", "has_speech", "silent_frames"),
    [("." * 50, False, 50), ("..##" + "." * 9, False, 9), ("..####...#####" + "." * 30, True, 30)],
)
def test_a_click_is_no_speech(pattern: str, has_speech: bool, silent_frames: int) -> None:
    utterance = heard(pattern)
    assert utterance.has_speech is has_speech
    assert utterance.silent_s == pytest.approx(silent_frames * FRAME_S)


def test_the_silence_around_the_speech_is_left_out_but_for_a_margin() -> None:
    speech, end = heard("." * 100 + "#" * 20 + "." * 100).speech()
    margin = round(0.3 * BYTES_PER_SECOND)
    assert len(speech) == 20 * FRAME_BYTES + 2 * margin
    assert end == 120 * FRAME_BYTES + margin
    assert sound("#" * 20) in speech


@pytest.mark.parametrize("tail", ["." * 40, "." * 15 + "#" * 10])
def test_what_follows_a_cut_is_heard_whole(tail: str) -> None:
    utterance = heard("." * 20 + "#" * 20)
    _, end = utterance.speech()
    utterance.add(sound(tail))
    utterance.cut(end)
    assert utterance.has_speech is ("#" in tail)
    if utterance.has_speech:
        assert sound("#" * 10) in utterance.speech()[0]
    utterance.add(sound("#" * 5))
    assert sound("#" * 5) in utterance.speech()[0]


def test_what_follows_a_cut_within_a_frame_is_heard() -> None:
    utterance = heard("#" * 20 + "." * 8)
    utterance.add(sound(".")[:500])
    _, end = utterance.speech()
    utterance.cut(end)
    utterance.add(sound("#" * 5))
    assert utterance.speech()[0] == sound("#" * 5)
