"""Shows formulas as drawings once they are typeset, and as source until then.

In the document, a formula is one character for the drawing, followed by its TeX. So searches and
screen readers find the source, and both states have the same length. Until the formula is typeset,
or if it cannot be, the first character is invisible. The source is in italics, as the document
writer inserted it. Once the formula is drawn, the character is an inline object, and the source
takes no space.

Qt passes all characters to a screen reader, even U+FFFC, which stands for a drawing. eSpeak ignores
such characters, but Liblouis spells out each of them in eight braille cells. So the source of a
drawn formula is followed by U+200B, the only zero-width character that Liblouis shows as a blank.
"""

from __future__ import annotations

import time
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from PySide6.QtCore import QByteArray, QObject, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QColor,
    QFontInfo,
    QFontMetrics,
    QPainter,
    QPixmap,
    QPyTextObject,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
)

from desktop_app.markdown.block_model import FORMULA_END, FORMULA_START, LINE_BREAK
from desktop_app.transcript.layout.full_layout import finish_layout
from desktop_app.transcript.layout.text_ranges import selected_range
from desktop_app.transcript.media.hidden_text import hidden_format
from desktop_app.transcript.transcript_styles import COLUMNS, DISPLAY_MATH, FORMULA
from desktop_app.widgets.text.utf16 import utf16_length, utf16_slice

if TYPE_CHECKING:
    from PySide6.QtCore import QRect
    from PySide6.QtGui import QTextDocument, QTextTable
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

_SHORT_RANGE: Final = 2000
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


class FormulaDrawer:
    """The drawn formulas of a document."""

    def __init__(self, document: QTextDocument, *, keeps_source: bool = True) -> None:
        """Watch a document. Without `keeps_source`, remove the source of drawn formulas."""
        self._document = document
        self._keeps_source = keeps_source
        self._typesetter: FormulaFinder | None = None
        self._handler = _FormulaHandler(self, document)
        document.documentLayout().registerHandler(FORMULA_OBJECT, self._handler)
        self._is_drawing = False
        self._changed_range: tuple[int, int] | None = None
        self._next_position = 0  # `draw_for` continues here
        # By position; valid for the revision and the width in `_boxes_state`.
        self._boxes: dict[int, FormulaBox] = {}
        self._boxes_state = (-1, 0.0)
        document.contentsChange.connect(self._record_change)
        document.contentsChanged.connect(self._show_changed)

    def set_typesetter(self, typesetter: FormulaFinder) -> None:
        """Set the typesetter. Without it, formulas stay source text."""
        self._typesetter = typesetter

    def forget(self) -> None:
        """Drop pending requests, because another conversation is shown."""
        if self._typesetter is not None:
            self._typesetter.forget()

    def find(self, text_format: QTextFormat) -> Formula | None:
        """Return the formula for a character format with TeX; None if it is not typeset."""
        if self._typesetter is None:
            return None
        tex = str(text_format.property(_TEX)).replace(LINE_BREAK, "\n")
        is_display = text_format.intProperty(FORMULA) == DISPLAY_MATH
        return self._typesetter.find(tex, display=is_display)

    def _record_change(self, start: int, removed: int, added: int) -> None:
        """Record the range that an edit wrote. Qt calls this within the edit: change no text."""
        if added:
            self._changed_range = (start, start + added)
        if start < self._next_position:
            self._next_position = max(start, self._next_position + added - removed)

    def _show_changed(self) -> None:
        """Draw the formulas of the last edit before they are painted."""
        changed_range = self._changed_range
        self._changed_range = None
        if changed_range is not None:
            self.draw(*changed_range)

    def restart(self) -> None:
        """Let `draw_for` start at the beginning, because formulas have been typeset."""
        self._next_position = 0

    def draw_for(self, seconds: float) -> bool:
        """Draw typeset formulas for about `seconds`. Return True if the end was reached.

        Draw the formulas of a few paragraphs at a time, because an edit lays out everything from
        its first to its last formula.
        """
        until = time.perf_counter() + seconds
        match = self._document.find(FORMULA_START, self._next_position)
        while not match.isNull():
            start = match.selectionStart()
            last = self._document.findBlock(start + _SHORT_RANGE)
            if not last.isValid():  # beyond the end of the document
                last = self._document.lastBlock()
            self._next_position = last.position() + last.length()
            self.draw(start, self._next_position)  # an edit may move `_next_position`
            match = self._document.find(FORMULA_START, self._next_position)
            if time.perf_counter() > until:
                break
        return match.isNull()

    def draw(self, start: int, end: int) -> None:
        """Draw the typeset formulas in a range, and request the others."""
        if self._typesetter is None or self._is_drawing:
            return
        if not self._has_formulas(start, end):
            return
        self._is_drawing = True
        finish_layout(self._document)
        edit = QTextCursor(self._document)
        edit.beginEditBlock()  # lays out a paragraph once, not once per formula
        self._draw_range(start, end)
        edit.endEditBlock()
        self._is_drawing = False

    def _has_formulas(self, start: int, end: int) -> bool:
        """Return True if a paragraph of the range, or one below a long range, has a formula.

        After a short edit, this avoids a search of the rest of the document.
        """
        if end - start > _SHORT_RANGE:
            return not self._document.find(FORMULA_START, start).isNull()
        block = self._document.findBlock(start)
        while block.isValid() and block.position() < end:
            if FORMULA_START in block.text():
                return True
            block = block.next()
        return False

    def _draw_range(self, start: int, end: int) -> None:
        match = self._document.find(FORMULA_START, start)
        while not match.isNull() and match.selectionStart() < end:
            char_format = match.charFormat()
            start = match.selectionStart()
            if char_format.hasProperty(FORMULA) and (source := _source_at(match)):
                char_format.setProperty(_TEX, source)
                formula = self.find(char_format)
                if formula is not None:
                    length = utf16_length(source) + 2  # with FORMULA_START and FORMULA_END
                    selected = selected_range(self._document, start, start + length)
                    self._draw(selected, formula, char_format, source)
            match = self._document.find(FORMULA_START, start + 1)

    def _draw(
        self, cursor: QTextCursor, formula: Formula, char_format: QTextCharFormat, source: str
    ) -> None:
        """Replace the selected source with a drawing, and hidden text if the source is kept."""
        source_text = source.replace(LINE_BREAK, " ") + BLANK
        cursor.insertText(DRAWN, drawing_format(char_format, source, formula))
        if self._keeps_source:
            cursor.insertText(source_text, hidden_format(char_format, source_text))

    # ------------------------------------------------------------------ measures

    def box(self, position: int, text_format: QTextFormat) -> FormulaBox | None:
        """Return the size of a formula, shrunk to fit its column, or None if it is not typeset.

        Sizes are cached, because Qt asks for each size four times while it paints.
        """
        document = self._document
        state = (document.revision(), document.textWidth())
        if state != self._boxes_state:
            self._boxes = {}
            self._boxes_state = state
        box = self._boxes.get(position)
        if box is None:
            formula = self.find(text_format)
            if formula is None:
                return None
            box = self._measure(formula, position, text_format.toCharFormat())
            self._boxes[position] = box
        return box

    def _measure(self, formula: Formula, position: int, char_format: QTextCharFormat) -> FormulaBox:
        return formula_box(formula, char_format, self._available_width(position, char_format))

    def _available_width(self, position: int, char_format: QTextCharFormat) -> float:
        width = self._document.textWidth()
        columns = char_format.intProperty(COLUMNS)
        if columns:
            return cell_width(width, columns)
        block = self._document.findBlock(position)
        table: QTextTable | None = QTextCursor(block).currentTable()
        if table is not None:
            return cell_width(width, table.columns())
        block_format = block.blockFormat()
        indent = block_format.indent() * self._document.indentWidth()
        margins = block_format.leftMargin() + block_format.rightMargin()
        return max(MIN_COLUMN_PX, width - indent - margins - 2)


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


class _FormulaHandler(QPyTextObject):
    """The handler that Qt calls to measure and draw a formula."""

    def __init__(self, formulas: FormulaDrawer, parent: QObject) -> None:
        super().__init__(parent)
        self._formulas = formulas

    def intrinsicSize(
        self, _document: QTextDocument, position: int, text_format: QTextFormat
    ) -> QSizeF:
        box = self._formulas.box(position, text_format)
        return QSizeF(0, 0) if box is None else QSizeF(box.width, box.height)

    def drawObject(
        self,
        painter: QPainter,
        rect: QRectF | QRect,
        _document: QTextDocument,
        position: int,
        text_format: QTextFormat,
    ) -> None:
        formula = self._formulas.find(text_format)
        box = self._formulas.box(position, text_format)
        if formula is not None and box is not None:
            paint_formula(painter, rect, text_format, formula, box)


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


def _source_at(opening: QTextCursor) -> str:
    """Return the TeX after a selected FORMULA_START; "" if it is empty or ends in another block."""
    block = opening.block()
    text = utf16_slice(block.text(), opening.selectionEnd() - block.position())
    end = text.find(FORMULA_END)
    if end <= 0:  # not found, or no TeX before it
        return ""
    return text[:end]


def with_drawing(match: QTextCursor) -> QTextCursor:
    """Return the range to highlight for a match.

    If the match is in the source of a drawn formula, the range includes the drawing.
    """
    document = match.document()
    begin = match.block().position()
    cursor = selected_range(document, begin, match.selectionStart())
    text_before, drawing, source = cursor.selectedText().rpartition(DRAWN)
    if not drawing:
        return match
    drawing_start = begin + utf16_length(text_before)
    cursor.setPosition(drawing_start + 1)
    char_format = cursor.charFormat()  # of the drawing, which is before the cursor
    if char_format.objectType() != FORMULA_OBJECT:
        return match  # the match follows an image
    if len(source) > len(char_format.property(_TEX)):
        return match  # the match follows the whole source of the formula
    return selected_range(document, drawing_start, match.selectionEnd())


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
