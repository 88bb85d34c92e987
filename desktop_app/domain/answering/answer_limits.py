"""Limits of an answer's parameters. The settings need them before the first paint."""

from __future__ import annotations

from typing import Final

MAX_STOP_SEQUENCES: Final = 4
"""The most stop sequences that OpenAI's API accepts."""
MAX_CANDIDATES: Final = 8
"""The most answers that are requested at once."""
