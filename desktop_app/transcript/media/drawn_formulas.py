"""Measures and paints the drawings of formulas.

A formula in a document is one character for the drawing, followed by its TeX, which takes no space.
So searches and screen readers find the source: see segment_formulas.

Qt passes all characters to a screen reader, even U+FFFC, which stands for a drawing. eSpeak ignores
such characters, but Liblouis spells out each of them in eight braille cells. So the source of a
drawn formula is followed by U+200B, the only zero-width character that Liblouis shows as a blank.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from PySide6.QtCore import QByteArray, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFontInfo,
    QFontMetrics,
    QPainter,
    QPixmap,
    QTextCharFormat,
    QTextFormat,
)

from desktop_app.transcript.transcript_styles import COLUMNS

if TYPE_CHECKING:
    from PySide6.QtCore import QRect
    from PySide6.QtSvg import QSvgRenderer

    from desktop_app.markdown.processes.math_typesetting import Formula

DRAWN: Final = "\ufffc"
BLANK: Final = "\u200b"
FORMULA_OBJECT: Final = int(QTextFormat.ObjectTypes.UserObject) + 1

# User properties of a drawing's character format: the TeX, and the font's metrics in pixels. They
# are stored because Qt asks for sizes repeatedly.
_TEX: Final = COLUMNS + 1
_EM: Final = _TEX + 1
_DESCENT: Final = _TEX + 2
_X_HEIGHT: Final = _TEX + 3

# The property in which Qt passes the selection color (qtextlayout.cpp, ObjectSelectionBrush).
_SELECTION_BRUSH: Final = int(QTextFormat.Property.ForegroundBrush) + 1

# The math font looks smaller than the text font at the same size.
_MATH_SCALE: Final = 1.12

MIN_COLUMN_PX: Final = 40.0
"""Pixels that a formula may take even if its column is narrower."""

_MIN_PRINT_DPI: Final = 200
"""Devices of a higher logical resolution are printers and PDF files."""

"""Ranges of up to this many characters are searched paragraph by paragraph."""


class FormulaBox(NamedTuple):
    """The box of a formula in a line, in pixels.

    Attributes:
        baseline: the distance of the baseline from the top of the box.
        scale: the factor by which the formula is shrunk to fit its column.
        em: the font size of the formula before it is shrunk.
    """

    width: float
    height: float
    baseline: float
    scale: float
    em: float


class FormulaFinder(Protocol):
    """A finder of typeset formulas, such as `Typesetter`."""

    def find(self, tex: str, *, display: bool) -> Formula | None:
        """Return the formula, or None if it is not typeset. It may then be requested."""

    def forget(self) -> None:
        """Drop pending requests."""


def drawing_format(char_format: QTextCharFormat, source: str, formula: Formula) -> QTextCharFormat:
    """Return the format of a formula's character, given the format of its source."""
    font = char_format.font()
    em = QFontInfo(font).pixelSize() * _MATH_SCALE
    metrics = QFontMetrics(font)
    drawing = QTextCharFormat(char_format)
    drawing.setObjectType(FORMULA_OBJECT)
    drawing.setProperty(_TEX, source)
    drawing.setProperty(_EM, float(em))
    drawing.setProperty(_DESCENT, float(metrics.descent()))
    drawing.setProperty(_X_HEIGHT, float(metrics.xHeight()))
    alignment = QTextCharFormat.VerticalAlignment
    # With AlignBaseline, the lower edge of the object is at the font's descent.
    is_deep = formula.depth * em > metrics.descent()
    drawing.setVerticalAlignment(alignment.AlignMiddle if is_deep else alignment.AlignBaseline)
    return drawing


def formula_box(
    formula: Formula, char_format: QTextCharFormat, available_width: float
) -> FormulaBox:
    """Return the box of a formula with a `drawing_format`, shrunk to the available width."""
    em = char_format.doubleProperty(_EM)
    descent = char_format.doubleProperty(_DESCENT)
    # Qt positions letters in 1/64 pixel, so each letter of the hidden source takes that much.
    source_width = len(str(char_format.property(_TEX))) / 64
    scale = min(1.0, (available_width - source_width) / (formula.width * em))
    width = formula.width * em * scale
    ascent = formula.ascent * em * scale
    depth = formula.depth * em * scale
    if char_format.verticalAlignment() == QTextCharFormat.VerticalAlignment.AlignBaseline:
        baseline = max(0.0, ascent)  # a formula below the baseline has a negative ascent
        return FormulaBox(width, baseline + descent, baseline=baseline, scale=scale, em=em)
    # Qt centers an object with AlignMiddle a quarter of the x-height above the baseline.
    half_x = char_format.doubleProperty(_X_HEIGHT) / 2
    height = max(2 * ascent - half_x, 2 * depth + half_x)
    return FormulaBox(width, height, baseline=(height + half_x) / 2, scale=scale, em=em)


def cell_width(width: float, columns: int) -> float:
    return max(MIN_COLUMN_PX, width / columns - 16)


def paint_formula(
    painter: QPainter,
    rect: QRectF | QRect,
    text_format: QTextFormat,
    formula: Formula,
    box: FormulaBox,
) -> None:
    """Paint a formula in the rectangle of its character."""
    height = (formula.ascent + formula.depth) * box.em * box.scale
    top = rect.top() + box.baseline - formula.ascent * box.em * box.scale
    area = QRectF(rect.left(), top, box.width, height)
    color = text_format.toCharFormat().foreground().color()
    if text_format.hasProperty(_SELECTION_BRUSH):
        color = _paint_selection_ground(
            painter, rect, text_format.brushProperty(_SELECTION_BRUSH).color()
        )
    ratio = painter.device().devicePixelRatio()
    # Print vector graphics, but cache a pixmap for the screen, which is repainted often.
    if painter.device().logicalDpiX() > _MIN_PRINT_DPI:
        _renderer(formula.svg, color.rgba()).render(painter, area)
        return
    # At a whole pixel of the device: between two, the pixmap would be blurred.
    top_left = QPointF(round(area.left() * ratio) / ratio, round(area.top() * ratio) / ratio)
    painter.drawPixmap(
        top_left, _pixmap(formula.svg, color.rgba(), area.width(), area.height(), ratio)
    )


def _paint_selection_ground(painter: QPainter, rect: QRectF | QRect, ground: QColor) -> QColor:
    """Paint the background of a selected or found formula. Return the color of the formula.

    Qt paints the half-transparent selection color over both colors, so they are black and white.
    """
    is_light = ground.lightnessF() > 0.5
    painter.fillRect(rect, Qt.GlobalColor.white if is_light else Qt.GlobalColor.black)
    return QColor(Qt.GlobalColor.black if is_light else Qt.GlobalColor.white)


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
