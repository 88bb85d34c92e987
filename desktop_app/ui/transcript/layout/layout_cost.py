"""What it takes to lay items out, about, beside a letter of plain text.

Letters alone do not say it: a letter between two marks is a font of its own, a cell of Qt's own tables
is a frame's, and a formula is measured by Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.rendering.block_model import Block, Kind
from desktop_app.rendering.incremental.packed_runs import styles_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_app.rendering.block_model import Runs
    from desktop_app.ui.transcript.layout.message_layout import MessageLayout
    from desktop_app.ui.transcript.message_items import Item

_RUN: Final = 10
_BLOCK: Final = 40
_CELL: Final = 150
_FORMULA: Final = 400

_PART: Final = 2000
"""A block of a text that is written in part; where its runs are many, they are counted when it is
written."""


def cost_of_runs(runs: Runs) -> int:
    """What the words of one block cost."""
    has_formulas = any(style.math for style in styles_of(runs))  # a megabyte is not unpacked for it
    formulas = sum(1 for run in runs if run.math) if has_formulas else 0
    return len(text_of(runs)) + _RUN * len(runs) + _FORMULA * formulas


def cost_of(item: Item) -> int:
    """What an item costs."""
    if isinstance(item, Block) and item.kind is Kind.TABLE:
        return sum(_CELL + cost_of_runs(cell) for row in item.rows for cell in row)
    return _BLOCK + cost_of_runs(item.runs)


def cost_more(items: Iterable[Item], most: int) -> bool:
    """Whether items cost more than so much: counted no further than that."""
    return _is_passed(map(cost_of, items), most)


def is_costly(sections: Iterable[MessageLayout], most: int) -> bool:
    """Whether what is written of sections costs more than so much."""
    return _is_passed((cost for section in sections for cost in _costs(section)), most)


def _costs(section: MessageLayout) -> Iterable[int]:
    at = section.written(0)
    while at < len(section.items):
        in_part = bool(section.gaps[at])
        yield _PART * section.counts[at] if in_part else cost_of(section.items[at])
        at = section.written(at + 1)


def _is_passed(costs: Iterable[int], most: int) -> bool:
    for cost in costs:
        most -= cost
        if most < 0:
            return True
    return False
