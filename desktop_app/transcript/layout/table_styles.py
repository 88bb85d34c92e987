"""Qt text formats of tables, which are QTextTables, or text blocks with tab stops.

A parameter `block` is a table, or a part of a long table. Only the first part of a table has the
head, so `block.head` also tells that a part is the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QBrush,
    QTextBlockFormat,
    QTextCharFormat,
    QTextFrameFormat,
    QTextLength,
    QTextOption,
    QTextTableCellFormat,
    QTextTableFormat,
)

from desktop_app.markdown.block_model import Block, Kind, Run, Runs
from desktop_app.transcript.transcript_styles import (
    ALIGNMENTS,
    BOLD_HEADING_WEIGHT,
    CELL_PAD,
    DECORATION,
    INDENT,
    OPENED,
    PROPORTIONAL,
    QUOTE,
    QUOTED_AT,
    QUOTES_SHIFT,
    Decoration,
    Styles,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.transcript.message_items import Item

_CELL_ITEM: Final = Block(Kind.TABLE)
# Pixels, at the default text size, between a table's last hairline and the next block.
_GAP_BELOW_TABLE: Final = 10


class TableStyles:
    """The formats of tables, cached, with the fonts and gaps of other styles."""

    def __init__(self, styles: Styles) -> None:
        self._styles = styles
        self._theme = styles.theme
        self._row_formats: dict[tuple[object, ...], QTextBlockFormat] = {}
        self._head_formats: dict[tuple[object, ...], QTextCharFormat] = {}

    def table_format(
        self, block: Block, above: Item | None, widths: Sequence[int], *, is_reversed: bool
    ) -> QTextTableFormat:
        """Return the format of a QTextTable.

        The parts of a long table follow each other without a gap.

        Args:
            block: the table or a part of it.
            above: the item above it.
            widths: the column widths in pixels.
            is_reversed: whether the first column is on the right.
        """
        px = self._theme.px
        table_format = QTextTableFormat()
        table_format.setBorder(0)
        table_format.setCellSpacing(0)
        table_format.setCellPadding(0)
        table_format.setHeaderRowCount(1 if block.head else 0)
        table_format.setWidth(QTextLength(QTextLength.Type.FixedLength, sum(widths)))
        constraints = [QTextLength(QTextLength.Type.FixedLength, width) for width in widths]
        if is_reversed:  # Qt applies them from the left, even to reversed columns
            constraints.reverse()
        table_format.setColumnWidthConstraints(constraints)
        if block.head:
            table_format.setTopMargin(px(self._styles.gap(block, above)))
        else:
            table_format.setTopMargin(0)
        # Qt drops the top margin of a block below a table.
        table_format.setBottomMargin(px(_GAP_BELOW_TABLE))
        left_margin = px(QUOTE) * block.quote
        if not is_reversed:  # a table that is read from the right is not indented on the left
            left_margin += px(INDENT) * block.depth
        table_format.setLeftMargin(left_margin)
        if is_reversed:  # the only way to reverse columns in Qt
            table_format.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        return table_format

    def row_format(
        self, block: Block, row_number: int, above: Item | None, widths: tuple[int, ...]
    ) -> QTextBlockFormat:
        """Return the block format of a table row that is a text block.

        Args:
            block: the table or a part of it.
            row_number: the index of the row in it.
            above: the item above the table part.
            widths: the column widths in pixels.
        """
        is_first = block.head and row_number == 0
        gap = self._styles.gap(block, above) if is_first else 0
        has_code = any(run.code for cell in block.rows[row_number] for run in cell)
        opened_quotes = block.opened if row_number == 0 else 0
        quotes = (block.quote, block.quoted_at, opened_quotes)
        key = ("row", is_first, gap, block.depth, quotes, has_code, block.aligns, widths)
        block_format = self._row_formats.get(key)
        if block_format is None:
            block_format = self._make_row_format(
                block, widths, gap, is_first=is_first, has_code=has_code
            )
            self._row_formats[key] = block_format
        return block_format

    def _make_row_format(
        self, block: Block, widths: tuple[int, ...], gap: int, *, is_first: bool, has_code: bool
    ) -> QTextBlockFormat:
        """Return the format of a row. `gap` is in pixels at the default text size."""
        px = self._theme.px
        pad = px(CELL_PAD)
        block_format = QTextBlockFormat()
        flags = Decoration.ROW
        if has_code:
            flags |= Decoration.INLINE_CODE
        if is_first:
            flags |= Decoration.FIRST
        _set_decoration(block_format, flags, block, is_first=is_first)
        if is_first:
            block_format.setTopMargin(px(gap) + pad)
        else:  # the padding of this row and of the row above: Qt takes the larger of two margins
            block_format.setTopMargin(2 * pad)
        block_format.setBottomMargin(pad)
        block_format.setLineHeight(100, PROPORTIONAL)
        # The tab stops are counted from the left.
        block_format.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        block_format.setLeftMargin(px(INDENT) * block.depth + px(QUOTE) * block.quote + pad)
        block_format.setTabPositions(_tab_stops(block.aligns, widths, pad))
        block_format.setNonBreakableLines(True)
        return block_format

    def cell_char_format(self, run: Run, *, is_head: bool) -> QTextCharFormat:
        """Return the format of a run in a table."""
        if not is_head:
            return self._styles.char_format(_CELL_ITEM, run)
        key = ("head", *run[1:])  # all but the text
        char_format = self._head_formats.get(key)
        if char_format is None:
            char_format = QTextCharFormat(
                self._styles.char_format(_CELL_ITEM, run._replace(bold=True))
            )
            if run.bold:  # bolder than the rest of the head
                char_format.setFontWeight(BOLD_HEADING_WEIGHT)
            # A link keeps its color. Its format is not cached, because no other link has the same.
            if not run.link:
                char_format.setForeground(self._theme.dim)
                self._head_formats[key] = char_format
        return char_format

    def cell_format(self, block: Block) -> QTextTableCellFormat:
        """Return the format of a cell with a hairline below.

        Qt also uses it as the character format of the cell's first block.
        """
        cell_format = QTextTableCellFormat()
        cell_format.merge(self._styles.char_format(block, Run("")))
        cell_format.setBottomBorder(1)
        cell_format.setBottomBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
        cell_format.setBottomBorderBrush(QBrush(self._theme.line))
        cell_format.setPadding(self._theme.px(CELL_PAD))
        return cell_format

    def cell_block_format(
        self, block: Block, align: str, runs: Runs, *, is_first: bool
    ) -> QTextBlockFormat:
        """Return the block format of a cell's paragraph.

        Args:
            block: the table or a part of it.
            align: the alignment of the cell's column.
            runs: the text of the cell.
            is_first: whether the cell is the first of the whole table in Qt's order.
        """
        block_format = QTextBlockFormat()
        flags = 0
        if block.quote:
            flags |= Decoration.CELL
        if any(run.code for run in runs):
            flags |= Decoration.INLINE_CODE
        _set_decoration(block_format, flags, block, is_first=is_first)
        block_format.setAlignment(ALIGNMENTS.get(align, Qt.AlignmentFlag.AlignLeft))
        return block_format


def _set_decoration(
    block_format: QTextBlockFormat, flags: int, block: Block, *, is_first: bool
) -> None:
    """Set the flags and the quotes of a row or a cell on its block format.

    With `is_first`, also set the number of quotes that open there.
    """
    flags |= block.quote << QUOTES_SHIFT
    if flags:  # painting queries the box of each block that has the property
        block_format.setProperty(DECORATION, flags)
    if block.quoted_at:
        block_format.setProperty(QUOTED_AT, list(block.quoted_at))
    if block.opened and is_first:
        block_format.setProperty(OPENED, block.opened)


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
