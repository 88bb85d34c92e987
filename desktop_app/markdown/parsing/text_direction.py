"""Detects the direction of a text, like `dir="auto"` in browsers: its first letter decides."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_app.markdown.block_model import Run

_FROM_RIGHT: Final = ("R", "AL")


def starting_side(runs: Iterable[Run]) -> str:
    """Return the side at which a text begins: "left", "right", or "" without letters."""
    for run in runs:
        for letter in run.text:
            side = unicodedata.bidirectional(letter)
            if side == "L":
                return "left"
            if side in _FROM_RIGHT:
                return "right"
    return ""
