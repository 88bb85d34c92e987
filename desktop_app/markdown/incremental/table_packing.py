"""Joins the rows of a table into blocks of limited size and equal width."""

from __future__ import annotations

from typing import Any

from desktop_app.markdown.block_model import (
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
        if last is not None and continues_table(last, block):
            packed[-1] = last = widen(last, block)
            if _can_add_row(last, rows, source_chars, block):
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


def continues_table(last: Block, row: Block) -> bool:
    """Return True if a block of rows belongs to the table of the block above it."""
    is_table = last.kind is Kind.TABLE and row.kind is Kind.TABLE and not row.head
    return is_table and (last.depth, last.quote) == (row.depth, row.quote)


def widen(table: Block, model: Block) -> Block:
    """Return a block of a table with as many columns as `model`, which has more, or itself."""
    missing = len(model.aligns) - len(table.aligns)
    if missing <= 0:
        return table
    return table._replace(
        rows=tuple(row + ((),) * (len(model.aligns) - len(row)) for row in table.rows),
        aligns=table.aligns + ("",) * missing,
        extra_columns=table.extra_columns + missing,
    )


def _can_add_row(table: Block, rows: list[Any], source_chars: int, row: Block) -> bool:
    """Return True if a table block with these pending rows can take another row."""
    count = len(table.rows) + len(rows)
    is_short = table.source_chars + source_chars + row.source_chars <= MAX_TABLE_SOURCE_CHARS
    return count < max_rows_of(table) and (is_short or (table.head and count < 2))


def _with_rows(table: Block, rows: list[Any], source_chars: int) -> Block:
    grown = table.rows + tuple(row + ((),) * (len(table.aligns) - len(row)) for row in rows)
    return table._replace(rows=grown, source_chars=table.source_chars + source_chars)


def max_rows_of(table: Block) -> int:
    """Return the maximum number of rows in a block of this table."""
    # Columns that later rows add do not count: the size must not depend on when they are added.
    columns = len(table.aligns) - table.extra_columns
    return max(1, min(MAX_TABLE_ROWS, MAX_TABLE_CELLS // max(1, columns)))
