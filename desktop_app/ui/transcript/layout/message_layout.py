"""The items of one message, and the blocks of the document that show them, counted.

Of a long message only what is around the screen is written. An item that is not takes no block, and
room all the same: a run of such items is a hole, as high as they would be, above the item that follows
(see document.py). The first and the last item are always written, so every hole lies between two. Of a
long text, there may be holes between its parts, too (see long_items.py): its gaps.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple

from desktop_app.rendering.block_model import Block, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from desktop_app.ui.transcript.message_items import Item

Key = tuple[tuple[object, ...], int]
"""What decides the format of an item's first block, and the pixels of the hole above it."""

_NOTHING: Key = ((), 0)

_MANY: Final = 4


class Placeholder(NamedTuple):
    """Items [first, end) that are not written, one after another."""

    first: int
    end: int


class TextGap(NamedTuple):
    """What is not written of a long text: from unit `start` on to where its block number `block`
    begins, above which it takes `height` pixels."""

    block: int
    start: int
    height: float


class MessageLayout:
    """The blocks of one message.

    The six lists run in parallel, one entry for each item.

    Attributes:
        items: what is shown, in order.
        counts: how many blocks of the document each item takes: none where it is not written.
        keys: what decided the format of its first block.
        shapes: of a table the widths of its columns in pixels, of a text that is written in
            several blocks where each but the first begins (in UTF-16 units), else nothing.
        gaps: of a text that is written in several blocks what is missing between them.
        heights: the pixels that each takes, about, as long as it is not written.
        total: the sum of the counts.
        edition: another number whenever the items have changed.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self.items: list[Item] = []
        self.counts: list[int] = []
        self.keys: list[Key] = []
        self.shapes: list[tuple[int, ...]] = []
        self.gaps: list[tuple[TextGap, ...]] = []
        self.heights: list[float] = []
        self.total = 0
        self.edition = 0
        self._ends: list[int] | None = None
        self._missing = self._parted = 0
        self._flags = bytearray()  # for each item, whether it is written

    # ------------------------------------------------------------------ finding

    def offset(self, at: int) -> int:
        """Blocks of the document before item `at`, counted from the nearer end."""
        if at * 2 < len(self.counts):
            return sum(self.counts[:at])
        return self.total - sum(self.counts[at:])

    def item_at(self, block: int) -> int:
        """The index of the item that holds block number `block` of the section."""
        if self._ends is None:
            self._ends = list(accumulate(self.counts))
        return min(bisect_right(self._ends, block), len(self.counts) - 1)

    def above(self, at: int) -> Item | None:
        """The item above one."""
        return self.items[at - 1] if at else None

    def is_ruled(self, at: int) -> bool:
        """Whether an item is a table whose rows are a block each (see tables.py)."""
        item = self.items[at]
        return is_table(item) and self.counts[at] == len(item.rows)  # type: ignore[union-attr]

    # ------------------------------------------------------------------ what is written of it

    @property
    def is_whole(self) -> bool:
        """Whether every item is written, and all of it."""
        return not self._missing and not self._parted

    def parted(self) -> list[int]:
        """The items, top to bottom, of which something is written, and not all."""
        return [at for at, gaps in enumerate(self.gaps) if gaps] if self._parted else []

    def long(self) -> list[int]:
        """The texts that are written in many blocks."""
        shaped = ((at, cuts) for at, cuts in enumerate(self.shapes) if cuts)
        return [at for at, cuts in shaped if len(cuts) > _MANY and not is_table(self.items[at])]

    def written(self, at: int) -> int:
        """The index of the first item from `at` on that is written; how many items, if none is."""
        found = self._flags.find(1, at)
        return len(self._flags) if found < 0 else found

    def written_above(self, at: int) -> int:
        """The index of the last item above item `at` that is written; -1, if none is."""
        return self._flags.rfind(1, 0, at)

    def holes(self, first: int = 0, end: int | None = None) -> Iterator[Placeholder]:
        """The holes within items [first, end), top to bottom."""
        if not self._missing:
            return
        flags = bytes(self._flags)  # what is written meanwhile was a hole
        end = len(flags) if end is None else end
        begin = flags.find(0, first, end)
        while begin >= 0:
            stop = flags.find(1, begin, end)
            stop = end if stop < 0 else stop
            yield Placeholder(begin, stop)
            begin = flags.find(0, stop, end)

    def runs(self, first: int, end: int) -> Iterator[tuple[int, int]]:
        """The items within [first, end) that are written, run by run."""
        for hole in self.holes(first, end):
            if first < hole.first:
                yield first, hole.first
            first = hole.end
        if first < end:
            yield first, end

    def hole_above(self, at: int) -> int:
        """The height in pixels of the hole above item `at`; 0 where there is none."""
        return round(sum(self.heights[self.written_above(at) + 1 : at]))

    # ------------------------------------------------------------------ counting

    def insert(self, at: int, items: Sequence[Item], heights: Sequence[float]) -> None:
        """Take up items, none of which is written yet."""
        many = len(items)
        self._missing += many
        self.items[at:at] = items
        self.counts[at:at] = [0] * many
        self._flags[at:at] = bytes(many)
        self.keys[at:at] = [_NOTHING] * many
        self.shapes[at:at] = [()] * many
        self.gaps[at:at] = [()] * many
        self.heights[at:at] = heights
        self.changed()

    def remove(self, at: int, removed: int) -> None:
        """Know of items no more, none of which is written."""
        self._missing -= removed
        lists = (self.items, self.counts, self.keys, self.shapes, self.gaps, self.heights)
        for parallel in lists:
            del parallel[at : at + removed]
        del self._flags[at : at + removed]
        self.changed()

    def changed(self) -> None:
        """Items are others than before."""
        self.edition += 1
        self._ends = None

    def count(
        self, at: int, blocks: int, shape: tuple[int, ...], gaps: tuple[TextGap, ...] = ()
    ) -> None:
        """An item takes so many blocks, in this shape."""
        self.total += blocks - self.counts[at]
        self._missing += (not blocks) - (not self.counts[at])
        self.counts[at], self.shapes[at], self._flags[at] = blocks, shape, blocks > 0
        self._parted += bool(gaps) - bool(self.gaps[at])
        self.gaps[at] = gaps
        self._ends = None

    def erased(self, first: int, end: int) -> None:
        """Items [first, end) are not written any more."""
        self.total -= sum(self.counts[first:end])
        self._missing += self._flags.count(1, first, end)
        self._flags[first:end] = bytes(end - first)
        self.counts[first:end] = [0] * (end - first)
        self.shapes[first:end] = [()] * (end - first)
        if self._parted:
            self._parted -= sum(map(bool, self.gaps[first:end]))
        self.gaps[first:end] = [()] * (end - first)
        self._ends = None


def is_table(item: Item | None) -> bool:
    """Whether an item is a table or a part of one."""
    return isinstance(item, Block) and item.kind is Kind.TABLE


def is_part(item: Item) -> bool:
    """Whether an item is a part of a table but its first."""
    return isinstance(item, Block) and item.kind is Kind.TABLE and not item.head
