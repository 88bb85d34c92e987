"""Writes tables: as blocks with tab stops, or as a QTextTable if tab stops do not suffice.

A table of many rows is written in parts; each part is an item with some of the rows. If each cell
of a part takes one line, and the first column is on the left, the rows are blocks of the root frame
with tab stops. The painter draws the lines between them. Such a row costs no more than a line of
text. A QTextTable is a frame, which slows every later edit, and each of its cells is a block. Only
cells that wrap, formulas, images, right-to-left text and columns from the right need a QTextTable.
The choice depends only on the part's own rows and the column widths; both forms look the same.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QTextCharFormat, QTextCursor, QTextTable

from desktop_app.markdown.block_model import Block, Run, Runs
from desktop_app.transcript.document.run_changes import common_prefix, replace_text
from desktop_app.transcript.layout.column_widths import ColumnWidths
from desktop_app.transcript.layout.message_layout import MessageLayout, continues_table, is_table
from desktop_app.transcript.layout.table_styles import TableStyles
from desktop_app.transcript.transcript_styles import COLUMNS, Styles

if TYPE_CHECKING:
    from PySide6.QtGui import QTextBlock, QTextBlockFormat, QTextTableCellFormat

    from desktop_app.transcript.message_items import Item

_PLAIN: Final = Run("")[1:]
"""The properties of a run of plain text."""


def cell_runs(block: Block, row_number: int, column: int) -> Runs:
    """Return the runs of a cell, or nothing if the row is too short."""
    row = block.rows[row_number]
    return row[column] if column < len(row) else ()


def column_of(table: QTextTable, column: int) -> int:
    """Convert a column index between reading order and Qt's left-to-right order."""
    return table.columns() - 1 - column if _begins_at_right(table) else column


def row_runs(block: Block, row_number: int) -> Runs:
    """Return the runs of a row, with a tab before each cell except a left-aligned first cell."""
    runs: list[Run] = []
    plain = ""
    for column, align in enumerate(block.aligns):
        plain += "\t" if column or align in ("right", "center") else ""
        for run in cell_runs(block, row_number, column):
            if run[1:] == _PLAIN:
                plain += run.text
            else:
                _append_run(runs, Run(plain))
                _append_run(runs, run)
                plain = ""
    _append_run(runs, Run(plain))
    return tuple(runs)


def _is_reversed(block: Block) -> bool:
    """Return True if the first column is on the right.

    With a screen reader it is on the left: cells are read out in document order, left to right.
    """
    return block.from_right and not QAccessible.isActive()


def _begins_at_right(table: QTextTable) -> bool:
    return table.format().layoutDirection() is Qt.LayoutDirection.RightToLeft


def _append_run(runs: list[Run], run: Run) -> None:
    if not run.text:
        return
    if runs and runs[-1][1:] == run[1:]:
        runs[-1] = run._replace(text=runs[-1].text + run.text)
    else:
        runs.append(run)


class TableWriter:
    """A writer of tables with given styles, for a document of given width.

    Attributes:
        styles: the formats of tables.
        columns: calculates column widths.
    """

    def __init__(self, styles: Styles, width: float) -> None:
        self._item_styles = styles
        self.styles = TableStyles(styles)
        self.columns = ColumnWidths(styles, self.styles, width)
        # The tables inserted in this edit, by the position below them.
        self._inserted: dict[int, QTextTable] = {}
        # The first part of the table whose widths were computed last, and these widths.
        self._measured_head: Item | None = None
        self._final_widths: tuple[int, ...] = ()

    def widths(self, layout: MessageLayout, index: int, block: Block) -> tuple[int, ...]:
        """Return the column widths in pixels for the table part to write as item `index`.

        A part that continues a table has the widths of that table.
        """
        if not block.head and is_table(layout.item_above(index)):
            is_written = layout.counts[index - 1] > 0
            shape = layout.shapes[index - 1] if is_written else self.final_widths(layout, index)
            if len(shape) == len(block.aligns):
                return shape
        return self.columns.widths(block, is_complete=True)

    def final_widths(self, layout: MessageLayout, index: int) -> tuple[int, ...]:
        """Return the final column widths of the table that item `index` belongs to."""
        while index and continues_table(layout.items[index]) and is_table(layout.items[index - 1]):
            index -= 1
        head = layout.items[index]
        assert is_table(head)
        if self._measured_head is not head:
            self._measured_head = head
            self._final_widths = self.columns.widths(head, is_complete=True)
        return self._final_widths

    def can_be_row_blocks(self, block: Block, widths: tuple[int, ...]) -> bool:
        """Return True if the rows of a part can be blocks with tab stops."""
        return not _is_reversed(block) and self.columns.fits(block, widths)

    def key(self, layout: MessageLayout, index: int, block: Block) -> tuple[object, ...]:
        """Return the key that determines the gap above the table part at item `index`."""
        if block.head:
            return self._item_styles.block_key(block, layout.item_above(index))
        return ("part", bool(index) and layout.has_row_blocks(index - 1))

    def char_format(self, block: Block, row_number: int, run: Run) -> QTextCharFormat:
        """Return the format of a run in a row."""
        char_format = self.styles.cell_char_format(run, is_head=block.head and row_number == 0)
        if run.math:
            char_format = QTextCharFormat(char_format)
            char_format.setProperty(COLUMNS, len(block.aligns))
        return char_format

    def begin_edit(self) -> None:
        """Start another edit. Qt finds the tables of earlier edits by itself."""
        self._inserted.clear()

    # ------------------------------------------------------------------ QTextTable

    def insert_table(
        self,
        layout: MessageLayout,
        index: int,
        block: Block,
        widths: tuple[int, ...],
        cursor: QTextCursor,
    ) -> int:
        """Insert a QTextTable before the cursor's block, which keeps its formats.

        Return the number of new blocks: an empty one before the table, and one for each cell.
        """
        block_below = cursor.block()
        format_below = block_below.blockFormat()
        char_format_below = block_below.charFormat()
        table_format = self.styles.table_format(
            block, layout.item_above(index), widths, is_reversed=_is_reversed(block)
        )
        table = cursor.insertTable(len(block.rows), max(1, len(block.aligns)), table_format)
        cell_format = self.styles.cell_format(block)
        for row_number in range(len(block.rows)):
            self._write_row(table, row_number, block, cell_format)
        first = table.cellAt(0, 0).firstCursorPosition().block().previous()
        cursor.setPosition(first.position())
        cursor.setBlockFormat(self.styles.format_before_table(block))
        cursor.setBlockCharFormat(self._item_styles.empty_block_formats()[1])
        cursor.setPosition(table.lastPosition() + 1)
        cursor.setBlockFormat(format_below)
        cursor.setBlockCharFormat(char_format_below)
        self._inserted[cursor.position()] = table
        return 1 + len(block.rows) * max(1, len(block.aligns))

    def set_margin_below(self, cursor: QTextCursor, pixels: int) -> None:
        """Set the margin in pixels below the table above the cursor's block, if any."""
        # Qt does not find a table within the edit that inserts it.
        table = self._inserted.get(cursor.position())
        table = table or QTextCursor(cursor.block().previous()).currentTable()
        if table is not None:
            table_format = table.format().toTableFormat()
            if table_format.bottomMargin() != pixels:
                table_format.setBottomMargin(pixels)
                table.setFormat(table_format)

    def _write_row(
        self, table: QTextTable, row_number: int, block: Block, cell_format: QTextTableCellFormat
    ) -> None:
        for column in range(len(block.aligns)):
            cell = table.cellAt(row_number, column_of(table, column))
            cell.setFormat(cell_format)
            cursor = cell.firstCursorPosition()
            cursor.setBlockFormat(self._cell_block_format(table, row_number, column, block))
            for run in cell_runs(block, row_number, column):
                cursor.insertText(run.text, self.char_format(block, row_number, run))

    def _cell_block_format(
        self, table: QTextTable, row_number: int, column: int, block: Block
    ) -> QTextBlockFormat:
        align = block.aligns[column] or ("right" if _begins_at_right(table) else "")
        runs = cell_runs(block, row_number, column)
        first = block.head and not row_number and not column_of(table, column)
        return self.styles.cell_block_format(block, align, runs, is_first=first)

    def update_table(self, table: QTextTable, old: Block, new: Block, cursor: QTextCursor) -> int:
        """Update a QTextTable from `old` to `new`, which has at least as many rows.

        Return the number of new blocks.
        """
        for row_number, row in enumerate(old.rows):
            if row != new.rows[row_number]:
                self._update_row(table, row_number, old, new, cursor)
        added = len(new.rows) - len(old.rows)
        if added:
            table.appendRows(added)
            cell_format = self.styles.cell_format(new)
            for row_number in range(len(old.rows), len(new.rows)):
                self._write_row(table, row_number, new, cell_format)
        return added * len(new.aligns)

    def _update_row(
        self, table: QTextTable, row_number: int, old: Block, new: Block, cursor: QTextCursor
    ) -> None:
        for column in range(len(new.aligns)):
            new_runs = cell_runs(new, row_number, column)
            if new_runs == cell_runs(old, row_number, column):
                continue
            cell = table.cellAt(row_number, column_of(table, column))
            cursor.setPosition(cell.firstPosition())
            cursor.setPosition(cell.lastPosition(), QTextCursor.MoveMode.KeepAnchor)
            cursor.removeSelectedText()
            cursor.setBlockFormat(self._cell_block_format(table, row_number, column, new))
            for run in new_runs:
                cursor.insertText(run.text, self.char_format(new, row_number, run))

    # ------------------------------------------------------------------ rows as blocks

    def update_row_blocks(
        self,
        first: QTextBlock,
        old: Block,
        new: Block,
        above: Item | None,
        widths: tuple[int, ...],
        cursor: QTextCursor,
    ) -> int:
        """Update row blocks, beginning with `first`, from `old` to `new`.

        `new` has at least as many rows as `old`. Return the number of new blocks.
        """
        block = first
        for row_number, row in enumerate(old.rows):
            block = block.next() if row_number else block
            if row == new.rows[row_number]:
                continue
            old_runs = row_runs(old, row_number)
            new_runs = row_runs(new, row_number)
            replace_text(
                cursor,
                end=block.position() + block.length() - 1,
                old=old_runs,
                new=new_runs,
                prefix=common_prefix(old_runs, new_runs),
                format_of=partial(self.char_format, new, row_number),
            )
            block_format = self.styles.row_format(new, row_number, above, widths)
            if block_format is not self.styles.row_format(old, row_number, above, widths):
                cursor.setBlockFormat(block_format)
        cursor.setPosition(block.position() + block.length() - 1)
        for row_number in range(len(old.rows), len(new.rows)):
            block_format = self.styles.row_format(new, row_number, above, widths)
            cursor.insertBlock(block_format, self.char_format(new, row_number, Run("")))
            for run in row_runs(new, row_number):
                cursor.insertText(run.text, self.char_format(new, row_number, run))
        return len(new.rows) - len(old.rows)
