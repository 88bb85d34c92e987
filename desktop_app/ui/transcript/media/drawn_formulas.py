"""Formulas in the document: a drawing once they are typeset, their source until then.

In the document a formula is one character, the drawing's, and behind it its TeX, so that what
searches or reads out the document finds the source, and each of both states has the same length.
Until the formula is typeset, and for good where it cannot be, the one character is invisible and the
source stands in italics, as whoever writes the document's blocks has written them; then the character
is an object and the source takes no room.

Qt hands all of these characters to a screen reader. It draws no object but at U+FFFC, and puts U+FDD0
and U+FDD1 around the cells of its own tables; eSpeak says neither these nor U+2061 to U+2063. Liblouis
spells each of them out in braille, eight cells long; so behind the source of a formula that is drawn
stands the one character without a width that is a blank there.
"""

from __future__ import annotations

import sys
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

from desktop_app.rendering.block_model import FORMULA_BEGINS, FORMULA_ENDS, LINE_BREAK
from desktop_app.ui.transcript.document.run_changes import units
from desktop_app.ui.transcript.layout.full_layout import finish_layout
from desktop_app.ui.transcript.media.hidden_text import hidden
from desktop_app.ui.transcript.transcript_styles import COLUMNS, FORMULA

if TYPE_CHECKING:
    from PySide6.QtCore import QRect
    from PySide6.QtGui import QTextDocument, QTextTable
    from PySide6.QtSvg import QSvgRenderer

    from desktop_app.rendering.processes.math_typesetting import Formula

DRAWN: Final = "\ufffc"
_BLANK: Final = "\u200b"
_OBJECT_TYPE: Final = int(QTextFormat.ObjectTypes.UserObject) + 1
_TEX: Final = COLUMNS + 1
_EM, _DESCENT, _X_HEIGHT = _TEX + 1, _TEX + 2, _TEX + 3
"""Pixels of the font around a drawing: Qt asks for its size again and again."""

# Where Qt's text layout says in which colour it selects an object (qtextlayout.cpp,
# ObjectSelectionBrush).
_SELECTED_IN: Final = int(QTextFormat.Property.ForegroundBrush) + 1

# The font of the formulas looks smaller than that of the text at the same size.
_LARGER: Final = 1.12

_LITTLE: Final = 2000
"""Characters of which the paragraphs are looked at one by one."""


class _Box(NamedTuple):
    """A formula's place in a line, in pixels: `baseline` is measured from the box's top."""

    width: float
    height: float
    baseline: float
    scale: float
    em: float


class FindsFormulas(Protocol):
    """Whoever typesets."""

    def find(self, tex: str, *, display: bool) -> Formula | None:
        """The formula, if it is known; one that is not may be asked for."""

    def forget(self) -> None:
        """Those that were asked for are no longer wanted."""


class Formulas:
    """Draws the formulas of one document; on paper, where nobody asks the document for it, without
    their source behind them."""

    def __init__(self, document: QTextDocument, *, keeps_source: bool = True) -> None:
        self._document = document
        self._keeps_source = keeps_source
        self._typesetter: FindsFormulas | None = None
        self._drawing = _Drawing(self, document)
        document.documentLayout().registerHandler(_OBJECT_TYPE, self._drawing)
        self._is_drawing = False
        self._changed: tuple[int, int] | None = None
        self._next = 0
        self._boxes: dict[int, _Box] = {}
        self._boxes_of = (-1, 0.0)
        document.contentsChange.connect(self._note)
        document.contentsChanged.connect(self._show_changed)

    def typeset_with(self, typesetter: FindsFormulas) -> None:
        """Who typesets; without anybody the source stays."""
        self._typesetter = typesetter

    def forget(self) -> None:
        """Another conversation is shown."""
        if self._typesetter is not None:
            self._typesetter.forget()

    def find(self, made: QTextFormat) -> Formula | None:
        """What is drawn for a character format of ours, if it is known."""
        if self._typesetter is None:
            return None
        tex = str(made.property(_TEX)).replace(LINE_BREAK, "\n")
        return self._typesetter.find(tex, display=made.intProperty(FORMULA) == 2)

    def _note(self, start: int, removed: int, added: int) -> None:
        """Something has been written: an edit is going on, in which nothing may be changed."""
        if added:
            self._changed = (start, start + added)
        if start < self._next:
            self._next = max(start, self._next + added - removed)

    def _show_changed(self) -> None:
        """The edit is done. What it wrote is drawn before it is painted."""
        changed, self._changed = self._changed, None
        if changed is not None:
            self.show(*changed)

    def look_again(self) -> None:
        """Formulas have become known: `show_for` is to begin at the beginning."""
        self._next = 0

    def show_for(self, seconds: float) -> bool:
        """Draw what is typeset by now, some paragraphs after the others, for about so long; whether the
        end was reached. (What an edit is about is laid out again from its first formula to its last.)"""
        until = time.perf_counter() + seconds
        found = self._document.find(FORMULA_BEGINS, self._next)
        while not found.isNull():
            start = found.selectionStart()
            last = self._document.findBlock(start + _LITTLE)
            last = last if last.isValid() else self._document.lastBlock()
            self._next = last.position() + last.length()
            self.show(start, self._next)
            found = self._document.find(FORMULA_BEGINS, self._next)
            if time.perf_counter() > until:
                break
        return found.isNull()

    def show(self, start: int = 0, end: int = sys.maxsize) -> None:
        """Draw what is written there as source and typeset already; ask for what is not."""
        if self._typesetter is None or self._is_drawing:
            return
        if not self._are_any(start, end):
            return
        self._is_drawing = True
        finish_layout(self._document)
        edit = QTextCursor(self._document)
        edit.beginEditBlock()  # one edit: the paragraph is laid out once, not for each formula
        self._show(start, end)
        edit.endEditBlock()
        self._is_drawing = False

    def _are_any(self, start: int, end: int) -> bool:
        """Whether any formulas begin there, or below where that is sooner found out: an edit of a few
        words is not to be followed by a look at all that is below them."""
        if end - start > _LITTLE:
            return not self._document.find(FORMULA_BEGINS, start).isNull()
        block = self._document.findBlock(start)
        while block.isValid() and block.position() < end:
            if FORMULA_BEGINS in block.text():
                return True
            block = block.next()
        return False

    def _show(self, start: int, end: int) -> None:
        found = self._document.find(FORMULA_BEGINS, start)
        while not found.isNull() and found.selectionStart() < end:
            made, start = found.charFormat(), found.selectionStart()
            if made.hasProperty(FORMULA) and (source := _source_at(found)):
                made.setProperty(_TEX, source)
                formula = self.find(made)
                if formula is not None:
                    found.setPosition(start)
                    found.setPosition(start + units(source) + 2, QTextCursor.MoveMode.KeepAnchor)
                    self._draw(found, formula, made, source)
            found = self._document.find(FORMULA_BEGINS, start + 1)

    def _draw(
        self, cursor: QTextCursor, formula: Formula, made: QTextCharFormat, source: str
    ) -> None:
        """Put a drawing and what is hidden in the place of what is selected, which is as long."""
        style = QTextCharFormat(made)
        style.setObjectType(_OBJECT_TYPE)
        alignment = QTextCharFormat.VerticalAlignment
        font = made.font()
        em, metrics = QFontInfo(font).pixelSize() * _LARGER, QFontMetrics(font)
        for key, pixels in (
            (_EM, em),
            (_DESCENT, metrics.descent()),
            (_X_HEIGHT, metrics.xHeight()),
        ):
            style.setProperty(key, float(pixels))
        low = formula.depth * em > metrics.descent()
        style.setVerticalAlignment(alignment.AlignMiddle if low else alignment.AlignBaseline)
        source_text = source.replace(LINE_BREAK, " ") + _BLANK
        cursor.insertText(DRAWN, style)
        if self._keeps_source:
            cursor.insertText(source_text, hidden(made, source_text))

    # ------------------------------------------------------------------ measures

    def box(self, position: int, made: QTextFormat) -> _Box | None:
        """How much room a formula takes, if it is known; one that is wider than its column is drawn
        smaller. Qt asks four times for each with every painting."""
        document = self._document
        as_it_is = (document.revision(), document.textWidth())
        if as_it_is != self._boxes_of:
            self._boxes, self._boxes_of = {}, as_it_is
        found = self._boxes.get(position)
        if found is None and (formula := self.find(made)) is not None:
            found = self._boxes[position] = self._measured(formula, position, made.toCharFormat())
        return found

    def _measured(self, formula: Formula, position: int, made: QTextCharFormat) -> _Box:
        em, descent = made.doubleProperty(_EM), made.doubleProperty(_DESCENT)
        # Letters are placed in 64ths of a pixel: over many, what takes no room takes a little.
        room = self._room(position, made) - len(str(made.property(_TEX))) / 64
        scale = min(1.0, room / (formula.width * em))
        ascent, depth = formula.ascent * em * scale, formula.depth * em * scale
        if made.verticalAlignment() == QTextCharFormat.VerticalAlignment.AlignBaseline:
            height = max(0.0, ascent) + descent
            return _Box(formula.width * em * scale, height, height - descent, scale, em)
        # Qt puts the middle of such an object half an x-height's half above the baseline.
        half_x = made.doubleProperty(_X_HEIGHT) / 2
        height = max(2 * ascent - half_x, 2 * depth + half_x)
        return _Box(formula.width * em * scale, height, (height + half_x) / 2, scale, em)

    def _room(self, position: int, made: QTextCharFormat) -> float:
        width, columns = self._document.textWidth(), made.intProperty(COLUMNS)
        if columns:
            return _room_in_cell(width, columns)
        block = self._document.findBlock(position)
        table: QTextTable | None = QTextCursor(block).currentTable()
        if table is not None:
            return _room_in_cell(width, table.columns())
        around = block.blockFormat()
        indent = around.indent() * self._document.indentWidth()
        return max(40.0, width - indent - around.leftMargin() - around.rightMargin() - 2)


def _room_in_cell(width: float, columns: int) -> float:
    return max(40.0, width / columns - 16)


class _Drawing(QPyTextObject):
    """What Qt asks for the size of a formula and to draw it."""

    def __init__(self, formulas: Formulas, parent: QObject) -> None:
        super().__init__(parent)
        self._formulas = formulas

    def intrinsicSize(self, _document: QTextDocument, position: int, made: QTextFormat) -> QSizeF:
        box = self._formulas.box(position, made)
        return QSizeF(0, 0) if box is None else QSizeF(box.width, box.height)

    def drawObject(
        self,
        painter: QPainter,
        rect: QRectF | QRect,
        _document: QTextDocument,
        position: int,
        made: QTextFormat,
    ) -> None:
        formula, box = self._formulas.find(made), self._formulas.box(position, made)
        if formula is None or box is None:
            return
        style = made.toCharFormat()
        height = (formula.ascent + formula.depth) * box.em * box.scale
        top = rect.top() + box.baseline - formula.ascent * box.em * box.scale
        area = QRectF(rect.left(), top, box.width, height)
        colour = style.foreground().color()
        if made.hasProperty(_SELECTED_IN):
            colour = _set_off(painter, rect, made.brushProperty(_SELECTED_IN).color())
        ratio = painter.device().devicePixelRatio()
        # What is printed is drawn as strokes and areas; what is painted again and again, once.
        if painter.device().logicalDpiX() > 200:
            _renderer(formula.svg, colour.rgba()).render(painter, area)
            return
        place = QPointF(round(area.left() * ratio) / ratio, round(area.top() * ratio) / ratio)
        painter.drawPixmap(
            place, _pixmap(formula.svg, colour.rgba(), area.width(), area.height(), ratio)
        )


def _set_off(painter: QPainter, rect: QRectF | QRect, ground: QColor) -> QColor:
    """Paint behind a formula that is selected or found; the colour to draw it in. Qt lays the colour
    of the selection over both, half transparent: they must differ as far as they can."""
    is_light = ground.lightnessF() > 0.5
    painter.fillRect(rect, Qt.GlobalColor.white if is_light else Qt.GlobalColor.black)
    return QColor(Qt.GlobalColor.black if is_light else Qt.GlobalColor.white)


def _source_at(begins: QTextCursor) -> str:
    """The TeX behind a selected FORMULA_BEGINS; "" where its end is in another block."""
    block = begins.block()
    text = block.text()
    at = begins.selectionEnd() - block.position()
    if not text.isascii():  # positions are UTF-16 units
        text = text.encode("utf-16-le", "replace")[2 * at :].decode("utf-16-le", "replace")
    end = text.find(FORMULA_ENDS)
    return text[:end] if end > 0 else ""


def with_drawing(found: QTextCursor) -> QTextCursor:
    """What is to be marked of a match: in the source of a formula that is drawn, the drawing."""
    begin, keep = found.block().position(), QTextCursor.MoveMode.KeepAnchor
    marked = QTextCursor(found)
    marked.setPosition(begin)
    marked.setPosition(found.selectionStart(), keep)
    before, drawn, source = marked.selectedText().rpartition(DRAWN)
    marked.setPosition(begin + units(before) + 1)
    made = marked.charFormat()
    if not drawn or made.objectType() != _OBJECT_TYPE or len(source) > len(made.property(_TEX)):
        return found  # behind a picture, or behind the formula
    marked.setPosition(begin + units(before))
    marked.setPosition(found.selectionEnd(), keep)
    return marked


@lru_cache(maxsize=256)
def _renderer(svg: str, rgba: int) -> QSvgRenderer:
    # Imported here: most conversations have no formula.
    from PySide6.QtSvg import QSvgRenderer

    colour = QColor.fromRgba(rgba).name()
    if (
        "stroke" not in svg
    ):  # or Qt puts an outline around each letter in a PDF, where no pen is one
        svg = svg.replace("<svg", '<svg stroke="none" stroke-width="0"', 1)
    return QSvgRenderer(QByteArray(svg.replace('"black"', f'"{colour}"').encode()))


@lru_cache(maxsize=256)
def _pixmap(svg: str, rgba: int, width: float, height: float, ratio: float) -> QPixmap:
    made = QPixmap(max(1, round((width + 2) * ratio)), max(1, round((height + 2) * ratio)))
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _renderer(svg, rgba).render(painter, QRectF(0, 0, width, height))
    painter.end()
    return made
