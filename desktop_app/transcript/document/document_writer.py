"""Writes the items of messages into a QTextDocument and edits only the differences.

Each message has a `MessageLayout` that counts its blocks in the root frame. Cursors would be
slower, because every edit has to move each of them. An item is one block. Very long text takes
several blocks (long_text_splitter.py), and a table takes one block per row or per cell
(table_writer.py). An empty block ends the document, so text is always inserted before a block.

Only part of a long message is materialized, which means written into the document. An erased item
is missing from the document, but stays an item of its message. Qt lays out the whole document at
each step of a window resize, and for 1 MB of text that takes half a second. A placeholder keeps the
height of the missing items as an extra top margin of the next item. So the scroll bar stays
correct, and no extra block has to be skipped when text is read, selected or copied.

New items are materialized if they begin the message, if the item above them is materialized, or if
one of the items that they replace is.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from math import inf
from typing import TYPE_CHECKING

from PySide6.QtGui import QTextCursor

from desktop_app.transcript.document.item_updater import ItemUpdater
from desktop_app.transcript.document.item_writer import ItemWriter
from desktop_app.transcript.document.long_text_writer import KEPT_END_BLOCKS, TextParts
from desktop_app.transcript.document.reflow import Reflow
from desktop_app.transcript.layout.full_layout import finish_layout
from desktop_app.transcript.layout.message_layout import MessageLayout, flag_ranges
from desktop_app.transcript.layout.message_layouts import MessageLayouts
from desktop_app.transcript.transcript_styles import INDENT, Styles

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Sequence

    from PySide6.QtGui import QTextDocument

    from desktop_app.transcript.message_items import Item


class DocumentWriter:
    """A writer that keeps a document in step with the items of its messages.

    Attributes:
        document: the document.
        layouts: the message layouts in the document, top to bottom.
    """

    def __init__(
        self,
        document: QTextDocument,
        styles: Styles,
        width: float,
        *,
        on_written: Callable[[int, int], None] | None = None,
    ) -> None:
        """Clear a document for writing.

        Args:
            document: the document.
            styles: the styles of the items.
            width: the width of the document in pixels.
            on_written: called with each range of positions that was written. It runs within the
                edit, so that its own changes cost no further layout.
        """
        self.document = document
        self.layouts = MessageLayouts(document)
        self._item_writer = ItemWriter(self.layouts, styles, width)
        self._reflow = Reflow(self.layouts, self._item_writer)
        self._updater = ItemUpdater(self.layouts, self._item_writer, self._reflow)
        self._on_written = on_written
        # Within `group_edits`, the missing items below each change; None outside. At the end of the
        # edit, their placeholders are measured.
        self._unmeasured: list[tuple[MessageLayout, int]] | None = None
        document.setUndoRedoEnabled(False)
        self.clear()

    @property
    def styles(self) -> Styles:
        """Return the styles of the items."""
        return self._item_writer.styles

    def set_styles(self, styles: Styles, width: float = 0) -> None:
        """Use other styles for later writes, and another document width in pixels if positive."""
        if width <= 0:
            width = self._item_writer.width
        self._item_writer.set_styles(styles, width)

    def clear(self) -> None:
        """Empty the document."""
        self.layouts.clear()
        self._reflow.clear()
        self.document.clear()
        self.document.setDocumentMargin(0)
        self.document.setIndentWidth(self.styles.theme.px(INDENT))
        self.document.rootFrame().setFrameFormat(self.styles.root_format())
        block, char = self.styles.empty_block_formats()
        cursor = QTextCursor(self.document)
        cursor.setBlockFormat(block)
        cursor.setBlockCharFormat(char)

    def set_width(self, width: float, top: int = 0, seconds: float = inf) -> None:
        """Reflow the document for another width in pixels.

        Start at block number `top`, which is on screen, and stop after about `seconds`;
        `continue_reflow` does the rest.
        """
        if width == self._item_writer.width or width <= 0:
            return
        self._item_writer.set_styles(self.styles, width)
        self._reflow.schedule(top)
        self.continue_reflow(seconds)

    @property
    def has_outdated_items(self) -> bool:
        """Return True if items are still laid out for an earlier width."""
        return self._reflow.has_outdated_items

    def continue_reflow(self, seconds: float) -> None:
        """Continue the reflow for about `seconds`."""
        until = time.perf_counter() + seconds
        with self._edit() as cursor:
            self._reflow.continue_until(until, cursor)

    @contextmanager
    def group_edits(self) -> Iterator[None]:
        """Group the changes made within the context into a single edit.

        The document is laid out once, and each placeholder is measured once.
        """
        with self._edit() as cursor:
            missing: list[tuple[MessageLayout, int]] = []
            self._unmeasured = missing
            try:
                yield
            finally:
                self._unmeasured = None
                # Several changes may be above the same placeholder.
                places = {(layout, layout.next_materialized(index)) for layout, index in missing}
                for layout, index in places:
                    self._item_writer.adjust_space_above(layout, index, cursor)

    @contextmanager
    def _edit(self) -> Iterator[QTextCursor]:
        """Make all changes with the yielded cursor a single edit."""
        if self._unmeasured is None:  # a layout is impossible within an edit
            finish_layout(self.document)
        cursor = QTextCursor(self.document)
        cursor.beginEditBlock()
        self._item_writer.tables.begin_edit()
        try:
            yield cursor
        finally:
            cursor.endEditBlock()

    # ------------------------------------------------------------------ messages

    def insert_message(self, index: int, key: str, items: Sequence[Item]) -> MessageLayout:
        """Insert a message at `index` and return its layout."""
        layout = MessageLayout(key)
        self.layouts.insert(index, layout)
        self.replace(layout, 0, 0, items)
        return layout

    def restore_message(
        self, layout: MessageLayout, ranges: Iterable[tuple[int, int]], scale: float
    ) -> None:
        """Append a message that was in the document before the document was cleared.

        Materialize the items of `ranges`. Multiply all recorded heights by `scale`.
        """
        self.layouts.append(layout)
        layout.record_erased(0, len(layout.items))
        layout.scale_heights(scale)
        self.write(layout, ranges)

    def remove_message(self, layout: MessageLayout) -> None:
        """Remove a message from the document."""
        self._reflow.forget(layout)
        self.replace(layout, 0, len(layout.items), ())
        self.layouts.remove(layout)

    # ------------------------------------------------------------------ changes

    def replace(
        self, layout: MessageLayout, index: int, removed: int, added: Sequence[Item]
    ) -> None:
        """Replace items [index, index + removed) with `added`, in place if possible."""
        with self._edit() as cursor:
            layout.record_change()
            common = min(removed, len(added))
            updated = 0
            while updated < common:
                item = added[updated]
                if not self._updater.update(layout, index + updated, item, cursor):
                    break
                if updated and layout.counts[index + updated]:  # the item above may change the gap
                    self._item_writer.adjust_space_above(layout, index + updated, cursor)
                updated += 1
            # The items that cannot be updated in place are erased, and the new items written.
            first = index + updated
            end = index + removed
            new_items = added[updated:]
            is_materialized = (
                first == 0 or layout.counts[first - 1] > 0 or any(layout.counts[first:end])
            )
            if first < end:
                self._item_writer.erase(layout, first, end, cursor)
                layout.remove(first, end - first)
            below = first + len(new_items)
            if new_items:
                self._reflow.finish_table_above(layout, first, cursor)
                heights = [self._item_writer.estimate_height(item) for item in new_items]
                layout.insert(first, new_items, heights)
                if is_materialized:
                    self._item_writer.write(layout, first, below, cursor, whole=True)
            is_below_missing = below < len(layout.items) and not layout.counts[below]
            if self._unmeasured is not None and is_below_missing:
                self._unmeasured.append((layout, below))
            elif removed or added:
                self._item_writer.adjust_space_above(layout, below, cursor)
            self._write_ends(layout, cursor)
            self._reflow.finish_earlier_table(layout, cursor)
            self._report_written(layout, index, below)

    def _report_written(self, layout: MessageLayout, first: int, end: int) -> None:
        """Call `on_written` with the positions of items [first, end), if any is materialized."""
        if self._on_written is not None and any(layout.counts[first:end]):
            last_block = self.layouts.block_of(layout, end - 1).blockNumber()
            block_below = self.document.findBlockByNumber(last_block + layout.counts[end - 1])
            start = self.layouts.block_of(layout, first).position()
            self._on_written(start, block_below.position())

    def write(self, layout: MessageLayout, ranges: Iterable[tuple[int, int]]) -> None:
        """Materialize the items of some ranges [first, end), and both ends of the message."""
        with self._edit() as cursor:
            # From top to bottom, beginning with the first item, even if it is in no range. The
            # placeholder below a table is a margin of the table, which is found by its position
            # until the edit ends.
            for first, end in ((0, min(1, len(layout.items))), *sorted(ranges)):
                self._item_writer.write(layout, first, end, cursor)
                self._item_writer.adjust_space_above(layout, end, cursor)
                self._report_written(layout, first, end)
            self._write_ends(layout, cursor)

    def erase(self, ranges: Iterable[tuple[MessageLayout, int, int]]) -> None:
        """Dematerialize the items of some ranges [first, end), except both ends of a message.

        Placeholders keep their heights, so that the text below does not move.
        """
        erased_ranges = [
            (layout, *erased_range)
            for layout, first, end in ranges
            for erased_range in layout.materialized_ranges(
                max(first, 1), min(end, len(layout.items) - 1)
            )
        ]
        for layout, first, end in erased_ranges:
            self._record_height(layout, first, end)
        with self._edit() as cursor:
            for layout, first, end in erased_ranges:
                self._item_writer.erase(layout, first, end, cursor)
                self._item_writer.adjust_space_above(layout, end, cursor)

    def measure(self, layout: MessageLayout, index: int) -> None:
        """Record the heights of materialized items around an item, except the first and last."""
        for first, end in ((1, index), (index + 1, len(layout.items) - 1)):
            for run in layout.materialized_ranges(first, end):
                self._record_height(layout, *run)

    def fill_text(self, layout: MessageLayout, index: int, first: int, end: int) -> None:
        """Materialize UTF-16 units [first, end) of a long text that is partly materialized."""
        with self._edit() as cursor:
            parts = self._item_writer.long_texts.fill(
                item=layout.items[index],
                block=self.layouts.block_of(layout, index),
                parts=TextParts(layout.shapes[index], layout.gaps[index]),
                first=first,
                end=end,
                block_format=self._item_writer.first_block_format(layout, index),
                cursor=cursor,
            )
            layout.record_blocks(index, 1 + len(parts.cuts), *parts)
            self._report_written(layout, index, index + 1)

    def erase_parts(self, layout: MessageLayout, index: int, kept_numbers: Container[int]) -> None:
        """Dematerialize the blocks of a long text, except both ends and `kept_numbers`.

        The numbers count the blocks of the item from 0. Text gaps keep their heights, so that the
        text below does not move.
        """
        first_block = self.layouts.block_of(layout, index)
        first_number = first_block.blockNumber()
        gap_heights = {gap.block: gap.height for gap in layout.gaps[index]}
        kept_end = layout.counts[index] - KEPT_END_BLOCKS
        is_erased = bytes(number not in kept_numbers for number in range(kept_end))
        ranges = []
        for begin, end in flag_ranges(is_erased, flag=1, first=1):  # the first block stays
            measured = self._top(first_number + end) - self._top(first_number + begin)
            ranges.append((begin, end, measured + gap_heights.get(begin, 0)))
        if ranges:
            with self._edit() as cursor:
                parts = self._item_writer.long_texts.erase(
                    block=first_block,
                    parts=TextParts(layout.shapes[index], layout.gaps[index]),
                    ranges=ranges,
                    block_format=self._item_writer.first_block_format(layout, index),
                    cursor=cursor,
                )
                layout.record_blocks(index, 1 + len(parts.cuts), *parts)

    def top_of_part(self, layout: MessageLayout, index: int, number: int) -> float:
        """Return the y coordinate of block `number` of an item, below any text gap above it."""
        return self._top(self.layouts.block_of(layout, index).blockNumber() + number)

    def _top(self, number: int) -> float:
        block = self.document.findBlockByNumber(number)
        return float(self.document.documentLayout().blockBoundingRect(block).top())

    def _record_height(self, layout: MessageLayout, first: int, end: int) -> None:
        """Record the measured height of materialized items for their placeholder."""
        following = layout.next_materialized(end)
        measured = self.top_of(layout, following) - self.top_of(layout, first)
        if following > end:  # other items, which are missing, are between
            measured -= layout.space_keys[following].placeholder
        estimated = sum(layout.heights[first:end])
        if estimated > 0 and measured > 0:
            layout.scale_heights(measured / estimated, first, end)

    def top_of(self, layout: MessageLayout, index: int) -> float:
        """Return the y coordinate of a materialized item, below any placeholder above it."""
        box = self.document.documentLayout().blockBoundingRect(self.layouts.block_of(layout, index))
        return box.top() - self._item_writer.first_block_format(layout, index).topMargin()

    def replace_changed(
        self, layout: MessageLayout, index: int, removed: int, items: Sequence[Item]
    ) -> None:
        """Replace items like `replace`, except for equal items at both ends."""
        old_items = layout.items[index : index + removed]
        common = min(len(old_items), len(items))
        above = 0  # equal items at the beginning
        while above < common and old_items[above] == items[above]:
            above += 1
        below = 0  # equal items at the end
        while below < common - above and old_items[-1 - below] == items[-1 - below]:
            below += 1
        changed_count = len(old_items) - above - below
        new_items = items[above : len(items) - below]
        if changed_count or new_items:
            self.replace(layout, index + above, changed_count, new_items)

    def finish_table(self) -> None:
        """Give the last table its final column widths, because no more rows will arrive."""
        if self._reflow.has_growing_table:
            with self._edit() as cursor:
                self._reflow.finish_table(cursor)

    def _write_ends(self, layout: MessageLayout, cursor: QTextCursor) -> None:
        """Materialize the first and the last item, so that placeholders lie between two items."""
        if not layout.items:
            return
        for index in (0, len(layout.items) - 1):
            if not layout.counts[index]:
                self._item_writer.write(layout, index, index + 1, cursor)
