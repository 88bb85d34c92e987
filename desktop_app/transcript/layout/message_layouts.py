"""The messages of a document, top to bottom, and the positions of their blocks."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from desktop_app.transcript.layout.item_prefix import prefix_length
from desktop_app.transcript.layout.message_layout import MessageLayout
from desktop_app.transcript.layout.text_ranges import selected_range

if TYPE_CHECKING:
    from PySide6.QtGui import QTextBlock, QTextCursor, QTextDocument


class BlockPlace(NamedTuple):
    """The place of a block: its message, the index of its item, and its number in the item."""

    layout: MessageLayout
    item: int
    number: int


class MessageLayouts(list[MessageLayout]):
    """The message layouts of a document, which ends with an empty block.

    Attributes:
        document: the document.
    """

    def __init__(self, document: QTextDocument) -> None:
        super().__init__()
        self.document = document

    def first_block(self, layout: MessageLayout) -> int:
        """Return the number of a message's first block."""
        if self[-1] is layout:
            return self.document.blockCount() - 1 - layout.total
        return sum(above.total for above in self[: self.index(layout)])

    def layout_at(self, block: int) -> tuple[MessageLayout, int] | None:
        """Return the message that owns a block, and the block's number in it; None if none does."""
        for layout in self:
            if block < layout.total:
                return layout, block
            block -= layout.total
        return None

    def index_of(self, key: str) -> int:
        """Return the index of the layout with this key; -1 if there is none."""
        return next((index for index, layout in enumerate(self) if layout.key == key), -1)

    def range_of(self, index: int) -> tuple[int, int]:
        """Return the document positions at which the text of a message begins and ends."""
        first = self.first_block(self[index])
        begin = self.document.findBlockByNumber(first).position()
        end = self.document.findBlockByNumber(first + self[index].total).position()
        return begin, max(begin, end - 1)

    def index_at(self, position: int) -> int:
        """Return the index of the message at a position; if there is none, of the last message."""
        layout_and_number = self.layout_at(self.document.findBlock(position).blockNumber())
        return len(self) - 1 if layout_and_number is None else self.index(layout_and_number[0])

    def place_of(self, block: int) -> BlockPlace | None:
        """Return the place of a block in its message; None if no message owns the block."""
        layout_and_number = self.layout_at(block)
        if layout_and_number is None:
            return None
        layout, number = layout_and_number
        index = layout.item_at(number)
        return BlockPlace(layout, index, number - layout.offset(index))

    def block_of(self, layout: MessageLayout, index: int) -> QTextBlock:
        """Return the first block of an item; for a missing item, the block below it."""
        return self.document.findBlockByNumber(self.first_block(layout) + layout.offset(index))

    def select_units(
        self, layout: MessageLayout, index: int, first: int, end: int
    ) -> QTextCursor | None:
        """Return a selection of UTF-16 units [first, end) of a long text.

        Return None if they are not materialized.
        """
        begin = self._position(layout, index, first)
        last = self._position(layout, index, max(first, end - 1))
        if begin is None or last is None:
            return None
        return selected_range(self.document, begin, last + (end > first))

    def _position(self, layout: MessageLayout, index: int, unit: int) -> int | None:
        cuts = layout.shapes[index]
        number = bisect_right(cuts, unit)
        block = self.document.findBlockByNumber(self.block_of(layout, index).blockNumber() + number)
        offset = unit - cuts[number - 1] if number else unit + prefix_length(layout.items[index])
        return block.position() + offset if offset < block.length() else None
