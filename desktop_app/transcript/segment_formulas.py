"""Draws the formulas of segments. A segment with a formula that is not typeset is written again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QRectF, QSizeF, Signal
from PySide6.QtGui import QPyTextObject, QTextCharFormat

from desktop_app.markdown.block_model import LINE_BREAK, Run, source_text
from desktop_app.transcript.media.drawn_formulas import (
    BLANK,
    DRAWN,
    FORMULA_OBJECT,
    MIN_COLUMN_PX,
    FormulaBox,
    FormulaFinder,
    cell_width,
    drawing_format,
    formula_box,
    paint_formula,
)
from desktop_app.transcript.media.hidden_text import hidden_format
from desktop_app.transcript.transcript_styles import COLUMNS, DISPLAY_MATH, FORMULA

if TYPE_CHECKING:
    from PySide6.QtCore import QRect
    from PySide6.QtGui import QPainter, QTextCursor, QTextDocument, QTextFormat

    from desktop_app.markdown.processes.math_typesetting import Formula
    from desktop_app.transcript.media.typesetter import Typesetter

_BOX: Final = COLUMNS + 10
"""User property of a drawing's character format: the fields of its `FormulaBox`."""
_SOURCE: Final = COLUMNS + 11
"""User property of a drawing's character format: the TeX."""


class SegmentFormulas(QPyTextObject):
    """The formulas of one view, which Qt measures and draws by this object.

    A formula is one character for the drawing, followed by its TeX, which takes no space. So
    searches and copies find the source, and both states have the same length.

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
        typesetter.formulas_settled.connect(self.typeset)
        self.typeset.emit()

    def forget(self) -> None:
        """Drop pending requests, because another conversation is shown."""
        if self._typesetter is not None:
            self._typesetter.forget()

    def register(self, document: QTextDocument) -> None:
        """Draw the formulas of a document."""
        document.documentLayout().registerHandler(FORMULA_OBJECT, self)

    def insert(
        self, cursor: QTextCursor, run: Run, char_format: QTextCharFormat, width: float
    ) -> bool:
        """Insert a formula as a drawing, or as source if it is not typeset. Return True if drawn.

        `width` is that of the text around it, or the negative number of a table's columns.
        """
        source = source_text(run)
        formula = self._find(source, char_format) if source else None
        if formula is None:
            cursor.insertText(run.text, char_format)
            return False
        drawing = drawing_format(char_format, source.replace("\n", LINE_BREAK), formula)
        columns = char_format.intProperty(COLUMNS)
        available = cell_width(width, columns) if columns else max(MIN_COLUMN_PX, width - 2)
        drawing.setProperty(_BOX, [*formula_box(formula, drawing, available)])
        drawing.setProperty(_SOURCE, source)
        words = source.replace(LINE_BREAK, " ").replace("\n", " ") + BLANK
        cursor.insertText(DRAWN, drawing)
        if self._keeps_source:
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
        if formula is not None and box is not None:
            paint_formula(painter, rect, text_format, formula, box)


def _box_of(text_format: QTextFormat) -> FormulaBox | None:
    fields: Any = text_format.property(_BOX)
    return FormulaBox(*fields) if fields else None
