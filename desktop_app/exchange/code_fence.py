"""Fences code in Markdown."""

from __future__ import annotations

import re
from typing import Final

_TICKS: Final = re.compile("`+")


def fenced(text: str, language: str = "") -> str:
    """Return `text` as a fenced code block in Markdown, with a fence longer than any inside."""
    longest = max([2, *map(len, _TICKS.findall(text))])
    ticks = "`" * (longest + 1)
    return f"{ticks}{language}\n{text}\n{ticks}"
