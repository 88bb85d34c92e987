"""Computes the column widths of tables and checks if a row fits into one line."""

from __future__ import annotations

import re
from itertools import accumulate, islice, pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtGui import QFontMetricsF

from desktop_app.transcript.transcript_styles import CELL_PAD, INDENT, QUOTE, Styles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from desktop_app.markdown.block_model import Block, Run, Runs
    from desktop_app.transcript.layout.table_styles import TableStyles


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
_NEEDS_CELL: Final = re.compile(
    "[\t\u2028\u0590-\u08ff\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufefc]"
)


class _Font(NamedTuple):
    """The metrics of a font, and the width of its widest letter."""

    metrics: QFontMetricsF
    widest_letter: float


class ColumnWidths:
    """A calculator of column widths with the fonts of given styles.

    Attributes:
        width: the document width in pixels.
    """

    def __init__(self, styles: Styles, table_styles: TableStyles, width: float) -> None:
        self._styles = styles
        self._table_styles = table_styles
        self.width = width
        self._fonts: dict[tuple[bool, ...], _Font] = {}
        self._pad = 2 * styles.theme.px(CELL_PAD)
        # A pixel more than the padding, because edges are rounded.
        self._cell_margin = self._pad + 1

    def widths(self, block: Block, *, is_complete: bool) -> tuple[int, ...]:
        """Return the column widths in pixels of a table that begins with this block.

        Without `is_complete`, ignore its last row, to which text may still be added, unless it is
        the only row.
        """
        px = self._styles.theme.px
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
            char_format = self._table_styles.cell_char_format(
                run._replace(link=""), is_head=is_head
            )
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
