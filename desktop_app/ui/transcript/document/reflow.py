"""Tracks items whose layout is outdated, and rewrites them.

The columns of a growing table fit its first rows. The table gets its final widths once text follows
it or the answer ends. After a change of the document width, items that depend on the width are
rewritten: first those on screen, then the rest in slices.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from desktop_app.ui.transcript.layout.message_layout import is_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtGui import QTextCursor

    from desktop_app.ui.transcript.document.item_writer import ItemWriter
    from desktop_app.ui.transcript.layout.message_layout import MessageLayout
    from desktop_app.ui.transcript.layout.message_layouts import MessageLayouts
    from desktop_app.ui.transcript.message_items import Item


class Reflow:
    """The growing table of a document and the items laid out for an earlier width."""

    def __init__(self, layouts: MessageLayouts, item_writer: ItemWriter) -> None:
        self._layouts, self._item_writer = layouts, item_writer
        self._growing: tuple[MessageLayout, int] | None = None
        self._outdated: Iterator[tuple[MessageLayout, int]] | None = None

    def clear(self) -> None:
        """Forget everything, because the document is empty."""
        self._growing = self._outdated = None

    # ------------------------------------------------------------------ growing table

    @property
    def has_growing_table(self) -> bool:
        """Return True if the last table has no final column widths yet."""
        return self._growing is not None

    def forget(self, layout: MessageLayout) -> None:
        """Forget a message that leaves the document."""
        if self._growing is not None and self._growing[0] is layout:
            self._growing = None

    def record_growth(self, layout: MessageLayout, at: int, cursor: QTextCursor) -> None:
        """Record that the table at item `at` has grown; any other growing table is complete."""
        if self._growing != (layout, at):
            self.finish_table(cursor)
        self._growing = (layout, at)

    def finish_table_above(self, layout: MessageLayout, at: int, cursor: QTextCursor) -> None:
        """Complete a growing table above item `at`, which is about to be written."""
        if self._growing is not None and self._growing[0] is layout and self._growing[1] < at:
            self.finish_table(cursor)

    def finish_earlier_table(self, layout: MessageLayout, cursor: QTextCursor) -> None:
        """Complete the growing table if items were written after it."""
        if self._growing is not None:
            owner, at = self._growing
            if owner is not layout or at + 2 < len(layout.items):  # not only the footer
                self.finish_table(cursor)

    def finish_table(self, cursor: QTextCursor) -> None:
        """Give the growing table, if any, its final column widths."""
        if self._growing is not None:
            (layout, at), self._growing = self._growing, None
            if at < len(layout.items):
                self._fit_columns(layout, at, cursor)

    def _fit_columns(self, layout: MessageLayout, at: int, cursor: QTextCursor) -> None:
        """Give a complete table the column widths that its first rows need."""
        head = layout.items[at]
        if not is_table(head) or not head.head:
            return
        widths = self._item_writer.tables.columns.widths(head, is_complete=True)
        part: Item = head
        while is_table(part) and (part is head or not part.head):
            if layout.counts[at] and layout.shapes[at] != widths:
                self._item_writer.rewrite_table(layout, at, part, widths, cursor)
            at += 1
            if at == len(layout.items):
                return
            part = layout.items[at]

    # ------------------------------------------------------------------ change of width

    @property
    def has_outdated_items(self) -> bool:
        """Return True if items are still laid out for an earlier width."""
        return self._outdated is not None

    def schedule(self, top: int) -> None:
        """Schedule all items that depend on the width, starting at block number `top`."""
        self._outdated = self._width_dependent_items(top)

    def continue_until(self, until: float, cursor: QTextCursor) -> None:
        """Rewrite outdated items until `time.perf_counter` reaches about `until`."""
        for layout, at in self._outdated or ():
            item = layout.items[at]
            if is_table(item):
                widths = self._item_writer.tables.final_widths(layout, at)
                if layout.shapes[at] != widths:
                    self._item_writer.rewrite_table(layout, at, item, widths, cursor)
            else:
                self._item_writer.rewrite(layout, at, cursor)
            if time.perf_counter() > until:
                break
        else:
            self._outdated = None

    def _width_dependent_items(self, top: int) -> Iterator[tuple[MessageLayout, int]]:
        """Yield the items that depend on the width: from block number `top` on, then the rest."""
        found = self._layouts.place_of(top)
        first, begin = (self._layouts.index(found.layout), found.item) if found else (0, 0)
        order = [*self._layouts[first:], *self._layouts[: first + 1]]
        for number, layout in enumerate(order):
            at, end = (begin if number == 0 else 0), sys.maxsize
            if number == len(self._layouts):
                end = begin  # stop at the first item yielded
            while layout in self._layouts and at < min(end, len(layout.items)):
                if layout.shapes[at]:
                    yield layout, at
                at = layout.next_materialized(at + 1)
