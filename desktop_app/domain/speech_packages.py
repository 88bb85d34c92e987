"""Whether this installation can transcribe speech on this computer."""

from __future__ import annotations

from importlib.util import find_spec


def can_transcribe_here() -> bool:
    """Return True if faster-whisper is installed; the packages of the program lack it."""
    return find_spec("faster_whisper") is not None
