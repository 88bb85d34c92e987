"""Writes the items of messages into one text document, and changes only what changed.

Every message is a `Section`: a run of blocks of the document's root frame, counted, never marked by
cursors (each of which every edit would have to move). An item is one block, or a table: one block
before it that takes no room, and one for each cell. An empty block closes the document, so that
whatever is written is written before a block.
"""

from __future__ import annotations

from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtGui import QTextCharFormat, QTextCursor, QTextDocument, QTextTable

from desktop_app.rendering.model import Block, Kind, Run, Runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QTextBlock

    from desktop_app.ui.transcript.items import Item
    from desktop_app.ui.transcript.styles import Styles

_FITTED_ROWS: Final = 7
_PIECES_COMPARED: Final = 4


class Section:
    """The blocks of one message.

    Attributes:
        items: what is written, in order.
        counts: how many blocks of the document each item takes.
        total: the sum of the counts.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self.items: list[Item] = []
        self.counts: list[int] = []
        self.keys: list[tuple[object, ...]] = []
        self.total = 0

    def offset(self, at: int) -> int:
        """Blocks of the document before item `at`, counted from the nearer end."""
        if at * 2 < len(self.counts):
            return sum(self.counts[:at])
        return self.total - sum(self.counts[at:])

    def item_at(self, block: int) -> int:
        """The index of the item that holds block number `block` of the section."""
        for index, end in enumerate(accumulate(self.counts)):
            if block < end:
                return index
        return len(self.counts) - 1


class DocumentWriter:
    """Keeps a document equal to a sequence of sections.

    Attributes:
        document: the document.
        sections: the sections in the document, top to bottom.
    """

    def __init__(self, document: QTextDocument, styles: Styles) -> None:
        self.document = document
        self.styles = styles
        self.sections: list[Section] = []
        self._unfitted: tuple[Section, int] | None = None
        self._just_written: QTextTable | None = None
        document.setUndoRedoEnabled(False)
        self.clear()

    def clear(self) -> None:
        """Empty the document."""
        self.sections = []
        self._unfitted = None
        self.document.clear()
        self.document.setDocumentMargin(0)
        self.document.rootFrame().setFrameFormat(self.styles.root_format())
        block, char = self.styles.empty_block()
        cursor = QTextCursor(self.document)
        cursor.setBlockFormat(block)
        cursor.setBlockCharFormat(char)

    # ------------------------------------------------------------------ sections

    def insert_section(self, at: int, key: str, items: Sequence[Item]) -> Section:
        """A new section before the one at index `at`."""
        section = Section(key)
        self.sections.insert(at, section)
        self.replace(section, 0, 0, items)
        return section

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
        cursor = QTextCursor(self.document)
        cursor.beginEditBlock()
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
        cursor.endEditBlock()

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
            section, at = self._unfitted
            self._unfitted = None
            if at < len(section.items):
                self._fit(section, at, whole=True)

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
        section.total -= count
        del section.items[at : at + removed]
        del section.counts[at : at + removed]
        del section.keys[at : at + removed]

    def _insert(
        self, section: Section, at: int, added: Sequence[Item], cursor: QTextCursor
    ) -> None:
        above = section.items[at - 1] if at else None
        block = self.block_of(section, at)
        cursor.setPosition(block.position())
        own = (block.blockFormat(), block.charFormat())
        opened = False
        self._just_written = None
        counts = []
        for item in added:
            if isinstance(item, Block) and item.kind is Kind.TABLE:
                if opened:
                    cursor.movePosition(QTextCursor.MoveOperation.NextBlock)
                counts.append(self._write_table(section, at, added, item, above, cursor))
                opened = False
            else:
                self._open_block(cursor, opened, own, self.styles.block_format(item, above), item)
                self._write_pieces(cursor, item)
                counts.append(1)
                opened = True
            section.keys.insert(at + len(counts) - 1, self.styles.block_key(item, above))
            above = item
        section.items[at:at] = added
        section.counts[at:at] = counts
        section.total += sum(counts)

    def _open_block(
        self, cursor: QTextCursor, opened: bool, own: tuple[Any, Any], made: Any, item: Item
    ) -> None:
        """Put the cursor into a new block before the one it stands at the start of."""
        char = self.styles.char_format(item, Run(""))
        if opened:
            cursor.insertBlock(made, char)
            return
        cursor.insertBlock(*own)
        cursor.movePosition(QTextCursor.MoveOperation.PreviousBlock)
        cursor.setBlockFormat(made)
        cursor.setBlockCharFormat(char)

    def _write_pieces(self, cursor: QTextCursor, item: Item) -> None:
        if isinstance(item, Block) and item.marker:
            cursor.insertText(f"{item.marker}\t", self.styles.marker_format())
        if isinstance(item, Block) and item.kind is Kind.CODE_HEAD and item.language:
            cursor.insertText(item.language, self.styles.char_format(item, Run("")))
        for run in item.runs:
            cursor.insertText(run.text, self.styles.char_format(item, run))

    def _adjust_gap(self, section: Section, at: int, cursor: QTextCursor) -> None:
        """The gap above an item depends on what is above it."""
        if at >= len(section.items):
            return
        item, above = section.items[at], section.items[at - 1] if at else None
        key = self.styles.block_key(item, above)
        if key == section.keys[at] or (isinstance(item, Block) and item.kind is Kind.TABLE):
            return
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
            return new.kind is Kind.TABLE and self._update_table(section, at, new, cursor)
        if type(old) is not type(new) or old._replace(runs=()) != new._replace(runs=()):
            return False
        above = section.items[at - 1] if at else None
        key = self.styles.block_key(new, above)
        block = self.block_of(section, at)
        if key != section.keys[at]:
            section.keys[at] = key
            cursor.setPosition(block.position())
            cursor.setBlockFormat(self.styles.block_format(new, above))
        end = block.position() + block.length() - 1
        self._update_runs(new, old.runs, new.runs, end, cursor)
        section.items[at] = new
        return True

    def _update_runs(self, item: Item, old: Runs, new: Runs, end: int, cursor: QTextCursor) -> None:
        """Bring the text that ends at position `end` from `old` to `new`."""
        same = max(0, min(len(old), len(new)) - _PIECES_COMPARED)
        if old[:same] != new[:same]:
            same = 0
        while same < min(len(old), len(new)) and old[same] == new[same]:
            same += 1
        kept = 0
        if same < min(len(old), len(new)) and old[same][1:] == new[same][1:]:
            kept = _common_length(old[same].text, new[same].text)
        start = end - sum(_length(run.text) for run in old[same:])
        start += _length(new[same].text[:kept]) if kept else 0
        cursor.setPosition(start)
        if start < end:
            cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
            cursor.removeSelectedText()
        for number, run in enumerate(new[same:]):
            text = run.text[kept:] if number == 0 else run.text
            if text:
                cursor.insertText(text, self.styles.char_format(item, run))

    # ------------------------------------------------------------------ tables

    def _write_table(
        self,
        section: Section,
        at: int,
        added: Sequence[Item],
        block: Block,
        above: Item | None,
        cursor: QTextCursor,
    ) -> int:
        """Write a table before the block at whose start the cursor stands, which it keeps."""
        columns = max(1, len(block.aligns))
        widths = _widths(self._head_of(section, at, added, block), whole=True)
        if not block.head:
            self._join_to_part_above(cursor)
        before = cursor.block()
        own_block, own_char = before.blockFormat(), before.charFormat()
        table = cursor.insertTable(
            len(block.rows), columns, self.styles.table_format(block, above, widths)
        )
        self._just_written = table
        cell = self.styles.cell_format(block)
        for number, row in enumerate(block.rows):
            self._write_row(table, number, block, row, cell)
        first = table.cellAt(0, 0).firstCursorPosition().block().previous()
        cursor.setPosition(first.position())
        empty, char = self.styles.empty_block()
        cursor.setBlockFormat(empty)
        cursor.setBlockCharFormat(char)
        cursor.setPosition(table.lastPosition() + 1)
        cursor.setBlockFormat(own_block)
        cursor.setBlockCharFormat(own_char)
        return 1 + len(block.rows) * columns

    def _join_to_part_above(self, cursor: QTextCursor) -> None:
        """The part of the table above is not its last: no room below it."""
        # Within one edit, Qt does not find a table yet that has just been written.
        part = self._just_written or QTextCursor(cursor.block().previous()).currentTable()
        if part is not None:
            made = part.format().toTableFormat()
            made.setBottomMargin(0)
            part.setFormat(made)

    def _write_row(
        self, table: QTextTable, number: int, block: Block, row: tuple[Runs, ...], cell: Any
    ) -> None:
        for column, align in enumerate(block.aligns):
            place = table.cellAt(number, column)
            place.setFormat(cell)
            cursor = place.firstCursorPosition()
            cursor.setBlockFormat(self.styles.cell_block(align))
            for run in self._cell_runs(block, number, row, column):
                cursor.insertText(run.text, self._cell_format(block, number, run))

    def _cell_runs(self, block: Block, number: int, row: tuple[Runs, ...], column: int) -> Runs:
        return row[column] if column < len(row) else ()

    def _cell_format(self, block: Block, number: int, run: Run) -> QTextCharFormat:
        if not (block.head and number == 0):
            return self.styles.char_format(block, run)
        made = QTextCharFormat(self.styles.char_format(block, run._replace(bold=True)))
        if not run.link:
            made.setForeground(self.styles.theme.dim)
        return made

    def _update_table(self, section: Section, at: int, new: Block, cursor: QTextCursor) -> bool:
        old = section.items[at]
        if not isinstance(old, Block) or len(new.rows) < len(old.rows):
            return False
        if (old.aligns, old.head) != (new.aligns, new.head):
            return False
        first = self.block_of(section, at).next()
        table = QTextCursor(first).currentTable()
        for number, (row, newer) in enumerate(zip(old.rows, new.rows, strict=False)):
            if row != newer:
                self._update_row(table, number, new, row, newer, cursor)
        more = len(new.rows) - len(old.rows)
        if more:
            table.appendRows(more)
            cell = self.styles.cell_format(new)
            for number in range(len(old.rows), len(new.rows)):
                self._write_row(table, number, new, new.rows[number], cell)
            section.counts[at] += more * len(new.aligns)
            section.total += more * len(new.aligns)
        section.items[at] = new
        if more and len(old.rows) <= _FITTED_ROWS:
            self._fit(section, at, whole=False)
        if new.head:
            self._unfitted = (section, at)
        return True

    def _update_row(
        self,
        table: QTextTable,
        number: int,
        block: Block,
        old: tuple[Runs, ...],
        new: tuple[Runs, ...],
        cursor: QTextCursor,
    ) -> None:
        for column in range(len(block.aligns)):
            before = self._cell_runs(block, number, old, column)
            after = self._cell_runs(block, number, new, column)
            if before != after:
                end = table.cellAt(number, column).lastPosition()
                if block.head and number == 0:
                    start = end - sum(_length(run.text) for run in before)
                    cursor.setPosition(start)
                    cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
                    cursor.removeSelectedText()
                    for run in after:
                        cursor.insertText(run.text, self._cell_format(block, 0, run))
                else:
                    self._update_runs(block, before, after, end, cursor)

    def _head_of(self, section: Section, at: int, added: Sequence[Item], block: Block) -> Block:
        """The first part of the table that `block` is a part of."""
        if block.head:
            return block
        head = block
        for item in chain(section.items[max(0, at - 200) : at], added):
            if item is block:
                break
            if isinstance(item, Block) and item.kind is Kind.TABLE and item.head:
                head = item
        return head

    def _fit_earlier(self, section: Section, cursor: QTextCursor) -> None:
        """A table behind which more has been written has all its rows."""
        if self._unfitted is not None:
            owner, at = self._unfitted
            if owner is not section or at + 2 < len(section.items):
                self.fit_tables()

    def _fit(self, section: Section, at: int, *, whole: bool) -> None:
        """Column widths from the head and the first rows, the last of which may be half there."""
        block = section.items[at]
        if not isinstance(block, Block) or block.kind is not Kind.TABLE or not block.head:
            return
        table = QTextCursor(self.block_of(section, at).next()).currentTable()
        if table is not None:
            above = section.items[at - 1] if at else None
            made = self.styles.table_format(block, above, _widths(block, whole=whole))
            made.setBottomMargin(table.format().toTableFormat().bottomMargin())
            if (
                made.columnWidthConstraints()
                != table.format().toTableFormat().columnWidthConstraints()
            ):
                table.setFormat(made)


def _widths(block: Block, *, whole: bool) -> list[float]:
    """Percentages for the columns of a table, after the text in its first rows."""
    rows = block.rows if whole or len(block.rows) < 2 else block.rows[:-1]
    weights = [
        min(
            40,
            max(
                8,
                max(
                    (
                        sum(len(r.text) for r in row[c])
                        for row in rows[: _FITTED_ROWS + 1]
                        if c < len(row)
                    ),
                    default=0,
                ),
            ),
        )
        for c in range(max(1, len(block.aligns)))
    ]
    return [100 * weight / sum(weights) for weight in weights]


def _length(text: str) -> int:
    """Positions that a text takes in a document: UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "replace")) // 2


def _common_length(first: str, second: str) -> int:
    """How many characters two texts begin with alike."""
    if second.startswith(first):
        return len(first)
    count = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        count += 1
    return count
