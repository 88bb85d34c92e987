"""The shown blocks of a growing source: closed blocks, then the blocks of the open tail.

The rows of a table are joined into blocks of limited size and equal width.
"""

from __future__ import annotations

import sys
from typing import Any

from desktop_app.markdown.block_model import (
    MAX_TABLE_CELLS,
    MAX_TABLE_ROWS,
    MAX_TABLE_SOURCE_CHARS,
    NON_PARAGRAPHS,
    Block,
    Kind,
    follow_lists,
)


class ShownBlocks:
    """The shown blocks, which are changed in place.

    Attributes:
        blocks: all blocks.
        closed: the number of closed blocks. A block of the open table counts once it is full.
        first_changed: the index of the first block that has changed since it was last reset.
    """

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.closed = 0
        self.first_changed = 0
        self._open_table: Block | None = None  # the closed rows of a partly filled table block

    @property
    def end(self) -> tuple[int, int]:
        """Return where the next closed content begins: the block's index, and the row in it."""
        return self.closed, len(self._open_table.rows) if self._open_table else 0

    def reset_changes(self) -> None:
        """Begin a new count of changes: see `first_changed`."""
        self.first_changed = sys.maxsize

    def add_closed(self, closed: list[Block], tail: list[Block], *, in_table: bool) -> None:
        """Add closed blocks, and replace the open tail.

        Args:
            in_table: more rows of the last closed table may follow.
        """
        packed = pack_rows([self._open_table] if self._open_table else [], closed)
        self._widen_tables(packed)
        self._open_table = None
        if in_table and packed and len(packed[-1].rows) < max_rows_of(packed[-1]):
            self._open_table = packed[-1]
        complete = len(packed) if self._open_table is None else len(packed) - 1
        new_blocks = packed[:complete] + pack_rows(
            [self._open_table] if self._open_table else [], tail
        )
        new_blocks = follow_lists(new_blocks, self.blocks, self.closed)
        old_blocks = self.blocks[self.closed :]
        same = 0
        while same < min(len(old_blocks), len(new_blocks)) and old_blocks[same] == new_blocks[same]:
            same += 1
        if same < max(len(old_blocks), len(new_blocks)):
            self.first_changed = min(self.first_changed, self.closed + same)
            self.blocks[self.closed + same :] = new_blocks[same:]
        self.closed += complete

    def _widen_tables(self, packed: list[Block]) -> None:
        """Give all blocks of a table the columns of its longest row; `packed` is changed too."""
        above = self.blocks[self.closed - 1] if self.closed else None
        for index, block in enumerate(packed):
            if above is not None and _continues_table(above, block):
                packed[index] = widen(block, above)
            above = packed[index]
        for index in range(len(packed) - 1, 0, -1):
            if _continues_table(packed[index - 1], packed[index]):
                packed[index - 1] = widen(packed[index - 1], packed[index])
        below = packed[0] if packed else None
        index = self.closed - 1
        while index >= 0 and below is not None and _continues_table(self.blocks[index], below):
            if len(self.blocks[index].aligns) >= len(below.aligns):
                break
            below = widen(self.blocks[index], below)
            self._change(index, below)
            index -= 1

    def mark_loose(self, depth: int) -> None:
        """Mark the closed blocks of the open list at `depth` as loose."""
        for index in range(self.closed - 1, -1, -1):
            block = self.blocks[index]
            if block.depth < depth:
                return
            if block.depth > depth:
                continue
            if block.kind not in NON_PARAGRAPHS:
                self._change(index, block._replace(loose=True))
            if block.begins:
                return

    def render_again(self, at: int, row: int, again: list[Block]) -> None:
        """Replace closed blocks by new ones whose words differ.

        Args:
            at: the index of the first block.
            row: if that block is a table, the index of the first row in it.
            again: the new blocks, with each row of a table in a block of its own.
        """
        for block in again:
            old = self.blocks[at]
            if old.kind is Kind.TABLE and (row == len(old.rows) or (row and block.head)):
                at += 1
                row = 0
                old = self.blocks[at]
            if old.kind is Kind.TABLE and block.kind is Kind.TABLE:
                rows = (*old.rows[:row], *widen(block, old).rows, *old.rows[row + 1 :])
                self._change(at, old._replace(rows=rows))
                row += 1
            else:
                at += bool(row)
                row = 0
                self._change(at, with_spacing_of(block, self.blocks[at]))
                at += 1
        if self._open_table is not None:
            closed_count = len(self._open_table.rows)
            shown_rows = self.blocks[self.closed].rows  # may include an incomplete row
            columns = len(self._open_table.aligns)  # an incomplete row may have more
            rows = tuple(cells[:columns] for cells in shown_rows[:closed_count])
            self._open_table = self._open_table._replace(rows=rows)

    def _change(self, index: int, block: Block) -> None:
        if block != self.blocks[index]:
            self.blocks[index] = block
            self.first_changed = min(self.first_changed, index)


def with_spacing_of(block: Block, earlier: Block) -> Block:
    """Return a re-parsed block with what its earlier version has from the blocks above it."""
    return block._replace(begins=earlier.begins, loose=earlier.loose, from_right=earlier.from_right)


def pack_rows(packed: list[Block], blocks: list[Block]) -> list[Block]:
    """Append blocks to `packed`, joining table rows up to the block limits, and return it."""
    rows: list[Any] = []
    source_chars = 0
    for block in blocks:
        last = packed[-1] if packed else None
        if last is not None and _continues_table(last, block):
            packed[-1] = last = widen(last, block)
            count = len(last.rows) + len(rows)
            total_chars = last.source_chars + source_chars + block.source_chars
            is_short = total_chars <= MAX_TABLE_SOURCE_CHARS or (last.head and count < 2)
            if is_short and count < max_rows_of(last):
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


def _continues_table(last: Block, row: Block) -> bool:
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


def _with_rows(table: Block, rows: list[Any], source_chars: int) -> Block:
    grown = table.rows + tuple(row + ((),) * (len(table.aligns) - len(row)) for row in rows)
    return table._replace(rows=grown, source_chars=table.source_chars + source_chars)


def max_rows_of(table: Block) -> int:
    """Return the maximum number of rows in a block of this table."""
    # Columns that later rows add do not count: the size must not depend on when they are added.
    columns = len(table.aligns) - table.extra_columns
    return max(1, min(MAX_TABLE_ROWS, MAX_TABLE_CELLS // max(1, columns)))
