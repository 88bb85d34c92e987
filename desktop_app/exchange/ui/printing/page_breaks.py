"""Page breaks that keep content of a printed conversation together."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtGui import QTextCursor, QTextFormat

from desktop_app.exchange.ui.printing.print_styles import FRAME_PADDING, TEXT_SIZE

if TYPE_CHECKING:
    from PySide6.QtGui import QTextBlock, QTextDocument, QTextFrame

_MAX_UNSPLIT_SHARE: Final = 0.4
"""Frames taller than this share of a page may be split."""

_MAX_SHARE_WITH_HEADINGS: Final = 0.5
"""Content is kept together with the headings above it up to this share of a page."""


class _UnbrokenContent(NamedTuple):
    """Content to keep on one page: a frame, or a block with the line after it."""

    block: QTextBlock
    frame: QTextFrame | None


class PageBreaks:
    """The page breaks of a document."""

    def __init__(
        self, document: QTextDocument, page_height: float, pixels_per_point: float
    ) -> None:
        """Insert no page breaks until `insert`.

        Args:
            page_height: the height of a page in device pixels.
            pixels_per_point: the resolution of the device.
        """
        self._document = document
        self._page_height = page_height
        self._pixels_per_point = pixels_per_point
        self._unbroken: list[_UnbrokenContent] = []

    def keep_unbroken(self, block: QTextBlock, frame: QTextFrame | None = None) -> None:
        """Keep a frame on one page if it is short, or a block with the line after it."""
        self._unbroken.append(_UnbrokenContent(block, frame))

    def insert(self) -> None:
        """Insert page breaks so that content to keep together is not split."""
        contents = self._unbroken
        self._unbroken = []
        group: list[_UnbrokenContent] = []
        for content, below in zip_longest(contents, contents[1:]):
            group.append(content)
            if below is None or not _is_directly_above(content, below):
                self._keep_on_one_page(group)
                group = []

    def _keep_on_one_page(self, group: list[_UnbrokenContent]) -> None:
        """Keep the last content on one page, with as many of the headings above it as fit."""
        height = self._page_height
        _top, bottom = self._extent(group[-1])
        for content in group:
            top, _bottom = self._extent(content)
            if bottom - top < _MAX_SHARE_WITH_HEADINGS * height:
                if int(top // height) != int((bottom - 1) // height):
                    _begin_page(content)
                return

    def _extent(self, content: _UnbrokenContent) -> tuple[float, float]:
        """Return the top and bottom of content, in pixels from the top of the first page.

        For a tall frame, which may be split, return the bottom of its first lines.
        """
        layout = self._document.documentLayout()
        first_lines_height = 2 * (TEXT_SIZE + FRAME_PADDING) * self._pixels_per_point
        if content.frame is not None:
            rect = layout.frameBoundingRect(content.frame)
            is_tall = rect.height() >= _MAX_UNSPLIT_SHARE * self._page_height
            return rect.top(), rect.top() + first_lines_height if is_tall else rect.bottom()
        rect = layout.blockBoundingRect(content.block)
        bottom = rect.bottom()
        next_block = content.block.next()
        if next_block.isValid():
            next_rect = layout.blockBoundingRect(next_block)
            next_height = min(first_lines_height, next_rect.height())
            bottom = max(bottom, next_rect.top() + next_height)
        return rect.top(), bottom


def _begin_page(content: _UnbrokenContent) -> None:
    policy = QTextFormat.PageBreakFlag.PageBreak_AlwaysBefore
    if content.frame is not None:
        frame_format = content.frame.frameFormat()
        frame_format.setPageBreakPolicy(policy)
        content.frame.setFrameFormat(frame_format)
        return
    block_format = content.block.blockFormat()
    block_format.setPageBreakPolicy(policy)
    QTextCursor(content.block).setBlockFormat(block_format)


def _is_directly_above(content: _UnbrokenContent, below: _UnbrokenContent) -> bool:
    """Return True if `content` is directly above `below`.

    Above each frame there is an empty block, which is one pixel high.
    """
    if content.frame is not None:
        return False
    if below.frame is None:
        return content.block.next() == below.block
    return content.block.next().position() == below.frame.firstPosition() - 1
