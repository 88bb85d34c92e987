"""The place in the document where items are written, and what stands there before their words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtGui import QTextCursor

from desktop_app.rendering.block_model import Block, Kind
from desktop_app.ui.transcript.document.run_changes import units

if TYPE_CHECKING:
    from PySide6.QtGui import QTextBlock, QTextBlockFormat, QTextCharFormat

    from desktop_app.ui.transcript.message_items import Item


class BlockState:
    """What a block has besides its formats, which stays behind where Qt parts or joins blocks:
    whether it is folded away, and the colours of its code."""

    def __init__(self, block: QTextBlock | None = None) -> None:
        self._visible = block is None or block.isVisible()
        self._colours = [] if block is None else block.layout().formats()

    def put_on(self, block: QTextBlock) -> None:
        """Have this block so."""
        if block.isVisible() is not self._visible:
            block.setVisible(self._visible)
        if self._colours or block.layout().formats():
            block.layout().setFormats(self._colours)


NOTHING_SEEN: Final = BlockState()


class BlockInserter:
    """Where items are written: before a block that keeps its formats.

    Attributes:
        cursor: behind what has been written.
    """

    def __init__(self, cursor: QTextCursor, before: QTextBlock) -> None:
        self.cursor = cursor
        self._own = (before.blockFormat(), before.charFormat())
        self._seen = BlockState(before)
        self._opened = False
        cursor.setPosition(before.position())

    def open(self, made: QTextBlockFormat, char: QTextCharFormat) -> None:
        """Put the cursor into a new block."""
        cursor = self.cursor
        if self._opened:
            cursor.insertBlock(made, char)
            return
        cursor.insertBlock(*self._own)
        self._seen.put_on(cursor.block())
        NOTHING_SEEN.put_on(cursor.block().previous())
        cursor.movePosition(QTextCursor.MoveOperation.PreviousBlock)
        cursor.setBlockFormat(made)
        cursor.setBlockCharFormat(char)
        self._opened = True

    def leave(self) -> None:
        """Put the cursor to the beginning of the block that follows."""
        if self._opened:
            self.cursor.movePosition(QTextCursor.MoveOperation.NextBlock)
            self._opened = False


def head_length(item: Item) -> int:
    """UTF-16 units that stand before the words of an item: a list item's mark and a tab."""
    return units(head_of(item))


def head_of(item: Item) -> str:
    """What stands before the words of an item."""
    if not isinstance(item, Block):
        return ""
    if item.marker:
        return f"{item.marker}\t"
    if item.kind in (Kind.CODE_HEAD, Kind.RULE):
        return item.language or " "  # Qt puts an empty block beside the table that it follows
    return ""
