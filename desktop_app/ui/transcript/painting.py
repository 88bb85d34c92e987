"""Paints what lies behind and beside the text: grounds, quote bars, rules, inline code.

Only the blocks on screen are looked at. A ground reaches from its first block to its last; one that
begins above the screen is drawn from above the screen on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRect, QRectF, Qt

from desktop_app.ui.theme import RADIUS_CHIP, Theme
from desktop_app.ui.transcript.styles import PAD, QUOTE, Ground, Prop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtGui import QPainter, QTextBlock, QTextBlockFormat

_SEEN_PROPERTIES: Final = (Prop.GROUND, Prop.QUOTES, Prop.RULE, Prop.INLINE_CODE)


@dataclass
class CodeMark:
    """Where a visible code block's Copy mark is, and the number of its head block."""

    area: QRect
    head: int


@dataclass
class _Span:
    """A ground that is being collected, in document coordinates."""

    ground: Ground
    top: float
    bottom: float
    left: float
    begun: bool


class Backdrop:
    """Paints for one theme; `marks` are the Copy marks to be drawn over what was just painted."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.marks: list[CodeMark] = []
        self._colours = {
            Ground.QUESTION: theme.tint,
            Ground.CODE: theme.code_ground,
            Ground.ERROR: theme.error_ground,
        }

    def paint(
        self, painter: QPainter, first: QTextBlock, offset: float, area: QRect, width: int
    ) -> None:
        """Paint behind the blocks from `first` down to the lower edge of `area`, the part of the
        viewport that is painted; `offset` is the document's coordinate at the viewport's top."""
        self.marks = []
        px, layout = self.theme.px, first.document().documentLayout()
        spans: list[_Span] = []
        bars: list[tuple[QRectF, int]] = []
        block = first
        while block.isValid():
            box = layout.blockBoundingRect(block)
            if box.top() - offset > area.bottom() + px(PAD):
                break
            made = block.blockFormat()
            if any(made.property(prop) for prop in _SEEN_PROPERTIES):
                self._collect(block, made, box, spans, bars)
                if made.property(Prop.HEAD):
                    self.marks.append(self.mark(block, offset, width))
            block = block.next()
        painter.translate(0, -offset)
        painter.setPen(Qt.PenStyle.NoPen)
        for span in spans:
            self._paint_ground(painter, span, width)
        for box, quotes in bars:
            self._paint_bars(painter, box, quotes)
        for block, box in self._lines_of_code(first, layout, offset + area.bottom()):
            self._paint_inline(painter, block, box)
        painter.translate(0, offset)

    def _collect(
        self,
        block: QTextBlock,
        made: QTextBlockFormat,
        box: QRectF,
        spans: list[_Span],
        bars: list[tuple[QRectF, int]],
    ) -> None:
        ground = Ground(made.property(Prop.GROUND) or 0)
        quotes = int(made.property(Prop.QUOTES) or 0)
        if ground:
            first = bool(made.property(Prop.FIRST))
            last = spans[-1] if spans else None
            joins = last is not None and last.ground is ground and not first
            if joins and last is not None and box.top() - last.bottom < self.theme.px(2 * PAD):
                last.bottom = box.bottom()
            else:
                left = made.leftMargin() - self.theme.px(PAD)
                spans.append(_Span(ground, box.top(), box.bottom(), left, first))
        if quotes:
            bars.append((box, quotes))
        if made.property(Prop.RULE):
            bars.append((box, 0))

    def _paint_ground(self, painter: QPainter, span: _Span, width: int) -> None:
        pad, radius = self.theme.px(PAD), self.theme.px(RADIUS_CHIP)
        top = span.top - pad if span.begun else span.top - 10 * radius
        painter.setBrush(self._colours[span.ground])
        area = QRectF(span.left, top, width - span.left, span.bottom + pad - top)
        painter.drawRoundedRect(area, radius, radius)

    def _paint_bars(self, painter: QPainter, box: QRectF, quotes: int) -> None:
        px = self.theme.px
        painter.setBrush(self.theme.line)
        if not quotes:
            painter.drawRect(QRectF(0, box.center().y(), box.right(), 1))
        for number in range(quotes):
            painter.drawRect(
                QRectF(number * px(QUOTE), box.top() - px(4), px(3), box.height() + px(8))
            )

    def _lines_of_code(
        self, first: QTextBlock, layout: object, bottom: float
    ) -> Iterator[tuple[QTextBlock, QRectF]]:
        block = first
        while block.isValid():
            box = layout.blockBoundingRect(block)  # type: ignore[attr-defined]
            if box.top() > bottom:
                return
            if block.blockFormat().property(Prop.INLINE_CODE):
                yield block, box
            block = block.next()

    def _paint_inline(self, painter: QPainter, block: QTextBlock, box: QRectF) -> None:
        """A rounded ground behind each piece of code within a sentence."""
        text, code = block.layout(), self.theme.code_family.family()
        painter.setBrush(self.theme.code_ground)
        fragments = block.begin()
        while not fragments.atEnd():
            fragment = fragments.fragment()
            fragments += 1
            if code not in fragment.charFormat().fontFamilies():
                continue
            start = fragment.position() - block.position()
            self._paint_piece(painter, text, start, start + fragment.length(), box.topLeft())

    def _paint_piece(
        self, painter: QPainter, text: object, start: int, end: int, origin: QPointF
    ) -> None:
        px = self.theme.px
        for number in range(text.lineCount()):  # type: ignore[attr-defined]
            line = text.lineAt(number)  # type: ignore[attr-defined]
            line_start, line_end = line.textStart(), line.textStart() + line.textLength()
            if line_end <= start or line_start >= end:
                continue
            left = line.cursorToX(max(start, line_start))[0]
            right = line.cursorToX(min(end, line_end))[0]
            middle = line.y() + line.height() - line.descent() - line.ascent() * 0.36
            height = px(21)
            area = QRectF(left - px(2), middle - height / 2, right - left + px(4), height)
            painter.drawRoundedRect(area.translated(origin), px(4), px(4))

    def mark(self, block: QTextBlock, offset: float, width: int) -> CodeMark:
        """Where the Copy mark of a code block's head is, in the viewport."""
        px = self.theme.px
        box = block.document().documentLayout().blockBoundingRect(block)
        top = round(box.top() - offset) - px(5)
        return CodeMark(QRect(width - px(70), top, px(66), px(26)), block.blockNumber())
