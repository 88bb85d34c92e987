"""Writes the items of a segment into a document, and knows where each of them is."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from math import ceil
from typing import TYPE_CHECKING, Any
from weakref import ref

from PySide6.QtCore import QPointF, QRectF, Qt, QUrl
from PySide6.QtGui import QAccessible, QTextBlockFormat, QTextCursor, QTextOption

from desktop_app.markdown.block_model import Block, Run
from desktop_app.transcript.message_items import LineKind, prefix_length, prefix_of
from desktop_app.transcript.segment import Piece, Segment, is_table
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
from desktop_app.widgets.text.sealed_document import SealedDocument, empty_resource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PySide6.QtGui import QTextBlock, QTextCharFormat, QTextTable
    from PySide6.QtWidgets import QWidget

    from desktop_app.transcript.media.message_images import MessageImages
    from desktop_app.transcript.message_items import Item
    from desktop_app.transcript.segment_formulas import SegmentFormulas


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

    def __init__(self, segment: Segment, images: MessageImages | None) -> None:
        super().__init__()
        self._segment = ref(segment)  # a cycle would keep documents until Python collects it
        self._images = images
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

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        image = None if self._images is None else self._images.resource(name)
        self.has_images = self.has_images or image is not None
        return image or empty_resource(kind)

    @property
    def first(self) -> int:
        """Return the index of the first item in the article, which later changes may move."""
        segment = self._segment()
        return 0 if segment is None else segment.first

    @property
    def last_position(self) -> int:
        """Return the position after the last character."""
        return self.characterCount() - 1

    def position_of(self, item: int, cell: int, unit: int) -> int:
        """Return the position of a unit of an item, or the nearest that the document shows."""
        index = item - self.first
        if index < 0:
            return self.starts[0]
        if index >= len(self.pieces):
            return self.last_position
        if self.columns:
            if cell >= len(self.cells):
                return self.last_position
            number = self._cell_number(cell)
            return min(self.cells[number] + max(unit, 0), self._end_of_cell(number))
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

    def _end_of_cell(self, number: int) -> int:
        """Return the position after the last character of a cell, by its number in the document."""
        block = self.findBlock(self.cells[number])
        end = block.position() + block.length() - 1
        if number + 1 < len(self.cells):
            return min(end, self.cells[number + 1] - 1)
        return end

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


class SegmentWriter:
    """A writer of documents for one theme and width.

    Attributes:
        styles: the formats.
        width: the width of the text in pixels.
    """

    def __init__(
        self,
        styles: Styles,
        width: int,
        formulas: SegmentFormulas,
        images: MessageImages | None,
        viewport: QWidget,
    ) -> None:
        self.styles = styles
        self.width = width
        self._formulas = formulas
        self._images = images
        self._viewport = viewport
        self._tables = TableStyles(styles, width)
        self._measured_head: tuple[Block, bool] | None = None
        self._widths: tuple[int, ...] = ()

    def set_width(self, width: int) -> None:
        """Write for another width from now on."""
        self.width = width
        self._tables = TableStyles(self.styles, width)
        self._measured_head = None

    def fit_width(self, document: SegmentDocument) -> None:
        """Lay out a document for the width, and make a question as wide as its text."""
        document.setTextWidth(self.width)
        document.code_areas.clear()
        if document.pieces[0].item.kind is not LineKind.QUESTION:
            return
        px = self.styles.theme.px
        least = px(QUESTION_INSET) + px(PAD)
        _set_left_margin(document, least)
        if not document.hugs_text:
            return
        layouts = [block.layout() for block in _blocks_of(document)]
        lines = (layout.lineAt(index) for layout in layouts for index in range(layout.lineCount()))
        natural = max((line.naturalTextWidth() for line in lines), default=0.0)
        _set_left_margin(document, max(least, self.width - px(PAD) - ceil(natural) - 1))

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
            document = segment.document = self._new_document(segment)
            segment.changed_from = 0
        first = segment.changed_from
        if first is None:
            return document.last_position
        segment.changed_from = None
        cursor = QTextCursor(document)
        if segment.is_table:
            self._write_table(document, cursor, segment, head, is_growing=is_growing)
            return 0
        cursor.beginEditBlock()
        position = self._write_pieces(document, cursor, segment, first)
        cursor.endEditBlock()
        return position

    def _new_document(self, segment: Segment) -> SegmentDocument:
        document = SegmentDocument(segment, self._images)
        theme = self.styles.theme
        document.setDefaultFont(theme.reading())
        document.setIndentWidth(theme.px(INDENT))
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        document.setDefaultTextOption(option)
        document.documentLayout().setPaintDevice(self._viewport)
        self._formulas.register(document)
        document.setTextWidth(self.width)
        return document

    # ------------------------------------------------------------------ text

    def _write_pieces(
        self, document: SegmentDocument, cursor: QTextCursor, segment: Segment, first: int
    ) -> int:
        """Write the pieces from `first` on, in place of those that the document shows.

        Return the position from which on the text has changed.
        """
        pieces = segment.pieces
        if first < len(document.starts):
            kept_spans = bisect_left(document.code_spans, (document.starts[first], 0))
            del document.code_areas[kept_spans:]
        appended = self._appended_runs(document, segment, first)
        if appended:
            self._remove_from(document, cursor, segment, first + 1)
            document.colored_to = min(document.colored_to, first)
            position = cursor.position()
            item = pieces[first].item
            width = self._text_width(cursor.blockFormat())
            for run in appended:
                self._insert_run(document, cursor, run, self.styles.char_format(item, run), width)
            first += 1
        else:
            self._remove_from(document, cursor, segment, first)
            position = cursor.position()
        document.pieces = list(pieces)
        for index in range(first, len(pieces)):
            above = pieces[index - 1].item if index else segment.above
            self._write_piece(document, cursor, pieces[index], above, is_first=index == 0)
        return position

    def _appended_runs(
        self, document: SegmentDocument, segment: Segment, index: int
    ) -> Sequence[Run]:
        """Return the runs to append to a piece that has only grown; () if it is to be rewritten."""
        if index >= len(document.starts) or index >= len(segment.pieces):
            return ()
        old, new = document.pieces[index], segment.pieces[index]
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
            text = grown.text[len(shown.text) :]
            if _is_special(shown) or shown._replace(text=grown.text) != grown:
                return ()
            if not grown.text.startswith(shown.text):
                return ()
            appended = (grown._replace(text=text), *appended)
        above = segment.pieces[index - 1].item if index else segment.above
        styles = self.styles
        has_same_format = old.item._replace(runs=()) == new.item._replace(
            runs=()
        ) and styles.block_key(old.item, above) == styles.block_key(new.item, above)
        return appended if has_same_format else ()

    def _text_width(self, block_format: QTextBlockFormat) -> float:
        """Return the width of the text of a block."""
        width = self.width - block_format.leftMargin() - block_format.rightMargin()
        return width - block_format.indent() * self.styles.theme.px(INDENT)

    def _remove_from(
        self, document: SegmentDocument, cursor: QTextCursor, segment: Segment, first: int
    ) -> None:
        if not document.starts:
            return
        if first < len(document.starts):
            start = document.starts[first] - 1 if first else 0
            cursor.setPosition(start)
            cursor.setPosition(document.last_position, QTextCursor.MoveMode.KeepAnchor)
            cursor.removeSelectedText()
            if first and not cursor.block().text():
                # An empty block takes the format of the block that is removed below it.
                above = segment.pieces[first - 2].item if first > 1 else segment.above
                piece = segment.pieces[first - 1]
                cursor.setBlockFormat(self._block_format(piece, above, is_first=first == 1))
                cursor.setBlockCharFormat(self.styles.char_format(piece.item, Run("")))
            del document.starts[first:]
            document.colored_to = min(document.colored_to, first)
            end = document.last_position + (1 if first else 0)
            while document.code_spans and document.code_spans[-1][0] >= end:
                document.code_spans.pop()
        cursor.setPosition(document.last_position)
        if not first:
            document.has_source_formulas = False

    def _block_format(
        self, piece: Piece, above: Item | None, *, is_first: bool
    ) -> QTextBlockFormat:
        block_format = self.styles.block_format(piece.item, above)
        if piece.start:
            block_format = self.styles.continuation_format(block_format)
        if is_first and block_format.topMargin():  # the view leaves the gap above the document
            block_format = QTextBlockFormat(block_format)
            block_format.setTopMargin(0)
        return block_format

    def _write_piece(
        self,
        document: SegmentDocument,
        cursor: QTextCursor,
        piece: Piece,
        above: Item | None,
        *,
        is_first: bool,
    ) -> None:
        item = piece.item
        styles = self.styles
        block_format = self._block_format(piece, above, is_first=is_first)
        char_format = styles.char_format(item, Run(""))
        if is_first:
            cursor.setBlockFormat(block_format)
            cursor.setBlockCharFormat(char_format)
        else:
            cursor.insertBlock(block_format, char_format)
        start = cursor.position()
        document.starts.append(start)
        if not piece.start and (prefix := prefix_of(item)):
            self._write_prefix(document, cursor, item, prefix, char_format)
        width = self._text_width(block_format)
        for run in item.runs:
            self._insert_run(document, cursor, run, styles.char_format(item, run), width)

    def _write_prefix(
        self,
        document: SegmentDocument,
        cursor: QTextCursor,
        item: Item,
        prefix: str,
        char_format: QTextCharFormat,
    ) -> None:
        if not isinstance(item, Block) or not item.marker:
            cursor.insertText(prefix, char_format)
            return
        marker_format = self.styles.marker_format()
        if not item.note:
            cursor.insertText(prefix, marker_format)
            return
        label_format = self.styles.label_format(item.marker)  # a footnote, whose label is a link
        cursor.insertText(item.marker, label_format)
        cursor.insertText("\t", marker_format)

    def _insert_run(
        self,
        document: SegmentDocument,
        cursor: QTextCursor,
        run: Run,
        char_format: QTextCharFormat,
        width: float,
    ) -> None:
        if not _is_special(run):
            cursor.insertText(run.text, char_format)
            return
        start = cursor.position()
        if run.math:
            if not self._formulas.insert(cursor, run, char_format, width):
                document.has_source_formulas = True
        else:
            cursor.insertText(run.text, char_format)
        end = cursor.position()
        if run.image:
            document.has_images = True
        if char_format.boolProperty(INLINE_CODE):
            document.code_spans.append((start, end))

    # ------------------------------------------------------------------ tables

    def _table_widths(self, head: Block, *, is_growing: bool) -> tuple[int, ...]:
        """Return the widths of the columns of the table that begins with the part `head`."""
        measured = self._measured_head
        if measured is None or measured[0] is not head or measured[1] is not is_growing:
            self._measured_head = head, is_growing
            self._widths = self._tables.widths(head, is_complete=not is_growing)
        return self._widths

    def _write_table(
        self,
        document: SegmentDocument,
        cursor: QTextCursor,
        segment: Segment,
        head: Block | None,
        *,
        is_growing: bool,
    ) -> None:
        block = segment.pieces[0].item
        assert is_table(block)
        head = head or block
        document.has_growing_table = is_growing and head is block
        widths = self._table_widths(head, is_growing=document.has_growing_table)
        if len(widths) != max(1, len(block.aligns)):
            widths = self._tables.widths(block, is_complete=True)
        document.pieces = list(segment.pieces)
        document.columns = max(1, len(block.aligns))
        # With a screen reader, columns run from the left: cells are read in document order.
        is_reversed = block.from_right and not QAccessible.isActive()
        cursor.beginEditBlock()
        if not is_reversed and self._tables.fits(block, widths):
            self._write_rows(document, cursor, block, widths)
        else:
            self._write_grid(document, cursor, block, widths, is_reversed=is_reversed)
        cursor.endEditBlock()

    def _write_rows(
        self, document: SegmentDocument, cursor: QTextCursor, block: Block, widths: tuple[int, ...]
    ) -> None:
        """Write each row as a line with tab stops, which is fast, because each cell fits."""
        document.inset = -self.styles.theme.px(CELL_PAD)
        document.starts = [0]
        row_format = self._tables.row_format(block, widths)
        last = len(block.rows) - 1
        for number, row in enumerate(block.rows):
            if number in (0, 1, last):
                row_format = self._tables.row_format(block, widths)
            if number == 0:
                row_format.setTopMargin(0)
            if number == last:
                row_format.setBottomMargin(0)
            is_head = block.head and number == 0
            char_format = self._tables.char_format(Run(""), is_head=is_head)
            if number:
                cursor.insertBlock(row_format, char_format)
            else:
                cursor.setBlockFormat(row_format)
                cursor.setBlockCharFormat(char_format)
            for column, align in enumerate(block.aligns or ("",)):
                if column or align in ("right", "center"):
                    cursor.insertText("\t", char_format)
                document.cells.append(cursor.position())
                for run in row[column] if column < len(row) else ():
                    cell_format = self._tables.char_format(run, is_head=is_head)
                    self._insert_run(document, cursor, run, cell_format, self.width)

    def _write_grid(
        self,
        document: SegmentDocument,
        cursor: QTextCursor,
        block: Block,
        widths: tuple[int, ...],
        *,
        is_reversed: bool,
    ) -> None:
        """Write a QTextTable, because cells take several lines or other scripts."""
        document.inset = 1  # Qt needs an empty block above a table, here one pixel high
        empty_format, empty_char = self.styles.empty_block_formats()
        cursor.setBlockFormat(empty_format)
        cursor.setBlockCharFormat(empty_char)
        table_format = self._tables.grid_format(block, widths, is_reversed=is_reversed)
        columns = document.columns
        table = cursor.insertTable(len(block.rows), columns, table_format)
        cell_format = self._tables.cell_format()
        for row in range(len(block.rows)):
            for column in range(columns):
                shown_column = columns - 1 - column if is_reversed else column
                cell = table.cellAt(row, shown_column)
                cell.setFormat(cell_format)
                self._write_cell(
                    document, cell.firstCursorPosition(), block, row, column, is_reversed
                )
        document.is_reversed = is_reversed
        self._collect_cells(document, table)
        document.starts = [document.cells[0] if document.cells else 0]
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.setBlockFormat(empty_format)
        cursor.setBlockCharFormat(empty_char)

    def _write_cell(
        self,
        document: SegmentDocument,
        cursor: QTextCursor,
        block: Block,
        row: int,
        column: int,
        is_reversed: bool,
    ) -> None:
        cells = block.rows[row]
        runs = cells[column] if column < len(cells) else ()
        align = block.aligns[column] if column < len(block.aligns) else ""
        align = align or ("right" if is_reversed else "")
        block_format = QTextBlockFormat()
        block_format.setAlignment(ALIGNMENTS.get(align, Qt.AlignmentFlag.AlignLeft))
        cursor.setBlockFormat(block_format)
        for run in runs:
            char_format = self._tables.char_format(run, is_head=block.head and row == 0)
            width = self.width / document.columns - 2 * CELL_PAD
            self._insert_run(document, cursor, run, char_format, width)

    def _collect_cells(self, document: SegmentDocument, table: QTextTable) -> None:
        """Record the positions of all cells, and of their inline code."""
        document.code_spans = []
        for row in range(table.rows()):
            for column in range(table.columns()):
                cell = table.cellAt(row, column)
                document.cells.append(cell.firstPosition())
                fragments = cell.firstCursorPosition().block().begin()
                while not fragments.atEnd():
                    fragment = fragments.fragment()
                    fragments += 1
                    start = fragment.position()
                    end = start + fragment.length()
                    char_format = fragment.charFormat()
                    if char_format.boolProperty(INLINE_CODE):
                        document.code_spans.append((start, end))

    # ------------------------------------------------------------------ heights

    def gap_above(self, segment: Segment) -> int:
        """Return the pixels between the text above a segment and its document."""
        first = segment.pieces[0]
        if first.start:
            return 0
        item = first.item
        if is_table(item) and not item.head and is_table(segment.above):
            return 0  # a part of the table above
        gap = self.styles.gap(item, segment.above)
        if is_table(segment.above):  # whose segment includes the padding of its cells
            gap -= CELL_PAD
        return self.styles.theme.px(gap) if gap > 0 else 0

    def origin(self, segment: Segment, top: int) -> QPointF:
        """Return where the document begins if the segment begins at y coordinate `top`."""
        document = segment.document
        assert document is not None
        return QPointF(0, top + segment.gap - document.inset)


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


def _blocks_of(document: SegmentDocument) -> Iterator[QTextBlock]:
    block = document.begin()
    while block.isValid():
        document.documentLayout().blockBoundingRect(block)  # lays out the block
        yield block
        block = block.next()


def _set_left_margin(document: SegmentDocument, margin: int) -> None:
    block_format = QTextBlockFormat()
    block_format.setLeftMargin(margin)
    cursor = QTextCursor(document)
    cursor.select(QTextCursor.SelectionType.Document)
    cursor.mergeBlockFormat(block_format)
