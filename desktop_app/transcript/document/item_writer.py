"""Materializes items in the document, and removes them.

The gap above an item depends on the item above it, and includes any placeholder between them (see
document_writer.py). After materializing or removing items, adjust the gap above the next item.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from desktop_app.markdown.block_model import Block, Run
from desktop_app.transcript.document.block_inserter import BlockInserter, remove_blocks
from desktop_app.transcript.document.long_text_writer import (
    LongTextWriter,
    RunIndexCache,
    TextParts,
    with_space_above,
)
from desktop_app.transcript.document.run_changes import is_longer
from desktop_app.transcript.document.table_writer import TableWriter, row_runs
from desktop_app.transcript.layout.height_estimates import estimate_height
from desktop_app.transcript.layout.item_prefix import prefix_of
from desktop_app.transcript.layout.long_text_splitter import MAX_BLOCK_UNITS
from desktop_app.transcript.layout.message_layout import MessageLayout, SpaceKey, is_table

if TYPE_CHECKING:
    from PySide6.QtGui import QTextBlockFormat, QTextCharFormat, QTextCursor

    from desktop_app.transcript.layout.message_layouts import MessageLayouts
    from desktop_app.transcript.message_items import Item
    from desktop_app.transcript.transcript_styles import Styles


class ItemWriter:
    """A writer of items. The caller passes the cursor of the current edit.

    Attributes:
        styles: the styles of the items.
        width: the document width in pixels.
        tables: writes tables with these styles, for this width.
        long_texts: writes long texts with these styles, for this width.
    """

    def __init__(self, layouts: MessageLayouts, styles: Styles, width: float) -> None:
        self._layouts = layouts
        self._run_indices = RunIndexCache()
        self.set_styles(styles, width)

    def set_styles(self, styles: Styles, width: float) -> None:
        """Use other styles or another document width for later writes."""
        self.styles = styles
        self.width = width
        self.tables = TableWriter(styles, width)
        self.long_texts = LongTextWriter(styles, width, self._run_indices)

    def estimate_height(self, item: Item) -> float:
        """Estimate the height of an item in pixels."""
        return estimate_height(item) * self.styles.scale

    def erase(self, layout: MessageLayout, first: int, end: int, cursor: QTextCursor) -> None:
        """Dematerialize items [first, end)."""
        count = sum(layout.counts[first:end])
        if count:
            start = self._layouts.block_of(layout, first)
            below = self._layouts.document.findBlockByNumber(start.blockNumber() + count)
            remove_blocks(cursor, start, below)
        layout.record_erased(first, end)

    def write(
        self,
        layout: MessageLayout,
        first: int,
        end: int,
        cursor: QTextCursor,
        *,
        whole: bool = False,
    ) -> None:
        """Materialize the missing items of [first, end).

        Of a very long text, materialize only the first and last parts. With `whole`, this applies
        only to a text so long that one step cannot write it.
        """
        for placeholder in layout.placeholders(first, end):
            inserter = BlockInserter(cursor, self._layouts.block_of(layout, placeholder.first))
            for index in range(placeholder.first, placeholder.end):
                self._write_item(layout, index, inserter, whole=whole)
            self.adjust_space_above(layout, placeholder.first, cursor)

    def _write_item(
        self, layout: MessageLayout, index: int, inserter: BlockInserter, *, whole: bool
    ) -> None:
        item = layout.items[index]
        if is_table(item):
            widths = self.tables.widths(layout, index, item)
            self._insert_table(layout, index, item, inserter, widths)
        else:
            self._set_gap_below_table(layout, index, item, inserter.cursor)
            above = layout.item_above(index)
            key = self.styles.block_key(item, above)
            block_format = self.styles.block_format(item, above, key)
            layout.record_space(index, key)
            parts = self._write_text(inserter, item, block_format, whole=whole)
            layout.record_blocks(index, 1 + len(parts.cuts), *parts)

    def _set_gap_below_table(
        self,
        layout: MessageLayout,
        index: int,
        item: Item,
        cursor: QTextCursor,
        *,
        are_row_blocks: bool = False,
    ) -> None:
        """Set the margin of a QTextTable directly above item `index` to the gap between them.

        Qt ignores the top margin of a block below a table.
        """
        if not _follows_qtext_table(layout, index):
            return
        if not is_table(item):
            gap = self.tables.styles.space_below_table(item)
        elif are_row_blocks:
            gap = self.tables.styles.space_above_row_blocks(item, layout.item_above(index))
        else:  # a QTextTable, which has a top margin of its own
            gap = 0
        self.tables.set_margin_below(cursor, gap)

    def _write_text(
        self, inserter: BlockInserter, item: Item, block_format: QTextBlockFormat, *, whole: bool
    ) -> TextParts:
        """Write an item that is not a table. Return how it is split into blocks."""
        format_of = partial(self.styles.char_format, item)
        inserter.insert_block(block_format, format_of(Run("")))
        for run, char in self._prefix_runs(item):
            inserter.cursor.insertText(run.text, char)
        if is_longer(item.runs, MAX_BLOCK_UNITS):
            return self.long_texts.write(inserter, item, block_format, whole=whole)
        for run in item.runs:
            inserter.cursor.insertText(run.text, format_of(run))
        return TextParts()

    def _prefix_runs(self, item: Item) -> list[tuple[Run, QTextCharFormat]]:
        """Return the prefix of an item as runs with formats."""
        text = prefix_of(item)
        if not text or not isinstance(item, Block):
            return []
        if not item.marker:
            return [(Run(text), self.styles.char_format(item, Run("")))]
        char = self.styles.marker_format()
        if item.note:  # a footnote, whose label is a link
            return [(Run(item.marker), self.styles.label_format(item.marker)), (Run("\t"), char)]
        return [(Run(text), char)]

    def _insert_table(
        self,
        layout: MessageLayout,
        index: int,
        block: Block,
        inserter: BlockInserter,
        widths: tuple[int, ...],
    ) -> None:
        """Insert the table or table part `block` as item `index`, and record its blocks.

        `widths` are the column widths in pixels.
        """
        tables = self.tables
        key = tables.key(layout, index, block)
        are_row_blocks = tables.can_be_row_blocks(block, widths)
        self._set_gap_below_table(
            layout, index, block, inserter.cursor, are_row_blocks=are_row_blocks
        )
        if are_row_blocks:
            for row_number in range(len(block.rows)):
                inserter.insert_block(
                    tables.styles.row_format(block, row_number, layout.item_above(index), widths),
                    tables.char_format(block, row_number, Run("")),
                )
                for run in row_runs(block, row_number):
                    inserter.cursor.insertText(run.text, tables.char_format(block, row_number, run))
            count = len(block.rows)
        else:
            inserter.move_below()
            count = tables.insert_table(layout, index, block, widths, inserter.cursor)
        layout.record_space(index, key)
        layout.record_blocks(index, count, widths)

    def rewrite_table(
        self,
        layout: MessageLayout,
        index: int,
        block: Block,
        widths: tuple[int, ...],
        cursor: QTextCursor,
    ) -> None:
        """Replace a table part by `block` with these column widths in pixels."""
        self.erase(layout, index, index + 1, cursor)
        layout.replace_item(index, block)
        inserter = BlockInserter(cursor, self._layouts.block_of(layout, index))
        self._insert_table(layout, index, block, inserter, widths)
        self.adjust_space_above(layout, index, cursor)
        self.adjust_space_above(layout, index + 1, cursor)

    def rewrite(self, layout: MessageLayout, index: int, cursor: QTextCursor) -> None:
        """Rewrite an item in place."""
        item = layout.items[index]
        if is_table(item):
            self.rewrite_table(
                layout, index, block=item, widths=layout.shapes[index], cursor=cursor
            )
        else:
            self.erase(layout, index, index + 1, cursor)
            self.write(layout, index, index + 1, cursor)

    def adjust_space_above(self, layout: MessageLayout, index: int, cursor: QTextCursor) -> None:
        """Update the space above an item or, if it is missing, above the next materialized one.

        The space depends on the item above, materialized or not, and on any placeholder between
        them.
        """
        index = layout.next_materialized(index)
        if index >= len(layout.items):
            return
        item = layout.items[index]
        placeholder = layout.placeholder_height(index)
        space_key = SpaceKey(self._block_key(layout, index), placeholder)
        if is_table(layout.item_above(index)):
            cursor.setPosition(self._layouts.block_of(layout, index).position())
            are_row_blocks = is_table(item) and layout.has_row_blocks(index)
            self._set_gap_below_table(layout, index, item, cursor, are_row_blocks=are_row_blocks)
        is_below_table = False
        if placeholder > 0:
            is_below_table = self._add_placeholder_below_table(layout, index, placeholder, cursor)
        if space_key == layout.space_keys[index]:
            return
        if is_table(item) and space_key.block_key != layout.space_keys[index].block_key:
            self.rewrite(layout, index, cursor)  # also records the space above the table
        if space_key != layout.space_keys[index]:
            layout.record_space(index, *space_key)
            cursor.setPosition(self._layouts.block_of(layout, index).position())
            # Below a table, the margin of the table already has the height of the placeholder.
            space = 0 if is_below_table else placeholder
            cursor.setBlockFormat(with_space_above(space, self.first_block_format(layout, index)))

    def _add_placeholder_below_table(
        self, layout: MessageLayout, index: int, placeholder: int, cursor: QTextCursor
    ) -> bool:
        """Add the height of the placeholder above item `index` to the margin of a QTextTable above.

        Qt ignores the top margin of a block below a table. Return False if there is no QTextTable.
        """
        above = layout.previous_materialized(index)
        if above < 0 or not is_table(layout.items[above]) or layout.has_row_blocks(above):
            return False
        cursor.setPosition(self._layouts.block_of(layout, index).position())
        margin = round(self.first_block_format(layout, index).topMargin())
        self.tables.set_margin_below(cursor, placeholder + margin)
        return True

    def _block_key(self, layout: MessageLayout, index: int) -> tuple[object, ...]:
        item = layout.items[index]
        if is_table(item):
            return self.tables.key(layout, index, item)
        return self.styles.block_key(item, layout.item_above(index))

    def first_block_format(self, layout: MessageLayout, index: int) -> QTextBlockFormat:
        """Return the format of an item's first block, without the height of a placeholder."""
        item = layout.items[index]
        above = layout.item_above(index)
        if not is_table(item):
            return self.styles.block_format(item, above)
        if layout.has_row_blocks(index):
            return self.tables.styles.row_format(item, 0, above, layout.shapes[index])
        return self.tables.styles.format_before_table(item)


def _follows_qtext_table(layout: MessageLayout, index: int) -> bool:
    """Return True if a materialized QTextTable is directly above item `index`."""
    return (
        index > 0
        and layout.counts[index - 1] > 0
        and is_table(layout.items[index - 1])
        and not layout.has_row_blocks(index - 1)
    )
