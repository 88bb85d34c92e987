"""Updates the text of materialized items in place.

This happens in every frame of a streaming answer. Unchanged text of the answer's last item stays
untouched.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtGui import QTextCursor

from desktop_app.markdown.block_model import Block
from desktop_app.transcript.document.long_text_writer import with_space_above
from desktop_app.transcript.document.run_changes import (
    common_prefix,
    length_after_prefix,
    replace_text,
)
from desktop_app.transcript.layout.long_text_splitter import MAX_BLOCK_UNITS, count_kept_cuts
from desktop_app.transcript.layout.message_layout import is_table

if TYPE_CHECKING:
    from desktop_app.transcript.document.item_writer import ItemWriter
    from desktop_app.transcript.document.reflow import Reflow
    from desktop_app.transcript.layout.message_layout import MessageLayout
    from desktop_app.transcript.layout.message_layouts import MessageLayouts
    from desktop_app.transcript.message_items import Item


class ItemUpdater:
    """A writer that updates items in place and reports growing tables to `reflow`."""

    def __init__(self, layouts: MessageLayouts, item_writer: ItemWriter, reflow: Reflow) -> None:
        self._layouts = layouts
        self._item_writer = item_writer
        self._reflow = reflow

    def update(self, layout: MessageLayout, index: int, new: Item, cursor: QTextCursor) -> bool:
        """Update an item in place. Return False if it has to be written anew instead."""
        old = layout.items[index]
        if old == new:
            return True
        if _is_respaced(old, new):
            above = layout.item_above(index)
            layout.replace_item(index, new)
            if layout.counts[index]:
                self._item_writer.adjust_space_above(layout, index, cursor)
            else:  # not materialized: only its height changes
                styles = self._item_writer.styles
                gap_change = styles.gap(new, above) - styles.gap(old, above)
                layout.set_heights(index, [layout.heights[index] + gap_change * styles.scale])
            return True
        if not layout.counts[index]:
            layout.replace_item(index, new)
            layout.set_heights(index, [self._item_writer.estimate_height(new)])
            return True
        if is_table(old):
            return is_table(new) and self._update_table(layout, index, old, new, cursor)
        if type(old) is not type(new) or not _is_alike(old, new):
            return False
        return self._update_text(layout, index, new, cursor)

    def _update_text(
        self, layout: MessageLayout, index: int, new: Item, cursor: QTextCursor
    ) -> bool:
        """Update the runs of an item. Return False if too little of a long text is unchanged."""
        old = layout.items[index]
        prefix = common_prefix(old.runs, new.runs)
        cuts = layout.shapes[index]
        gaps = layout.gaps[index]
        first_number = self._layouts.block_of(layout, index).blockNumber()
        last_block = self._layouts.document.findBlockByNumber(first_number + len(cuts))
        last_block_units = last_block.length() - 1
        unchanged_units = last_block_units - length_after_prefix(old.runs, prefix)
        added_units = length_after_prefix(new.runs, prefix)
        kept_cuts = count_kept_cuts(cuts, unchanged_units, added_units)
        if cuts:
            # Of a long text, at least one cut has to stay, and all cuts down to the last gap.
            min_kept_cuts = gaps[-1].block if gaps else 1
            if kept_cuts < min_kept_cuts:
                return False
        self._update_formats(layout, index, new, cursor)
        replace_text(
            cursor,
            end=last_block.position() + last_block_units,
            old=old.runs,
            new=new.runs,
            prefix=prefix,
            format_of=partial(self._item_writer.styles.char_format, new),
            joined_blocks=len(cuts) - kept_cuts,
        )
        layout.replace_item(index, new)
        cuts = cuts[:kept_cuts]
        block = cursor.block()
        if block.length() - 1 > MAX_BLOCK_UNITS:
            cuts = self._item_writer.long_texts.split_last_block(
                item=new,
                block=block,
                cuts=cuts,
                block_format=self._item_writer.first_block_format(layout, index),
                cursor=cursor,
            )
        layout.record_blocks(index, 1 + len(cuts), cuts, gaps)
        return True

    def _update_formats(
        self, layout: MessageLayout, index: int, new: Item, cursor: QTextCursor
    ) -> None:
        """Update the block formats, which tell the painter if a block has inline code."""
        above = layout.item_above(index)
        former_space = layout.space_keys[index]
        styles = self._item_writer.styles
        block_key = styles.block_key(new, above)
        if block_key == former_space.block_key:
            return
        layout.record_space(index, block_key, former_space.placeholder)
        block = self._layouts.block_of(layout, index)
        block_format = styles.block_format(new, above)
        # The placeholder is above the first block, and each text gap above the block below it.
        heights_above = {gap.block: gap.height for gap in layout.gaps[index]}
        heights_above[0] = former_space.placeholder
        for number in range(layout.counts[index]):
            cursor.setPosition(block.position())
            cursor.setBlockFormat(with_space_above(heights_above.get(number, 0), block_format))
            block = block.next()
            block_format = styles.continuation_format(block_format)

    def _update_table(
        self, layout: MessageLayout, index: int, old: Block, new: Block, cursor: QTextCursor
    ) -> bool:
        """Update the rows of a table. Return False if the table has to be written anew instead."""
        if len(new.rows) < len(old.rows):
            return False
        if new.aligns != old.aligns or new.head != old.head:
            return False
        tables = self._item_writer.tables
        widths = layout.shapes[index]
        # The first part of a table, which has the head, determines the widths of all parts.
        if new.head and len(new.rows) > len(old.rows):
            widths = tables.columns.widths(new, is_complete=False)
        are_row_blocks = layout.has_row_blocks(index)
        if (
            widths != layout.shapes[index]
            or tables.can_be_row_blocks(new, widths) is not are_row_blocks
        ):
            self._item_writer.rewrite_table(layout, index, block=new, widths=widths, cursor=cursor)
        else:
            first_block = self._layouts.block_of(layout, index)
            above = layout.item_above(index)
            if are_row_blocks:
                added_blocks = tables.update_row_blocks(
                    first_block, old, new, above, widths, cursor
                )
            else:
                # The first block is the empty one before the table.
                table = QTextCursor(first_block.next()).currentTable()
                added_blocks = tables.update_table(table, old, new, cursor)
            layout.replace_item(index, new)
            layout.record_blocks(index, layout.counts[index] + added_blocks, widths)
        if new.head:
            self._reflow.record_growth(layout, index, cursor)
        return True


def _is_respaced(old: Item, new: Item) -> bool:
    """Return True if two items differ only in the looseness of their list."""
    if not isinstance(old, Block) or not isinstance(new, Block):
        return False
    return old.loose is not new.loose and old._replace(loose=new.loose) == new


def _is_alike(old: Item, new: Item) -> bool:
    """Return True if two items of the same type differ only in text or list looseness."""
    if isinstance(old, Block) and isinstance(new, Block):
        old = old._replace(loose=new.loose)
    return old._replace(runs=()) == new._replace(runs=())
