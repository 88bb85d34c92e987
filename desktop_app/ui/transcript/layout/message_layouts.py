"""The sections of a document, top to bottom, and where in it stands what they have written."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from PySide6.QtGui import QTextCursor

from desktop_app.ui.transcript.document.block_inserter import head_length
from desktop_app.ui.transcript.layout.message_layout import MessageLayout

if TYPE_CHECKING:
    from PySide6.QtGui import QTextBlock, QTextDocument


class MessageLayouts(list[MessageLayout]):
    """Those of one document, which an empty block closes behind them.

    Attributes:
        document: the document.
    """

    def __init__(self, document: QTextDocument) -> None:
        super().__init__()
        self.document = document

    def first_block(self, section: MessageLayout) -> int:
        """The number of a section's first block, counted from the nearer end."""
        if self[-1] is section:
            return self.document.blockCount() - 1 - section.total
        return sum(s.total for s in self[: self.index(section)])

    def section_at(self, block: int) -> tuple[MessageLayout, int] | None:
        """The section that holds a block of the document, and the block's number within it."""
        passed = 0
        for section in self:
            if block < passed + section.total:
                return section, block - passed
            passed += section.total
        return None

    def block_of(self, section: MessageLayout, at: int) -> QTextBlock:
        """The first block of an item."""
        return self.document.findBlockByNumber(self.first_block(section) + section.offset(at))

    def words_at(self, section: MessageLayout, at: int, first: int, end: int) -> QTextCursor | None:
        """UTF-16 units [first, end) of a long text, selected; None where they are not written."""
        begin = self._position(section, at, first)
        last = self._position(section, at, max(first, end - 1))
        if begin is None or last is None:
            return None
        found = QTextCursor(self.document)
        found.setPosition(begin)
        found.setPosition(last + (end > first), QTextCursor.MoveMode.KeepAnchor)
        return found

    def _position(self, section: MessageLayout, at: int, unit: int) -> int | None:
        cuts, number = section.shapes[at], bisect_right(section.shapes[at], unit)
        block = self.document.findBlockByNumber(self.block_of(section, at).blockNumber() + number)
        within = unit - cuts[number - 1] if number else unit + head_length(section.items[at])
        return block.position() + within if within < block.length() else None
