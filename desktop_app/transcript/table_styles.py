"""The columns of tables and their text formats.

A table is a QTextTable, or text blocks with tab stops if each row fits into one line. A parameter
`block` is a table, or a part of a long table. Only the first part has the head.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, islice, pairwise
from typing import Final, NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QBrush,
    QFontMetricsF,
    QTextBlockFormat,
    QTextCharFormat,
    QTextFrameFormat,
    QTextLength,
    QTextOption,
    QTextTableCellFormat,
    QTextTableFormat,
)

from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.markdown.block_model import Block, Kind, Run, Runs
from desktop_app.transcript.transcript_styles import CELL_PAD, INDENT, PROPORTIONAL, QUOTE, Styles

# Only the first rows determine the widths, because the rows of a long table arrive late.
FITTED_ROWS: Final = 8

# If a table is wider than its space, its columns are limited to this range. Widths here are in
# pixels at the default text size.
_MIN_COLUMN_WIDTH: Final = 64
_MAX_COLUMN_WIDTH: Final = 320

# If not even the longest words fit, the table is wider than its space and scrolls sideways. Each
# column is then as wide as its longest word, up to `_MAX_COLUMN_WIDTH`, and at least this wide if
# its text is longer.
_MIN_WIDTH_IF_SCROLLED: Final = 130

# One of these is the widest letter of a font, so their width is an upper bound for each letter.
_WIDE_LETTERS: Final = ("W", "M", "@", "%", "m")

# The longest word of a cell is searched among its first words.
_MEASURED_WORDS: Final = 60

# Letters to measure in one call. In a cell of thousands, the first ones already fill a line.
_LETTERS_PER_CALL: Final = 400

# Tab stops support neither right-to-left text nor text that contains a tab.
_NEEDS_CELL: Final = lazy_pattern(
    "[\t\u2028\u0590-\u08ff\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufefc]"
)
_CELL: Final = Block(Kind.TABLE)
_HEAD_CELL: Final = Block(Kind.TABLE, level=1)


class _Font(NamedTuple):
    """The metrics of a font, and the width of its widest letter."""

    metrics: QFontMetricsF
    widest_letter: float


class TableStyles:
    """The columns and formats of tables in the fonts of given styles.

    Attributes:
        width: the document width in pixels.
    """

    def __init__(self, styles: Styles, width: float) -> None:
        self._styles = styles
        self._px = styles.theme.px
        self.width = width
        self._fonts: dict[tuple[bool, ...], _Font] = {}
        self._pad = 2 * self._px(CELL_PAD)
        # A pixel more than the padding, because edges are rounded.
        self._cell_margin = self._pad + 1

    # ------------------------------------------------------------------ formats

    def grid_format(
        self, block: Block, widths: Sequence[int], *, is_reversed: bool
    ) -> QTextTableFormat:
        """Return the format of a QTextTable with columns of these widths in pixels.

        With `is_reversed`, the first column is on the right.
        """
        table_format = QTextTableFormat()
        table_format.setBorder(0)
        table_format.setCellSpacing(0)
        table_format.setCellPadding(0)
        table_format.setHeaderRowCount(1 if block.head else 0)
        table_format.setWidth(QTextLength(QTextLength.Type.FixedLength, sum(widths)))
        constraints = [QTextLength(QTextLength.Type.FixedLength, width) for width in widths]
        left_margin = self._px(QUOTE) * block.quote
        if is_reversed:
            constraints.reverse()  # Qt applies them from the left, even to reversed columns
            table_format.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        else:  # a table that is read from the right is not indented on the left
            left_margin += self._px(INDENT) * block.depth
        table_format.setColumnWidthConstraints(constraints)
        table_format.setLeftMargin(left_margin)
        return table_format

    def row_format(self, block: Block, widths: tuple[int, ...]) -> QTextBlockFormat:
        """Return the block format of a table row that is a text block below another row."""
        pad = self._px(CELL_PAD)
        block_format = QTextBlockFormat()
        # The padding of this row and of the row above: Qt takes the larger of two margins.
        block_format.setTopMargin(2 * pad)
        block_format.setBottomMargin(pad)
        block_format.setLineHeight(100, PROPORTIONAL)
        # The tab stops are counted from the left.
        block_format.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        left_margin = self._px(INDENT) * block.depth + self._px(QUOTE) * block.quote
        block_format.setLeftMargin(left_margin + pad)
        block_format.setTabPositions(_tab_stops(block.aligns, widths, pad))
        block_format.setNonBreakableLines(True)
        return block_format

    def char_format(self, run: Run, *, is_head: bool) -> QTextCharFormat:
        return self._styles.char_format(_HEAD_CELL if is_head else _CELL, run)

    def cell_format(self) -> QTextTableCellFormat:
        """Return the format of a cell with a hairline below.

        Qt also uses it as the character format of the cell's first block.
        """
        cell_format = QTextTableCellFormat()
        cell_format.merge(self._styles.char_format(_CELL, Run("")))
        cell_format.setBottomBorder(1)
        cell_format.setBottomBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
        cell_format.setBottomBorderBrush(QBrush(self._styles.theme.line))
        cell_format.setPadding(self._px(CELL_PAD))
        return cell_format

    # ------------------------------------------------------------------ widths

    def widths(self, block: Block, *, is_complete: bool) -> tuple[int, ...]:
        """Return the column widths in pixels of a table that begins with this block.

        Without `is_complete`, ignore its last row, to which text may still be added, unless it is
        the only row.
        """
        px = self._px
        available = self.width - px(INDENT) * block.depth - px(QUOTE) * block.quote
        rows = block.rows if is_complete or len(block.rows) < 2 else block.rows[:-1]
        columns = max(1, len(block.aligns))
        widths = [float(px(CELL_PAD) * 4)] * columns
        for column, cell, is_head in _cells(block, rows, columns):
            width = self._measure(cell, is_head, max(available, px(_MAX_COLUMN_WIDTH)))
            widths[column] = max(widths[column], width + self._cell_margin)
        if sum(widths) <= available:
            return _fill_width(widths, available)
        longest_words = [0.0] * columns
        for column, cell, is_head in _cells(block, rows, columns):
            word = self._longest_word_width(cell, is_head) + self._cell_margin
            longest_words[column] = max(longest_words[column], word)
        minimum_widths = [min(px(_MAX_COLUMN_WIDTH), word) for word in longest_words]
        if sum(minimum_widths) > available:
            minimums = (min(width, px(_MIN_WIDTH_IF_SCROLLED)) for width in widths)
            return tuple(round(max(pair)) for pair in zip(minimum_widths, minimums, strict=True))
        widths = [min(px(_MAX_COLUMN_WIDTH), max(px(_MIN_COLUMN_WIDTH), width)) for width in widths]
        return _fill_width(_shrink(widths, longest_words, available), available)

    def fits(self, block: Block, widths: tuple[int, ...]) -> bool:
        """Return True if each row takes one line and has only text that tab stops support."""
        return all(
            self._cell_fits(cell, width - self._pad, block.head and number == 0)
            for number, row in enumerate(block.rows)
            for cell, width in zip(row, widths, strict=False)
        )

    def _cell_fits(self, cell: Runs, available: int, is_head: bool) -> bool:
        if not cell:
            return True
        upper_bound = 0.0  # of the width
        for run in cell:
            is_ascii = run.text.isascii()
            # ASCII text needs no search.
            fits_tab_stops = (is_ascii and "\t" not in run.text) or not _NEEDS_CELL.search(run.text)
            if run.math or run.image or not fits_tab_stops:
                return False
            if is_ascii:
                upper_bound += self._font_of(run, is_head).widest_letter * len(run.text)
            else:  # other letters may be wider: measure the cell
                upper_bound += available + 1
        return upper_bound <= available or self._measure(cell, is_head, available) <= available

    def _measure(self, cell: Runs, is_head: bool, limit: float) -> float:
        """Return the width of a cell in one line. Measure no further than `limit`."""
        width = 0.0
        for run in cell:
            metrics = self._font_of(run, is_head).metrics
            for index in range(0, len(run.text), _LETTERS_PER_CALL):
                width += metrics.horizontalAdvance(run.text[index : index + _LETTERS_PER_CALL])
                if width > limit:
                    return width
        return width

    def _longest_word_width(self, cell: Runs, is_head: bool) -> float:
        words = (
            (run, word)
            for run in cell
            for word in run.text.split(maxsplit=_MEASURED_WORDS)[:_MEASURED_WORDS]
        )
        widths = (
            self._font_of(run, is_head).metrics.horizontalAdvance(word)
            for run, word in islice(words, _MEASURED_WORDS)
        )
        return max(widths, default=0.0)

    def _font_of(self, run: Run, is_head: bool) -> _Font:
        key = (run.bold, is_head, run.italic, run.code, run.note)
        font = self._fonts.get(key)
        if font is None:
            char_format = self.char_format(run._replace(link=""), is_head=is_head)
            metrics = QFontMetricsF(char_format.font())
            widest_letter = max(metrics.horizontalAdvance(letter) for letter in _WIDE_LETTERS)
            font = self._fonts[key] = _Font(metrics, widest_letter)
        return font


def _cells(
    block: Block, rows: tuple[tuple[Runs, ...], ...], columns: int
) -> Iterator[tuple[int, Runs, bool]]:
    """Yield the cells that determine the widths as (column, runs, is head)."""
    for number, row in enumerate(rows[:FITTED_ROWS]):
        for column, cell in enumerate(row[:columns]):
            yield column, cell, block.head and number == 0


def _fill_width(widths: list[float], available: float) -> tuple[int, ...]:
    """Scale widths to whole pixels that fill the space."""
    scale = available / sum(widths)
    edges = [0, *(round(edge * scale) for edge in accumulate(widths))]
    return tuple(max(1, right - left) for left, right in pairwise(edges))


def _shrink(widths: list[float], longest_words: list[float], available: float) -> list[float]:
    """Shrink widths to fit into `available`, but not below the longest words.

    If that is impossible, or the widths already fit, return them unchanged.
    """
    minimum_widths = [min(width, word) for width, word in zip(widths, longest_words, strict=True)]
    spare = available - sum(minimum_widths)
    needed = sum(widths) - sum(minimum_widths)
    if not 0 <= spare < needed:
        return widths
    return [
        minimum + spare * (width - minimum) / needed
        for minimum, width in zip(minimum_widths, widths, strict=True)
    ]


def _tab_stops(aligns: tuple[str, ...], widths: tuple[int, ...], pad: int) -> list[QTextOption.Tab]:
    """Return a tab stop for each cell, counted from the text of the first cell.

    A first cell that is aligned left needs no tab stop. A width includes the padding on both sides,
    and the text of the first cell begins after its padding. A right-aligned cell therefore ends at
    `left + width - pad` of the row, which is another `pad` less from the text on.
    """
    stops = []
    left = 0
    for number, (align, width) in enumerate(zip(aligns, widths, strict=False)):
        if align == "right":
            stops.append(QTextOption.Tab(left + width - 2 * pad, QTextOption.TabType.RightTab))
        elif align == "center":
            stops.append(QTextOption.Tab(left + width / 2 - pad, QTextOption.TabType.CenterTab))
        elif number:
            stops.append(QTextOption.Tab(left, QTextOption.TabType.LeftTab))
        left += width
    return stops
