"""The painting of a segment area: decorations, texts with their marks, and what is over them."""

from __future__ import annotations

from bisect import bisect_left

from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QAbstractTextDocumentLayout, QPainter, QPaintEvent, QTextCursor

from desktop_app.markdown.block_model import Block
from desktop_app.transcript.decorations import Decorations
from desktop_app.transcript.message_items import Item
from desktop_app.transcript.segment_area import SegmentArea
from desktop_app.transcript.shown_segment import Mark, ShownSegment
from desktop_app.transcript.transcript_styles import background_of, begins_background


class PaintedArea(SegmentArea):
    """A segment area that paints its segments; a subclass adds marks."""

    def decorations_of(self, shown: ShownSegment) -> Decorations:
        """Return what is painted behind a segment."""
        article, segment = shown.article, shown.segment
        index = bisect_left(article.segments, segment.end, key=lambda other: other.first)
        next_segment = article.segments[index] if index < len(article.segments) else None
        below = None if next_segment is None else next_segment.pieces[0].item
        width = max(segment.width, self.writer.width)
        key = (
            _look_of(segment.above),
            _look_of(below),
            segment.gap,
            width,
            shown.document.revision(),
        )
        cached = self._decorations.get(segment)
        if cached is not None and cached[0] == key:
            return cached[1]
        made = self._decorator.measure(segment, below, width, self.viewport().width())
        self._decorations[segment] = key, made
        return made

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the segments on screen: first the backgrounds of all, then each text."""
        area = event.rect()
        shown = [
            each
            for each in self.shown_segments()
            if each.top + each.segment.height + 20 >= area.top() and each.top <= area.bottom()
        ]
        with QPainter(self.viewport()) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            decorations = [self.decorations_of(each) for each in shown]
            for each, made in zip(shown, decorations, strict=True):
                if made.is_empty:
                    continue
                painter.translate(each.origin)
                height = each.document.size().height()
                clip = QRectF(area).translated(-each.origin)
                self._decorator.paint(painter, made, each.segment.gap, height, clip)
                painter.translate(-each.origin)
            for each in shown:
                if each.top + each.segment.height >= area.top():
                    self._paint_text(painter, each, area)
            self._paint_over(painter, list(zip(shown, decorations, strict=True)), area)

    def _paint_text(self, painter: QPainter, shown: ShownSegment, area: QRect) -> None:
        if shown.document.isEmpty():
            return
        context = QAbstractTextDocumentLayout.PaintContext()
        context.palette = self.viewport().palette()
        context.clip = QRectF(area).translated(-shown.origin)
        selections = []
        for mark in self.marks_of(shown):
            selection = QAbstractTextDocumentLayout.Selection()
            selection.cursor = QTextCursor(shown.document)
            selection.cursor.setPosition(mark.start)
            selection.cursor.setPosition(mark.end, QTextCursor.MoveMode.KeepAnchor)
            selection.format = mark.char_format
            selections.append(selection)
        context.selections = selections
        painter.translate(shown.origin)
        shown.document.documentLayout().draw(painter, context)
        painter.translate(-shown.origin)

    def marks_of(self, _shown: ShownSegment) -> list[Mark]:
        """Return the ranges of a segment that are selected or marked."""
        return []

    def _paint_over(
        self, painter: QPainter, shown: list[tuple[ShownSegment, Decorations]], area: QRect
    ) -> None:
        """Paint what is over the text."""


def _look_of(item: Item | None) -> object:
    """Return what the decorations of a segment depend on in the item above or below it."""
    if isinstance(item, Block) and item.quote:
        return item.kind, item.quote, item.quoted_at, item.opened, item.begins
    if item is None:
        return None
    return background_of(item), begins_background(item)
