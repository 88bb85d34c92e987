"""Paints behind and beside the text: backgrounds, quote bars, rules, inline code.

Only the blocks on screen are inspected. A background spans its first to its last block; if it
begins above the screen, it is painted from above the screen on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from math import ceil, floor
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics

from desktop_app.i18n.translation import tr
from desktop_app.transcript.transcript_styles import (
    CELL_PAD,
    DECORATION,
    INDENT,
    INLINE_CODE,
    OPENED,
    PAD,
    QUOTE,
    QUOTED_AT,
    QUOTED_RIGHT,
    QUOTES_SHIFT,
    Background,
    Decoration,
)
from desktop_app.widgets.look.theme import RADIUS_CHIP, Theme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtGui import QPainter, QTextBlock, QTextLayout, QTextLine

_BLOCKS_PER_QUERY: Final = 8
"""Blocks without decoration per query of a bounding box; see `_decorated_blocks`."""
_MAX_CODE_SPANS: Final = 250
"""Inline code spans of a block that are painted; a block with more has no backgrounds."""
_MARK_ICON_SPACE: Final = 19
"""Pixels, at the default text size, of the Copy mark's icon and the gap after it."""
_MARK_END_SPACE: Final = 8
"""Pixels, at the default text size, after the Copy mark's words."""
_RADII_ABOVE_SCREEN: Final = 10
"""Corner radii by which a background extends above its first painted block if it begins higher.

So its round corners stay out of view.
"""
_LETTER_MIDDLE: Final = 0.36
"""The share of the ascent at which the background of inline code is centered, above the baseline.

Chosen by eye: between the middle of lower-case letters (0.28 to 0.32 in Inter and DejaVu) and that
of capitals (0.38 to 0.43).
"""
_BAR_WIDTH: Final = 3
"""The width of a bar in pixels, at the default text size."""
_BAR_OVERHANG: Final = 4
"""Pixels, at the default text size, by which a bar exceeds its block at either end."""


@dataclass
class CopyMark:
    """The area of a visible code block's Copy mark, and the number of its head block."""

    area: QRect
    head: int


@dataclass
class _BackgroundSpan:
    """A background under construction, in document coordinates.

    Attributes:
        left: the distance from the left edge of the text.
        right: the distance from the right edge of the text.
        has_start: the background begins with the first painted block.
    """

    background: Background
    top: float
    bottom: float
    left: float
    right: float
    has_start: bool


@dataclass
class _Decorations:
    """Everything to paint.

    Attributes:
        spans: backgrounds.
        bars: boxes of blocks, with the left edges of their quote bars.
        rules: boxes of rules.
        rows: boxes of table rows, with their left margins.
        code: paragraphs with inline code, and their boxes.
    """

    spans: list[_BackgroundSpan] = field(default_factory=list)
    bars: list[tuple[QRectF, list[int]]] = field(default_factory=list)
    rules: list[QRectF] = field(default_factory=list)
    rows: list[tuple[QRectF, float]] = field(default_factory=list)
    code: list[tuple[QTextBlock, QRectF]] = field(default_factory=list)


def cursor_x(line: QTextLine, index: int) -> float:
    """Return the x coordinate of a position in a line of text."""
    x: float = line.cursorToX(index)[0]  # type: ignore[index]
    return x


def _decorated_blocks(first: QTextBlock, bottom: float) -> Iterator[tuple[QTextBlock, int, QRectF]]:
    """Yield the decorated blocks down to `bottom`, with their flags and bounding boxes.

    Querying a box is expensive. Of the blocks without decoration, only every
    `_BLOCKS_PER_QUERY`th is queried, to find out whether `bottom` is reached.
    """
    layout = first.document().documentLayout()
    block = first
    inspected_count = 0
    while block.isValid():
        flags = block.blockFormat().intProperty(DECORATION)
        inspected_count += 1
        if not block.isVisible():
            block = block.next()
            continue
        if flags or inspected_count % _BLOCKS_PER_QUERY == 0:
            box = layout.blockBoundingRect(block)
            if box.top() > bottom:
                return
            if flags:
                yield block, flags, box
        block = block.next()


class Backdrop:
    """The background painter of one theme.

    Attributes:
        marks: the Copy marks to draw over the blocks painted last.
    """

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.marks: list[CopyMark] = []
        self._colors = {
            Background.QUESTION: theme.tint,
            Background.CODE: theme.code_ground,
            Background.ERROR: theme.error_ground,
        }
        metrics = QFontMetrics(theme.note())
        # Wide enough for both words, so that the mark does not change its size.
        words = (tr("Copy"), tr("Copied"))
        words_width = max(metrics.horizontalAdvance(word) for word in words)
        space = theme.px(_MARK_ICON_SPACE + _MARK_END_SPACE)
        self._mark_width = max(theme.px(66), space + words_width)

    def paint(
        self,
        painter: QPainter,
        first: QTextBlock,
        offset: float,
        area: QRect,
        width: int,
        left: int = 0,
    ) -> None:
        """Paint behind the blocks from `first` down to the lower edge of `area`.

        Args:
            painter: paints on the viewport.
            first: the first block to inspect.
            offset: the document's y coordinate at the top of the viewport.
            area: the part of the viewport to paint.
            width: the width of the viewport.
            left: the document's x coordinate at the left edge of the viewport.
        """
        self.marks = []
        decorations = _Decorations()
        # A block below the area may have a background that reaches into it.
        bottom = offset + area.bottom() + self.theme.px(PAD)
        right = left + width  # of the viewport, in document coordinates
        for block, flags, box in _decorated_blocks(first, bottom):
            self._collect(decorations, block, flags, box, width=right)
            if flags & Decoration.HEAD:
                self.marks.append(self.copy_mark(block, offset, width))
        painter.translate(-left, -offset)
        painter.setPen(Qt.PenStyle.NoPen)
        for span in decorations.spans:
            self._paint_background(painter, span, right)
        for box, edges in decorations.bars:
            self._paint_bars(painter, box, edges)
        for box in decorations.rules:
            self._paint_rule(painter, box)
        for box, margin in decorations.rows:
            self._paint_hairline(painter, box, margin, right)
        for block, box in decorations.code:
            self._paint_inline_code(painter, block, box)
        painter.translate(left, offset)

    def _collect(
        self, decorations: _Decorations, block: QTextBlock, flags: int, box: QRectF, width: int
    ) -> None:
        if flags & Decoration.BACKGROUND:
            background = Background(flags & Decoration.BACKGROUND)
            last = decorations.spans[-1] if decorations.spans else None
            if (
                last is not None
                and last.background is background
                and not flags & Decoration.FIRST
                and box.top() - last.bottom < self.theme.px(2 * PAD)
            ):
                last.bottom = box.bottom()
            else:
                block_format = block.blockFormat()
                pad = self.theme.px(PAD)
                decorations.spans.append(
                    _BackgroundSpan(
                        background=background,
                        top=box.top(),
                        bottom=box.bottom(),
                        left=block_format.leftMargin() - pad,
                        right=block_format.rightMargin() - pad,
                        has_start=bool(flags & Decoration.FIRST),
                    )
                )
        if flags & Decoration.INLINE_CODE:
            decorations.code.append((block, box))
        if flags & Decoration.ROW:
            decorations.rows.append((box, block.blockFormat().leftMargin()))
        if flags >> QUOTES_SHIFT:
            if flags & (Decoration.ROW | Decoration.CELL):  # their boxes exclude the padding
                pad = self.theme.px(CELL_PAD)
                if flags & Decoration.CELL:  # `_paint_bars` adds the overhang
                    pad -= self.theme.px(_BAR_OVERHANG)
                box = box.adjusted(0, -pad, 0, pad)
            decorations.bars += self._bars(block, box, width)
        if flags & Decoration.RULE:
            decorations.rules.append(box)

    def _bars(
        self, block: QTextBlock, box: QRectF, width: int
    ) -> Iterator[tuple[QRectF, list[int]]]:
        """Yield a block's quote bars; bars shared with the block above also fill the gap.

        The bar of a quote that opens in this block does not cross the gap.
        """
        edges = self._edges(block, width)
        above = self._edges(block.previous(), width)
        # The quotes that open in this block are the innermost.
        continued = edges[: len(edges) - block.blockFormat().intProperty(OPENED)]
        shared_edges = [
            edge for edge, edge_above in zip(continued, above, strict=False) if edge == edge_above
        ]
        if shared_edges:
            layout = block.document().documentLayout()
            joined = QRectF(box)
            joined.setTop(min(box.top(), layout.blockBoundingRect(block.previous()).bottom()))
            yield joined, shared_edges
        flags = block.blockFormat().intProperty(DECORATION)
        if len(shared_edges) < len(edges) and not flags & Decoration.SHARED_BARS_ONLY:
            yield box, edges[len(shared_edges) :]

    def _edges(self, block: QTextBlock, width: int) -> list[int]:
        """Return the left edges of a block's quote bars, indented if the quote is in a list.

        `width` is the width of the text. The bars of right-to-left text are at its right.
        """
        quotes = block.blockFormat().intProperty(DECORATION) >> QUOTES_SHIFT
        depths = block.blockFormat().property(QUOTED_AT) or [0] * quotes
        px = self.theme.px
        edges = [px(INDENT) * depth + px(QUOTE) * index for index, depth in enumerate(depths)]
        if block.blockFormat().boolProperty(QUOTED_RIGHT):
            return [width - px(_BAR_WIDTH) - edge for edge in edges]
        return edges

    def _paint_background(self, painter: QPainter, span: _BackgroundSpan, width: int) -> None:
        pad = self.theme.px(PAD)
        radius = self.theme.px(RADIUS_CHIP)
        if span.has_start:
            top = span.top - pad
        else:
            top = span.top - _RADII_ABOVE_SCREEN * radius
        painter.setBrush(self._colors[span.background])
        breadth = width - span.left - span.right
        area = QRectF(span.left, top, breadth, span.bottom + pad - top)
        painter.drawRoundedRect(area, radius, radius)

    def _paint_bars(self, painter: QPainter, box: QRectF, edges: list[int]) -> None:
        px = self.theme.px
        painter.setBrush(self.theme.line)
        overhang = px(_BAR_OVERHANG)
        top = floor(box.top() - overhang)
        bottom = ceil(box.bottom() + overhang)
        for left in edges:  # whole pixels avoid seams between adjacent bars
            painter.drawRect(QRect(left, top, px(_BAR_WIDTH), bottom - top))

    def _paint_rule(self, painter: QPainter, box: QRectF) -> None:
        painter.setBrush(self.theme.line)
        painter.drawRect(QRectF(0, box.center().y(), box.right(), 1))

    def _paint_hairline(self, painter: QPainter, box: QRectF, margin: float, width: int) -> None:
        pad = self.theme.px(CELL_PAD)
        painter.setBrush(self.theme.line)
        y = round(box.bottom()) + pad - 1
        painter.drawRect(QRectF(margin - pad, y, width - margin + pad, 1))

    def _paint_inline_code(self, painter: QPainter, block: QTextBlock, box: QRectF) -> None:
        """Paint a rounded background behind each inline code span of a block.

        Skip a block with more than `_MAX_CODE_SPANS` spans, because locating a span takes longer
        the more spans share its line.
        """
        spans = list(islice(self._code_spans(block), _MAX_CODE_SPANS + 1))
        if len(spans) > _MAX_CODE_SPANS:
            return
        painter.setBrush(self.theme.code_ground)
        for start, end in spans:
            self._paint_code_span(painter, block.layout(), start, end, origin=box.topLeft())

    def _code_spans(self, block: QTextBlock) -> Iterator[tuple[int, int]]:
        """Yield the start and end of each inline code span in a block."""
        fragments = block.begin()
        while not fragments.atEnd():
            fragment = fragments.fragment()
            fragments += 1
            if fragment.charFormat().boolProperty(INLINE_CODE):
                start = fragment.position() - block.position()
                yield start, start + fragment.length()

    def _paint_code_span(
        self, painter: QPainter, layout: QTextLayout, start: int, end: int, origin: QPointF
    ) -> None:
        px = self.theme.px
        line = layout.lineForTextPosition(start)
        for number in range(line.lineNumber(), layout.lineCount()):
            line = layout.lineAt(number)
            line_start = line.textStart()
            line_end = line.textStart() + line.textLength()
            if line_start >= end:
                return
            left = cursor_x(line, max(start, line_start))
            right = cursor_x(line, min(end, line_end))
            middle = line.y() + line.height() - line.descent() - line.ascent() * _LETTER_MIDDLE
            height = px(21)
            area = QRectF(left - px(2), middle - height / 2, right - left + px(4), height)
            painter.drawRoundedRect(area.translated(origin), px(4), px(4))

    def copy_mark(self, block: QTextBlock, offset: float, width: int) -> CopyMark:
        """Return the Copy mark of a code block's head, in viewport coordinates."""
        px = self.theme.px
        box = block.document().documentLayout().blockBoundingRect(block)
        top = round(box.top() - offset) - px(5)
        left = width - px(4) - self._mark_width
        return CopyMark(QRect(left, top, self._mark_width, px(26)), block.blockNumber())
