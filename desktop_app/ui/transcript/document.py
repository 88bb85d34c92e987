"""Writes the items of messages into one text document, and changes only what changed.

Every message is a `Section`: a run of blocks of the document's root frame, counted, never marked by
cursors (each of which every edit would have to move). An item is one block; a very long one is
several (long_text.py), and a table is one for each row or each cell (tables.py). An empty block
closes the document, so that whatever is written is written before a block.

Of a long message not every item is written: Qt lays out all that is in a document with each step of a
window that is drawn wider, which of a megabyte takes half a second. What is not written takes the room
that it would take, as so much more of a margin above the item that follows: so the scroll bar knows of
it, and no block more is there to be found by who reads, selects or copies. What is added is written
where the item above it is.
"""

from __future__ import annotations

import sys
import time
from bisect import bisect_right
from contextlib import contextmanager
from functools import partial
from math import inf
from typing import TYPE_CHECKING

from PySide6.QtGui import QTextBlockFormat, QTextCursor, QTextDocument

from desktop_app.rendering.model import Block, Kind, Run
from desktop_app.rendering.notes import is_label
from desktop_app.ui.transcript.heights import height_of, heights_of_code
from desktop_app.ui.transcript.long_items import KEPT_AT_END, LastWords, LongItems, Parts, below
from desktop_app.ui.transcript.long_text import LONGEST, parts_kept
from desktop_app.ui.transcript.page import Page, Seen, head_length, head_of
from desktop_app.ui.transcript.section import Section, is_table
from desktop_app.ui.transcript.styles import INDENT
from desktop_app.ui.transcript.tables import Tables, row_runs
from desktop_app.ui.transcript.whole_layout import finish_layout
from desktop_app.ui.transcript.words import alike, change_words, changed_length, is_longer

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Sequence

    from PySide6.QtGui import QTextBlock, QTextCharFormat

    from desktop_app.ui.transcript.items import Item
    from desktop_app.ui.transcript.styles import Styles


class DocumentWriter:
    """Keeps a document equal to a sequence of sections.

    Attributes:
        document: the document.
        sections: the sections in the document, top to bottom.
        styles: how items look; changed by `dress`.
        finish: what is done with a range of positions that has been written, within the same edit:
            the document is laid out once.
    """

    def __init__(self, document: QTextDocument, styles: Styles, width: float) -> None:
        self.document = document
        self.sections: list[Section] = []
        self._unfitted: tuple[Section, int] | None = None
        self._misfits: Iterator[tuple[Section, int]] | None = None
        self._width, self._words = width, LastWords()
        self.finish: Callable[[int, int], None] | None = None
        self._holes: list[tuple[Section, int]] | None = None  # what is in a hole that has changed
        document.setUndoRedoEnabled(False)
        self.dress(styles)
        self.clear()

    def dress(self, styles: Styles, width: float = 0) -> None:
        """Write in another look from now on, and for another width that the document is to have."""
        self.styles = styles
        self._width = width if width > 0 else self._width
        self._scale = styles.theme.px(1000) / 1000
        self._tables = Tables(styles, self._width)
        self._long = LongItems(styles, self._width, self._words)

    def clear(self) -> None:
        """Empty the document."""
        self.sections = []
        self._unfitted = self._misfits = None
        self.document.clear()
        self.document.setDocumentMargin(0)
        self.document.setIndentWidth(self.styles.theme.px(INDENT))
        self.document.rootFrame().setFrameFormat(self.styles.root_format())
        block, char = self.styles.empty_block()
        cursor = QTextCursor(self.document)
        cursor.setBlockFormat(block)
        cursor.setBlockCharFormat(char)

    def set_width(self, width: float, top: int = 0, seconds: float = inf) -> None:
        """The document has another width in pixels: bring what depends on it up to date, from block
        number `top` on, which is on screen; for so long at most, and the rest by `fit_on`."""
        if width == self._width or width <= 0:
            return
        self._width = width
        self.dress(self.styles)
        self._misfits = self._shaped_from(top)
        self.fit_on(seconds)

    @property
    def has_misfits(self) -> bool:
        """Whether anything stands there as an earlier width asked for."""
        return self._misfits is not None

    def fit_on(self, seconds: float) -> None:
        """Go on with what another width asks for, for about so long."""
        until, cursor = time.perf_counter() + seconds, self._begin()
        for section, at in self._misfits or ():
            item = section.items[at]
            if isinstance(item, Block) and item.kind is Kind.TABLE:
                widths = self._tables.fitted(section, at)
                if section.shapes[at] != widths:
                    self._turn_table(section, at, item, widths, cursor)
            else:
                self._write_again(section, at, cursor)
            if time.perf_counter() > until:
                break
        else:
            self._misfits = None
        cursor.endEditBlock()

    def _shaped_from(self, top: int) -> Iterator[tuple[Section, int]]:
        """Every item whose shape depends on the width, from that of a block on, then from the first."""
        found = self.section_at(top)
        first = self.sections.index(found[0]) if found else 0
        begin = found[0].item_at(found[1]) if found else 0
        order = [*self.sections[first:], *self.sections[: first + 1]]
        for number, section in enumerate(order):
            at, end = (begin if number == 0 else 0), sys.maxsize
            if number == len(self.sections):
                end = begin  # where this began
            while section in self.sections and at < min(end, len(section.items)):
                if section.shapes[at]:
                    yield section, at
                at = section.written(at + 1)

    @contextmanager
    def one_edit(self) -> Iterator[None]:
        """Several changes within are one edit: the document is laid out once, and each hole is
        measured once."""
        finish_layout(self.document)
        cursor, self._holes = QTextCursor(self.document), []
        cursor.beginEditBlock()
        try:
            yield
        finally:
            holes, self._holes = self._holes, None
            for section, at in {(s, s.written(at)) for s, at in holes}:
                self._adjust_gap(section, at, cursor)
            cursor.endEditBlock()

    def _begin(self) -> QTextCursor:
        if self._holes is None:  # within one edit, nothing can be
            finish_layout(self.document)
        cursor = QTextCursor(self.document)
        cursor.beginEditBlock()
        self._tables.begin_edit()
        return cursor

    # ------------------------------------------------------------------ sections

    def insert_section(self, at: int, key: str, items: Sequence[Item]) -> Section:
        """A new section before the one at index `at`."""
        section = Section(key)
        self.sections.insert(at, section)
        self.replace(section, 0, 0, items)
        return section

    def put_back(self, section: Section, ranges: Iterable[tuple[int, int]], scale: float) -> None:
        """A section that was in the document before it was emptied, below all others: the items
        of these ranges are written; all are `scale` times as high as they were."""
        self.sections.append(section)
        section.erased(0, len(section.items))
        section.heights = [height * scale for height in section.heights]
        self.write(section, ranges)

    def remove_section(self, section: Section) -> None:
        """Take a section out of the document."""
        if self._unfitted is not None and self._unfitted[0] is section:
            self._unfitted = None
        self.replace(section, 0, len(section.items), ())
        self.sections.remove(section)

    def first_block(self, section: Section) -> int:
        """The number of a section's first block, counted from the nearer end."""
        at = self.sections.index(section) if self.sections[-1] is not section else -1
        if at == -1:
            return self.document.blockCount() - 1 - section.total
        return sum(s.total for s in self.sections[:at])

    def section_at(self, block: int) -> tuple[Section, int] | None:
        """The section that holds a block of the document, and the block's number within it."""
        passed = 0
        for section in self.sections:
            if block < passed + section.total:
                return section, block - passed
            passed += section.total
        return None

    def block_of(self, section: Section, at: int) -> QTextBlock:
        """The first block of an item."""
        return self.document.findBlockByNumber(self.first_block(section) + section.offset(at))

    def words_at(self, section: Section, at: int, first: int, end: int) -> QTextCursor | None:
        """UTF-16 units [first, end) of a long text, selected; None where they are not written."""
        begin = self._position(section, at, first)
        last = self._position(section, at, max(first, end - 1))
        if begin is None or last is None:
            return None
        found = QTextCursor(self.document)
        found.setPosition(begin)
        found.setPosition(last + (end > first), QTextCursor.MoveMode.KeepAnchor)
        return found

    def _position(self, section: Section, at: int, unit: int) -> int | None:
        cuts, number = section.shapes[at], bisect_right(section.shapes[at], unit)
        block = self.document.findBlockByNumber(self.block_of(section, at).blockNumber() + number)
        within = unit - cuts[number - 1] if number else unit + head_length(section.items[at])
        return block.position() + within if within < block.length() else None

    # ------------------------------------------------------------------ changes

    def replace(self, section: Section, at: int, removed: int, added: Sequence[Item]) -> None:
        """Items [at, at + removed) give way to `added`; what stays is not touched."""
        cursor, first = self._begin(), at
        section.changed()
        common = min(removed, len(added))
        index = 0
        while index < common and self._update(section, at + index, added[index], cursor):
            if index and section.counts[at + index]:  # the item above may be spaced otherwise
                self._adjust_gap(section, at + index, cursor)
            index += 1
        at, removed, added = at + index, removed - index, added[index:]
        is_seen = not at or section.counts[at - 1] > 0 or any(section.counts[at : at + removed])
        if removed:
            self._erase(section, at, at + removed, cursor)
            section.remove(at, removed)
        if added:
            self._insert(section, at, added, cursor, is_seen=is_seen)
        below = at + len(added)
        if self._holes is not None and below < len(section.items) and not section.counts[below]:
            self._holes.append((section, below))
        elif removed or added or index:
            self._adjust_gap(section, below, cursor)
        self._write_ends(section, cursor)
        self._fit_earlier(section, cursor)
        self._finish(section, first, below)
        cursor.endEditBlock()

    def _finish(self, section: Section, first: int, end: int) -> None:
        if self.finish is not None and any(section.counts[first:end]):
            last = self.block_of(section, end - 1).blockNumber() + section.counts[end - 1]
            below = self.document.findBlockByNumber(last)
            self.finish(self.block_of(section, first).position(), below.position())

    def write(self, section: Section, ranges: Iterable[tuple[int, int]]) -> None:
        """Have the items of these ranges [first, end) written, and the section's ends."""
        cursor = self._begin()
        for first, end in ranges:
            self._write(section, first, end, cursor)
            self._adjust_gap(section, end, cursor)
            self._finish(section, first, end)
        self._write_ends(section, cursor)
        cursor.endEditBlock()

    def erase(self, ranges: Iterable[tuple[Section, int, int]]) -> None:
        """Have no items of these ranges [first, end) written, but the sections' ends. What follows
        stays where it is: they go on taking the room that they took."""
        runs = [
            (section, *run)
            for section, first, end in ranges
            for run in section.runs(max(first, 1), min(end, len(section.items) - 1))
        ]
        for section, first, end in runs:
            self._keep_height(section, first, end)
        cursor = self._begin()
        for section, first, end in runs:
            self._erase(section, first, end, cursor)
            self._adjust_gap(section, end, cursor)
        cursor.endEditBlock()

    def fill(self, section: Section, at: int, first: int, end: int) -> None:
        """Have UTF-16 units [first, end) written of a text that is written in parts."""
        cursor, block = self._begin(), self.block_of(section, at)
        parts = Parts(section.shapes[at], section.gaps[at])
        made = self._format(section, at)
        parts = self._long.fill(section.items[at], block, parts, first, end, made, cursor)
        section.count(at, 1 + len(parts.cuts), *parts)
        self._finish(section, at, at + 1)
        cursor.endEditBlock()

    def erase_parts(self, section: Section, at: int, kept: Container[int]) -> None:
        """Have of a long text no blocks written but these, by number, and its ends. What follows
        stays where it is."""
        first, last = self.block_of(section, at), section.counts[at] - KEPT_AT_END
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
            parts = self._long.erase(first, parts, runs, self._format(section, at), cursor)
            section.count(at, 1 + len(parts.cuts), *parts)
            cursor.endEditBlock()

    def top_of_part(self, section: Section, at: int, number: int) -> float:
        """Where a block of an item begins, and what is missing above it has ended."""
        return self._top(self.block_of(section, at).blockNumber() + number)

    def _top(self, number: int) -> float:
        block = self.document.findBlockByNumber(number)
        return float(self.document.documentLayout().blockBoundingRect(block).top())

    def _keep_height(self, section: Section, first: int, end: int) -> None:
        """Note how high written items are, all together."""
        following = section.written(end)
        taken = self.top_of(section, following) - self.top_of(section, first)
        taken -= section.keys[following][1] if following > end else 0
        heights = section.heights
        about = sum(heights[first:end])
        if about > 0 and taken > 0:
            scale = taken / about
            heights[first:end] = [height * scale for height in heights[first:end]]

    def top_of(self, section: Section, at: int) -> float:
        """Where a written item begins in the document, and the hole above it has ended."""
        box = self.document.documentLayout().blockBoundingRect(self.block_of(section, at))
        return box.top() - self._format(section, at).topMargin()

    def show_items(self, section: Section, at: int, removed: int, items: Sequence[Item]) -> None:
        """Like `replace`, but finds what is equal at both ends first."""
        old, first, last = section.items[at : at + removed], 0, 0
        while first < min(len(old), len(items)) and old[first] == items[first]:
            first += 1
        while last < min(len(old), len(items)) - first and old[-1 - last] == items[-1 - last]:
            last += 1
        if first < len(old) - last or first < len(items) - last:
            end = len(items) - last
            self.replace(section, at + first, len(old) - first - last, items[first:end])

    def fit_tables(self) -> None:
        """Nothing more is coming: give the last table its final column widths."""
        if self._unfitted is not None:
            cursor = self._begin()
            self._fit_now(cursor)
            cursor.endEditBlock()

    def _fit_now(self, cursor: QTextCursor) -> None:
        if self._unfitted is not None:
            (section, at), self._unfitted = self._unfitted, None
            if at < len(section.items):
                self._fit(section, at, cursor)

    def _fit_earlier(self, section: Section, cursor: QTextCursor) -> None:
        """A table behind which more has been written has all its rows."""
        if self._unfitted is not None:
            owner, at = self._unfitted
            if owner is not section or at + 2 < len(section.items):
                self._fit_now(cursor)

    # ------------------------------------------------------------------ blocks

    def _erase(self, section: Section, first: int, end: int, cursor: QTextCursor) -> None:
        """Take what is written of items [first, end) out of the document."""
        count = sum(section.counts[first:end])
        if count:
            start = self.block_of(section, first)
            after = self.document.findBlockByNumber(start.blockNumber() + count)
            block_format, char_format, seen = after.blockFormat(), after.charFormat(), Seen(after)
            cursor.setPosition(start.position())
            cursor.setPosition(after.position(), QTextCursor.MoveMode.KeepAnchor)
            cursor.removeSelectedText()
            cursor.setBlockFormat(block_format)
            cursor.setBlockCharFormat(char_format)
            seen.put_on(cursor.block())
        section.erased(first, end)

    def _insert(
        self,
        section: Section,
        at: int,
        added: Sequence[Item],
        cursor: QTextCursor,
        *,
        is_seen: bool = True,
    ) -> None:
        if self._unfitted is not None and self._unfitted[0] is section and self._unfitted[1] < at:
            self._fit_now(cursor)
        section.insert(at, added, [self.height(item) for item in added])
        if is_seen:
            self._write(section, at, at + len(added), cursor, whole=True)

    def height(self, item: Item) -> float:
        """The pixels that an item takes, about."""
        return height_of(item) * self._scale

    def heights_of_code(self, lines: Sequence[Item]) -> list[float]:
        """The same of many lines of code."""
        return heights_of_code(lines, self._scale)

    def _write(
        self, section: Section, first: int, end: int, cursor: QTextCursor, *, whole: bool = False
    ) -> None:
        """Write those of items [first, end) that are not; of very long ones the ends, but where
        they are to be `whole`."""
        for hole in section.holes(first, end):
            page = Page(cursor, self.block_of(section, hole.first))
            for at in range(*hole):
                self._write_item(section, at, page, whole=whole)
            self._adjust_gap(section, hole.first, cursor)

    def _write_item(self, section: Section, at: int, page: Page, *, whole: bool) -> None:
        item = section.items[at]
        if isinstance(item, Block) and item.kind is Kind.TABLE:
            self._insert_table(section, at, item, page, self._tables.widths(section, at, item))
        else:
            self._part_from_table(section, at, item, page.cursor)
            above = section.above(at)
            key = self.styles.block_key(item, above)
            made = self.styles.block_format(item, above, key)
            section.keys[at] = key, 0
            parts = self._write_text(page, item, made, whole=whole)
            section.count(at, 1 + len(parts.cuts), *parts)

    def _write_ends(self, section: Section, cursor: QTextCursor) -> None:
        """The first item and the last are always written: all holes lie between two."""
        last = len(section.items) - 1
        for at in (0, last) if last >= 0 else ():
            if not section.counts[at]:
                self._write(section, at, at + 1, cursor)

    def _part_from_table(self, section: Section, at: int, item: Item, cursor: QTextCursor) -> None:
        """Above item `at`, which is no table: where Qt's own table is, it says how far that is."""
        is_framed = at > 0 and section.counts[at - 1] > 0 and not section.is_ruled(at - 1)
        if is_framed and is_table(section.above(at)):
            self._tables.part_from(item, cursor)

    def _write_text(self, page: Page, item: Item, made: QTextBlockFormat, *, whole: bool) -> Parts:
        """Write an item that is no table; how it is parted."""
        format_of = partial(self.styles.char_format, item)
        page.open(made, format_of(Run("")))
        for run, char in self._head(item):
            page.cursor.insertText(run.text, char)
        if is_longer(item.runs, LONGEST):
            return self._long.write(page, item, made, whole=whole)
        for run in item.runs:
            page.cursor.insertText(run.text, format_of(run))
        return Parts()

    def _head(self, item: Item) -> list[tuple[Run, QTextCharFormat]]:
        """What stands before the words of an item, and its format."""
        text = head_of(item)
        if not text or not isinstance(item, Block):
            return []
        char = self.styles.marker_format()
        if is_label(item.marker):
            return [(Run(item.marker), self.styles.label_format(item.marker)), (Run("\t"), char)]
        return [(Run(text), char if item.marker else self.styles.char_format(item, Run("")))]

    def _write_again(self, section: Section, at: int, cursor: QTextCursor) -> None:
        """Write one item anew where it stands."""
        item = section.items[at]
        if isinstance(item, Block) and item.kind is Kind.TABLE:
            self._turn_table(section, at, item, section.shapes[at], cursor)
        else:
            self._erase(section, at, at + 1, cursor)
            self._write(section, at, at + 1, cursor)

    def _adjust_gap(self, section: Section, at: int, cursor: QTextCursor) -> None:
        """The gap above an item depends on what is above it, written or not; that of one that is
        not written is a part of the next one's."""
        at = section.written(at)
        if at >= len(section.items):
            return
        item, key, hole = section.items[at], self._key(section, at), section.hole_above(at)
        if is_table(section.above(at)) and not is_table(item):
            cursor.setPosition(self.block_of(section, at).position())
            self._part_from_table(section, at, item, cursor)
        is_framed = bool(hole) and self._hole_below_frame(section, at, hole, cursor)
        if (key, hole) == section.keys[at]:
            return
        if is_table(item) and key != section.keys[at][0]:
            self._write_again(section, at, cursor)
        if (key, hole) != section.keys[at]:
            section.keys[at] = key, hole
            cursor.setPosition(self.block_of(section, at).position())
            cursor.setBlockFormat(below(0 if is_framed else hole, self._format(section, at)))

    def _hole_below_frame(self, section: Section, at: int, hole: int, cursor: QTextCursor) -> bool:
        """Where Qt's own table is above the hole above item `at`, the hole is that table's margin:
        Qt drops those of blocks below a table. Whether it is so."""
        above = section.written_above(at)
        if above < 0 or not is_table(section.items[above]) or section.is_ruled(above):
            return False
        cursor.setPosition(self.block_of(section, at).position())
        margin = round(self._format(section, at).topMargin())
        self._tables.leave_room(cursor, hole + margin)
        return True

    def _key(self, section: Section, at: int) -> tuple[object, ...]:
        item = section.items[at]
        if isinstance(item, Block) and item.kind is Kind.TABLE:
            return self._tables.key(section, at, item)
        return self.styles.block_key(item, section.above(at))

    def _format(self, section: Section, at: int) -> QTextBlockFormat:
        """The format of an item's first block where there is no hole above it."""
        item, above = section.items[at], section.above(at)
        if not isinstance(item, Block) or item.kind is not Kind.TABLE:
            return self.styles.block_format(item, above)
        if section.is_ruled(at):
            return self.styles.row_format(item, 0, above, section.shapes[at])
        return self.styles.empty_block()[0]

    # ------------------------------------------------------------------ text within a block

    def _update(self, section: Section, at: int, new: Item, cursor: QTextCursor) -> bool:
        """Change an item's words where they stand; False where more than words differs."""
        old = section.items[at]
        if old == new:
            return True
        if _is_respaced(old, new):
            above, section.items[at] = section.above(at), new
            if section.counts[at]:
                self._adjust_gap(section, at, cursor)
            else:
                room = self.styles.gap(new, above) - self.styles.gap(old, above)
                section.heights[at] += room * self._scale
            return True
        if not section.counts[at]:
            section.items[at], section.heights[at] = new, self.height(new)
            return True
        if isinstance(old, Block) and isinstance(new, Block) and old.kind is Kind.TABLE:
            return new.kind is Kind.TABLE and self._update_table(section, at, old, new, cursor)
        if type(old) is not type(new) or not _is_alike(old, new):
            return False
        found, cuts, gaps = alike(old.runs, new.runs), section.shapes[at], section.gaps[at]
        last = self.document.findBlockByNumber(self.block_of(section, at).blockNumber() + len(cuts))
        changed, after = changed_length(old.runs, found), changed_length(new.runs, found)
        kept = parts_kept(cuts, last.length() - 1 - changed, after)
        if cuts and kept < (gaps[-1].block if gaps else 1):
            return False
        self._update_key(section, at, new, cursor)
        end, joined = last.position() + last.length() - 1, len(cuts) - kept
        format_of = partial(self.styles.char_format, new)
        change_words(cursor, end, old.runs, new.runs, found, format_of, parts=joined)
        section.items[at] = new
        cuts, block = cuts[:kept], cursor.block()
        if block.length() - 1 > LONGEST:
            cuts = self._long.grow(new, block, cuts, self._format(section, at), cursor)
        section.count(at, 1 + len(cuts), cuts, gaps)
        return True

    def _update_key(self, section: Section, at: int, new: Item, cursor: QTextCursor) -> None:
        """Words may bring inline code, which the block's format tells the painting."""
        above, hole = section.above(at), section.keys[at][1]
        key = self.styles.block_key(new, above)
        if key == section.keys[at][0]:
            return
        section.keys[at] = key, hole
        block, made = self.block_of(section, at), self.styles.block_format(new, above)
        holes = {0: hole, **{gap.block: gap.height for gap in section.gaps[at]}}
        for number in range(section.counts[at]):
            cursor.setPosition(block.position())
            cursor.setBlockFormat(below(holes.get(number, 0), made))
            block, made = block.next(), self.styles.continued(made)

    # ------------------------------------------------------------------ tables

    def _insert_table(
        self, section: Section, at: int, block: Block, page: Page, widths: tuple[int, ...]
    ) -> None:
        tables, key = self._tables, self._tables.key(section, at, block)
        ruled = tables.columns.fits(block, widths)
        is_framed = at > 0 and section.counts[at - 1] > 0 and not section.is_ruled(at - 1)
        if not block.head and is_framed and is_table(section.above(at)):
            tables.close_up(page.cursor, ruled=ruled)
        if ruled:
            for number in range(len(block.rows)):
                page.open(
                    self.styles.row_format(block, number, section.above(at), widths),
                    self._tables.char_format(block, number, Run("")),
                )
                for run in row_runs(block, number):
                    page.cursor.insertText(run.text, tables.char_format(block, number, run))
            count = len(block.rows)
        else:
            page.leave()
            count = tables.write_frame(section, at, block, widths, page.cursor)
        section.keys[at] = key, 0
        section.count(at, count, widths)

    def _update_table(
        self, section: Section, at: int, old: Block, new: Block, cursor: QTextCursor
    ) -> bool:
        if len(new.rows) < len(old.rows) or (old.aligns, old.head) != (new.aligns, new.head):
            return False
        tables, widths = self._tables, section.shapes[at]
        if new.head and len(new.rows) > len(old.rows):
            widths = tables.columns.widths(new, whole=False)
        ruled = section.is_ruled(at)
        if widths != section.shapes[at] or tables.columns.fits(new, widths) is not ruled:
            self._turn_table(section, at, new, widths, cursor)
        else:
            first, above = self.block_of(section, at), section.above(at)
            if ruled:
                added = tables.grow_rows(first, old, new, above, widths, cursor)
            else:
                table = QTextCursor(first.next()).currentTable()
                added = tables.grow_frame(table, old, new, cursor)
            section.items[at] = new
            section.count(at, section.counts[at] + added, widths)
        if new.head:
            if self._unfitted != (section, at):
                self._fit_now(cursor)
            self._unfitted = (section, at)
        return True

    def _turn_table(
        self,
        section: Section,
        at: int,
        block: Block,
        widths: tuple[int, ...],
        cursor: QTextCursor,
    ) -> None:
        """Write a part of a table anew, in other columns or in the other one of the two ways."""
        self._erase(section, at, at + 1, cursor)
        section.items[at] = block
        self._insert_table(section, at, block, Page(cursor, self.block_of(section, at)), widths)
        self._adjust_gap(section, at, cursor)
        self._adjust_gap(section, at + 1, cursor)

    def _fit(self, section: Section, at: int, cursor: QTextCursor) -> None:
        """Give a whole table the columns that its first rows ask for."""
        head = section.items[at]
        if not isinstance(head, Block) or head.kind is not Kind.TABLE or not head.head:
            return
        widths = self._tables.columns.widths(head, whole=True)
        part: Item = head
        while (
            isinstance(part, Block) and part.kind is Kind.TABLE and (part is head or not part.head)
        ):
            if section.counts[at] and section.shapes[at] != widths:
                self._turn_table(section, at, part, widths, cursor)
            at += 1
            if at == len(section.items):
                return
            part = section.items[at]


def _is_respaced(old: Item, new: Item) -> bool:
    """Whether two items differ by the looseness of their list, and by nothing else."""
    if not isinstance(old, Block) or not isinstance(new, Block):
        return False
    return old.loose is not new.loose and old._replace(loose=new.loose) == new


def _is_alike(old: Item, new: Item) -> bool:
    """Whether two items of one type differ by their words and the looseness of their list at most."""
    if isinstance(old, Block) and isinstance(new, Block):
        old = old._replace(loose=new.loose)
    return old._replace(runs=()) == new._replace(runs=())
