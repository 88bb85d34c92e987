"""The blocks of one message in the document, counted."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from desktop_app.rendering.model import Block, Kind

if TYPE_CHECKING:
    from desktop_app.ui.transcript.items import Item


class Section:
    """The blocks of one message.

    The four lists run in parallel, one entry for each item.

    Attributes:
        items: what is written, in order.
        counts: how many blocks of the document each item takes.
        keys: what decided the format of its first block.
        shapes: of a table the widths of its columns in pixels, of a text that is written in
            several blocks where each but the first begins (in UTF-16 units), else nothing.
        total: the sum of the counts.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self.items: list[Item] = []
        self.counts: list[int] = []
        self.keys: list[tuple[object, ...]] = []
        self.shapes: list[tuple[int, ...]] = []
        self.total = 0

    def offset(self, at: int) -> int:
        """Blocks of the document before item `at`, counted from the nearer end."""
        if at * 2 < len(self.counts):
            return sum(self.counts[:at])
        return self.total - sum(self.counts[at:])

    def item_at(self, block: int) -> int:
        """The index of the item that holds block number `block` of the section."""
        for index, end in enumerate(accumulate(self.counts)):
            if block < end:
                return index
        return len(self.counts) - 1

    def above(self, at: int) -> Item | None:
        """The item above one."""
        return self.items[at - 1] if at else None

    def is_ruled(self, at: int) -> bool:
        """Whether an item is a table whose rows are a block each (see tables.py)."""
        item = self.items[at]
        return is_table(item) and self.counts[at] == len(item.rows)  # type: ignore[union-attr]

    def insert(
        self, at: int, item: Item, count: int, key: tuple[object, ...], shape: tuple[int, ...]
    ) -> None:
        """Count an item that has been written."""
        self.items.insert(at, item)
        self.counts.insert(at, count)
        self.keys.insert(at, key)
        self.shapes.insert(at, shape)
        self.total += count

    def remove(self, at: int, removed: int) -> None:
        """Count items no more."""
        self.total -= sum(self.counts[at : at + removed])
        for parallel in (self.items, self.counts, self.keys, self.shapes):
            del parallel[at : at + removed]


def is_table(item: Item | None) -> bool:
    """Whether an item is a table or a part of one."""
    return isinstance(item, Block) and item.kind is Kind.TABLE
