"""From which side a text or a table is written: that of its first letter that has one (of a table: in
its head), as a browser finds out for `dir="auto"`."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_app.rendering.block_model import Run

_FROM_RIGHT: Final = ("R", "AL")


def side_of(runs: Iterable[Run]) -> str:
    """The side that a text begins at: "left", "right", or "" for one without letters."""
    for run in runs:
        for letter in run.text:
            side = unicodedata.bidirectional(letter)
            if side == "L":
                return "left"
            if side in _FROM_RIGHT:
                return "right"
    return ""
