"""Recordings in pieces: all that is said is in them, and hardly any silence."""

from __future__ import annotations

import random
from array import array
from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.voice.transcription.local_transcriber import BYTES_PER_SECOND, SAMPLE_RATE
from desktop_app.voice.transcription.pieces import SENTENCES, SPEAKERS, WINDOWS, Cutting, pieces
from desktop_app.writers.subtitles import time_mark
from tests.helpers.examples import examples

LOUD = array("h", [9_000, -9_000] * (SAMPLE_RATE // 2)).tobytes()
QUIET = bytes(BYTES_PER_SECOND)


def rate(frame: array[float]) -> float:
    return float(max(frame) > 0.1)


def sound_of(*parts: float) -> bytes:
    """Return so many seconds of speech, of silence, of speech and so on."""
    return b"".join(
        (LOUD, QUIET)[n % 2] * int(s) + (LOUD, QUIET)[n % 2][: int(s % 1 * 10) * 3200]
        for n, s in enumerate(parts)
    )


@settings(max_examples=examples(10), deadline=None)
@given(
    st.lists(st.sampled_from((0.4, 0.7, 2.0, 5.5, 19.0)), max_size=9),
    st.integers(1, 300_000),
    st.sampled_from((SENTENCES, WINDOWS, SPEAKERS)),
)
def test_all_speech_is_in_the_pieces_wherever_the_sound_is_torn(
    parts: list[float], chunk: int, cutting: Cutting
) -> None:
    sound = sound_of(*parts)
    chunk += chunk % 2
    torn = (sound[at : at + chunk] for at in range(0, len(sound), chunk))
    cut = list(pieces(torn, rate, cutting))
    assert cut == list(pieces([sound], rate, cutting))
    assert all(a.end <= b.start + 1e-9 for a, b in pairwise(cut))
    assert all(piece.end - piece.start <= cutting.most + 0.5 for piece in cut)
    for start, (n, seconds) in zip(accumulate(parts, initial=0.0), enumerate(parts), strict=False):
        if n % 2 == 0:
            covered = sum(max(0.0, min(p.end, start + seconds) - max(p.start, start)) for p in cut)
            assert covered == pytest.approx(seconds, abs=0.07)


def test_a_piece_for_each_sentence_and_none_for_silence() -> None:
    said = sound_of(4, 0.8, 5, 30, 3, 0.8, 3)
    cut = list(pieces([QUIET * 9, said, QUIET * 40], rate, SENTENCES))
    assert [round(piece.start + 0.3) for piece in cut] == [9, 14, 49, 53]
    assert sum(piece.end - piece.start for piece in cut) < 15 + 4
    assert len(list(pieces([QUIET * 9, said, QUIET * 40], rate, WINDOWS))) == 2
    assert len(list(pieces([QUIET * 9, said, QUIET * 40], rate, SPEAKERS))) == 1
    click = bytes(64_000) + LOUD[:2_000] + bytes(640_000)
    assert list(pieces([click], rate, SENTENCES)) == []


def test_long_speech_is_cut_where_it_is_quietest() -> None:
    noise = array("h", random.Random(1).choices((-9_000, 9_000), k=SAMPLE_RATE * 20))
    quieter = slice(SAMPLE_RATE * 12, SAMPLE_RATE * 12 + 3_200)
    noise[quieter] = array("h", [4_000] * 3_200)
    first, second = pieces([noise.tobytes()], rate, SENTENCES)
    assert first.end == second.start
    assert 12 <= second.start <= 12.25


def test_times_are_those_of_a_clock() -> None:
    assert [time_mark(s) for s in (0, 59.99, 61, 36_061)] == [
        "00:00:00",
        "00:00:59",
        "00:01:01",
        "10:01:01",
    ]
