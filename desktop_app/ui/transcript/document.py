"""Writes the items of messages into one text document, and changes only what changed.

Every message is a `Section`: a run of blocks of the document's root frame, counted, never marked by
cursors (each of which every edit would have to move). An item is one block; a very long one is
several (long_text.py), and a table is one for each row or each cell (tables.py). An empty block
closes the document, so that whatever is written is written before a block.
"""

from __future__ import annotations

import time
from functools import partial
from math import inf
from typing import TYPE_CHECKING

from PySide6.QtGui import QTextCursor, QTextDocument

from desktop_app.rendering.model import Block, Kind, Run
from desktop_app.ui.transcript.long_text import LONGEST, LongText, Rest, end_of, parts_kept
from desktop_app.ui.transcript.page import Page, head_length, head_of
from desktop_app.ui.transcript.section import Section, is_table
from desktop_app.ui.transcript.styles import INDENT
from desktop_app.ui.transcript.tables import Tables, row_runs
from desktop_app.ui.transcript.words import alike, change_words, length

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from PySide6.QtGui import QTextBlock, QTextBlockFormat, QTextCharFormat

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
        self._width = width
        self.finish: Callable[[int, int], None] | None = None
        document.setUndoRedoEnabled(False)
        self.dress(styles)
        self.clear()

    def dress(self, styles: Styles) -> None:
        """Write in another look from now on."""
        self.styles = styles
        self._tables = Tables(styles, self._width)
        self._long = LongText(self._width, styles.theme.px(INDENT))

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
            if is_table(section.items[at]):
                self._fit(section, at, cursor)
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
            at = begin if number == 0 else 0
            while section in self.sections and at < len(section.items):
                if section.shapes[at]:
                    yield section, at
                at += 1

    def _begin(self) -> QTextCursor:
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

    # ------------------------------------------------------------------ changes

    def replace(self, section: Section, at: int, removed: int, added: Sequence[Item]) -> None:
        """Items [at, at + removed) give way to `added`; what stays is not touched."""
        cursor, first = self._begin(), at
        common = min(removed, len(added))
        index = 0
        while index < common and self._update(section, at + index, added[index], cursor):
            index += 1
        at, removed, added = at + index, removed - index, added[index:]
        if removed:
            self._remove(section, at, removed, cursor)
        if added:
            self._insert(section, at, added, cursor)
        if removed or added or index:
            self._adjust_gap(section, at + len(added), cursor)
        self._fit_earlier(section, cursor)
        self._finish(section, first, at + len(added))
        cursor.endEditBlock()

    def _finish(self, section: Section, first: int, end: int) -> None:
        if self.finish is not None and first < end:
            last = self.block_of(section, end - 1).blockNumber() + section.counts[end - 1]
            below = self.document.findBlockByNumber(last)
            self.finish(self.block_of(section, first).position(), below.position())

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

    def _remove(self, section: Section, at: int, removed: int, cursor: QTextCursor) -> None:
        start = self.block_of(section, at)
        count = sum(section.counts[at : at + removed])
        after = self.document.findBlockByNumber(start.blockNumber() + count)
        block_format, char_format = after.blockFormat(), after.charFormat()
        cursor.setPosition(start.position())
        cursor.setPosition(after.position(), QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        cursor.setBlockFormat(block_format)
        cursor.setBlockCharFormat(char_format)
        section.remove(at, removed)

    def _insert(
        self, section: Section, at: int, added: Sequence[Item], cursor: QTextCursor
    ) -> None:
        if self._unfitted is not None and self._unfitted[0] is section and self._unfitted[1] < at:
            self._fit_now(cursor)
        page = Page(cursor, self.block_of(section, at))
        for item in added:
            if isinstance(item, Block) and item.kind is Kind.TABLE:
                widths = self._tables.widths(section, at, item)
                self._insert_table(section, at, item, page, widths)
            else:
                self._part_from_table(section, at, item, page.cursor)
                above = section.above(at)
                key = self.styles.block_key(item, above)
                made = self.styles.block_format(item, above, key)
                cuts = self._write_text(page, item, made)
                section.insert(at, item, 1 + len(cuts), key, cuts)
            at += 1

    def _part_from_table(self, section: Section, at: int, item: Item, cursor: QTextCursor) -> None:
        """Above item `at`, which is no table: where Qt's own table is, it says how far that is."""
        if at and is_table(section.above(at)) and not section.is_ruled(at - 1):
            self._tables.part_from(item, cursor)

    def _write_text(self, page: Page, item: Item, made: QTextBlockFormat) -> tuple[int, ...]:
        """Write an item that is no table; where its further blocks begin."""
        format_of = partial(self.styles.char_format, item)
        page.open(made, format_of(Run("")))
        head = self._head(item)
        for run, char in head:
            page.cursor.insertText(run.text, char)
        if not self._is_long(item):
            for run in item.runs:
                page.cursor.insertText(run.text, format_of(run))
            return ()
        cuts: list[int] = []
        rest, left = Rest(item.runs), length(item.runs)
        while left > LONGEST:
            part = self._long.part(rest.look(LONGEST), made, format_of)
            for run in rest.take(part):
                page.cursor.insertText(run.text, format_of(run))
            cuts.append((cuts[-1] if cuts else 0) + part)
            left -= part
            made = self.styles.continued(made)
            page.open(made, format_of(Run("")))
        for run in rest.take(left):
            page.cursor.insertText(run.text, format_of(run))
        return tuple(cuts)

    def _head(self, item: Item) -> list[tuple[Run, QTextCharFormat]]:
        """What stands before the words of an item, and its format."""
        text = head_of(item)
        if not text or not isinstance(item, Block):
            return []
        char = self.styles.marker_format()
        return [(Run(text), char if item.marker else self.styles.char_format(item, Run("")))]

    def _is_long(self, item: Item) -> bool:
        return sum(len(run.text) for run in item.runs) * 2 > LONGEST and (
            length(item.runs) > LONGEST
        )

    def _write_again(self, section: Section, at: int, cursor: QTextCursor) -> None:
        """Write one item anew where it stands."""
        item = section.items[at]
        if isinstance(item, Block) and item.kind is Kind.TABLE:
            self._turn_table(section, at, item, section.shapes[at], cursor)
        else:
            self._remove(section, at, 1, cursor)
            self._insert(section, at, [item], cursor)

    def _adjust_gap(self, section: Section, at: int, cursor: QTextCursor) -> None:
        """The gap above an item depends on what is above it."""
        if at >= len(section.items):
            return
        item, above = section.items[at], section.above(at)
        if isinstance(item, Block) and item.kind is Kind.TABLE:
            if self._tables.key(section, at, item) != section.keys[at]:
                self._write_again(section, at, cursor)
            return
        if is_table(above):
            cursor.setPosition(self.block_of(section, at).position())
            self._part_from_table(section, at, item, cursor)
        key = self.styles.block_key(item, above)
        if key != section.keys[at]:
            section.keys[at] = key
            cursor.setPosition(self.block_of(section, at).position())
            cursor.setBlockFormat(self.styles.block_format(item, above))

    # ------------------------------------------------------------------ text within a block

    def _update(self, section: Section, at: int, new: Item, cursor: QTextCursor) -> bool:
        """Change an item's words where they stand; False where more than words differs."""
        old = section.items[at]
        if old == new:
            return True
        if isinstance(old, Block) and isinstance(new, Block) and old.kind is Kind.TABLE:
            return new.kind is Kind.TABLE and self._update_table(section, at, old, new, cursor)
        if type(old) is not type(new) or old._replace(runs=()) != new._replace(runs=()):
            return False
        found, cuts = alike(old.runs, new.runs), section.shapes[at]
        kept = parts_kept(cuts, old.runs, new.runs, found)
        if cuts and not kept:
            return False
        self._update_key(section, at, new, cursor)
        last = self.document.findBlockByNumber(self.block_of(section, at).blockNumber() + len(cuts))
        end, joined = last.position() + last.length() - 1, len(cuts) - kept
        format_of = partial(self.styles.char_format, new)
        change_words(cursor, end, old.runs, new.runs, found, format_of, parts=joined)
        section.items[at], section.shapes[at] = new, cuts[:kept]
        section.counts[at] -= joined
        section.total -= joined
        block = cursor.block()
        if block.length() - 1 > LONGEST:
            self._part_further(section, at, block, cursor)
        return True

    def _update_key(self, section: Section, at: int, new: Item, cursor: QTextCursor) -> None:
        """Words may bring inline code, which the block's format tells the painting."""
        above = section.above(at)
        key = self.styles.block_key(new, above)
        if key == section.keys[at]:
            return
        section.keys[at] = key
        block, made = self.block_of(section, at), self.styles.block_format(new, above)
        for _ in range(section.counts[at]):
            cursor.setPosition(block.position())
            cursor.setBlockFormat(made)
            block, made = block.next(), self.styles.continued(made)

    def _part_further(
        self, section: Section, at: int, block: QTextBlock, cursor: QTextCursor
    ) -> None:
        """Part the last block of an item as long as it is too long."""
        item, cuts = section.items[at], list(section.shapes[at])
        format_of = partial(self.styles.char_format, item)
        start, left = block.position(), block.length() - 1
        if not cuts:
            start, left = start + head_length(item), left - head_length(item)
        rest = Rest(end_of(item.runs, left))
        made = self.styles.block_format(item, section.above(at))
        made = self.styles.continued(made) if cuts else made
        while left > LONGEST:
            part = self._long.part(rest.look(LONGEST), made, format_of)
            rest.take(part)
            left -= part
            cuts.append((cuts[-1] if cuts else 0) + part)
            made = self.styles.continued(made)
            cursor.setPosition(start + part)
            cursor.insertBlock(made, format_of(Run("")))
            start += part + 1
        section.total += 1 + len(cuts) - section.counts[at]
        section.counts[at], section.shapes[at] = 1 + len(cuts), tuple(cuts)

    # ------------------------------------------------------------------ tables

    def _insert_table(
        self, section: Section, at: int, block: Block, page: Page, widths: tuple[int, ...]
    ) -> None:
        tables, key = self._tables, self._tables.key(section, at, block)
        ruled = tables.columns.fits(block, widths)
        if not block.head and at and is_table(section.above(at)) and not section.is_ruled(at - 1):
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
        section.insert(at, block, count, key, widths)

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
            section.counts[at] += added
            section.total += added
            section.items[at] = new
        if new.head:
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
        self._remove(section, at, 1, cursor)
        self._insert_table(section, at, block, Page(cursor, self.block_of(section, at)), widths)
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
            if section.shapes[at] != widths:
                self._turn_table(section, at, part, widths, cursor)
            at += 1
            if at == len(section.items):
                return
            part = section.items[at]
