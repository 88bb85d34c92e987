"""Writes the items of messages into a QTextDocument and edits only what changed.

Each message has a `MessageLayout` that counts its blocks in the root frame. Cursors would be
slower, because every edit has to move each of them. An item is one block. Very long text takes
several blocks (long_text.py), and a table takes one block per row or per cell (table_writer.py).
An empty block ends the document, so text is always inserted before a block.

Only part of a long message is materialized. Qt lays out the whole document at each step of a
window resize, and for 1 MB of text that takes half a second. A placeholder keeps the height of the
missing items as an extra top margin of the next item. The scroll bar stays correct, and neither
reading, selecting nor copying meets an extra block.

New items are materialized if the item above them is.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from math import inf
from typing import TYPE_CHECKING

from PySide6.QtGui import QTextCursor

from desktop_app.ui.transcript.document.item_updater import ItemUpdater
from desktop_app.ui.transcript.document.item_writer import ItemWriter
from desktop_app.ui.transcript.layout.full_layout import finish_layout
from desktop_app.ui.transcript.layout.long_items import KEPT_AT_END, Parts
from desktop_app.ui.transcript.layout.message_layout import MessageLayout
from desktop_app.ui.transcript.layout.message_layouts import MessageLayouts
from desktop_app.ui.transcript.layout.reflow import Reflow
from desktop_app.ui.transcript.transcript_styles import INDENT

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Sequence

    from PySide6.QtGui import QTextDocument

    from desktop_app.ui.transcript.message_items import Item
    from desktop_app.ui.transcript.transcript_styles import Styles


class DocumentWriter:
    """A document that mirrors a sequence of message layouts.

    Attributes:
        document: the document.
        sections: the message layouts in the document, top to bottom.
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
            on_written: called within an edit with each range of positions that was written, so
                that the document is laid out only once.
        """
        self.document = document
        self.sections = MessageLayouts(document)
        self._items = ItemWriter(self.sections, styles, width)
        self._fitting = Reflow(self.sections, self._items)
        self._changes = ItemUpdater(self.sections, self._items, self._fitting)
        self._on_written = on_written
        # Missing items changed within `one_edit`. Their placeholders are measured at its end.
        self._holes: list[tuple[MessageLayout, int]] | None = None
        document.setUndoRedoEnabled(False)
        self.clear()

    @property
    def styles(self) -> Styles:
        """Return the styles of the items."""
        return self._items.styles

    def dress(self, styles: Styles, width: float = 0) -> None:
        """Use other styles for later writes, and another document width in pixels if positive."""
        self._items.dress(styles, width if width > 0 else self._items.width)

    def clear(self) -> None:
        """Empty the document."""
        self.sections.clear()
        self._fitting.clear()
        self.document.clear()
        self.document.setDocumentMargin(0)
        self.document.setIndentWidth(self.styles.theme.px(INDENT))
        self.document.rootFrame().setFrameFormat(self.styles.root_format())
        block, char = self.styles.empty_block()
        cursor = QTextCursor(self.document)
        cursor.setBlockFormat(block)
        cursor.setBlockCharFormat(char)

    def set_width(self, width: float, top: int = 0, seconds: float = inf) -> None:
        """Reflow the document for another width in pixels.

        Start at block number `top`, which is on screen, and stop after about `seconds`. `fit_on`
        reflows the rest.
        """
        if width == self._items.width or width <= 0:
            return
        self._items.dress(self.styles, width)
        self._fitting.begin(top)
        self.fit_on(seconds)

    @property
    def has_misfits(self) -> bool:
        """Return True if items are still laid out for an earlier width."""
        return self._fitting.has_misfits

    def fit_on(self, seconds: float) -> None:
        """Continue the reflow for about `seconds`."""
        until, cursor = time.perf_counter() + seconds, self._begin()
        self._fitting.fit_until(until, cursor)
        cursor.endEditBlock()

    @contextmanager
    def one_edit(self) -> Iterator[None]:
        """Group the changes within the context into a single edit.

        The document is laid out once, and each placeholder is measured once.
        """
        finish_layout(self.document)
        cursor, self._holes = QTextCursor(self.document), []
        cursor.beginEditBlock()
        try:
            yield
        finally:
            holes, self._holes = self._holes, None
            for section, at in {(s, s.written(at)) for s, at in holes}:
                self._items.adjust_gap(section, at, cursor)
            cursor.endEditBlock()

    def _begin(self) -> QTextCursor:
        if self._holes is None:  # a layout is impossible within an edit
            finish_layout(self.document)
        cursor = QTextCursor(self.document)
        cursor.beginEditBlock()
        self._items.tables.begin_edit()
        return cursor

    # ------------------------------------------------------------------ sections

    def insert_section(self, at: int, key: str, items: Sequence[Item]) -> MessageLayout:
        """Insert a message at index `at` and return its layout."""
        section = MessageLayout(key)
        self.sections.insert(at, section)
        self.replace(section, 0, 0, items)
        return section

    def put_back(
        self, section: MessageLayout, ranges: Iterable[tuple[int, int]], scale: float
    ) -> None:
        """Append a message that was in the document before it was cleared.

        Materialize the items of `ranges`. Multiply all recorded heights by `scale`.
        """
        self.sections.append(section)
        section.erased(0, len(section.items))
        section.scale_heights(scale)
        self.write(section, ranges)

    def remove_section(self, section: MessageLayout) -> None:
        """Remove a message from the document."""
        self._fitting.forget(section)
        self.replace(section, 0, len(section.items), ())
        self.sections.remove(section)

    # ------------------------------------------------------------------ changes

    def replace(self, section: MessageLayout, at: int, removed: int, added: Sequence[Item]) -> None:
        """Replace items [at, at + removed) with `added`. Update items in place if possible."""
        cursor, first = self._begin(), at
        section.changed()
        common = min(removed, len(added))
        index = 0
        while index < common and self._changes.update(section, at + index, added[index], cursor):
            if index and section.counts[at + index]:  # the item above may change the gap
                self._items.adjust_gap(section, at + index, cursor)
            index += 1
        at, removed, added = at + index, removed - index, added[index:]
        is_seen = not at or section.counts[at - 1] > 0 or any(section.counts[at : at + removed])
        if removed:
            self._items.erase(section, at, at + removed, cursor)
            section.remove(at, removed)
        if added:
            self._insert(section, at, added, cursor, is_seen=is_seen)
        below = at + len(added)
        if self._holes is not None and below < len(section.items) and not section.counts[below]:
            self._holes.append((section, below))
        elif removed or added or index:
            self._items.adjust_gap(section, below, cursor)
        self._write_ends(section, cursor)
        self._fitting.fit_earlier(section, cursor)
        self._tell_written(section, first, below)
        cursor.endEditBlock()

    def _tell_written(self, section: MessageLayout, first: int, end: int) -> None:
        if self._on_written is not None and any(section.counts[first:end]):
            last = self.sections.block_of(section, end - 1).blockNumber() + section.counts[end - 1]
            below = self.document.findBlockByNumber(last)
            start = self.sections.block_of(section, first).position()
            self._on_written(start, below.position())

    def write(self, section: MessageLayout, ranges: Iterable[tuple[int, int]]) -> None:
        """Materialize the items of these ranges [first, end) and both ends of the message."""
        cursor = self._begin()
        for first, end in ranges:
            self._items.write(section, first, end, cursor)
            self._items.adjust_gap(section, end, cursor)
            self._tell_written(section, first, end)
        self._write_ends(section, cursor)
        cursor.endEditBlock()

    def erase(self, ranges: Iterable[tuple[MessageLayout, int, int]]) -> None:
        """Dematerialize the items of these ranges [first, end), except both ends of a message.

        Placeholders keep their heights, so that the text below does not move.
        """
        runs = [
            (section, *run)
            for section, first, end in ranges
            for run in section.runs(max(first, 1), min(end, len(section.items) - 1))
        ]
        for section, first, end in runs:
            self._keep_height(section, first, end)
        cursor = self._begin()
        for section, first, end in runs:
            self._items.erase(section, first, end, cursor)
            self._items.adjust_gap(section, end, cursor)
        cursor.endEditBlock()

    def fill(self, section: MessageLayout, at: int, first: int, end: int) -> None:
        """Materialize UTF-16 units [first, end) of a long text that is partly materialized."""
        cursor, block = self._begin(), self.sections.block_of(section, at)
        parts = Parts(section.shapes[at], section.gaps[at])
        made = self._items.first_format(section, at)
        parts = self._items.long.fill(section.items[at], block, parts, first, end, made, cursor)
        section.count(at, 1 + len(parts.cuts), *parts)
        self._tell_written(section, at, at + 1)
        cursor.endEditBlock()

    def erase_parts(self, section: MessageLayout, at: int, kept: Container[int]) -> None:
        """Dematerialize the blocks of a long text, except both ends and the numbers in `kept`.

        Text gaps keep their heights, so that the text below does not move.
        """
        first, last = self.sections.block_of(section, at), section.counts[at] - KEPT_AT_END
        gone = bytes(number not in kept for number in range(last))
        number, heights = first.blockNumber(), {gap.block: gap.height for gap in section.gaps[at]}
        runs, begin = [], gone.find(1, 1)
        while begin >= 0:
            end = gone.find(0, begin)
            end = last if end < 0 else end
            taken = self._top(number + end) - self._top(number + begin)
            runs.append((begin, end, taken + heights.get(begin, 0)))
            begin = gone.find(1, end)
        if runs:
            cursor = self._begin()
            parts = Parts(section.shapes[at], section.gaps[at])
            parts = self._items.long.erase(
                first, parts, runs, self._items.first_format(section, at), cursor
            )
            section.count(at, 1 + len(parts.cuts), *parts)
            cursor.endEditBlock()

    def top_of_part(self, section: MessageLayout, at: int, number: int) -> float:
        """Return the y coordinate of a block of an item, below any text gap above it."""
        return self._top(self.sections.block_of(section, at).blockNumber() + number)

    def _top(self, number: int) -> float:
        block = self.document.findBlockByNumber(number)
        return float(self.document.documentLayout().blockBoundingRect(block).top())

    def _keep_height(self, section: MessageLayout, first: int, end: int) -> None:
        """Record the measured height of materialized items for their placeholder."""
        following = section.written(end)
        taken = self.top_of(section, following) - self.top_of(section, first)
        taken -= section.keys[following][1] if following > end else 0
        heights = section.heights
        about = sum(heights[first:end])
        if about > 0 and taken > 0:
            scale = taken / about
            heights[first:end] = [height * scale for height in heights[first:end]]

    def top_of(self, section: MessageLayout, at: int) -> float:
        """Return the y coordinate of a materialized item, below any placeholder above it."""
        box = self.document.documentLayout().blockBoundingRect(self.sections.block_of(section, at))
        return box.top() - self._items.first_format(section, at).topMargin()

    def show_items(
        self, section: MessageLayout, at: int, removed: int, items: Sequence[Item]
    ) -> None:
        """Replace items like `replace`, but skip equal items at both ends."""
        old, first, last = section.items[at : at + removed], 0, 0
        while first < min(len(old), len(items)) and old[first] == items[first]:
            first += 1
        while last < min(len(old), len(items)) - first and old[-1 - last] == items[-1 - last]:
            last += 1
        if first < len(old) - last or first < len(items) - last:
            end = len(items) - last
            self.replace(section, at + first, len(old) - first - last, items[first:end])

    def fit_tables(self) -> None:
        """Give the last table its final column widths, because no more rows will arrive."""
        if self._fitting.has_table:
            cursor = self._begin()
            self._fitting.fit_table(cursor)
            cursor.endEditBlock()

    def _insert(
        self,
        section: MessageLayout,
        at: int,
        added: Sequence[Item],
        cursor: QTextCursor,
        *,
        is_seen: bool = True,
    ) -> None:
        self._fitting.fit_above(section, at, cursor)
        section.insert(at, added, [self._items.height(item) for item in added])
        if is_seen:
            self._items.write(section, at, at + len(added), cursor, whole=True)

    def _write_ends(self, section: MessageLayout, cursor: QTextCursor) -> None:
        """Materialize the first and the last item, so that placeholders lie between two items."""
        last = len(section.items) - 1
        for at in (0, last) if last >= 0 else ():
            if not section.counts[at]:
                self._items.write(section, at, at + 1, cursor)
