"""Writing blocks, frames and images at the end of a printed document, and its page breaks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Final, NamedTuple

from PySide6.QtCore import QSizeF, QUrl
from PySide6.QtGui import (
    QColor,
    QFont,
    QImage,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextFrame,
    QTextFrameFormat,
    QTextImageFormat,
    QTextLayout,
    QTextOption,
    QTextTable,
    QTextTableFormat,
)

from desktop_app.exchange.ui.printing.print_styles import (
    FRAME_PADDING,
    NOTE_SIZE,
    TEXT_SIZE,
    PrintStyles,
)
from desktop_app.markdown.block_model import ADDED_MARK, clean_text, show_invisible
from desktop_app.widgets.look.theme import Theme
from desktop_app.widgets.text.utf16 import utf16_slice

_MAX_BLOCK_CHARACTERS: Final = 3000
"""Characters of a block of one text; a longer text is cut where a line ends."""
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
            is_followed = False
            if below is not None and content.frame is None:
                # Above each frame there is an empty block, which is one pixel high.
                following = content.block.next()
                is_followed = (
                    following == below.block
                    if below.frame is None
                    else following.position() == below.frame.firstPosition() - 1
                )
            if not is_followed:
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


class PageWriter:
    """A writer that appends to `document`.

    Attributes:
        page: the size of a page in device pixels.
        theme, styles: the colors and formats.
        cursor: where the writer is: at the end, or in a cell of the last table.
        breaks: keeps frames, tables and headings on one page.
        is_block_empty: True if the next block takes the place of an empty one.
    """

    def __init__(
        self, document: QTextDocument, page: QSizeF, theme: Theme, styles: PrintStyles
    ) -> None:
        self.document = document
        self.page = page
        self.theme = theme
        self.styles = styles
        self.cursor = QTextCursor(document)
        self.breaks = PageBreaks(document, page.height(), styles.pixels_per_point)
        self.is_block_empty = True

    def insert_note(self, text: str, top: float, color: QColor | None = None) -> None:
        """Insert small text, dim unless `color` is set, `top` points below the last block."""
        block_format = self.styles.paragraph_format(top)
        color = color or self.theme.dim
        self.insert_text(display_text(text), block_format, NOTE_SIZE, color=color)

    def insert_text(
        self,
        text: str,
        block_format: QTextBlockFormat,
        points: float = TEXT_SIZE,
        *,
        color: QColor | None = None,
        bold: bool = False,
    ) -> None:
        """Append text; a very long one in several blocks."""
        char_format = self.styles.plain_format(points, color or self.theme.text, bold=bold)
        for part in self._split_line(text, block_format, char_format):
            self.insert_block(block_format)
            self.cursor.setBlockCharFormat(char_format)
            self.cursor.insertText(part, char_format)
            block_format.setTopMargin(0)  # above the first block only

    def _split_line(
        self, text: str, block_format: QTextBlockFormat, char_format: QTextCharFormat
    ) -> Iterator[str]:
        """Split a very long text where the page wraps it, and yield the parts.

        The time that Qt needs for a block grows with the square of its length.
        """
        frame_format = self.cursor.currentFrame().frameFormat()
        width = self.page.width() - 2 * (frame_format.padding() + frame_format.border())
        width -= block_format.leftMargin() + block_format.rightMargin()
        offset = 0
        while len(text) - offset > _MAX_BLOCK_CHARACTERS:
            part = text[offset : offset + _MAX_BLOCK_CHARACTERS]
            end = last_line_start(part, char_format.font(), width)
            yield part[:end]
            offset += end
        yield text[offset:]

    def insert_block(self, block_format: QTextBlockFormat, *, keeps_next: bool = False) -> None:
        """Append a block; `keeps_next` keeps it on one page with the line after it."""
        if self.is_block_empty:
            self.cursor.setBlockFormat(block_format)
            self.cursor.setBlockCharFormat(QTextCharFormat())
        else:
            self.cursor.insertBlock(block_format, QTextCharFormat())
        self.is_block_empty = False
        if keeps_next:
            self.breaks.keep_unbroken(self.cursor.block())

    def begin_frame(self, frame_format: QTextFrameFormat) -> None:
        """Begin a frame, kept on one page if it is short; later content goes into the frame."""
        self.insert_block(self.styles.empty_block_format())
        frame = self.cursor.insertFrame(frame_format)
        self.is_block_empty = True
        self.breaks.keep_unbroken(self.cursor.block(), frame)

    def end_frame(self) -> None:
        """Leave all frames and tables; later content goes below them."""
        self.cursor.movePosition(QTextCursor.MoveOperation.End)
        self.is_block_empty = True

    def insert_table(self, rows: int, columns: int, table_format: QTextTableFormat) -> QTextTable:
        """Insert a table; `end_frame` leaves it."""
        self.insert_block(self.styles.empty_block_format())
        table = self.cursor.insertTable(rows, columns, table_format)
        self.breaks.keep_unbroken(self.cursor.block(), table)
        return table

    def insert_image(
        self, name: str, image: QImage, max_width: float, pixels_per_unit: float = 1
    ) -> None:
        """Insert an image, scaled down to the maximum width and nearly half a page.

        `pixels_per_unit` is the number of its pixels for a pixel of a web page, 1/96 inch.
        """
        self.document.addResource(QTextDocument.ResourceType.ImageResource.value, QUrl(name), image)
        css_pixel = 0.75 * self.styles.pixels_per_point / pixels_per_unit  # it is 0.75 points
        width = image.width() * css_pixel
        height = image.height() * css_pixel
        scale = min(1.0, max_width / width, 0.45 * self.page.height() / height)
        image_format = QTextImageFormat()
        image_format.setName(name)
        image_format.setWidth(width * scale)
        image_format.setHeight(height * scale)
        self.cursor.insertImage(image_format)


def last_line_start(text: str, font: QFont, width: float) -> int:
    """Return the index of the character that begins the last line of a text in a column."""
    layout = QTextLayout(text, font)
    layout.setTextOption(QTextOption())
    layout.beginLayout()
    start = 0
    while (line := layout.createLine()).isValid():
        line.setLineWidth(width)
        start = line.textStart()
    layout.endLayout()
    return len(utf16_slice(text, 0, start)) or len(text)


def display_text(text: str) -> str:
    """Return the text for one block, with control characters made visible."""
    return show_invisible(clean_text(text)).replace(ADDED_MARK, "")
