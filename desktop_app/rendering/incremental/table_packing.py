"""Joins the rows of a table into blocks of limited size."""

from __future__ import annotations

from typing import Any

from desktop_app.rendering.block_model import (
    MAX_TABLE_CELLS,
    MAX_TABLE_ROWS,
    MAX_TABLE_SOURCE_CHARS,
    Block,
    Kind,
)


def pack_rows(packed: list[Block], blocks: list[Block]) -> list[Block]:
    """Append blocks to `packed`, joining table rows up to the block limits, and return it."""
    rows: list[Any] = []
    source_chars = 0
    for block in blocks:
        last = packed[-1] if packed else None
        if (
            last is not None
            and block.kind is Kind.TABLE
            and not block.head
            and _is_same_table(last, block)
            and _can_add_row(last, rows, source_chars, block)
        ):
            rows += block.rows
            source_chars += block.source_chars
            continue
        if rows:
            packed[-1] = _with_rows(packed[-1], rows, source_chars)
            rows, source_chars = [], 0
        packed.append(block)
    if rows:
        packed[-1] = _with_rows(packed[-1], rows, source_chars)
    return packed


def _is_same_table(last: Block, row: Block) -> bool:
    return last.kind is Kind.TABLE and (last.depth, last.quote) == (row.depth, row.quote)


def _can_add_row(table: Block, rows: list[Any], source_chars: int, row: Block) -> bool:
    """Return True if a table block with these pending rows can take another row."""
    count = len(table.rows) + len(rows)
    is_short = table.source_chars + source_chars + row.source_chars <= MAX_TABLE_SOURCE_CHARS
    return count < max_rows_of(table) and (is_short or (table.head and count < 2))


def _with_rows(table: Block, rows: list[Any], source_chars: int) -> Block:
    return table._replace(
        rows=table.rows + tuple(rows), source_chars=table.source_chars + source_chars
    )


def max_rows_of(table: Block) -> int:
    """Return the maximum number of rows in a block of this table."""
    return max(1, min(MAX_TABLE_ROWS, MAX_TABLE_CELLS // max(1, len(table.aligns))))
