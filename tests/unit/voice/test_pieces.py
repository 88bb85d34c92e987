"""Recordings in pieces: nothing is lost, and no word is cut where there is a pause."""

from __future__ import annotations

from array import array

from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.voice.transcription.local_transcriber import BYTES_PER_SECOND, SAMPLE_RATE
from desktop_app.voice.transcription.pieces import PIECE_S, pieces
from desktop_app.voice.transcription.transcription import time_mark
from tests.helpers.examples import examples


@settings(max_examples=examples(10))
@given(st.integers(0, 150), st.integers(1, 3_000_000))
def test_the_pieces_together_are_the_recording(seconds: int, chunk: int) -> None:
    second = array("h", ((n * 7919) % 20_000 for n in range(SAMPLE_RATE))).tobytes()
    sound = second * seconds
    cut = list(pieces(sound[at : at + chunk] for at in range(0, len(sound), chunk)))
    assert b"".join(piece.samples for piece in cut) == sound
    assert all(len(piece.samples) <= PIECE_S * BYTES_PER_SECOND for piece in cut)
    assert all(len(piece.samples) % 2 == 0 for piece in cut)
    starts = [sum(len(p.samples) for p in cut[:n]) / BYTES_PER_SECOND for n in range(len(cut))]
    assert [piece.start for piece in cut] == starts


def test_a_piece_ends_in_the_last_pause() -> None:
    loud = array("h", [9_000, -9_000] * (SAMPLE_RATE // 2)).tobytes()
    pause = bytes(BYTES_PER_SECOND // 2)
    sound = loud * 52 + pause + loud * 20
    first, second = pieces([sound])
    assert 52 <= second.start <= 52.5
    assert len(first.samples) + len(second.samples) == len(sound)


def test_times_are_those_of_a_clock() -> None:
    assert [time_mark(s) for s in (0, 59.99, 61, 36_061)] == [
        "00:00:00",
        "00:00:59",
        "00:01:01",
        "10:01:01",
    ]
