"""The shown blocks of a growing source: closed blocks, then the blocks of the open tail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.markdown.block_model import Block, Patch
from desktop_app.markdown.incremental.table_packing import (
    continues_table,
    max_rows_of,
    pack_rows,
    widen,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


class ShownBlocks:
    """The shown blocks; methods return the changes they make as patches.

    Attributes:
        blocks: all blocks, with all returned patches applied.
        closed: the number of closed blocks. A block of the open table counts once it is full.
    """

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.closed = 0
        self._open_table: Block | None = None  # the closed rows of a partly filled table block

    @property
    def end(self) -> tuple[int, int]:
        """Return where the next closed content begins: the block's index, and the row in it."""
        return self.closed, len(self._open_table.rows) if self._open_table else 0

    @property
    def last_closed(self) -> Block:
        """Return the last block with closed content."""
        return self._open_table or self.blocks[self.closed - 1]

    def add_closed(self, closed: list[Block], tail: list[Block], *, in_table: bool) -> list[Patch]:
        """Add closed blocks, and replace the open tail.

        Args:
            in_table: more rows of the last closed table may follow.
        """
        packed = pack_rows([self._open_table] if self._open_table else [], closed)
        patches = self._widen_tables(packed)
        self._open_table = None
        if in_table and packed and len(packed[-1].rows) < max_rows_of(packed[-1]):
            self._open_table = packed[-1]
        complete = len(packed) if self._open_table is None else len(packed) - 1
        new_blocks = packed[:complete] + pack_rows(
            [self._open_table] if self._open_table else [], tail
        )
        patch = _find_difference(self.closed, self.blocks, new_blocks)
        self.closed += complete
        if patch is None:
            return patches
        self.blocks[patch.at : patch.at + patch.removed] = patch.added
        return [*patches, patch]

    def _widen_tables(self, packed: list[Block]) -> list[Patch]:
        """Give all blocks of a table the columns of its longest row.

        `packed` is changed in place. Return the patches of closed blocks.
        """
        above = self.blocks[self.closed - 1] if self.closed else None
        for index, block in enumerate(packed):
            if above is not None and continues_table(above, block):
                packed[index] = widen(block, above)
            above = packed[index]
        for index in range(len(packed) - 1, 0, -1):
            if continues_table(packed[index - 1], packed[index]):
                packed[index - 1] = widen(packed[index - 1], packed[index])
        changed: dict[int, Block] = {}
        below = packed[0] if packed else None
        index = self.closed - 1
        while index >= 0 and below is not None and continues_table(self.blocks[index], below):
            if len(self.blocks[index].aligns) >= len(below.aligns):
                break
            changed[index] = below = widen(self.blocks[index], below)
            index -= 1
        patches = [Patch(at, 1, (block,)) for at, block in changed.items()]
        for patch in patches:
            self.blocks[patch.at] = patch.added[0]
        return patches

    def change(self, changed: Mapping[int, Block]) -> list[Patch]:
        """Replace closed blocks by index; their number stays the same."""
        patches = []
        for index, block in changed.items():
            if block != self.blocks[index]:
                self.blocks[index] = block
                patches.append(Patch(index, 1, (block,)))
        if self._open_table is not None:
            closed_count = len(self._open_table.rows)
            shown_rows = self.blocks[self.closed].rows  # may include an incomplete row
            columns = len(self._open_table.aligns)  # an incomplete row may have more
            rows = tuple(row[:columns] for row in shown_rows[:closed_count])
            self._open_table = self._open_table._replace(rows=rows)
        return patches


def _find_difference(start: int, blocks: list[Block], new_blocks: list[Block]) -> Patch | None:
    """Return the patch that turns blocks[start:] into `new_blocks`, None if they are equal."""
    old_end = len(blocks)
    new_end = len(new_blocks)
    common_count = 0
    while (
        common_count < new_end
        and start + common_count < old_end
        and blocks[start + common_count] == new_blocks[common_count]
    ):
        common_count += 1
    while (
        new_end > common_count
        and old_end > start + common_count
        and blocks[old_end - 1] == new_blocks[new_end - 1]
    ):
        old_end -= 1
        new_end -= 1
    if common_count == new_end and start + common_count == old_end:
        return None
    return Patch(
        start + common_count,
        old_end - start - common_count,
        tuple(new_blocks[common_count:new_end]),
    )
