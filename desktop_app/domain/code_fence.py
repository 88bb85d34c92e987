"""Fenced code blocks in Markdown."""

from __future__ import annotations

import re
from typing import Final

_TICKS: Final = re.compile("`+")


def fenced(text: str, language: str = "") -> str:
    """Return `text` as a code block, whose fence is longer than any backticks inside."""
    longest = max([2, *map(len, _TICKS.findall(text))])
    ticks = "`" * (longest + 1)
    return f"{ticks}{language}\n{text}\n{ticks}"
