"""Inserts the blocks of items before an existing block of the document, and removes blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtGui import QTextCursor

if TYPE_CHECKING:
    from PySide6.QtGui import QTextBlock, QTextBlockFormat, QTextCharFormat


class BlockState:
    """The visibility and the highlighting of a block.

    Qt loses both when it splits or merges blocks. Blocks of folded code are invisible. Without a
    block, the state is that of a visible block without highlighting.
    """

    def __init__(self, block: QTextBlock | None = None) -> None:
        self._is_visible = block is None or block.isVisible()
        self._colors = [] if block is None else block.layout().formats()

    def apply_to(self, block: QTextBlock) -> None:
        """Apply this state to `block`."""
        if block.isVisible() is not self._is_visible:
            block.setVisible(self._is_visible)
        if self._colors or block.layout().formats():
            block.layout().setFormats(self._colors)


_DEFAULT_STATE: Final = BlockState()


def remove_blocks(
    cursor: QTextCursor,
    first: QTextBlock,
    below: QTextBlock,
    format_below: QTextBlockFormat | None = None,
) -> None:
    """Remove the blocks from `first` to the one above `below`.

    The block `below` stays as it is, but gets the block format `format_below` if one is given.
    """
    block_format = below.blockFormat() if format_below is None else format_below
    char_format = below.charFormat()
    state = BlockState(below)
    cursor.setPosition(first.position())
    cursor.setPosition(below.position(), QTextCursor.MoveMode.KeepAnchor)
    cursor.removeSelectedText()
    cursor.setBlockFormat(block_format)
    cursor.setBlockCharFormat(char_format)
    state.apply_to(cursor.block())


class BlockInserter:
    """An insertion point before a block. That block keeps its formats.

    Attributes:
        cursor: the end of the inserted text.
    """

    def __init__(self, cursor: QTextCursor, block_below: QTextBlock) -> None:
        self.cursor = cursor
        self._formats_below = (block_below.blockFormat(), block_below.charFormat())
        self._state_below = BlockState(block_below)
        self._is_in_inserted_block = False
        cursor.setPosition(block_below.position())

    def insert_block(self, block_format: QTextBlockFormat, char: QTextCharFormat) -> None:
        """Insert a block and move the cursor into it."""
        cursor = self.cursor
        if self._is_in_inserted_block:
            cursor.insertBlock(block_format, char)
            return
        cursor.insertBlock(*self._formats_below)
        self._state_below.apply_to(cursor.block())
        _DEFAULT_STATE.apply_to(cursor.block().previous())
        cursor.movePosition(QTextCursor.MoveOperation.PreviousBlock)
        cursor.setBlockFormat(block_format)
        cursor.setBlockCharFormat(char)
        self._is_in_inserted_block = True

    def move_below(self) -> None:
        """Move the cursor to the start of the block that follows."""
        if self._is_in_inserted_block:
            self.cursor.movePosition(QTextCursor.MoveOperation.NextBlock)
            self._is_in_inserted_block = False
