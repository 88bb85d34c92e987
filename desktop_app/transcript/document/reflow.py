"""Tracks items whose layout is outdated, and rewrites them.

The columns of a growing table fit its first rows. The table gets its final widths once text follows
it or the answer ends. After a change of the document width, items that depend on the width are
rewritten: first those on screen, then the rest in slices.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from desktop_app.transcript.layout.message_layout import is_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtGui import QTextCursor

    from desktop_app.transcript.document.item_writer import ItemWriter
    from desktop_app.transcript.layout.message_layout import MessageLayout
    from desktop_app.transcript.layout.message_layouts import MessageLayouts
    from desktop_app.transcript.message_items import Item


class Reflow:
    """The growing table of a document and the items laid out for an earlier width."""

    def __init__(self, layouts: MessageLayouts, item_writer: ItemWriter) -> None:
        self._layouts = layouts
        self._item_writer = item_writer
        # A message's layout and the index of an item in it.
        self._growing_table: tuple[MessageLayout, int] | None = None
        self._outdated_items: Iterator[tuple[MessageLayout, int]] | None = None

    def clear(self) -> None:
        """Forget everything, because the document is empty."""
        self._growing_table = None
        self._outdated_items = None

    # ------------------------------------------------------------------ growing table

    @property
    def has_growing_table(self) -> bool:
        """Return True if the last table has no final column widths yet."""
        return self._growing_table is not None

    def forget(self, layout: MessageLayout) -> None:
        """Forget a message that leaves the document."""
        if self._growing_table is not None and self._growing_table[0] is layout:
            self._growing_table = None

    def record_growth(self, layout: MessageLayout, index: int, cursor: QTextCursor) -> None:
        """Record that the table at item `index` has grown; any other growing table is complete."""
        if self._growing_table != (layout, index):
            self.finish_table(cursor)
        self._growing_table = (layout, index)

    def finish_table_above(self, layout: MessageLayout, index: int, cursor: QTextCursor) -> None:
        """Complete a growing table above item `index`, which is about to be written."""
        if (
            self._growing_table is not None
            and self._growing_table[0] is layout
            and self._growing_table[1] < index
        ):
            self.finish_table(cursor)

    def finish_earlier_table(self, layout: MessageLayout, cursor: QTextCursor) -> None:
        """Complete the growing table if items were written after it."""
        if self._growing_table is not None:
            owner, index = self._growing_table
            # A single item after the table may be the footer: the table can still grow.
            items_after = len(layout.items) - index - 1
            if owner is not layout or items_after > 1:
                self.finish_table(cursor)

    def finish_table(self, cursor: QTextCursor) -> None:
        """Give the growing table, if any, its final column widths."""
        if self._growing_table is not None:
            layout, index = self._growing_table
            self._growing_table = None
            if index < len(layout.items):  # the message may have fewer items now
                self._fit_columns(layout, index, cursor)

    def _fit_columns(self, layout: MessageLayout, index: int, cursor: QTextCursor) -> None:
        """Give a complete table the column widths that its first rows need."""
        first_part = layout.items[index]
        if not is_table(first_part) or not first_part.head:
            return
        widths = self._item_writer.tables.columns.widths(first_part, is_complete=True)
        part: Item = first_part
        # A later part of the same table has no head; another table has one.
        while is_table(part) and (part is first_part or not part.head):
            if layout.counts[index] and layout.shapes[index] != widths:
                self._item_writer.rewrite_table(
                    layout, index, block=part, widths=widths, cursor=cursor
                )
            index += 1
            if index == len(layout.items):
                return
            part = layout.items[index]

    # ------------------------------------------------------------------ change of width

    @property
    def has_outdated_items(self) -> bool:
        """Return True if items are still laid out for an earlier width."""
        return self._outdated_items is not None

    def schedule(self, top: int) -> None:
        """Schedule all items that depend on the width, starting at block number `top`."""
        self._outdated_items = self._width_dependent_items(top)

    def continue_until(self, until: float, cursor: QTextCursor) -> None:
        """Rewrite outdated items until `time.perf_counter` reaches about `until`."""
        if self._outdated_items is None:
            return
        for layout, index in self._outdated_items:
            item = layout.items[index]
            if is_table(item):
                widths = self._item_writer.tables.final_widths(layout, index)
                if layout.shapes[index] != widths:
                    self._item_writer.rewrite_table(
                        layout, index, block=item, widths=widths, cursor=cursor
                    )
            else:
                self._item_writer.rewrite(layout, index, cursor)
            if time.perf_counter() > until:
                return  # the next call continues with the next item
        self._outdated_items = None

    def _width_dependent_items(self, top: int) -> Iterator[tuple[MessageLayout, int]]:
        """Yield the items that depend on the width: from block number `top` on, then the rest."""
        top_place = self._layouts.place_of(top)
        first_message = 0
        first_item = 0
        if top_place is not None:
            first_message = self._layouts.index(top_place.layout)
            first_item = top_place.item
        # The first message comes twice: its items from `first_item` on, and at last those before.
        order = [*self._layouts[first_message:], *self._layouts[: first_message + 1]]
        for number, layout in enumerate(order):
            index = first_item if number == 0 else 0
            is_second_time = number == len(self._layouts)
            end = first_item if is_second_time else sys.maxsize
            # Between two slices, a message may leave the document, or get other items.
            while layout in self._layouts and index < min(end, len(layout.items)):
                if layout.shapes[index]:  # empty for items that do not depend on the width
                    yield layout, index
                index = layout.next_materialized(index + 1)
