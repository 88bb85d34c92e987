"""How high an item will be, about, before it is written: what a hole in a message is to be like.

From the number of its letters alone, because it is asked of everything that is not written. What has
been on screen once is known better: see `DocumentWriter.erase`.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final

from desktop_app.rendering.block_model import Block, Kind
from desktop_app.rendering.incremental.packed_runs import text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.rendering.block_model import Runs
    from desktop_app.ui.transcript.message_items import Item

_LETTERS: Final = 100
"""Of a line of the readable measure."""

_LINE: Final = 25.0
_CODE_LINE: Final = 20.0
_ROW: Final = 33.0
_GAP: Final = 8.0


def height_of(item: Item) -> float:
    """Pixels at the default text size and the readable measure."""
    if not isinstance(item, Block):
        return _lines(item.runs) * _LINE
    if item.kind is Kind.CODE:
        return _lines(item.runs) * _CODE_LINE
    if item.kind is Kind.TABLE:
        columns = max(1, len(item.aligns))
        return sum(_row(row, columns) for row in item.rows)
    return _lines(item.runs) * _LINE + _GAP


def heights_of_code(lines: Sequence[Item], scale: float) -> list[float]:
    """The same of lines of code, at a text size; tens of thousands are asked for at once."""
    high = _CODE_LINE * scale
    texts = ["".join([run[0] for run in line[1]]) for line in lines]
    return [(-(-len(text) // _LETTERS) or 1) * high for text in texts]


def _lines(runs: Runs) -> int:
    length = len(runs[0].text) if len(runs) == 1 else len(text_of(runs))
    return ceil(length / _LETTERS) or 1


def _row(row: tuple[Runs, ...], columns: int) -> float:
    longest = max((sum(len(run.text) for run in cell) for cell in row), default=0)
    return _ROW + _LINE * (longest * columns // _LETTERS)
