"""The blocks of a source that grows, as they are shown: closed ones, and behind them the open end's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.rendering.block_model import Block, Patch
from desktop_app.rendering.incremental.block_diff import difference, most_rows, pack

if TYPE_CHECKING:
    from collections.abc import Mapping


class ShownBlocks:
    """Hands on each change as a patch.

    Attributes:
        blocks: all of them, as the patches handed out make them.
        closed: how many of them are closed, and full where they are of a table.
    """

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.closed = 0
        self._open_part: Block | None = None  # the rows that are closed of a part of a table

    @property
    def end(self) -> tuple[int, int]:
        """Where what is closed next will begin: the index of a block, and a row in it."""
        return self.closed, len(self._open_part.rows) if self._open_part else 0

    @property
    def last_closed(self) -> Block:
        """The last block of which something is closed."""
        return self._open_part or self.blocks[self.closed - 1]

    def show(self, closed: list[Block], tail: list[Block], *, in_table: bool) -> list[Patch]:
        """More is closed, with what is open behind it: rows may follow where that is `in_table`."""
        packed = pack([self._open_part] if self._open_part else [], closed)
        self._open_part = None
        if in_table and packed and len(packed[-1].rows) < most_rows(packed[-1]):
            self._open_part = packed[-1]
        whole = len(packed) - (self._open_part is not None)
        new = packed[:whole] + pack([self._open_part] if self._open_part else [], tail)
        patch = difference(self.closed, self.blocks, new)
        self.closed += whole
        if patch is None:
            return []
        self.blocks[patch.at : patch.at + patch.removed] = patch.added
        return [patch]

    def change(self, changed: Mapping[int, Block]) -> list[Patch]:
        """Blocks that are closed, by index, are others: never more, nor fewer."""
        patches = []
        for at, block in changed.items():
            if block != self.blocks[at]:
                self.blocks[at] = block
                patches.append(Patch(at, 1, (block,)))
        if self._open_part is not None:
            shown = self.blocks[self.closed]  # with half a row that stands there till it is whole
            part = self._open_part
            self._open_part = part._replace(rows=shown.rows[: len(part.rows)])
        return patches
