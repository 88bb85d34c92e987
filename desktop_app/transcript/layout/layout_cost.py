"""Estimates how long Qt takes to lay out items.

The unit is the time for one letter of plain text. Runs, cells and formulas take more. Each run is
shaped separately, a cell of a QTextTable is laid out like a frame, and a formula is measured in
Python.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

from desktop_app.markdown.block_model import Runs, text_of
from desktop_app.transcript.layout.message_layout import is_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PySide6.QtGui import QTextDocument

    from desktop_app.transcript.layout.message_layout import MessageLayout
    from desktop_app.transcript.message_items import Item

_RUN_COST: Final = 10
_BLOCK_COST: Final = 40
_CELL_COST: Final = 150
_FORMULA_COST: Final = 400
_CHARACTERS_PER_BLOCK: Final = 10
"""Characters that `approximate_length` adds for each block."""
_PART_COST: Final = 2000
"""The cost of each block of a partly materialized text. Dense text has shorter blocks."""


def cost_of_runs(runs: Runs) -> int:
    """Return the cost of the text of a block."""
    has_formulas = any(style.math for style in runs)  # does not unpack 1 MB of runs
    formulas = sum(1 for run in runs if run.math) if has_formulas else 0
    return len(text_of(runs)) + _RUN_COST * len(runs) + _FORMULA_COST * formulas


def cost_of(item: Item) -> int:
    """Return the cost of an item."""
    if is_table(item):
        return sum(_CELL_COST + cost_of_runs(cell) for row in item.rows for cell in row)
    return _BLOCK_COST + cost_of_runs(item.runs)


def approximate_length(document: QTextDocument) -> int:
    """Return the number of characters of a document, plus a surcharge for each block.

    This is coarser than the cost of the items, but takes as little time for a long document as for
    a short one.
    """
    return document.characterCount() + _CHARACTERS_PER_BLOCK * document.blockCount()


def is_costly(layouts: Iterable[MessageLayout], limit: int) -> bool:
    """Return True if the materialized part of messages costs more than `limit`."""
    for cost in chain.from_iterable(map(_materialized_costs, layouts)):
        limit -= cost
        if limit < 0:
            return True
    return False


def _materialized_costs(layout: MessageLayout) -> Iterable[int]:
    index = layout.next_materialized(0)
    while index < len(layout.items):
        has_gaps = bool(layout.gaps[index])
        yield _PART_COST * layout.counts[index] if has_gaps else cost_of(layout.items[index])
        index = layout.next_materialized(index + 1)
