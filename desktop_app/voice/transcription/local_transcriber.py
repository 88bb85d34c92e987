"""Transcribes speech with Whisper, by faster-whisper; only child processes import this."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Final

from desktop_app.writers.subtitles import Segment

SAMPLE_RATE: Final = 16_000
BYTES_PER_SECOND: Final = 2 * SAMPLE_RATE
"""Bytes of a second of sound, which has 16 bits a sample and one channel."""
# faster-whisper decodes files and fetches models by these; both is done elsewhere here. PyAV alone
# would be 104 MB.
_UNUSED: Final = ("av", "huggingface_hub")


class LocalTranscriber:
    """A model of speech in the memory of this process.

    Args:
        model_folder: has the files of a Whisper model in the form of CTranslate2.
        language: of ISO 639-1; None finds it.
        words: names and terms that are more likely than their sound tells.

    Raises:
        ImportError: faster-whisper is not installed.
        RuntimeError: the files are no such model.
    """

    def __init__(self, model_folder: Path, language: str | None, words: str = "") -> None:
        for name in _UNUSED:
            sys.modules.setdefault(name, ModuleType(name))
        from faster_whisper import WhisperModel

        self._model = WhisperModel(
            str(model_folder), device="cpu", compute_type="int8", local_files_only=True
        )
        self._language = language if self._model.model.is_multilingual else None
        self._words = words or None

    def transcribe(self, samples: bytes) -> list[Segment]:
        """Return what is said in PCM: signed 16 bits, one channel, 16,000 samples a second."""
        import numpy as np

        if not samples:
            return []
        sound = np.frombuffer(samples, np.int16).astype(np.float32) / 32768
        # Earlier text as context makes it repeat itself for minutes after a misheard sentence.
        segments, _ = self._model.transcribe(
            sound, language=self._language, condition_on_previous_text=False, hotwords=self._words
        )
        return [Segment(s.start, s.end, text) for s in segments if (text := s.text.strip())]
