"""Writes the items of a segment into a document, and knows where each of them is."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from math import ceil
from typing import Any
from weakref import ref

from PySide6.QtCore import QRectF, Qt, QUrl
from PySide6.QtGui import (
    QAccessible,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextOption,
    QTextTable,
)
from PySide6.QtWidgets import QWidget

from desktop_app.markdown.block_model import Block, Run
from desktop_app.transcript.media.message_images import MessageImages, fit_width
from desktop_app.transcript.message_items import Item, LineKind, prefix_length, prefix_of
from desktop_app.transcript.segment import Piece, Segment, is_table
from desktop_app.transcript.segment_formulas import SegmentFormulas
from desktop_app.transcript.table_styles import TableStyles
from desktop_app.transcript.transcript_styles import (
    ALIGNMENTS,
    CELL_PAD,
    INDENT,
    INLINE_CODE,
    PAD,
    QUESTION_INSET,
    Styles,
)
from desktop_app.widgets.look.direction import is_mirrored
from desktop_app.widgets.text.sealed_document import SealedDocument, empty_resource


class SegmentWriter:
    """What documents are written with, for one theme and width.

    Attributes:
        styles: the formats.
        tables: the formats and widths of tables.
        width: the width of the text in pixels.
        formulas: draws formulas.
        images: draws images; None for none.
        viewport: the device that documents are laid out for.
    """

    def __init__(
        self,
        styles: Styles,
        formulas: SegmentFormulas,
        images: MessageImages | None,
        viewport: QWidget,
    ) -> None:
        self.styles = styles
        self.width = viewport.width()
        self.formulas = formulas
        self.images = images
        self.viewport = viewport
        self.tables = TableStyles(styles, self.width)
        self._measured_head: tuple[Block, bool] | None = None
        self._widths: tuple[int, ...] = ()

    def write(self, segment: Segment, head: Block | None, *, is_growing: bool) -> int:
        """Create the document of a segment, or write its changed pieces.

        Return the position from which on the text has changed.

        Args:
            segment: the segment.
            head: of a table, its first part, which decides on the widths of the columns.
            is_growing: whether text may still be added to the last piece.
        """
        document = segment.document
        if document is None or segment.is_table:
            document = segment.document = SegmentDocument(segment, self)
            segment.changed_from = 0
        first = segment.changed_from
        if first is None:
            return document.last_position
        segment.changed_from = None
        if not segment.is_table:
            return document.write_pieces(segment, first)
        document.write_table(segment, head, is_growing=is_growing)
        return 0

    def table_widths(self, head: Block, *, is_growing: bool) -> tuple[int, ...]:
        """Return the widths of the columns of the table that begins with the part `head`."""
        measured = self._measured_head
        if measured is None or measured[0] is not head or measured[1] is not is_growing:
            self._measured_head = head, is_growing
            self._widths = self.tables.widths(head, is_complete=not is_growing)
        return self._widths

    def gap_above(self, segment: Segment) -> int:
        """Return the pixels between the text above a segment and its document."""
        item, start = segment.pieces[0]
        if start or (is_table(item) and not item.head and is_table(segment.above)):
            return 0  # a part of the text or the table above
        gap = self.styles.gap(item, segment.above)
        if is_table(segment.above):  # whose segment includes the padding of its cells
            gap -= CELL_PAD
        return self.styles.theme.px(gap) if gap > 0 else 0


class SegmentDocument(SealedDocument):
    """The document of a segment.

    Attributes:
        pieces: the pieces that the document shows.
        starts: the position at which each piece begins.
        cells: the position of each cell of a table, in the order of the document.
        columns: the number of columns of a table; 0 for other text.
        is_reversed: whether the first column is on the right, and last in the document.
        code_spans: the ranges of inline code.
        code_areas: the backgrounds of the first ranges, as far as they were measured.
        has_source_formulas: whether a formula is not typeset yet.
        has_images: whether there are images.
        has_growing_table: whether the columns fit only the rows that have arrived.
        colored_to: the first piece that the highlighter has not seen.
        open_code: the first line of code that was highlighted while it grew; -1 for none.
        inset: the pixels of the document above its text that are not shown.
        hugs_text: whether it is a whole question, whose background is as wide as the text.
    """

    def __init__(self, segment: Segment, writer: SegmentWriter) -> None:
        super().__init__()
        self._segment = ref(segment)  # a cycle would keep documents until Python collects it
        self._writer = writer
        self._styles = writer.styles
        self.pieces: list[Piece] = []
        self.starts: list[int] = []
        self.cells: list[int] = []
        self.columns = 0
        self.is_reversed = False
        self.code_spans: list[tuple[int, int]] = []
        self.code_areas: list[list[QRectF]] = []
        self.colored_to = 0
        self.has_growing_table = False
        self.open_code = -1
        self.has_source_formulas = self.has_images = False
        self.inset = 0
        self.hugs_text = False
        self.setUndoRedoEnabled(False)
        self.setDocumentMargin(0)
        theme = self._styles.theme
        self.setDefaultFont(theme.reading())
        self.setIndentWidth(theme.px(INDENT))
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setDefaultTextOption(option)
        self.documentLayout().setPaintDevice(writer.viewport)
        writer.formulas.register(self)
        self.setTextWidth(writer.width)

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        images = self._writer.images
        image = None if images is None else images.resource(name)
        self.has_images = self.has_images or image is not None
        return image or empty_resource(kind)

    @property
    def first(self) -> int:
        """Return the index of the first item in the article, which later changes may move."""
        segment = self._segment()
        return 0 if segment is None else segment.first

    @property
    def last_position(self) -> int:
        return self.characterCount() - 1

    def position_of(self, item: int, cell: int, unit: int) -> int:
        """Return the position of a unit of an item, or the nearest that the document shows."""
        index = item - self.first
        if index < 0:
            return self.starts[0]
        if index >= len(self.pieces) or (self.columns and cell >= len(self.cells)):
            return self.last_position
        if self.columns:
            number = self._cell_number(cell)
            block = self.findBlock(self.cells[number])
            end = block.position() + block.length() - 1
            if number + 1 < len(self.cells):
                end = min(end, self.cells[number + 1] - 1)
            return min(self.cells[number] + max(unit, 0), end)
        piece = self.pieces[index]
        prefix = 0 if piece.start else prefix_length(piece.item)
        start = self.starts[index]
        is_last = index + 1 == len(self.starts)
        end = self.last_position if is_last else self.starts[index + 1] - 1
        return min(max(start, start + prefix + unit - piece.start), end)

    def _cell_number(self, cell: int) -> int:
        """Convert a cell's number between reading order and the order of the document."""
        row, column = divmod(cell, self.columns)
        return row * self.columns + self.columns - 1 - column if self.is_reversed else cell

    def place_at(self, position: int) -> tuple[int, int, int]:
        """Return the item, the cell and the unit at a position, as in a `Place`."""
        if self.columns and self.cells:
            number = max(0, bisect_right(self.cells, position) - 1)
            unit = max(0, position - self.cells[number])
            return self.first, self._cell_number(number), unit
        index = max(0, bisect_right(self.starts, position) - 1)
        piece = self.pieces[index]
        prefix = 0 if piece.start else prefix_length(piece.item)
        unit = position - self.starts[index] - prefix + piece.start
        return self.first + index, 0, unit

    def block_at(self, index: int) -> QTextBlock:
        """Return the first text block of a piece."""
        return self.findBlock(self.starts[index])

    def fit_width(self) -> None:
        """Lay out the text again, and make a question as wide as its text."""
        width = self._writer.width
        self.setTextWidth(width)
        self.code_areas.clear()
        if self.pieces[0].item.kind is not LineKind.QUESTION:
            return
        px = self._styles.theme.px
        least = px(QUESTION_INSET) + px(PAD)
        self._set_outer_margin(least)
        if not self.hugs_text:
            return
        natural = 0.0
        block = self.begin()
        while block.isValid():
            self.documentLayout().blockBoundingRect(block)  # lays out the block
            layout = block.layout()
            lines = map(layout.lineAt, range(layout.lineCount()))
            natural = max(natural, *(line.naturalTextWidth() for line in lines), 0.0)
            block = block.next()
        self._set_outer_margin(max(least, width - px(PAD) - ceil(natural) - 1))

    def _set_outer_margin(self, margin: int) -> None:
        block_format = QTextBlockFormat()
        if is_mirrored():
            block_format.setRightMargin(margin)
        else:
            block_format.setLeftMargin(margin)
        cursor = QTextCursor(self)
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.mergeBlockFormat(block_format)

    # ------------------------------------------------------------------ text

    def write_pieces(self, segment: Segment, first: int) -> int:
        """Write the pieces from `first` on, in place of those that the document shows.

        Return the position from which on the text has changed.
        """
        cursor = QTextCursor(self)
        cursor.beginEditBlock()
        if first < len(self.starts):
            kept_spans = bisect_left(self.code_spans, (self.starts[first], 0))
            del self.code_areas[kept_spans:]
        appended = self._appended_runs(segment, first)
        if appended:
            first += 1
        self._remove_from(cursor, segment, first)
        position = cursor.position()
        if appended:
            self.colored_to = min(self.colored_to, first - 1)
            item = segment.pieces[first - 1].item
            self._insert_runs(cursor, item, appended, cursor.blockFormat())
        self.pieces = list(segment.pieces)
        for index in range(first, len(self.pieces)):
            self._write_piece(cursor, segment, index)
        cursor.endEditBlock()
        return position

    def append_words(self, item: Item) -> int:
        """Show the words by which the last run of the last piece is longer. Return where."""
        shown = self.pieces[-1].item
        cursor = QTextCursor(self)
        cursor.movePosition(QTextCursor.MoveOperation.End)
        position = cursor.position()
        cursor.insertText(item.runs[-1].text.removeprefix(shown.runs[-1].text))
        self.pieces[-1] = Piece(item)
        return position

    def _appended_runs(self, segment: Segment, index: int) -> Sequence[Run]:
        """Return the runs to append to a piece that has only grown; () if it is to be rewritten."""
        if index >= len(self.starts) or index >= len(segment.pieces):
            return ()
        old, new = self.pieces[index], segment.pieces[index]
        old_runs, runs = old.item.runs, new.item.runs
        last = len(old_runs) - 1
        if (
            last < 0
            or len(runs) <= last
            or old.start != new.start
            or runs[:last] != old_runs[:last]
        ):
            return ()
        shown, grown = old_runs[last], runs[last]
        appended = runs[last + 1 :]
        if shown != grown:
            if _is_special(shown) or shown._replace(text=grown.text) != grown:
                return ()
            if not grown.text.startswith(shown.text):
                return ()
            appended = (grown._replace(text=grown.text[len(shown.text) :]), *appended)
        above = segment.item_above(index)
        block_key = self._styles.block_key
        has_same_format = old.item._replace(runs=()) == new.item._replace(runs=()) and block_key(
            old.item, above
        ) == block_key(new.item, above)
        return appended if has_same_format else ()

    def _remove_from(self, cursor: QTextCursor, segment: Segment, first: int) -> None:
        """Remove the pieces from `first` on, and move the cursor to the end."""
        if not self.starts:
            return
        if first < len(self.starts):
            start = self.starts[first] - 1 if first else 0
            cursor.setPosition(start)
            cursor.setPosition(self.last_position, QTextCursor.MoveMode.KeepAnchor)
            cursor.removeSelectedText()
            if not first:  # what is left is the last block, with the colors of its code
                cursor.block().layout().clearFormats()
            elif not cursor.block().text():
                # An empty block takes the format of the block that is removed below it.
                cursor.setBlockFormat(self._block_format(segment, first - 1))
                item = segment.pieces[first - 1].item
                cursor.setBlockCharFormat(self._styles.char_format(item, Run("")))
            del self.starts[first:]
            self.colored_to = min(self.colored_to, first)
            end = self.last_position + (1 if first else 0)
            while self.code_spans and self.code_spans[-1][0] >= end:
                self.code_spans.pop()
        cursor.setPosition(self.last_position)
        if not first:
            self.has_source_formulas = False

    def _block_format(self, segment: Segment, index: int) -> QTextBlockFormat:
        item, start = segment.pieces[index]
        block_format = self._styles.block_format(item, segment.item_above(index))
        if start or (not index and block_format.topMargin()):
            block_format = QTextBlockFormat(block_format)
            block_format.setTopMargin(0)  # the view leaves the gap above the document
        if start:
            block_format.setTextIndent(0)
        return block_format

    def _write_piece(self, cursor: QTextCursor, segment: Segment, index: int) -> None:
        item, start = segment.pieces[index]
        styles = self._styles
        block_format = self._block_format(segment, index)
        char_format = styles.char_format(item, Run(""))
        if index:
            cursor.insertBlock(block_format, char_format)
        else:
            cursor.setBlockFormat(block_format)
            cursor.setBlockCharFormat(char_format)
        self.starts.append(cursor.position())
        if not start and (prefix := prefix_of(item)):
            if not isinstance(item, Block) or not item.marker:
                cursor.insertText(prefix, char_format)
            elif item.note:  # a footnote, whose label is a link
                cursor.insertText(item.marker, styles.label_format(item.marker))
                cursor.insertText("\t", styles.marker_format())
            else:
                cursor.insertText(prefix, styles.marker_format())
        self._insert_runs(cursor, item, item.runs, block_format)

    def _insert_runs(
        self, cursor: QTextCursor, item: Item, runs: Sequence[Run], block_format: QTextBlockFormat
    ) -> None:
        width = self._writer.width - block_format.leftMargin() - block_format.rightMargin()
        width -= block_format.indent() * self._styles.theme.px(INDENT)
        for run in runs:
            self._insert_run(cursor, run, self._styles.char_format(item, run), width)

    def _insert_run(
        self, cursor: QTextCursor, run: Run, char_format: QTextCharFormat, width: float
    ) -> None:
        if not _is_special(run):
            cursor.insertText(run.text, char_format)
            return
        start = cursor.position()
        if not run.math:
            cursor.insertText(run.text, fit_width(char_format, width))
        elif not self._writer.formulas.insert(cursor, run, char_format, width):
            self.has_source_formulas = True
        self.has_images = self.has_images or run.image
        if char_format.boolProperty(INLINE_CODE):
            self.code_spans.append((start, cursor.position()))

    # ------------------------------------------------------------------ tables

    def write_table(self, segment: Segment, head: Block | None, *, is_growing: bool) -> None:
        """Write a table or a part of one; `head` is its first part."""
        block = segment.pieces[0].item
        assert is_table(block)
        head = head or block
        self.has_growing_table = is_growing and head is block
        widths = self._writer.table_widths(head, is_growing=self.has_growing_table)
        if len(widths) != max(1, len(block.aligns)):
            widths = self._writer.tables.widths(block, is_complete=True)
        self.pieces = list(segment.pieces)
        self.columns = max(1, len(block.aligns))
        # With a screen reader, columns run from the left: cells are read in document order.
        self.is_reversed = block.from_right and not QAccessible.isActive()
        cursor = QTextCursor(self)
        cursor.beginEditBlock()
        if not self.is_reversed and self._writer.tables.fits(block, widths):
            self._write_rows(cursor, block, widths)
        else:
            self._write_grid(cursor, block, widths)
        cursor.endEditBlock()

    def _write_rows(self, cursor: QTextCursor, block: Block, widths: tuple[int, ...]) -> None:
        """Write each row as a line with tab stops, which is fast, because each cell fits."""
        tables = self._writer.tables
        self.inset = -self._styles.theme.px(CELL_PAD)
        self.starts = [0]
        row_format = tables.row_format(block, widths)
        last = len(block.rows) - 1
        for number, row in enumerate(block.rows):
            if number in (0, 1, last):
                row_format = tables.row_format(block, widths)
            if number == 0:
                row_format.setTopMargin(0)
            if number == last:
                row_format.setBottomMargin(0)
            is_head = block.head and number == 0
            char_format = tables.char_format(Run(""), is_head=is_head)
            if number:
                cursor.insertBlock(row_format, char_format)
            else:
                cursor.setBlockFormat(row_format)
                cursor.setBlockCharFormat(char_format)
            for column, align in enumerate(block.aligns or ("",)):
                if column or align in ("right", "center"):
                    cursor.insertText("\t", char_format)
                self.cells.append(cursor.position())
                for run in row[column] if column < len(row) else ():
                    cell_format = tables.char_format(run, is_head=is_head)
                    self._insert_run(cursor, run, cell_format, self._writer.width)

    def _write_grid(self, cursor: QTextCursor, block: Block, widths: tuple[int, ...]) -> None:
        """Write a QTextTable, because cells take several lines or other scripts."""
        tables = self._writer.tables
        self.inset = 1  # Qt needs an empty block above a table, here one pixel high
        empty_format = QTextBlockFormat()
        empty_format.setLineHeight(1, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        empty_char = QTextCharFormat()
        empty_char.setFontPointSize(1)
        cursor.setBlockFormat(empty_format)
        cursor.setBlockCharFormat(empty_char)
        table_format = tables.grid_format(block, widths, is_reversed=self.is_reversed)
        columns = self.columns
        table = cursor.insertTable(len(block.rows), columns, table_format)
        cell_format = tables.cell_format()
        for row, cells in enumerate(block.rows):
            for column in range(columns):
                cell = table.cellAt(row, columns - 1 - column if self.is_reversed else column)
                cell.setFormat(cell_format)
                align = block.aligns[column] if column < len(block.aligns) else ""
                align = align or ("right" if self.is_reversed else "")
                block_format = QTextBlockFormat()
                block_format.setAlignment(ALIGNMENTS.get(align, Qt.AlignmentFlag.AlignLeft))
                within = cell.firstCursorPosition()
                within.setBlockFormat(block_format)
                for run in cells[column] if column < len(cells) else ():
                    char_format = tables.char_format(run, is_head=block.head and row == 0)
                    width = self._writer.width / columns - 2 * CELL_PAD
                    self._insert_run(within, run, char_format, width)
        self._collect_cells(table)
        self.starts = [self.cells[0] if self.cells else 0]
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.setBlockFormat(empty_format)
        cursor.setBlockCharFormat(empty_char)

    def _collect_cells(self, table: QTextTable) -> None:
        """Record the positions of all cells, and of their inline code."""
        self.code_spans = []
        for row in range(table.rows()):
            for column in range(table.columns()):
                cell = table.cellAt(row, column)
                self.cells.append(cell.firstPosition())
                fragments = cell.firstCursorPosition().block().begin()
                while not fragments.atEnd():
                    fragment = fragments.fragment()
                    fragments += 1
                    if fragment.charFormat().boolProperty(INLINE_CODE):
                        start = fragment.position()
                        self.code_spans.append((start, start + fragment.length()))


def _is_special(run: Run) -> bool:
    """Return True if a run is more than letters: it is drawn, a target, or has a background."""
    return bool(run.math or run.link or run.code or run.element or run.image)


def head_of_table(items: Sequence[Item], index: int) -> Block | None:
    """Return the first part of the table that item `index` belongs to; None for other items."""
    item = items[index]
    while is_table(item) and not item.head and index and is_table(items[index - 1]):
        index -= 1
        item = items[index]
    return item if is_table(item) else None
