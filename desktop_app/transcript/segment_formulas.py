"""Draws the formulas of texts. A segment with a formula that is not typeset is written again.

A formula is one character for the drawing, followed by its TeX, which takes no space. So searches
and screen readers find the source, and both states have the same length.

Qt passes all characters to a screen reader, even U+FFFC, which stands for a drawing. eSpeak ignores
such characters, but Liblouis spells out each of them in eight braille cells. So the source of a
drawn formula is followed by U+200B, the only zero-width character that Liblouis shows as a blank.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from PySide6.QtCore import QByteArray, QObject, QPointF, QRect, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontInfo,
    QFontMetrics,
    QPainter,
    QPixmap,
    QPyTextObject,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
)

from desktop_app.markdown.block_model import LINE_BREAK, Run, source_text
from desktop_app.transcript.media.message_images import hidden_format
from desktop_app.transcript.transcript_styles import DISPLAY_MATH, FORMULA

if TYPE_CHECKING:
    from PySide6.QtSvg import QSvgRenderer

    from desktop_app.markdown.processes.math_typesetting import Formula
    from desktop_app.transcript.media.drawings import Typesetter

DRAWN: Final = "\ufffc"
_BLANK: Final = "\u200b"
_FORMULA_OBJECT: Final = int(QTextFormat.ObjectTypes.UserObject) + 1

_BOX: Final = FORMULA + 1
"""User property of a drawing's character format: the fields of its `_Box`."""
_SOURCE: Final = FORMULA + 2
"""User property of a drawing's character format: the TeX."""

_SELECTION_BRUSH: Final = int(QTextFormat.Property.ForegroundBrush) + 1
"""The property in which Qt passes the selection color (qtextlayout.cpp, ObjectSelectionBrush)."""

_MATH_SCALE: Final = 1.12
"""The math font looks smaller than the text font at the same size."""
_MIN_WIDTH: Final = 40.0
"""Pixels that a formula may take even if its column is narrower."""
_MIN_PRINT_DPI: Final = 200
"""Devices of a higher logical resolution are printers and PDF files."""


class FormulaFinder(Protocol):
    """A finder of typeset formulas, such as `Typesetter`."""

    def find(self, tex: str, *, display: bool) -> Formula | None:
        """Return the formula, or None if it is not typeset. It may then be requested."""

    def forget(self) -> None:
        """Drop pending requests."""


class _Box(NamedTuple):
    """The box of a formula in a line, in pixels.

    Attributes:
        baseline: the distance of the baseline from the top of the box.
        em: the font size of the formula, which is smaller if it would not fit its column.
    """

    width: float
    height: float
    baseline: float
    em: float


class SegmentFormulas(QPyTextObject):
    """The formulas of one view, which Qt measures and draws by this object.

    Signals:
        typeset(): formulas have been typeset that documents show as source.
    """

    typeset = Signal()

    def __init__(
        self, parent: QObject, typesetter: FormulaFinder | None = None, *, keeps_source: bool = True
    ) -> None:
        """Draw formulas with a typesetter; without `keeps_source`, leave their source out."""
        super().__init__(parent)
        self._typesetter = typesetter
        self._keeps_source = keeps_source

    def set_typesetter(self, typesetter: Typesetter) -> None:
        """Draw formulas with this typesetter; until then their source is shown."""
        self._typesetter = typesetter
        typesetter.settled.connect(self.typeset)
        self.typeset.emit()

    def forget(self) -> None:
        """Drop pending requests, because another conversation is shown."""
        if self._typesetter is not None:
            self._typesetter.forget()

    def register(self, document: QTextDocument) -> None:
        """Draw the formulas of a document."""
        document.documentLayout().registerHandler(_FORMULA_OBJECT, self)

    def insert(
        self, cursor: QTextCursor, run: Run, char_format: QTextCharFormat, width: float
    ) -> bool:
        """Insert a formula as a drawing, or as source if it is not typeset. Return True if drawn.

        `width` is that of the text around it, or of its cell in a table.
        """
        source = source_text(run)
        formula = self._find(source, char_format) if source else None
        if formula is None:
            cursor.insertText(run.text, char_format)
            return False
        drawing = _drawing_format(formula, source, char_format, max(_MIN_WIDTH, width - 2))
        cursor.insertText(DRAWN, drawing)
        if self._keeps_source:
            words = source.replace(LINE_BREAK, " ").replace("\n", " ") + _BLANK
            cursor.insertText(words, hidden_format(char_format, words))
        return True

    def _find(self, source: str, text_format: QTextFormat) -> Formula | None:
        if self._typesetter is None:
            return None
        is_display = text_format.intProperty(FORMULA) == DISPLAY_MATH
        return self._typesetter.find(source.replace(LINE_BREAK, "\n"), display=is_display)

    def intrinsicSize(
        self, _document: QTextDocument, _position: int, text_format: QTextFormat
    ) -> QSizeF:
        box = _box_of(text_format)
        return QSizeF(0, 0) if box is None else QSizeF(box.width, box.height)

    def drawObject(
        self,
        painter: QPainter,
        rect: QRectF | QRect,
        _document: QTextDocument,
        _position: int,
        text_format: QTextFormat,
    ) -> None:
        box = _box_of(text_format)
        formula = self._find(str(text_format.property(_SOURCE)), text_format)
        if formula is None or box is None:
            return
        top = rect.top() + box.baseline - formula.ascent * box.em
        height = (formula.ascent + formula.depth) * box.em
        area = QRectF(rect.left(), top, box.width, height)
        color = text_format.toCharFormat().foreground().color()
        if text_format.hasProperty(_SELECTION_BRUSH):
            # Qt paints the half-transparent selection color over both, so they are black and white.
            ground = text_format.brushProperty(_SELECTION_BRUSH).color()
            is_light = ground.lightnessF() > 0.5
            painter.fillRect(rect, Qt.GlobalColor.white if is_light else Qt.GlobalColor.black)
            color = QColor(Qt.GlobalColor.black if is_light else Qt.GlobalColor.white)
        # Print vector graphics, but cache a pixmap for the screen, which is repainted often.
        if painter.device().logicalDpiX() > _MIN_PRINT_DPI:
            _renderer(formula.svg, color.rgba()).render(painter, area)
            return
        ratio = painter.device().devicePixelRatio()
        # At a whole pixel of the device: between two, the pixmap would be blurred.
        top_left = QPointF(round(area.left() * ratio) / ratio, round(area.top() * ratio) / ratio)
        pixmap = _pixmap(formula.svg, color.rgba(), area.width(), area.height(), ratio)
        painter.drawPixmap(top_left, pixmap)


def _box_of(text_format: QTextFormat) -> _Box | None:
    fields: Any = text_format.property(_BOX)
    return _Box(*fields) if fields else None


def _drawing_format(
    formula: Formula, source: str, char_format: QTextCharFormat, available_width: float
) -> QTextCharFormat:
    """Return the format of a formula's character, given the format of its source."""
    font = char_format.font()
    metrics = QFontMetrics(font)
    em = QFontInfo(font).pixelSize() * _MATH_SCALE
    # With AlignBaseline, the lower edge of the object is at the font's descent.
    is_deep = formula.depth * em > metrics.descent()
    # Qt positions letters in 1/64 pixel, so each letter of the hidden source takes that much.
    em *= min(1.0, (available_width - len(source) / 64) / (formula.width * em))
    ascent, depth = formula.ascent * em, formula.depth * em
    if is_deep:
        # Qt centers an object with AlignMiddle a quarter of the x-height above the baseline.
        half_x = metrics.xHeight() / 2
        height = max(2 * ascent - half_x, 2 * depth + half_x)
        box = _Box(formula.width * em, height, (height + half_x) / 2, em)
    else:
        baseline = max(0.0, ascent)  # a formula below the baseline has a negative ascent
        box = _Box(formula.width * em, baseline + metrics.descent(), baseline, em)
    alignment = QTextCharFormat.VerticalAlignment
    drawing = QTextCharFormat(char_format)
    drawing.setObjectType(_FORMULA_OBJECT)
    drawing.setProperty(_BOX, [*map(float, box)])
    drawing.setProperty(_SOURCE, source)
    drawing.setVerticalAlignment(alignment.AlignMiddle if is_deep else alignment.AlignBaseline)
    return drawing


def _renderer(svg: str, rgba: int) -> QSvgRenderer:
    # Imported here, because most conversations have no formula.
    from PySide6.QtSvg import QSvgRenderer

    color = QColor.fromRgba(rgba).name()
    if "stroke" not in svg:  # otherwise Qt outlines each letter in a PDF
        svg = svg.replace("<svg", '<svg stroke="none" stroke-width="0"', 1)
    return QSvgRenderer(QByteArray(svg.replace('"black"', f'"{color}"').encode()))


@lru_cache(maxsize=256)
def _pixmap(svg: str, rgba: int, width: float, height: float, ratio: float) -> QPixmap:
    pixmap = QPixmap(max(1, round((width + 2) * ratio)), max(1, round((height + 2) * ratio)))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    with QPainter(pixmap) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        _renderer(svg, rgba).render(painter, QRectF(0, 0, width, height))
    return pixmap
