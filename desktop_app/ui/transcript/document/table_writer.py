"""Writes tables: rows as blocks with tab stops, or what does not fit into lines as Qt's own table.

A row whose cells take one line each is a block of the root frame like any other, its cells set off
by tab stops, its hairline painted behind the text: it costs what a line of text costs, however many
there are. Qt's own tables are frames, each of which every later edit pays for, and every cell is a
block: what must wrap inside its cells needs them. Which of the two a part of a table is depends on
its own rows and the widths of the columns alone, and they look the same.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QTextCharFormat, QTextCursor, QTextTable

from desktop_app.rendering.block_model import Block, Run, Runs
from desktop_app.ui.transcript.document.run_changes import alike, change_words
from desktop_app.ui.transcript.layout.column_widths import ColumnWidths
from desktop_app.ui.transcript.layout.message_layout import is_part, is_table
from desktop_app.ui.transcript.transcript_styles import COLUMNS

if TYPE_CHECKING:
    from PySide6.QtGui import QTextBlock, QTextBlockFormat

    from desktop_app.ui.transcript.layout.message_layout import MessageLayout
    from desktop_app.ui.transcript.message_items import Item
    from desktop_app.ui.transcript.transcript_styles import Styles

_PLAIN: Final = Run("")[1:]


def cell_runs(block: Block, number: int, column: int) -> Runs:
    """The words of a cell; none where the row is shorter than the head."""
    row = block.rows[number]
    return row[column] if column < len(row) else ()


def column_of(table: QTextTable, place: int) -> int:
    """Which column of a table stands at a place of Qt's own, counted from the left; or the reverse."""
    return table.columns() - 1 - place if _begins_at_right(table) else place


def row_runs(block: Block, number: int) -> Runs:
    """The words of a row, with a tab before each cell but a first one that stands at the left."""
    runs: list[Run] = []
    plain = ""
    for column, align in enumerate(block.aligns):
        plain += "\t" if column or align in ("right", "center") else ""
        for run in cell_runs(block, number, column):
            if run[1:] == _PLAIN:
                plain += run.text
            else:
                _join(runs, Run(plain))
                _join(runs, run)
                plain = ""
    _join(runs, Run(plain))
    return tuple(runs)


def _is_turned(block: Block) -> bool:
    """Whether the first column of a part is to stand at the right. Where a screen reader runs it does
    not: cells are read out in the order in which they stand in the document, from the left."""
    return block.from_right and not QAccessible.isActive()


def _begins_at_right(table: QTextTable) -> bool:
    return table.format().layoutDirection() is Qt.LayoutDirection.RightToLeft


def _begin(table: QTextTable) -> str:
    """How a column is aligned of which nothing is said; "" is at the left, unless Qt turns it."""
    return "right" if _begins_at_right(table) else ""


def _join(runs: list[Run], run: Run) -> None:
    if not run.text:
        return
    if runs and runs[-1][1:] == run[1:]:
        runs[-1] = run._replace(text=runs[-1].text + run.text)
    else:
        runs.append(run)


class TableWriter:
    """Knows how tables are written in one look, into a document of one width."""

    def __init__(self, styles: Styles, width: float) -> None:
        self.styles = styles
        self.columns = ColumnWidths(styles, width)
        self._written: dict[int, QTextTable] = {}  # in this edit, by the position below
        self._fitted: tuple[Item, tuple[int, ...]] | None = None

    def widths(self, section: MessageLayout, at: int, block: Block) -> tuple[int, ...]:
        """The columns of a part that goes below item `at` - 1: its own, or its table's."""
        above = section.above(at)
        if block.head or not is_table(above):
            return self.columns.widths(block, whole=True)
        shape = section.shapes[at - 1] if section.counts[at - 1] else self.fitted(section, at)
        return shape if len(shape) == len(block.aligns) else self.columns.widths(block, whole=True)

    def fitted(self, section: MessageLayout, at: int) -> tuple[int, ...]:
        """The columns that a whole table asks for of which item `at` is a part."""
        while at and is_part(section.items[at]) and is_table(section.items[at - 1]):
            at -= 1
        head = section.items[at]
        if self._fitted is None or self._fitted[0] is not head:
            self._fitted = head, self.columns.widths(head, whole=True)  # type: ignore[arg-type]
        return self._fitted[1]

    def are_lines(self, block: Block, widths: tuple[int, ...]) -> bool:
        """Whether the rows of a part are blocks, whose tab stops are counted from the left."""
        return not _is_turned(block) and self.columns.fits(block, widths)

    def key(self, section: MessageLayout, at: int, block: Block) -> tuple[object, ...]:
        """What decides the room above a part that stands, or will stand, at item `at`."""
        if block.head:
            return self.styles.block_key(block, section.above(at))
        return ("part", bool(at) and section.is_ruled(at - 1))

    def char_format(self, block: Block, number: int, run: Run) -> QTextCharFormat:
        """The format of a run in a row."""
        made = self.styles.cell_char(run, is_head=block.head and number == 0)
        if run.math:
            made = QTextCharFormat(made)
            made.setProperty(COLUMNS, len(block.aligns))
        return made

    def begin_edit(self) -> None:
        """Another edit of the document begins: Qt finds the tables written before."""
        self._written.clear()

    # ------------------------------------------------------------------ Qt's own tables

    def write_frame(
        self,
        section: MessageLayout,
        at: int,
        block: Block,
        widths: tuple[int, ...],
        cursor: QTextCursor,
    ) -> int:
        """Write Qt's own table before the block at whose start the cursor stands, which it keeps;
        the blocks it takes: one before it that takes no room, and one for each cell."""
        before = cursor.block()
        own_block, own_char = before.blockFormat(), before.charFormat()
        made = self.styles.table_format(block, section.above(at), widths, turned=_is_turned(block))
        table = cursor.insertTable(len(block.rows), max(1, len(block.aligns)), made)
        cell = self.styles.cell_format(block)
        for number in range(len(block.rows)):
            self._write_row(table, number, block, cell)
        first = table.cellAt(0, 0).firstCursorPosition().block().previous()
        cursor.setPosition(first.position())
        cursor.setBlockFormat(self.styles.before_frame(block))
        cursor.setBlockCharFormat(self.styles.empty_block()[1])
        cursor.setPosition(table.lastPosition() + 1)
        cursor.setBlockFormat(own_block)
        cursor.setBlockCharFormat(own_char)
        self._written[cursor.position()] = table
        return 1 + len(block.rows) * max(1, len(block.aligns))

    def close_up(self, cursor: QTextCursor, *, ruled: bool) -> None:
        """The table above the cursor's block is not its last part: no more room below it than a
        `ruled` part, the room above which Qt drops, needs itself."""
        self.leave_room(cursor, self.styles.row_pad() if ruled else 0)

    def part_from(self, below: Item, cursor: QTextCursor) -> None:
        """The room below the table above the cursor's block is what the item `below` asks for."""
        self.leave_room(cursor, self.styles.room_below_table(below))

    def leave_room(self, cursor: QTextCursor, pixels: int) -> None:
        """So many pixels below the table above the cursor's block, if there is one."""
        # Within one edit, Qt does not find a table yet that has just been written.
        part = self._written.get(cursor.position())
        part = part or QTextCursor(cursor.block().previous()).currentTable()
        if part is not None:
            made = part.format().toTableFormat()
            if made.bottomMargin() != pixels:
                made.setBottomMargin(pixels)
                part.setFormat(made)

    def _write_row(self, table: QTextTable, number: int, block: Block, cell: Any) -> None:
        for column in range(len(block.aligns)):
            place = table.cellAt(number, column_of(table, column))
            place.setFormat(cell)
            cursor = place.firstCursorPosition()
            cursor.setBlockFormat(self._cell_block(table, number, column, block))
            for run in cell_runs(block, number, column):
                cursor.insertText(run.text, self.char_format(block, number, run))

    def _cell_block(
        self, table: QTextTable, number: int, column: int, block: Block
    ) -> QTextBlockFormat:
        align, runs = block.aligns[column] or _begin(table), cell_runs(block, number, column)
        first = block.head and not number and not column_of(table, column)
        return self.styles.cell_block(block, align, runs, first=first)

    def grow_frame(self, table: QTextTable, old: Block, new: Block, cursor: QTextCursor) -> int:
        """Bring Qt's own table from `old` to `new`, which has as many rows or more; the blocks
        that it takes more."""
        for number, row in enumerate(old.rows):
            if row != new.rows[number]:
                self._update_row(table, number, old, new, cursor)
        more = len(new.rows) - len(old.rows)
        if more:
            table.appendRows(more)
            cell = self.styles.cell_format(new)
            for number in range(len(old.rows), len(new.rows)):
                self._write_row(table, number, new, cell)
        return more * len(new.aligns)

    def _update_row(
        self, table: QTextTable, number: int, old: Block, new: Block, cursor: QTextCursor
    ) -> None:
        for column in range(len(new.aligns)):
            after = cell_runs(new, number, column)
            if after == cell_runs(old, number, column):
                continue
            place = table.cellAt(number, column_of(table, column))
            cursor.setPosition(place.firstPosition())
            cursor.setPosition(place.lastPosition(), QTextCursor.MoveMode.KeepAnchor)
            cursor.removeSelectedText()
            cursor.setBlockFormat(self._cell_block(table, number, column, new))
            for run in after:
                cursor.insertText(run.text, self.char_format(new, number, run))

    # ------------------------------------------------------------------ rows as blocks

    def grow_rows(
        self,
        first: QTextBlock,
        old: Block,
        new: Block,
        above: Item | None,
        widths: tuple[int, ...],
        cursor: QTextCursor,
    ) -> int:
        """Bring rows, the first of which is the block `first`, from `old` to `new`, which has as
        many or more; how many blocks more."""
        block = first
        for number, row in enumerate(old.rows):
            block = block.next() if number else block
            if row == new.rows[number]:
                continue
            before, after = row_runs(old, number), row_runs(new, number)
            end = block.position() + block.length() - 1
            format_of = partial(self.char_format, new, number)
            change_words(cursor, end, before, after, alike(before, after), format_of)
            made = self.styles.row_format(new, number, above, widths)
            if made is not self.styles.row_format(old, number, above, widths):
                cursor.setBlockFormat(made)
        cursor.setPosition(block.position() + block.length() - 1)
        for number in range(len(old.rows), len(new.rows)):
            made = self.styles.row_format(new, number, above, widths)
            cursor.insertBlock(made, self.char_format(new, number, Run("")))
            for run in row_runs(new, number):
                cursor.insertText(run.text, self.char_format(new, number, run))
        return len(new.rows) - len(old.rows)
