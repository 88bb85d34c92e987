"""The sound since the last final text, and where in it somebody speaks."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Final

from desktop_app.voice.transcription.local_transcriber import BYTES_PER_SECOND
from desktop_app.voice.transcription.pieces import (
    BEGINS,
    FEWEST_FRAMES,
    FRAME_BYTES,
    GOES_ON,
    samples_of,
)

_MARGIN_BYTES: Final = BYTES_PER_SECOND * 3 // 10
"""What is kept around the speech: the detector hears soft consonants late."""


class Utterance:
    """What was said since the last final text.

    Args:
        probability_of_speech: rates a frame of samples from -1.0 to 1.0.

    Attributes:
        speech_end: where the last speech ends, in bytes.
    """

    def __init__(self, probability_of_speech: Callable[[array[float]], float]) -> None:
        self._rate = probability_of_speech
        self._sound = bytearray()
        self._rated = 0  # bytes
        self._speech_start = -1
        self.speech_end = 0
        self._speech_frames = 0
        self._is_speaking = False

    def add(self, sound: bytes) -> None:
        self._sound += sound
        while self._rated + FRAME_BYTES <= len(self._sound):
            frame = self._sound[self._rated : self._rated + FRAME_BYTES]
            self._rated += FRAME_BYTES
            self._is_speaking = self._rate(samples_of(frame)) > (
                GOES_ON if self._is_speaking else BEGINS
            )
            if self._is_speaking:
                self._speech_frames += 1
                self.speech_end = self._rated
                if self._speech_start < 0:
                    self._speech_start = self._rated - FRAME_BYTES

    @property
    def has_speech(self) -> bool:
        return self._speech_frames >= FEWEST_FRAMES

    @property
    def seconds(self) -> float:
        return len(self._sound) / BYTES_PER_SECOND

    @property
    def silent_s(self) -> float:
        """Return how long nobody has spoken."""
        return (self._rated - self.speech_end) / BYTES_PER_SECOND

    def speech(self) -> tuple[bytes, int]:
        """Return the sound without the silence around the speech, and where it ends."""
        start = max(0, self._speech_start - _MARGIN_BYTES)
        end = min(len(self._sound), self.speech_end + _MARGIN_BYTES)
        return bytes(self._sound[start:end]), end

    def cut(self, end: int) -> None:
        """Remove the sound before `end`, of which the text is final."""
        del self._sound[:end]
        self._rated = max(0, self._rated - end)  # a part of a frame may be cut, too
        self._speech_start = 0 if self.speech_end > end else -1
        self._speech_frames = FEWEST_FRAMES if self.speech_end > end else 0
        self.speech_end = max(0, self.speech_end - end)
