"""From which side a table is written: that of the first letter in its head that has one, as a browser
finds out for `dir="auto"`."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from desktop_app.rendering.model import Block

_FROM_RIGHT: Final = ("R", "AL")


def is_from_right(table: Block) -> bool:
    """Whether the first column of a table that begins with this part stands at the right."""
    letters = (
        letter for row in table.rows[:1] for cell in row for run in cell for letter in run.text
    )
    sides = map(unicodedata.bidirectional, letters)
    return next((side for side in sides if side in ("L", *_FROM_RIGHT)), "L") in _FROM_RIGHT
