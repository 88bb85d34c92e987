"""Cuts a recording into pieces that are transcribed one by one, between words where possible."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from desktop_app.voice.transcription.local_transcriber import BYTES_PER_SECOND, SAMPLE_RATE

PIECE_S: Final = 60
"""Seconds. Providers take 13 minutes (25 MB), but give no times: each piece has one mark."""
MAX_PIECE_BYTES: Final = PIECE_S * BYTES_PER_SECOND
_SEARCHED_S: Final = 15  # at the end of a piece, for its quietest moment
_MOMENT: Final = SAMPLE_RATE // 20  # samples: a pause between words is longer


class Piece(NamedTuple):
    """A part of a recording: the second at which it begins, and its sound."""

    start: float
    samples: bytes


def pieces(sound: Iterable[bytes]) -> Iterator[Piece]:
    """Yield the pieces of a recording as its sound comes; together they are all of it."""
    waiting = bytearray()
    done = 0
    for chunk in sound:
        waiting += chunk
        while len(waiting) > MAX_PIECE_BYTES:
            end = _quietest(waiting)
            yield Piece(done / BYTES_PER_SECOND, bytes(waiting[:end]))
            del waiting[:end]
            done += end
    if waiting:
        yield Piece(done / BYTES_PER_SECOND, bytes(waiting))


def _quietest(sound: bytearray) -> int:
    """Return the middle of the quietest moment in the last seconds of a full piece."""
    first = (PIECE_S - _SEARCHED_S) * BYTES_PER_SECOND
    samples = array("h", bytes(sound[first:MAX_PIECE_BYTES]))
    moments = range(0, len(samples) - _MOMENT + 1, _MOMENT)
    quietest = min(moments, key=lambda at: sum(map(abs, samples[at : at + _MOMENT : 8])))
    return first + 2 * (quietest + _MOMENT // 2)
