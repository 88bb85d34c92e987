"""Text formats for paper: the colors of the light theme, and sizes in points."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontMetricsF,
    QTextBlockFormat,
    QTextCharFormat,
    QTextFrameFormat,
    QTextLength,
    QTextOption,
    QTextTableCellFormat,
    QTextTableFormat,
)

from desktop_app.markdown.block_model import (
    Block,
    Kind,
    Run,
    depths_of_quotes,
    has_gap_between,
    is_read_from_right,
)
from desktop_app.transcript.transcript_styles import (
    DISPLAY_MATH,
    FORMULA,
    INLINE_MATH,
    direction_in_list,
    set_element,
    tab_after_marker,
)
from desktop_app.widgets.look.theme import Theme

# Sizes in points.
TEXT_SIZE: Final = 10.0
NOTE_SIZE: Final = 8.0
CODE_SIZE: Final = 8.5
TITLE_SIZE: Final = 17.0
HEADING_SIZES: Final = (15.0, 13.0, 11.5, 10.5, 10.0, 10.0)
INDENT: Final = 18.0
FRAME_PADDING: Final = 8.0
QUOTE_BAR: Final = 2.0
"""Width of the bar beside a quote."""
QUOTE_GAP: Final = 12.0
"""Extra space between quotes."""
_CELL_PADDING: Final = 5.0
HIDDEN_SIZE: Final = 0.1
"""Size of invisible text, which makes drawings searchable and accessible."""

_MAX_LEVELS: Final = 12
"""Deeper lists and quotes are not indented further, because the page would have no room left."""
_TEXT_KINDS: Final = (Kind.PARAGRAPH, Kind.MATH)
_TAB_STOPS: Final = range(1, 10)
"""Tab stops after a marker, in multiples of INDENT.

The text after a marker that is wider than INDENT, such as a footnote's name, begins at the next
stop. How many there are is arbitrary.
"""

_PROPORTIONAL: Final = QTextBlockFormat.LineHeightTypes.ProportionalHeight.value


class PrintStyles:
    """Formats for paper; `pixels_per_point` is the resolution of the device."""

    def __init__(self, theme: Theme, pixels_per_point: float) -> None:
        self.theme = theme
        self.pixels_per_point = pixels_per_point
        self._char_formats: dict[tuple[object, ...], QTextCharFormat] = {}

    def font(self, points: float, *, mono: bool = False) -> QFont:
        """Return the font of this size in points.

        Its size is set in device pixels, because spacing and drawings use these too.
        """
        font = QFont(self.theme.code_font if mono else self.theme.base_font)
        font.setPixelSize(max(1, round(points * self.pixels_per_point)))
        return font

    # ------------------------------------------------------------------ characters

    def plain_format(
        self, points: float, color: QColor, *, mono: bool = False, bold: bool = False
    ) -> QTextCharFormat:
        key = (points, color.name(), mono, bold)
        char_format = self._char_formats.get(key)
        if char_format is None:
            char_format = self._char_formats[key] = QTextCharFormat()
            font = self.font(points, mono=mono)
            # Qt makes a weight that the font lacks, as Chinese and Japanese fonts do, from Bold on.
            font.setWeight(QFont.Weight.Bold if bold else QFont.Weight.Normal)
            char_format.setFont(font)
            char_format.setForeground(color)
        return char_format

    def run_format(
        self, run: Run, kind: Kind, level: int = 0, *, is_head: bool = False, is_quiet: bool = False
    ) -> QTextCharFormat:
        """Return the format of a run of Markdown.

        Args:
            kind: that of the block with the run.
            level: that of a heading.
            is_head: the run is in the header of a table.
            is_quiet: the run is dim, as in a quote.
        """
        key = (kind, level, is_head, is_quiet, *run[1:])  # all of the run except its text
        char_format = self._char_formats.get(key)
        if char_format is None:
            char_format = self._make_run_format(run, kind, level, is_head)
            if is_quiet:
                char_format.setForeground(self.theme.dim)
            # The key contains the target of a link, so each link would add an entry.
            if not run.link:
                self._char_formats[key] = char_format
        return char_format

    def _make_run_format(self, run: Run, kind: Kind, level: int, is_head: bool) -> QTextCharFormat:
        theme = self.theme
        points = HEADING_SIZES[level - 1] if kind is Kind.HEADING else TEXT_SIZE
        mono = run.code or run.element == "kbd" or kind is Kind.CODE
        color = theme.dim if is_head else theme.text
        char_format = QTextCharFormat(
            self.plain_format(CODE_SIZE if mono else points, color, mono=mono)
        )
        if run.bold or is_head or kind is Kind.HEADING:
            char_format.setFontWeight(QFont.Weight.Bold)
        if run.code or run.element == "kbd":
            char_format.setBackground(theme.code_ground)
        char_format.setFontItalic(run.italic or run.math)
        char_format.setFontStrikeOut(run.strike)
        if run.math:
            char_format.setProperty(FORMULA, DISPLAY_MATH if kind is Kind.MATH else INLINE_MATH)
        set_element(char_format, run.element, theme)
        if run.note:
            char_format.setVerticalAlignment(QTextCharFormat.VerticalAlignment.AlignSuperScript)
        return char_format

    def link_format(
        self, char_format: QTextCharFormat, target: str, *, is_underlined: bool = True
    ) -> QTextCharFormat:
        """Return a copy of the format that links to `target`."""
        result = QTextCharFormat(char_format)
        result.setAnchor(True)
        result.setAnchorHref(target)
        result.setForeground(self.theme.accent)
        result.setFontUnderline(is_underlined)
        return result

    # ------------------------------------------------------------------ blocks

    def paragraph_format(self, top: float, *, line_height: float = 1.35) -> QTextBlockFormat:
        """Return the format of a block; `top` is the margin above it in points."""
        block_format = QTextBlockFormat()
        block_format.setTopMargin(top * self.pixels_per_point)
        block_format.setLineHeight(line_height * 100, _PROPORTIONAL)
        return block_format

    def block_format(self, block: Block, above: Block | None) -> QTextBlockFormat:
        """Return the format of a Markdown block, given the block above it."""
        if block.kind is Kind.HEADING:
            block_format = self.paragraph_format(12.0, line_height=1.2)
        else:
            block_format = self.paragraph_format(3.0 if _is_tight(above, block) else 6.0)
        quotes, lists = _indented_levels(block)
        if begins_at_right(block):
            block_format.setRightMargin(INDENT * quotes * self.pixels_per_point)
        else:
            block_format.setLeftMargin(INDENT * quotes * self.pixels_per_point)
        block_format.setLayoutDirection(direction_in_list(block))
        block_format.setIndent(lists)  # Qt indents at the side where the text begins
        if block.marker:
            block_format.setTextIndent(-INDENT * self.pixels_per_point)
            positions = [INDENT * number * self.pixels_per_point for number in _TAB_STOPS]
            block_format.setTabPositions(
                [QTextOption.Tab(position, tab_after_marker(block)) for position in positions]
            )
        return block_format

    def inset(self, block: Block) -> float:
        """Return the indentation of a block in pixels."""
        return INDENT * sum(_indented_levels(block)) * self.pixels_per_point

    def quote_insets(self, block: Block) -> list[float]:
        """Return the distance of each quote's bar from the edge of the page, in pixels.

        A quote that is nested too deep to be indented (see _MAX_LEVELS) has no bar, because the
        bar would be drawn over the text.
        """
        block_level = sum(_indented_levels(block))
        insets = []
        for outer_quotes, outer_lists in enumerate(depths_of_quotes(block)):
            bar_level = outer_quotes + outer_lists
            if bar_level < block_level:
                insets.append(INDENT * bar_level * self.pixels_per_point)
        return insets

    def empty_block_format(self) -> QTextBlockFormat:
        """Return the format of a block that is one pixel high."""
        return self.spacer_format(1)

    def spacer_format(self, pixels: float) -> QTextBlockFormat:
        """Return the format of a spacer block, needed below frames, where Qt drops top margins."""
        block_format = QTextBlockFormat()
        block_format.setLineHeight(pixels, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        return block_format

    # ------------------------------------------------------------------ frames and tables

    def frame_format(self, color: QColor, top: float, left: float = 0.0) -> QTextFrameFormat:
        """Return the format of a frame.

        Args:
            top: the margin above it in points.
            left: the margin before it in pixels, as `inset` returns it.
        """
        frame_format = QTextFrameFormat()
        frame_format.setBackground(color)
        frame_format.setPadding(FRAME_PADDING * self.pixels_per_point)
        frame_format.setTopMargin(top * self.pixels_per_point)
        # Qt drops the top margin of a block below a frame.
        frame_format.setBottomMargin(6 * self.pixels_per_point)
        frame_format.setLeftMargin(left)
        frame_format.setBorder(0)
        return frame_format

    def table_format(self, first_block: Block) -> QTextTableFormat:
        """Return the format of a table whose header repeats on every page.

        Args:
            first_block: the first of the table's blocks, which has its header if there is one.
        """
        table_format = QTextTableFormat()
        table_format.setBorder(0)
        table_format.setCellSpacing(0)
        table_format.setCellPadding(0)
        table_format.setHeaderRowCount(1 if first_block.head else 0)
        table_format.setTopMargin(6 * self.pixels_per_point)
        table_format.setBottomMargin(6 * self.pixels_per_point)
        if first_block.from_right:
            table_format.setAlignment(Qt.AlignmentFlag.AlignRight)
            table_format.setRightMargin(self.inset(first_block))
        else:
            table_format.setLeftMargin(self.inset(first_block))
        table_format.setWidth(QTextLength(QTextLength.Type.VariableLength, 0))
        return table_format

    def cell_width(self, text: str) -> float:
        """Return the width in pixels of a cell with this text, in the bold font of headers."""
        font = self.font(TEXT_SIZE)
        font.setWeight(QFont.Weight.Bold)
        return (
            QFontMetricsF(font).horizontalAdvance(text) + 2 * _CELL_PADDING * self.pixels_per_point
        )

    def cell_format(self) -> QTextTableCellFormat:
        """Return the format of a cell with a hairline below."""
        cell_format = QTextTableCellFormat()
        cell_format.setBottomBorder(0.5 * self.pixels_per_point)
        cell_format.setBottomBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
        cell_format.setBottomBorderBrush(QBrush(self.theme.line))
        cell_format.setTopPadding(3 * self.pixels_per_point)
        cell_format.setBottomPadding(3 * self.pixels_per_point)
        cell_format.setLeftPadding(_CELL_PADDING * self.pixels_per_point)
        cell_format.setRightPadding(_CELL_PADDING * self.pixels_per_point)
        return cell_format


def begins_at_right(block: Block) -> bool:
    """Return True if a text or table is read from right to left."""
    return block.from_right or is_read_from_right(block)


def _indented_levels(block: Block) -> tuple[int, int]:
    """Return the number of quotes and the number of lists by which a block is indented."""
    quotes = min(block.quote, _MAX_LEVELS)
    return quotes, min(block.depth, _MAX_LEVELS - quotes)


def _is_tight(above: Block | None, block: Block) -> bool:
    """Return True if both blocks are texts of the same tight list."""
    if above is None or not above.depth or not block.depth or above.quote != block.quote:
        return False
    return (
        above.kind in _TEXT_KINDS
        and block.kind in _TEXT_KINDS
        and not has_gap_between(above, block)
    )
