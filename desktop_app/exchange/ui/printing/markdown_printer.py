"""Markdown in a printed conversation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple, Protocol

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import (
    QImage,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
    QTextTable,
)

from desktop_app.exchange.ui.printing.page_writer import PageWriter, display_text
from desktop_app.exchange.ui.printing.print_styles import (
    CODE_SIZE,
    HIDDEN_SIZE,
    NOTE_SIZE,
    QUOTE_BAR,
    QUOTE_GAP,
    begins_at_right,
)
from desktop_app.markdown.block_model import (
    ADDED_MARK,
    Block,
    Kind,
    Run,
    Runs,
    is_in_other_quote,
    quote_block,
    shared_quotes,
)
from desktop_app.markdown.export.html_writer import group_blocks
from desktop_app.markdown.incremental.block_stream import render
from desktop_app.markdown.parsing.inline_images import is_drawn_image, is_image_name
from desktop_app.markdown.parsing.links import is_openable
from desktop_app.markdown.parsing.own_links import link_to_mark
from desktop_app.markdown.processes.highlight import ColoredSpan
from desktop_app.transcript.segment_formulas import FormulaFinder, SegmentFormulas
from desktop_app.transcript.transcript_styles import ALIGNMENTS, CELL_PAD

_PREFERRED_WIDTH: Final = 9
"""The width of a column with wider text, in widths of "m", unless a word needs more."""


@dataclass
class _QuoteBar:
    """The bar beside a quote, from its first to its last block.

    Attributes:
        inset: the distance in pixels from the edge of the page where the quote begins.
    """

    first: QTextBlock
    last: QTextBlock
    inset: float
    is_at_right: bool


class _TableRow(NamedTuple):
    cells: tuple[Runs, ...]
    is_head: bool


class ContentReaders(FormulaFinder, Protocol):
    """Readers of what Qt and Pygments should not read in this process."""

    def spans(self, code: str, language: str) -> list[ColoredSpan]:
        """Return the colored spans of code."""

    def diagram(self, language: str, source: str) -> tuple[QImage, int] | None:
        """Return the picture of a diagram, and its width in pixels; None for other code."""

    def inline_image(self, address: str) -> QImage:
        """Return the image in an address; a null image if it cannot be decoded."""


class MarkdownPrinter:
    """A printer of Markdown texts, which also knows where their quotes have bars."""

    def __init__(
        self, writer: PageWriter, readers: ContentReaders, formulas: SegmentFormulas
    ) -> None:
        self._writer = writer
        self._formulas = formulas
        self._readers = readers
        self._styles = writer.styles
        self._text_count = 0
        self._quote_bars: list[_QuoteBar] = []

    def quote_bars(self) -> list[QRectF]:
        """Return the places of the bars beside quotes, in pixels from the top of the first page."""
        layout = self._writer.document.documentLayout()
        width = QUOTE_BAR * self._styles.pixels_per_point
        places = []
        for bar in self._quote_bars:
            left = self._writer.page.width() - bar.inset - width if bar.is_at_right else bar.inset
            padding = QTextCursor(bar.last).currentFrame().frameFormat().padding()
            bottom = layout.blockBoundingRect(bar.last).bottom() + padding
            top = layout.blockBoundingRect(bar.first).top()
            places.append(QRectF(left, top, width, bottom - top))
        return places

    def insert(self, markdown: str, *, is_quoted: bool = False) -> None:
        """Insert Markdown; with `is_quoted`, within a quote."""
        previous_block: Block | None = None
        open_bars: list[_QuoteBar] = []
        self._text_count += 1
        for blocks in group_blocks(render(markdown), (Kind.CODE, Kind.TABLE)):
            if is_quoted:
                blocks = [quote_block(block) for block in blocks]
            first_block = blocks[0]
            if previous_block is not None and is_in_other_quote(previous_block, first_block):
                # Two blocks, because Qt gives an empty block below a table no height.
                self._writer.insert_block(self._styles.empty_block_format())
                self._writer.insert_block(
                    self._styles.spacer_format(QUOTE_GAP * self._styles.pixels_per_point)
                )
            start = self._writer.cursor.position()
            if not self._writer.is_block_empty:
                start += 1  # the next block is inserted below the current one
            if first_block.kind in (Kind.CODE, Kind.CODE_HEAD):
                self.insert_code(blocks)
            elif first_block.kind is Kind.TABLE:
                self._insert_table(blocks)
            elif first_block.kind is Kind.RULE:
                self._insert_rule(first_block, previous_block)
            else:
                self._insert_paragraph(first_block, previous_block)
            shared = 0 if previous_block is None else shared_quotes(previous_block, first_block)
            del open_bars[shared:]  # the quotes that end above
            self._add_quote_bars(first_block, open_bars, self._writer.document.findBlock(start))
            previous_block = blocks[-1]

    def _add_quote_bars(
        self, block: Block, open_bars: list[_QuoteBar], inserted: QTextBlock
    ) -> None:
        """Extend the bars of open quotes down to the inserted blocks, and add those that begin."""
        current = self._writer.cursor.block()
        last_block = current.previous() if self._writer.is_block_empty else current
        for bar in open_bars:
            bar.last = last_block
        is_at_right = begins_at_right(block)
        new_bars = [
            _QuoteBar(inserted, last_block, inset, is_at_right)
            for inset in self._styles.quote_insets(block)[len(open_bars) :]
        ]
        open_bars += new_bars
        self._quote_bars += new_bars

    def _insert_paragraph(self, block: Block, previous_block: Block | None) -> None:
        block_format = self._styles.block_format(block, previous_block)
        if block.kind is Kind.MATH and not block.marker:
            block_format.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._writer.insert_block(block_format, keeps_next=block.kind is Kind.HEADING)
        if block.marker:
            marker_format = self._styles.run_format(Run(""), Kind.PARAGRAPH)
            if block.note:
                name = self._footnote_anchor(link_to_mark(block.marker))
                marker_format = QTextCharFormat(marker_format)
                marker_format.setAnchor(True)
                marker_format.setAnchorNames([name])
            self._writer.cursor.insertText(f"{block.marker}\t", marker_format)
        self._insert_runs(block.runs, block.kind, block.level, is_quiet=block.quote > 0)

    def _insert_runs(
        self,
        runs: Runs,
        kind: Kind,
        level: int = 0,
        *,
        is_head: bool = False,
        is_quiet: bool = False,
    ) -> None:
        for run in runs:
            if is_drawn_image(run):
                image = self._readers.inline_image(run.link)
                if not image.isNull():
                    name = f"raster:{sha256(run.link.encode()).hexdigest()}"
                    self._writer.insert_image(name, image, self._writer.page.width() / 2)
                continue
            if is_image_name(run):
                hidden = self._styles.plain_format(HIDDEN_SIZE, self._writer.theme.ground)
                self._writer.cursor.insertText(display_text(run.text), hidden)
                continue
            char_format = self._styles.run_format(
                run, kind, level, is_head=is_head, is_quiet=is_quiet
            )
            if is_openable(run.link):
                char_format = self._styles.link_format(char_format, run.link)
            elif run.note and run.link:
                target = f"#{self._footnote_anchor(run.link)}"
                char_format = self._styles.link_format(char_format, target, is_underlined=False)
            if run.math:
                self._insert_formula(run, char_format)
            else:
                self._writer.cursor.insertText(run.text.replace(ADDED_MARK, ""), char_format)

    def _insert_formula(self, run: Run, char_format: QTextCharFormat) -> None:
        """Insert a formula, no wider than its column."""
        cursor = self._writer.cursor
        width = self._writer.page.width()
        table: QTextTable | None = cursor.currentTable()
        if table is not None:
            width = width / table.columns() - 2 * CELL_PAD
        else:
            block_format = cursor.blockFormat()
            width -= block_format.indent() * self._writer.document.indentWidth()
            width -= block_format.leftMargin() + block_format.rightMargin()
        self._formulas.insert(cursor, run, char_format, width)

    def _footnote_anchor(self, target: str) -> str:
        """Return a footnote's anchor, unique in a document of several texts."""
        return f"note-{self._text_count}-{target.rpartition('/')[2]}"

    def _insert_rule(self, block: Block, previous_block: Block | None) -> None:
        if block.marker:
            # Only the marker, because a rule has no text.
            self._insert_paragraph(block, previous_block)
        if self._writer.is_block_empty:  # below a table, where Qt gives an empty block no height
            self._writer.insert_block(self._styles.empty_block_format())
        block_format = self._styles.paragraph_format(8)
        block_format.setLeftMargin(self._styles.inset(block))
        block_format.setProperty(QTextFormat.Property.BlockTrailingHorizontalRulerWidth, 1)
        self._writer.insert_block(block_format)

    def insert_code(self, blocks: list[Block]) -> None:
        """Insert the code in `blocks`: one for each line, perhaps below a CODE_HEAD."""
        styles = self._styles
        first_block = blocks[0]
        lines = [
            "".join(run.text for run in block.runs).replace(ADDED_MARK, "")
            for block in blocks
            if block.kind is Kind.CODE
        ]
        drawn = self._readers.diagram(first_block.language, "\n".join(lines))
        if drawn is not None:
            image, width = drawn
            self._writer.insert_block(styles.paragraph_format(8, line_height=1))
            name = f"diagram:{sha256(chr(10).join(lines).encode()).hexdigest()}"
            self._writer.insert_image(
                name, image, self._writer.page.width(), pixels_per_unit=image.width() / width
            )
            return
        self._writer.begin_frame(
            styles.frame_format(self._writer.theme.code_ground, 6, styles.inset(first_block))
        )
        if first_block.language:
            name = display_text(first_block.language)
            self._writer.insert_text(
                name, styles.paragraph_format(0), NOTE_SIZE, color=self._writer.theme.dim, bold=True
            )
        block_format = styles.paragraph_format(0, line_height=1.25)
        text_format = styles.plain_format(CODE_SIZE, self._writer.theme.text, mono=True)
        spans_by_line: list[list[ColoredSpan]] = [[] for _ in lines]
        for span in self._readers.spans("\n".join(lines), first_block.language):
            if span.line < len(spans_by_line):
                spans_by_line[span.line].append(span)
        for line, spans in zip(lines, spans_by_line, strict=True):
            self._writer.insert_block(block_format)
            offset = 0
            for span in spans:
                color = getattr(self._writer.theme, span.color.value)
                self._writer.cursor.insertText(line[offset : span.start], text_format)
                end = span.start + span.length
                style = styles.plain_format(CODE_SIZE, color, mono=True)
                self._writer.cursor.insertText(line[span.start : end], style)
                offset = end
            self._writer.cursor.insertText(line[offset:], text_format)
        self._writer.end_frame()

    def _insert_table(self, blocks: list[Block]) -> None:
        rows = [
            _TableRow(cells, is_head=block.head and index == 0)
            for block in blocks
            for index, cells in enumerate(block.rows)
        ]
        columns = max((len(row.cells) for row in rows), default=0)
        if not columns:
            return
        styles = self._styles
        texts = [["".join(run.text for run in cell) for cell in row.cells] for row in rows]
        available_width = self._writer.page.width() - styles.inset(blocks[0])
        for group in column_groups(texts, columns, styles.cell_width, available_width):
            self._insert_columns(blocks[0], rows, group)

    def _insert_columns(
        self, first_block: Block, rows: list[_TableRow], columns: list[int]
    ) -> None:
        """Insert some columns of a table; Qt always places the first column at the left."""
        if first_block.from_right:
            columns = columns[::-1]
        default_align = "right" if first_block.from_right else "left"
        table_format = self._styles.table_format(first_block)
        table = self._writer.insert_table(len(rows), len(columns), table_format)
        cell_format = self._styles.cell_format()
        for row_index, row in enumerate(rows):
            for column_index, column in enumerate(columns):
                runs = row.cells[column] if column < len(row.cells) else ()
                cell = table.cellAt(row_index, column_index)
                cell.setFormat(cell_format)
                self._writer.cursor = cell.firstCursorPosition()
                block_format = QTextBlockFormat()
                block_format.setAlignment(ALIGNMENTS[first_block.aligns[column] or default_align])
                self._writer.cursor.setBlockFormat(block_format)
                self._insert_runs(runs, Kind.TABLE, is_head=row.is_head)
        self._writer.end_frame()


def column_groups(
    rows: Sequence[Sequence[str]],
    columns: int,
    measure: Callable[[str], float],
    available_width: float,
) -> list[list[int]]:
    """Split a table that is too wide for the page into parts, one below the other.

    Each part has as many columns as fit without breaking words, and repeats the first column, which
    usually names the row. Return the columns of each part; one part if no word must be broken.

    Args:
        measure: returns the width of a cell with a text.
        available_width: in the unit of `measure`.
    """
    texts = [[row[column] for row in rows if column < len(row)] for column in range(columns)]
    min_widths = [
        max((measure(word) for text in column_texts for word in text.split()), default=0.0)
        for column_texts in texts
    ]
    if sum(min_widths) <= available_width or columns < 2:
        return [list(range(columns))]
    preferred_width = measure("m" * _PREFERRED_WIDTH)
    widths = []
    for min_width, column_texts in zip(min_widths, texts, strict=True):
        full_width = max(map(measure, column_texts), default=0.0)
        widths.append(max(min_width, min(full_width, preferred_width)))
    groups = [[0]]
    width = widths[0]
    for column in range(1, columns):
        if width + widths[column] > available_width and len(groups[-1]) > 1:
            groups.append([0])
            width = widths[0]
        groups[-1].append(column)
        width += widths[column]
    return groups
