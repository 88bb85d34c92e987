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

    def __init__(self, sections: MessageLayouts, items: ItemWriter, fitting: Reflow) -> None:
        self._sections, self._items, self._fitting = sections, items, fitting

    def update(self, section: MessageLayout, at: int, new: Item, cursor: QTextCursor) -> bool:
        """Update the text of an item in place. Return False if more than its text differs."""
        old = section.items[at]
        if old == new:
            return True
        if _is_respaced(old, new):
            above, section.items[at] = section.above(at), new
            if section.counts[at]:
                self._items.adjust_gap(section, at, cursor)
            else:
                room = self._items.styles.gap(new, above) - self._items.styles.gap(old, above)
                section.heights[at] += room * self._items.styles.scale
            return True
        if not section.counts[at]:
            section.items[at], section.heights[at] = new, self._items.height(new)
            return True
        if isinstance(old, Block) and isinstance(new, Block) and old.kind is Kind.TABLE:
            return new.kind is Kind.TABLE and self._update_table(section, at, old, new, cursor)
        if type(old) is not type(new) or not _is_alike(old, new):
            return False
        found, cuts, gaps = alike(old.runs, new.runs), section.shapes[at], section.gaps[at]
        last = self._sections.document.findBlockByNumber(
            self._sections.block_of(section, at).blockNumber() + len(cuts)
        )
        changed, after = changed_length(old.runs, found), changed_length(new.runs, found)
        kept = parts_kept(cuts, last.length() - 1 - changed, after)
        if cuts and kept < (gaps[-1].block if gaps else 1):
            return False
        self._update_key(section, at, new, cursor)
        end, joined = last.position() + last.length() - 1, len(cuts) - kept
        format_of = partial(self._items.styles.char_format, new)
        change_words(cursor, end, old.runs, new.runs, found, format_of, parts=joined)
        section.items[at] = new
        cuts, block = cuts[:kept], cursor.block()
        if block.length() - 1 > LONGEST:
            cuts = self._items.long.grow(
                new, block, cuts, self._items.first_format(section, at), cursor
            )
        section.count(at, 1 + len(cuts), cuts, gaps)
        return True

    def _update_key(self, section: MessageLayout, at: int, new: Item, cursor: QTextCursor) -> None:
        """Update the block formats, which tell the painter if a block has inline code."""
        above, hole = section.above(at), section.keys[at][1]
        key = self._items.styles.block_key(new, above)
        if key == section.keys[at][0]:
            return
        section.keys[at] = key, hole
        block, made = (
            self._sections.block_of(section, at),
            self._items.styles.block_format(new, above),
        )
        holes = {0: hole, **{gap.block: gap.height for gap in section.gaps[at]}}
        for number in range(section.counts[at]):
            cursor.setPosition(block.position())
            cursor.setBlockFormat(below(holes.get(number, 0), made))
            block, made = block.next(), self._items.styles.continued(made)

    def _update_table(
        self, section: MessageLayout, at: int, old: Block, new: Block, cursor: QTextCursor
    ) -> bool:
        if len(new.rows) < len(old.rows) or (old.aligns, old.head) != (new.aligns, new.head):
            return False
        tables, widths = self._items.tables, section.shapes[at]
        if new.head and len(new.rows) > len(old.rows):
            widths = tables.columns.widths(new, whole=False)
        ruled = section.is_ruled(at)
        if widths != section.shapes[at] or tables.are_lines(new, widths) is not ruled:
            self._items.turn_table(section, at, new, widths, cursor)
        else:
            first, above = self._sections.block_of(section, at), section.above(at)
            if ruled:
                added = tables.grow_rows(first, old, new, above, widths, cursor)
            else:
                table = QTextCursor(first.next()).currentTable()
                added = tables.grow_frame(table, old, new, cursor)
            section.items[at] = new
            section.count(at, section.counts[at] + added, widths)
        if new.head:
            self._fitting.grows(section, at, cursor)
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
