"""Paints behind the text of a segment: backgrounds, quote bars, rules, lines of tables, code.

All rectangles are in the coordinates of the segment's document. A background or a bar that goes on
in the segment above or below reaches to the edge of its segment, without a corner there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from math import ceil, floor
from typing import Final, NamedTuple

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QTextLine

from desktop_app.i18n.translation import tr
from desktop_app.markdown.block_model import Block, Kind, depths_of_quotes
from desktop_app.transcript.message_items import Item, can_open
from desktop_app.transcript.segment import Segment, is_table
from desktop_app.transcript.segment_document import SegmentDocument
from desktop_app.transcript.targets import COPY_CODE, OPEN_CODE
from desktop_app.transcript.transcript_styles import (
    CELL_PAD,
    INDENT,
    PAD,
    QUOTE,
    Background,
    background_of,
    begins_background,
    is_quoted_right,
)
from desktop_app.widgets.look import icons
from desktop_app.widgets.look.theme import RADIUS_CHIP, Theme

_MAX_CODE_SPANS: Final = 250
"""Inline code spans of a segment that are painted; a segment with more has no backgrounds."""
_MARK_ICON_SPACE: Final = 19
"""Pixels, at the default text size, of the Copy mark's icon and the gap after it."""
_MARK_END_SPACE: Final = 8
"""Pixels, at the default text size, after the Copy mark's words."""
_LETTER_MIDDLE: Final = 0.36
"""The share of the ascent at which the background of inline code is centered, above the baseline.

Chosen by eye: between the middle of lower-case letters (0.28 to 0.32 in Inter and DejaVu) and that
of capitals (0.38 to 0.43).
"""
_BAR_WIDTH: Final = 3
"""The width of a bar in pixels, at the default text size."""
_BAR_OVERHANG: Final = 4
"""Pixels, at the default text size, by which a bar exceeds its block at either end."""


_PLAIN_KINDS: Final = frozenset(Kind) - {Kind.CODE, Kind.CODE_HEAD, Kind.RULE}
"""The kinds of blocks that nothing is painted behind, except in a quote."""


class _Ground(NamedTuple):
    """A rounded background; `begins` and `ends` tell whether it does so in this segment."""

    kind: Background
    rect: QRectF
    begins: bool
    ends: bool


@dataclass
class Decorations:
    """Everything that is painted behind the text of one segment.

    Attributes:
        marks: the piece of each head of code, and the area and the link of each of its marks.
    """

    grounds: list[_Ground] = field(default_factory=list)
    bars: list[QRect] = field(default_factory=list)
    lines: list[QRectF] = field(default_factory=list)
    code: list[QRectF] = field(default_factory=list)
    marks: list[tuple[int, QRect, str]] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Return True if nothing is painted behind the text."""
        return not (self.grounds or self.bars or self.lines or self.code)


def cursor_x(line: QTextLine, unit: int) -> float:
    """Return the x coordinate of a position in a line of text."""
    x: float = line.cursorToX(unit)[0]  # type: ignore[index]
    return x


def _range_lines(
    document: SegmentDocument, start: int, end: int
) -> Iterator[tuple[QTextLine, QRectF]]:
    """Yield each line of the positions [start, end) of a block, and the box of its part of them."""
    block = document.findBlock(start)
    layout = block.layout()
    origin = document.documentLayout().blockBoundingRect(block).topLeft()
    first = start - block.position()
    last = end - block.position()
    line = layout.lineForTextPosition(first)
    for number in range(line.lineNumber() if line.isValid() else 0, layout.lineCount()):
        line = layout.lineAt(number)
        line_start = line.textStart()
        if line_start >= last:
            return
        # In right-to-left text, the start is on the right.
        left = cursor_x(line, max(line_start, first))
        right = cursor_x(line, min(line_start + line.textLength(), last))
        box = QRectF(min(left, right), line.y(), abs(right - left), line.height())
        yield line, box.translated(origin)


def range_rects(document: SegmentDocument, start: int, end: int) -> list[QRectF]:
    """Return the rectangles of the positions [start, end) of a block, one per line."""
    return [box for _line, box in _range_lines(document, start, end)]


class Decorator:
    """A painter of decorations in one theme."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self._colors = {
            Background.QUESTION: theme.tint,
            Background.CODE: theme.code_ground,
            Background.ERROR: theme.error_ground,
            Background.NOTE: theme.code_ground,
        }
        metrics = QFontMetrics(theme.note())
        # Wide enough for both words, so that the mark does not change its size.
        words = (tr("Copy"), tr("Copied"))
        words_width = max(metrics.horizontalAdvance(word) for word in words)
        space = theme.px(_MARK_ICON_SPACE + _MARK_END_SPACE)
        self._mark_width = max(theme.px(66), space + words_width)
        self._open_width = space + metrics.horizontalAdvance(tr("Open"))

    # ------------------------------------------------------------------ measuring

    def measure(
        self, segment: Segment, below: Item | None, width: int, viewport_width: int
    ) -> Decorations:
        """Return the decorations of a segment with a document.

        Args:
            segment: the segment.
            below: the item below the segment in its article, if any.
            width: the width of the text, which may scroll sideways.
            viewport_width: the visible width.
        """
        document = segment.document
        assert document is not None
        made = Decorations()
        if segment.is_table:
            self._measure_table(made, segment, document, width)
        else:
            self._measure_text(made, segment, document, below, width, viewport_width)
        if len(document.code_spans) <= _MAX_CODE_SPANS:
            for start, end in document.code_spans[len(document.code_areas) :]:
                areas = []
                px = self.theme.px
                for line, box in _range_lines(document, start, end):
                    middle = box.bottom() - line.descent() - line.ascent() * _LETTER_MIDDLE
                    top = middle - px(21) / 2
                    areas.append(QRectF(box.left() - px(2), top, box.width() + px(4), px(21)))
                document.code_areas.append(areas)
            made.code = [area for areas in document.code_areas for area in areas]
        return made

    def _measure_text(
        self,
        made: Decorations,
        segment: Segment,
        document: SegmentDocument,
        below: Item | None,
        width: int,
        viewport_width: int,
    ) -> None:
        px = self.theme.px
        layout = document.documentLayout()
        top_edge = -float(segment.gap)
        above = segment.above
        joined = -1  # the last piece on the last background
        for index, piece in enumerate(document.pieces):
            item = piece.item
            quoted = item if isinstance(item, Block) and item.quote else None
            if not quoted and item.kind in _PLAIN_KINDS:
                above = item
                continue
            background = background_of(item)
            continues = piece.start > 0 or _continues(item, above)
            if background and continues and joined >= 0:
                joined = index
                if not quoted and item.kind is Kind.CODE:
                    above = item
                    continue
            block = document.block_at(index)
            if background and joined < index:
                self._end_ground(made, document, joined)
                joined = index
                box = layout.blockBoundingRect(block)
                pad = px(PAD)
                edge = block.blockFormat().leftMargin() - pad
                right = width - block.blockFormat().rightMargin() + pad
                top = top_edge if continues else box.top() - pad
                rect = QRectF(edge, top, right - edge, 0)
                made.grounds.append(_Ground(background, rect, begins=not continues, ends=True))
            if quoted or item.kind in (Kind.CODE_HEAD, Kind.RULE):
                box = layout.blockBoundingRect(block)
                if item.kind is Kind.CODE_HEAD:
                    left = viewport_width - px(4) - self._mark_width
                    mark = QRect(left, round(box.top()) - px(5), self._mark_width, px(26))
                    made.marks.append((index, mark, COPY_CODE))
                    if can_open(item.language):
                        left -= self._open_width + px(_MARK_END_SPACE)
                        mark = QRect(left, mark.y(), self._open_width, mark.height())
                        made.marks.append((index, mark, OPEN_CODE))
                if item.kind is Kind.RULE:
                    made.lines.append(QRectF(0, box.center().y(), box.right(), 1))
                if quoted:
                    bottom_above = top_edge
                    if index:
                        bottom_above = layout.blockBoundingRect(block.previous()).bottom()
                    self._add_bars(made, quoted, above, box, bottom_above, width)
            above = item
        self._end_ground(made, document, joined)
        end = document.size().height() - document.inset
        if made.grounds and below is not None and background_of(above) and _continues(below, above):
            last = made.grounds[-1]
            last.rect.setBottom(end)
            made.grounds[-1] = last._replace(ends=False)
        # Below the last line, the document has the rest of its line height.
        if isinstance(above, Block) and isinstance(below, Block) and above.quote:
            first = len(made.bars) - len(depths_of_quotes(above))
            for bar in made.bars[first : first + self._shared_bars(below, above, width)]:
                bar.setBottom(ceil(end))

    def _end_ground(self, made: Decorations, document: SegmentDocument, last: int) -> None:
        """Let the last background end below its last piece; -1 stands for no background."""
        if last >= 0:
            box = document.documentLayout().blockBoundingRect(document.block_at(last))
            made.grounds[-1].rect.setBottom(box.bottom() + self.theme.px(PAD))

    def _add_bars(
        self,
        made: Decorations,
        item: Block,
        above: Item | None,
        box: QRectF,
        bottom_above: float,
        width: int,
    ) -> None:
        """Add the bars of a quoted item; those that it shares with the item above fill the gap."""
        px = self.theme.px
        shared_count = self._shared_bars(item, above, width)
        bottom = ceil(box.bottom() + px(_BAR_OVERHANG))
        for number, edge in enumerate(self._bar_edges(item, width)):
            bar_top = min(bottom_above, box.top()) if number < shared_count else box.top()
            top = floor(bar_top - px(_BAR_OVERHANG))
            made.bars.append(QRect(edge, top, px(_BAR_WIDTH), bottom - top))

    def _shared_bars(self, item: Block, above: Item | None, width: int) -> int:
        """Return how many bars, from the outermost, an item shares with the item above."""
        if not isinstance(above, Block):
            return 0
        edges = self._bar_edges(item, width)
        pairs = zip(edges[: len(edges) - item.opened], self._bar_edges(above, width), strict=False)
        return len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))

    def _bar_edges(self, item: Block, width: int) -> list[int]:
        """Return the left edges of an item's quote bars, indented if the quote is in a list."""
        px = self.theme.px
        depths = depths_of_quotes(item)
        edges = [px(INDENT) * depth + px(QUOTE) * index for index, depth in enumerate(depths)]
        if is_quoted_right(item):
            return [width - px(_BAR_WIDTH) - edge for edge in edges]
        return edges

    def _measure_table(
        self, made: Decorations, segment: Segment, document: SegmentDocument, width: int
    ) -> None:
        block = segment.pieces[0].item
        assert is_table(block)
        pad = self.theme.px(CELL_PAD)
        if document.inset < 0:  # rows with tab stops; the cells of others draw their own lines
            row = document.begin()
            while row.isValid():
                box = document.documentLayout().blockBoundingRect(row)
                left = row.blockFormat().leftMargin() - pad
                y = round(box.bottom()) + pad - 1
                made.lines.append(QRectF(left, y, width - left, 1))
                row = row.next()
        if block.quote:
            overhang = self.theme.px(_BAR_OVERHANG)
            top = document.inset + overhang
            bottom = document.size().height() - document.inset - overhang
            box = QRectF(0, top, width, bottom - top)
            self._add_bars(made, block, segment.above, box, -float(segment.gap), width)

    # ------------------------------------------------------------------ painting

    def paint(
        self, painter: QPainter, made: Decorations, gap: int, height: float, area: QRectF
    ) -> None:
        """Paint decorations into an area; their document is `height` pixels high."""
        radius = self.theme.px(RADIUS_CHIP)
        painter.setPen(Qt.PenStyle.NoPen)
        for ground in made.grounds:
            painter.setBrush(self._colors[ground.kind])
            rect = QRectF(ground.rect)
            if ground.begins and ground.ends:
                painter.drawRoundedRect(rect, radius, radius)
                continue
            painter.save()
            clip = QRectF(rect)
            if not ground.begins:
                clip.setTop(-gap)
                rect.setTop(-gap - 2 * radius)
            if not ground.ends:
                clip.setBottom(height + 1)  # documents end between two pixels
                rect.setBottom(height + 2 * radius)
            painter.setClipRect(clip, Qt.ClipOperation.IntersectClip)
            painter.drawRoundedRect(rect, radius, radius)
            painter.restore()
        if made.bars or made.lines:
            painter.setBrush(self.theme.line)
            for bar in made.bars:  # whole pixels avoid seams between adjacent bars
                painter.drawRect(bar)
            for line in made.lines:
                painter.drawRect(line)
        if made.code:
            painter.setBrush(self.theme.code_ground)
            corner = self.theme.px(4)
            for code in made.code:
                if code.intersects(area):
                    painter.drawRoundedRect(code, corner, corner)

    def paint_mark(self, painter: QPainter, area: QRect, link: str, *, is_copied: bool) -> None:
        """Paint a Copy or Open mark over the head of code."""
        theme = self.theme
        icon_name, label = ("check", tr("Copied")) if is_copied else ("copy", tr("Copy"))
        if link == OPEN_CODE:
            icon_name, label = "external-link", tr("Open")
        size = theme.px(14)
        top = area.top() + (area.height() - size) // 2
        painter.drawPixmap(area.left(), top, icons.pixmap(icon_name, theme.dim, size))
        painter.setFont(theme.note())
        painter.setPen(theme.dim)
        text_rect = area.adjusted(size + theme.px(5), 0, 0, 0)
        painter.drawText(text_rect, Qt.AlignmentFlag.AlignVCenter, label)


def _continues(item: Item, above: Item | None) -> bool:
    """Return True if an item continues the background of the item above."""
    background = background_of(item)
    return (
        background is not Background.NONE
        and background is background_of(above)
        and not begins_background(item)
    )
