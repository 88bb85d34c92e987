"""Updates the text of materialized items in place.

A streaming answer takes this path on every frame: unchanged text of its last item stays untouched.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtGui import QTextCursor

from desktop_app.rendering.block_model import Block, Kind
from desktop_app.ui.transcript.document.run_changes import alike, change_words, changed_length
from desktop_app.ui.transcript.layout.long_items import below
from desktop_app.ui.transcript.layout.long_text import LONGEST, parts_kept

if TYPE_CHECKING:
    from desktop_app.ui.transcript.document.item_writer import ItemWriter
    from desktop_app.ui.transcript.layout.message_layout import MessageLayout
    from desktop_app.ui.transcript.layout.message_layouts import MessageLayouts
    from desktop_app.ui.transcript.layout.reflow import Reflow
    from desktop_app.ui.transcript.message_items import Item


class ItemUpdater:
    """A writer that updates items in place and reports growing tables to `fitting`."""

    def __init__(self, layouts: MessageLayouts, items: ItemWriter, fitting: Reflow) -> None:
        self._layouts, self._items, self._fitting = layouts, items, fitting

    def update(self, layout: MessageLayout, at: int, new: Item, cursor: QTextCursor) -> bool:
        """Update the text of an item in place. Return False if more than its text differs."""
        old = layout.items[at]
        if old == new:
            return True
        if _is_respaced(old, new):
            above, layout.items[at] = layout.above(at), new
            if layout.counts[at]:
                self._items.adjust_gap(layout, at, cursor)
            else:
                room = self._items.styles.gap(new, above) - self._items.styles.gap(old, above)
                layout.heights[at] += room * self._items.styles.scale
            return True
        if not layout.counts[at]:
            layout.items[at], layout.heights[at] = new, self._items.height(new)
            return True
        if isinstance(old, Block) and isinstance(new, Block) and old.kind is Kind.TABLE:
            return new.kind is Kind.TABLE and self._update_table(layout, at, old, new, cursor)
        if type(old) is not type(new) or not _is_alike(old, new):
            return False
        found, cuts, gaps = alike(old.runs, new.runs), layout.shapes[at], layout.gaps[at]
        last = self._layouts.document.findBlockByNumber(
            self._layouts.block_of(layout, at).blockNumber() + len(cuts)
        )
        changed, after = changed_length(old.runs, found), changed_length(new.runs, found)
        kept = parts_kept(cuts, last.length() - 1 - changed, after)
        if cuts and kept < (gaps[-1].block if gaps else 1):
            return False
        self._update_key(layout, at, new, cursor)
        end, joined = last.position() + last.length() - 1, len(cuts) - kept
        format_of = partial(self._items.styles.char_format, new)
        change_words(cursor, end, old.runs, new.runs, found, format_of, parts=joined)
        layout.items[at] = new
        cuts, block = cuts[:kept], cursor.block()
        if block.length() - 1 > LONGEST:
            cuts = self._items.long.grow(
                new, block, cuts, self._items.first_format(layout, at), cursor
            )
        layout.count(at, 1 + len(cuts), cuts, gaps)
        return True

    def _update_key(self, layout: MessageLayout, at: int, new: Item, cursor: QTextCursor) -> None:
        """Update the block formats, which tell the painter if a block has inline code."""
        above, hole = layout.above(at), layout.keys[at][1]
        key = self._items.styles.block_key(new, above)
        if key == layout.keys[at][0]:
            return
        layout.keys[at] = key, hole
        block, made = (
            self._layouts.block_of(layout, at),
            self._items.styles.block_format(new, above),
        )
        holes = {0: hole, **{gap.block: gap.height for gap in layout.gaps[at]}}
        for number in range(layout.counts[at]):
            cursor.setPosition(block.position())
            cursor.setBlockFormat(below(holes.get(number, 0), made))
            block, made = block.next(), self._items.styles.continued(made)

    def _update_table(
        self, layout: MessageLayout, at: int, old: Block, new: Block, cursor: QTextCursor
    ) -> bool:
        if len(new.rows) < len(old.rows) or (old.aligns, old.head) != (new.aligns, new.head):
            return False
        tables, widths = self._items.tables, layout.shapes[at]
        if new.head and len(new.rows) > len(old.rows):
            widths = tables.columns.widths(new, whole=False)
        ruled = layout.is_ruled(at)
        if widths != layout.shapes[at] or tables.are_lines(new, widths) is not ruled:
            self._items.turn_table(layout, at, new, widths, cursor)
        else:
            first, above = self._layouts.block_of(layout, at), layout.above(at)
            if ruled:
                added = tables.grow_rows(first, old, new, above, widths, cursor)
            else:
                table = QTextCursor(first.next()).currentTable()
                added = tables.grow_frame(table, old, new, cursor)
            layout.items[at] = new
            layout.count(at, layout.counts[at] + added, widths)
        if new.head:
            self._fitting.grows(layout, at, cursor)
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
