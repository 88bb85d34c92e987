"""Estimates the height of items that are not loaded, by their kind and number of characters."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final

from desktop_app.markdown.block_model import Block, Kind, Runs, text_of

if TYPE_CHECKING:
    from desktop_app.transcript.message_items import Item

_LINE_CHARS: Final = 100
"""Characters in a line of the standard width (`STANDARD_LINE_WIDTH` in widgets/look/theme.py)."""

# Heights in pixels, at the default text size.
_LINE_HEIGHT: Final = 25.0
_CODE_LINE_HEIGHT: Final = 20.0
_ROW_HEIGHT: Final = 33.0
_GAP_HEIGHT: Final = 8.0


def estimate_height(item: Item) -> float:
    """Estimate an item's height in pixels, at the default text size and line width."""
    if not isinstance(item, Block):
        return _line_count(item.runs) * _LINE_HEIGHT
    if item.kind is Kind.CODE:
        return _line_count(item.runs) * _CODE_LINE_HEIGHT
    if item.kind is Kind.TABLE:
        columns = max(1, len(item.aligns))
        return sum(_row_height(row, columns) for row in item.rows)
    return _line_count(item.runs) * _LINE_HEIGHT + _GAP_HEIGHT


def _line_count(runs: Runs) -> int:
    length = len(runs[0].text) if len(runs) == 1 else len(text_of(runs))
    return ceil(length / _LINE_CHARS) or 1


def _row_height(row: tuple[Runs, ...], columns: int) -> float:
    longest_cell = max((sum(len(run.text) for run in cell) for cell in row), default=0)
    return _ROW_HEIGHT + _LINE_HEIGHT * (longest_cell * columns // _LINE_CHARS)
