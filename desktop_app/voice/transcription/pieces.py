"""Cuts the speech of a recording into pieces at its pauses; what nobody says is left out."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from desktop_app.voice.transcription.local_transcriber import BYTES_PER_SECOND

FRAME_BYTES: Final = 1024
"""Bytes that the detector of speech takes at a time: 32 ms."""
BEGINS: Final = 0.5
GOES_ON: Final = 0.35
"""The probabilities at which speech begins and goes on: Silero's own defaults."""
FEWEST_FRAMES: Final = 4
"""Frames of speech below which it was a click or a breath."""


class Piece(NamedTuple):
    """A part of a recording in which somebody speaks: the second where it begins, and its sound."""

    start: float
    samples: bytes

    @property
    def end(self) -> float:
        return self.start + len(self.samples) / BYTES_PER_SECOND


class Cutting(NamedTuple):
    """Where a recording is cut, in seconds.

    Attributes:
        least: a piece that is longer ends at the next pause.
        most: the longest piece.
        silence: a pause that ends any piece.
    """

    least: float
    most: float
    silence: float


SENTENCES: Final = Cutting(3, 15, 1)
"""For providers, most of which give no times: each piece has a mark of its own."""
SPEAKERS: Final = Cutting(600, 720, 60)
"""For models that tell speakers apart, each time again; OpenAI's take 25 MB, 13 minutes."""
WINDOWS: Final = Cutting(18, 28, 2)
"""For Whisper, which hears 30 s at a time, and takes as long for less. All of an hour at once would
take 2 GB of memory."""
_PAUSE_S: Final = 0.5
_SHORT_PAUSE_S: Final = 0.2
"""A pause that ends a piece which is nearly too long."""
_MARGIN: Final = 10
"""Frames that are kept around the speech: the detector hears soft consonants late."""


def samples_of(frame: bytearray) -> array[float]:
    """Return the samples of a frame as the detector takes them, from -1.0 to 1.0."""
    return array("f", (sample / 32768 for sample in array("h", bytes(frame))))


def _frames(seconds: float) -> int:
    return round(seconds * BYTES_PER_SECOND / FRAME_BYTES)


def pieces(
    sound: Iterable[bytes], rate: Callable[[array[float]], float], cutting: Cutting
) -> Iterator[Piece]:
    """Yield the pieces of a recording as its sound comes.

    Args:
        rate: returns the probability that a frame of samples from -1.0 to 1.0 is speech.
    """
    least, most, silence = map(_frames, cutting)
    waiting = bytearray()
    done = count = spoken = 0  # frames before `waiting`, in it, and those of speech
    first = last = -1
    is_speech = False

    def piece(end: int) -> Piece:
        begin = max(0, first - _MARGIN)
        start = (done + begin) * FRAME_BYTES / BYTES_PER_SECOND
        return Piece(start, bytes(waiting[begin * FRAME_BYTES : end * FRAME_BYTES]))

    for chunk in sound:
        waiting += chunk
        while (count + 1) * FRAME_BYTES <= len(waiting):
            frame = waiting[count * FRAME_BYTES : (count + 1) * FRAME_BYTES]
            is_speech = rate(samples_of(frame)) > (GOES_ON if is_speech else BEGINS)
            if is_speech:
                spoken += 1
                last = count
                first = count if first < 0 else first
            count += 1
            silent = count - 1 - last
            end = 0
            if spoken < FEWEST_FRAMES:
                end = count - _MARGIN if silent > 2 * _MARGIN else 0
            elif silent >= silence or (count >= least and silent >= _pause(count, least, most)):
                end = last + 1 + min(_MARGIN, silent)
            elif count >= most:
                end = _quietest(waiting, count)
            if end and spoken >= FEWEST_FRAMES:
                yield piece(end)
            if end:
                del waiting[: end * FRAME_BYTES]
                done, count, last = done + end, count - end, last - end
                first, spoken = (0, FEWEST_FRAMES) if last >= 0 else (-1, 0)
                last = max(-1, last)
    if spoken >= FEWEST_FRAMES:
        yield piece(min(count, last + 1 + _MARGIN))


def _pause(count: int, least: int, most: int) -> int:
    return _frames(_PAUSE_S if count < (least + most) // 2 else _SHORT_PAUSE_S)


def _quietest(sound: bytearray, count: int) -> int:
    """Return the frame in the last third of a full piece at which it is quietest."""

    def loudness(at: int) -> int:
        moment = sound[(at - 1) * FRAME_BYTES : (at + 1) * FRAME_BYTES]
        return sum(map(abs, array("h", bytes(moment))[::8]))

    return min(range(count * 2 // 3, count - 1), key=loudness)
