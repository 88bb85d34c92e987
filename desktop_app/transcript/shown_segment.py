"""A segment near the viewport, its marks and lines, and what stays in place."""

from __future__ import annotations

from typing import Any, NamedTuple

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QTextCharFormat

from desktop_app.transcript.decorations import cursor_x
from desktop_app.transcript.segment import Place, Segment
from desktop_app.transcript.segment_document import SegmentDocument


class ShownSegment(NamedTuple):
    """A segment near the viewport.

    Attributes:
        key: the key of its article.
        article: the article.
        segment: the segment, which has a document.
        top: the y coordinate of the segment in the viewport.
        origin: where its document begins in the viewport.
    """

    key: str
    article: Any
    segment: Segment
    top: int
    origin: QPointF

    @property
    def document(self) -> SegmentDocument:
        document = self.segment.document
        assert document is not None
        return document


class Mark(NamedTuple):
    """A range of a document that is painted in another format."""

    start: int
    end: int
    char_format: QTextCharFormat


class ScrollAnchor(NamedTuple):
    """What stays in place: a line of text, or the top of a segment that is not loaded.

    Attributes:
        place: the beginning of the line or of the segment.
        is_line: whether it is a line.
        above: the pixels of it that are above the viewport.
    """

    place: Place
    is_line: bool
    above: int


def line_rect(document: SegmentDocument, position: int) -> QRectF:
    """Return the rectangle of the caret at a position, as high as its line."""
    block = document.findBlock(position)
    if not block.isValid():
        block = document.lastBlock()
    origin = document.documentLayout().blockBoundingRect(block).topLeft()
    unit = position - block.position()
    line = block.layout().lineForTextPosition(unit)
    if not line.isValid():
        return QRectF(origin.x(), origin.y(), 1, block.layout().boundingRect().height())
    return QRectF(origin.x() + cursor_x(line, unit), origin.y() + line.y(), 1, line.height())
