"""Maps the items of a message to blocks of the document.

Only the part of a long message near the viewport is materialized. A missing item has no block.
Adjacent missing items are a placeholder: the next item has their height as extra space above it
(see document_writer.py). The first and the last item are always materialized, so a placeholder lies
between two items. The parts of a long text can have text gaps between them: see
long_text_writer.py.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple, TypeGuard

from desktop_app.markdown.block_model import Block, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from desktop_app.transcript.message_items import Item

_LONG_TEXT_CUTS: Final = 4
"""Texts with more cuts between blocks than this are long."""


class SpaceKey(NamedTuple):
    """The values that determine the space above an item.

    Attributes:
        block_key: the key of the format of the item's first block.
        placeholder: the height in pixels of the placeholder above.
    """

    block_key: tuple[object, ...] = ()
    placeholder: int = 0


class Placeholder(NamedTuple):
    """A range of items [first, end) that are not materialized."""

    first: int
    end: int


class TextGap(NamedTuple):
    """Missing text of a long item.

    Attributes:
        block: the number of the block below the gap, within the item.
        start: the first missing UTF-16 unit.
        height: the height of the gap in pixels.
    """

    block: int
    start: int
    height: float


def flag_ranges(
    flags: bytes, flag: int, first: int = 0, end: int | None = None
) -> Iterator[tuple[int, int]]:
    """Yield the ranges of flags in [first, end) that equal `flag`, which is 0 or 1."""
    end = len(flags) if end is None else end
    begin = flags.find(flag, first, end)
    while begin >= 0:
        stop = flags.find(1 - flag, begin, end)
        stop = end if stop < 0 else stop
        yield begin, stop
        begin = flags.find(flag, stop, end)


class MessageLayout:
    """The items of a message and their blocks.

    The six lists run in parallel, with one entry for each item.

    Attributes:
        key: the id of the message.
        items: the items in order.
        counts: the number of blocks of each item, 0 if it is not materialized.
        space_keys: the key of the space above each item when it was last written.
        shapes: for a table, the column widths in pixels. For a text that takes several blocks, the
            cuts: the start of each block except the first, in UTF-16 units. Otherwise empty.
        gaps: the missing text between the blocks of a long text.
        heights: the height in pixels of each item if it is not materialized: an estimate, or its
            former height in the document. 0 for a folded line of code.
        total: the sum of the counts.
        revision: a number that grows whenever the items change.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self.items: list[Item] = []
        self.counts: list[int] = []
        self.space_keys: list[SpaceKey] = []
        self.shapes: list[tuple[int, ...]] = []
        self.gaps: list[tuple[TextGap, ...]] = []
        self.heights: list[float] = []
        self.total = 0
        self.revision = 0
        self._block_ends: list[int] | None = None
        self._missing_count = 0  # items that are not materialized
        self._gapped_count = 0  # items with text gaps
        self._flags = bytearray()  # 1 for each materialized item

    # ------------------------------------------------------------------ lookup

    def offset(self, index: int) -> int:
        """Return the number of blocks before item `index`, added up from the nearer end."""
        if index * 2 < len(self.counts):
            return sum(self.counts[:index])
        return self.total - sum(self.counts[index:])

    def item_at(self, block: int) -> int:
        """Return the index of the item that owns block number `block` of the message."""
        if self._block_ends is None:
            self._block_ends = list(accumulate(self.counts))
        return min(bisect_right(self._block_ends, block), len(self.counts) - 1)

    def item_above(self, index: int) -> Item | None:
        """Return the item above item `index`; None above the first."""
        return self.items[index - 1] if index else None

    def has_row_blocks(self, index: int) -> bool:
        """Return True if an item is a table whose rows are blocks (see table_writer.py)."""
        item = self.items[index]
        return is_table(item) and self.counts[index] == len(item.rows)

    def row_at(self, index: int, number: int) -> int:
        """Return the row that contains block `number` of a table item."""
        if self.has_row_blocks(index):
            return number
        # Block 0 is the empty block before the QTextTable; then each cell has a block.
        return max(0, number - 1) // self._columns(index)

    def row_blocks(self, index: int, row: int) -> range:
        """Return the numbers of the blocks of a row within a table item."""
        if self.has_row_blocks(index):
            return range(row, row + 1)
        columns = self._columns(index)
        return range(1 + row * columns, 1 + (row + 1) * columns)

    def _columns(self, index: int) -> int:
        item = self.items[index]
        return max(1, len(item.aligns)) if is_table(item) else 1

    # ------------------------------------------------------------------ materialized items

    @property
    def is_fully_materialized(self) -> bool:
        """Return True if the message is fully materialized."""
        return not self._missing_count and not self._gapped_count

    def items_with_gaps(self) -> list[int]:
        """Return the indices of the items with text gaps, top to bottom."""
        return [index for index, gaps in enumerate(self.gaps) if gaps] if self._gapped_count else []

    def long_texts(self) -> list[int]:
        """Return the indices of the texts that take many blocks."""
        return [
            index
            for index, cuts in enumerate(self.shapes)
            if len(cuts) > _LONG_TEXT_CUTS and not is_table(self.items[index])
        ]

    def next_materialized(self, index: int) -> int:
        """Return the first materialized item from `index` on, or the number of items if none."""
        next_index = self._flags.find(1, index)
        return len(self._flags) if next_index < 0 else next_index

    def previous_materialized(self, index: int) -> int:
        """Return the last materialized item above item `index`, or -1 if none."""
        return self._flags.rfind(1, 0, index)

    def placeholders(self, first: int = 0, end: int | None = None) -> Iterator[Placeholder]:
        """Yield the placeholders within items [first, end), top to bottom."""
        if not self._missing_count:
            return
        flags = bytes(self._flags)  # a copy, because the caller may fill the placeholders
        for begin, stop in flag_ranges(flags, 0, first, end):
            yield Placeholder(begin, stop)

    def materialized_ranges(self, first: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the ranges of materialized items within [first, end)."""
        for placeholder in self.placeholders(first, end):
            if first < placeholder.first:
                yield first, placeholder.first
            first = placeholder.end
        if first < end:
            yield first, end

    def unfolded_ranges(self, first: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the ranges of items in [first, end) that have a height: folded items have none."""
        for begin, stop in flag_ranges(bytes(map(bool, self.heights[first:end])), 1):
            yield first + begin, first + stop

    def ranges_around(self, index: int, above: float, below: float) -> list[tuple[int, int]]:
        """Return the ranges of the unfolded items around item `index`, including the item.

        `above` and `below` are the distances from the item in pixels. The last range is the item
        alone, folded or not, and may overlap another range.
        """
        ends = list(accumulate(self.heights))
        first = bisect_left(ends, ends[index] - above)
        end = bisect_right(ends, ends[index] + below) + 1
        return [*self.unfolded_ranges(first, end), (index, index + 1)]

    def ranges_between(
        self, placeholder: Placeholder, top: float, bottom: float
    ) -> Iterator[tuple[int, int]]:
        """Yield the ranges of a placeholder's items between two distances from its top."""
        ends = list(accumulate(self.heights[placeholder.first : placeholder.end]))
        first = min(bisect_right(ends, max(0.0, top)), len(ends) - 1)
        end = min(bisect_left(ends, bottom) + 1, len(ends))
        return self.unfolded_ranges(placeholder.first + first, placeholder.first + end)

    def placeholder_height(self, index: int) -> int:
        """Return the height in pixels of the placeholder above item `index`, or 0."""
        return round(sum(self.heights[self.previous_materialized(index) + 1 : index]))

    # ------------------------------------------------------------------ changes

    def insert(self, index: int, items: Sequence[Item], heights: Sequence[float]) -> None:
        """Insert items, none of which is materialized."""
        count = len(items)
        self._missing_count += count
        self.items[index:index] = items
        self.counts[index:index] = [0] * count
        self._flags[index:index] = bytes(count)
        self.space_keys[index:index] = [SpaceKey()] * count
        self.shapes[index:index] = [()] * count
        self.gaps[index:index] = [()] * count
        self.heights[index:index] = heights
        self.record_change()

    def remove(self, index: int, removed: int) -> None:
        """Remove items, none of which is materialized."""
        self._missing_count -= removed
        lists = (self.items, self.counts, self.space_keys, self.shapes, self.gaps, self.heights)
        for parallel in lists:
            del parallel[index : index + removed]
        del self._flags[index : index + removed]
        self.record_change()

    def replace_item(self, index: int, item: Item) -> None:
        """Replace an item. The caller records the change of its blocks, if any."""
        self.items[index] = item

    def record_change(self) -> None:
        """Record that the items changed."""
        self.revision += 1
        self._block_ends = None

    def record_blocks(
        self, index: int, blocks: int, shape: tuple[int, ...], gaps: tuple[TextGap, ...] = ()
    ) -> None:
        """Record the blocks, shape and gaps of an item."""
        self.total += blocks - self.counts[index]
        self._missing_count -= self.counts[index] == 0
        self._missing_count += blocks == 0
        self._gapped_count -= self.gaps[index] != ()
        self._gapped_count += gaps != ()
        self.counts[index] = blocks
        self.shapes[index] = shape
        self.gaps[index] = gaps
        self._flags[index] = blocks > 0
        self._block_ends = None

    def record_space(self, index: int, block_key: tuple[object, ...], placeholder: int = 0) -> None:
        """Record the key of the space above an item that was written."""
        self.space_keys[index] = SpaceKey(block_key, placeholder)

    def set_heights(self, first: int, heights: Sequence[float]) -> None:
        """Set the heights of items, beginning with item `first`."""
        self.heights[first : first + len(heights)] = heights

    def scale_heights(self, scale: float, first: int = 0, end: int | None = None) -> None:
        """Multiply the heights of items [first, end) by `scale`."""
        self.heights[first:end] = [height * scale for height in self.heights[first:end]]

    def record_erased(self, first: int, end: int) -> None:
        """Record that items [first, end) were removed from the document."""
        self.total -= sum(self.counts[first:end])
        self._missing_count += self._flags.count(1, first, end)
        self._flags[first:end] = bytes(end - first)
        self.counts[first:end] = [0] * (end - first)
        self.shapes[first:end] = [()] * (end - first)
        if self._gapped_count:
            self._gapped_count -= sum(map(bool, self.gaps[first:end]))
        self.gaps[first:end] = [()] * (end - first)
        self._block_ends = None


def is_table(item: Item | None) -> TypeGuard[Block]:
    """Return True if an item is a table or part of a table."""
    return isinstance(item, Block) and item.kind is Kind.TABLE


def continues_table(item: Item) -> TypeGuard[Block]:
    """Return True if an item is part of a table, but not the first part."""
    return is_table(item) and not item.head
