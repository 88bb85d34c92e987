"""A document whose proposed changes are formats of its characters.

So positions follow what the user types, and undo and redo restore changes with their text. Texts
and offsets that come in and go out are Python's; the document and its ranges count UTF-16 units.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtGui import QTextBlock, QTextCharFormat, QTextCursor, QTextFormat
from PySide6.QtWidgets import QPlainTextDocumentLayout

from desktop_app.domain.conversations.written_text import Mark, cut
from desktop_app.texts.text_edits import Replacement
from desktop_app.widgets.look.theme import MARGIN, current_theme
from desktop_app.widgets.text.sealed_document import SealedDocument
from desktop_app.widgets.text.utf16 import utf16_positions, utf16_slice

CHANGE: Final = QTextFormat.Property.UserProperty.value + 1
"""The property of characters with the number of the change that they belong to."""
IS_INSERTION: Final = CHANGE + 1
_IS_TYPED: Final = IS_INSERTION + 1
"""The property of characters that were typed within a change."""
Groups = Sequence[Sequence[Replacement]]
"""The replacements of each change."""
_PARAGRAPH_SEPARATOR: Final = "\u2029"
_KEEP: Final = QTextCursor.MoveMode.KeepAnchor


class TrackedDocument(SealedDocument):
    """A plain text with proposed changes.

    Attributes:
        edit_count: how often the text or its changes have changed.

    Signals:
        changes_changed(): changes were proposed, accepted or rejected, or undone.
    """

    changes_changed = Signal()

    def __init__(self, text: str, marks: Sequence[Mark] = ()) -> None:
        super().__init__()
        self.setDocumentLayout(QPlainTextDocumentLayout(self))
        self._extents: dict[int, QTextCursor] = {}  # where the ranges of each change are
        self._accepted = (-1, "")
        self.edit_count = 0
        self._order: list[int] = []  # the changes, as they were signaled last
        self._is_proposing = self._is_due = False
        self._count = max((mark.change for mark in marks), default=0)
        self.setUndoRedoEnabled(False)
        self.setDefaultFont(current_theme().reading())
        self.setDocumentMargin(current_theme().px(MARGIN))
        self.setPlainText(text)
        self.contentsChange.connect(self._note_marks)
        self.contentsChanged.connect(self._signal_if_due)
        position_of = utf16_positions(text)
        with self._one_step():
            for start, end, change, is_insertion in marks:
                changed_format = _format(change, is_insertion=is_insertion)
                self.cursor(position_of(start), position_of(end)).setCharFormat(changed_format)
        self.setUndoRedoEnabled(True)

    # -------------------------------------------------------------- what the text says

    @property
    def accepted(self) -> str:
        """Return the text with all proposed changes."""
        if self._accepted[0] != self.edit_count:
            text, marks = stored_form(self.toRawText(), self.ranges())
            deletions = [mark for mark in marks if not mark.is_insertion]
            self._accepted = (self.edit_count, cut(text, deletions))
        return self._accepted[1]

    def accepted_in(self, cursor: QTextCursor) -> str:
        """Return the selection of a cursor with all proposed changes."""
        start, end = (self._accepted_position(p) for p in _span(cursor))
        return utf16_slice(self.accepted, start, end)

    def accepted_offset(self, cursor: QTextCursor) -> int:
        """Return where the selection of a cursor begins in the accepted text."""
        start = self._accepted_position(cursor.selectionStart())
        return len(utf16_slice(self.accepted, 0, start))

    @property
    def has_changes(self) -> bool:
        """Return True if changes were ever proposed."""
        return self._count > 0

    @property
    def changes(self) -> list[int]:
        """Return the numbers of the changes, in the order of the text."""
        return self._order

    def ranges(self, change: int | None = None) -> list[Mark]:
        """Return the ranges of a change, None for all, in the order of the text."""
        found: list[Mark] = []
        numbers = self._extents if change is None else {change} & set(self._extents)
        blocks: dict[int, QTextBlock] = {}
        for number in numbers:
            start, end = _span(self._extents[number])
            block, last = self.findBlock(start), self.findBlock(end).blockNumber()
            while block.isValid() and block.blockNumber() <= last:
                blocks[block.blockNumber()] = block
                block = block.next()
        for _, block in sorted(blocks.items()):
            for each in _ranges_of(block):
                last_range = found[-1] if found else None
                if last_range and last_range[1:] == (each.start, *each[2:]):
                    found[-1] = last_range._replace(end=each.end)
                elif change in (None, each.change):
                    found.append(each)
        return found

    def words_of(self, change: int) -> tuple[str, str]:
        """Return the words that a change removes, and those that it inserts."""
        words = {False: "", True: ""}
        for each in self.ranges(change):
            words[each.is_insertion] += self.cursor(each.start, each.end).selectedText()
        return words[False].strip(), words[True].strip()

    def _note_marks(self, position: int, removed: int, added: int) -> None:
        """Note where changes are in a part of the text that has changed."""
        self.edit_count += 1
        if not self._count:
            return
        block, end = self.findBlock(position), position + added
        touched = set()
        while block.isValid() and block.position() <= end:
            for each in _ranges_of(block):
                touched.add(each.change)
                extent = self._extents.get(each.change) or self.cursor(each.start, each.end)
                start, stop = _span(extent)
                self._extents[each.change] = self.cursor(
                    min(start, each.start), max(stop, each.end)
                )
            block = block.next()
        if self._is_proposing:
            return
        for change, extent in self._extents.items():
            start, stop = _span(extent)
            if start <= end and position <= stop:
                touched.add(change)
        known = set(self._order)
        if any((change in known) != bool(self.ranges(change)) for change in touched):
            self._is_due = True

    def _signal_if_due(self) -> None:
        """Signal once the edit is laid out: nobody may ask for a layout in the middle of it."""
        if self._is_due:
            self._signal()

    def _signal(self) -> None:
        self._is_due = False
        self._order = list(dict.fromkeys(each.change for each in self.ranges()))
        self.changes_changed.emit()

    def change_at(self, position: int) -> int | None:
        """Return the change at a position, else the next one, else the first; None for none."""
        ends = _Ends(self._extents, self._order)
        at = bisect_left(ends, position)
        return self._order[at if at < len(self._order) else 0] if self._order else None

    # -------------------------------------------------------------- positions

    def cursor(self, start: int, end: int) -> QTextCursor:
        """Return a cursor that selects a range of the document."""
        cursor = QTextCursor(self)
        last = self.characterCount() - 1
        cursor.setPosition(min(start, last))
        cursor.setPosition(min(end, last), _KEEP)
        return cursor

    def _accepted_position(self, position: int) -> int:
        """Return where a position of the document is in the accepted text."""
        return position - sum(
            min(each.end, position) - each.start
            for each in self.ranges()
            if not each.is_insertion and each.start < position
        )

    # -------------------------------------------------------------- proposals

    def propose(self, offset: int, groups: Groups) -> None:
        """Propose replacements in the accepted text behind an offset, as one step of undo."""
        for _ in self.propose_all([(offset, groups)]):
            pass

    def propose_all(self, proposals: Iterable[tuple[int, Groups]]) -> Generator[None, None, None]:
        """Propose replacements behind offsets of the accepted text, as one step of undo.

        Yields after each proposal, from the last one of the text to the first, so that the window
        can go on. If something else changes the document meanwhile, close the iterator.

        Args:
            proposals: each with the replacements of each change, which is accepted as a whole.
        """
        text, ranges = self.accepted, self.ranges()
        places = _Places(ranges)
        placed: list[list[tuple[Mark, str]]] = []
        position_of = utf16_positions(text)
        for offset, groups in sorted(proposals, key=lambda proposal: proposal[0]):
            edits = []
            for group in groups:
                self._count += 1
                edits += [(offset + e.start, offset + e.end, self._count, e.text) for e in group]
            marks = []
            for start, end, change, new in _spaced(text, sorted(edits, key=lambda edit: edit[0])):
                position, after = position_of(start), position_of(end)
                first, last = places.at(position), places.at(after)
                if position < after:  # behind the deletions before the first character
                    first = places.at(position + 1) - 1
                marks.append((Mark(first, last, change, False), new))
            placed.append(marks)
        try:
            for marks in reversed(placed):
                self._is_proposing = True  # one signal for all of them
                with self._one_step(joins=marks is not placed[-1]) as cursor:
                    # From the last to the first, so that positions before stay.
                    for mark, new in reversed(marks):
                        self._replace(cursor, mark, new, places.between(mark.start, mark.end))
                self._is_proposing = False
                yield
        finally:
            self._is_proposing = False
            self._signal()

    def _replace(self, cursor: QTextCursor, old: Mark, new: str, ranges: Sequence[Mark]) -> None:
        first, last, change, _ = old
        if new:
            cursor.setPosition(last)
            cursor.insertText(new, _format(change, is_insertion=True))
        position = last
        for each in [*reversed(ranges), Mark(first, first, 0, False)]:
            if each.start >= last or each.end < first:
                continue
            stop = max(first, min(each.end, last))
            if stop < position:  # not changed so far
                self.cursor(stop, position).setCharFormat(_format(change, is_insertion=False))
            position = max(first, each.start)
            if each.is_insertion and position < stop:
                self.cursor(position, stop).removeSelectedText()

    def settle(self, changes: Iterable[int], *, accept: bool) -> None:
        """Accept or reject changes, as one step of undo."""
        wanted = set(changes)
        with self._one_step():
            for each in reversed(self.ranges()):
                if each.change not in wanted:
                    continue
                cursor = self.cursor(each.start, each.end)
                if each.is_insertion == accept:
                    cursor.setCharFormat(QTextCharFormat())
                else:
                    needs_space = self._needs_space(cursor)
                    cursor.removeSelectedText()
                    if needs_space:
                        cursor.insertText(" ", QTextCharFormat())

    def _needs_space(self, cursor: QTextCursor) -> bool:
        """Return True if what was typed within a change would lose its space to the next word."""
        start, end = _span(cursor)
        sides = (self.cursor(position, position).charFormat() for position in (start, end + 1))
        signs = (self.characterAt(start - 1), self.characterAt(end))
        edges = (self.characterAt(start), self.characterAt(end - 1))
        return (
            any(side.hasProperty(_IS_TYPED) for side in sides)
            and any(sign.isspace() for sign in edges)
            and not any(sign.isspace() or sign == "\0" for sign in signs)
        )

    def replace_all(self, text: str) -> None:
        """Replace the text, and with it all changes, as one step of undo."""
        with self._one_step() as cursor:
            cursor.select(QTextCursor.SelectionType.Document)
            cursor.insertText(text, QTextCharFormat())

    @contextmanager
    def _one_step(self, *, joins: bool = False) -> Iterator[QTextCursor]:
        cursor = QTextCursor(self)
        if joins:
            cursor.joinPreviousEditBlock()
        else:
            cursor.beginEditBlock()
        try:
            yield cursor
        finally:
            cursor.endEditBlock()

    def unmark(self, start: int, end: int) -> None:
        """Take what was typed between two positions out of the change around it."""
        if self._count and self._has_marks(start, end):
            cursor = self.cursor(start, end)
            cursor.joinPreviousEditBlock()
            typed = QTextCharFormat()
            typed.setProperty(_IS_TYPED, True)
            cursor.setCharFormat(typed)
            cursor.endEditBlock()

    def _has_marks(self, start: int, end: int) -> bool:
        block = self.findBlock(start)
        while block.isValid() and block.position() <= end:
            if any(each.start < end and start < each.end for each in _ranges_of(block)):
                return True
            block = block.next()
        return False


_Edit = tuple[int, int, int, str]  # where it starts and ends, its change, its new words


def _spaced(text: str, edits: Sequence[_Edit]) -> Iterator[_Edit]:
    """Yield sorted replacements with a space between the old and the new words, if one is near."""
    former_end = -1
    for (start, end, change, new), following in zip_longest(edits, edits[1:]):
        if start < end and new and not (text[end - 1].isspace() or new[0].isspace()):
            if text[end : end + 1] == " " and (following is None or following[0] > end):
                end, new = end + 1, f"{new} "
            elif text[start - 1 : start] == " " and former_end < start - 1:
                start, new = start - 1, f" {new}"
        former_end = end
        yield start, end, change, new


class _Ends(Sequence[int]):
    """Where changes end, to be searched: asking Qt for all of 1,000 at each key takes 1 ms."""

    def __init__(self, extents: Mapping[int, QTextCursor], order: Sequence[int]) -> None:
        self._extents, self._order = extents, order

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, index: int) -> int:  # type: ignore[override]
        return self._extents[self._order[index]].selectionEnd()


class _Places:
    """Where positions of the accepted text are in the document."""

    def __init__(self, ranges: Sequence[Mark]) -> None:
        self._ranges = ranges
        self._starts = [each.start for each in ranges]
        self._ends = [each.end for each in ranges]
        self._deletions: list[int] = []  # where they are in the accepted text
        self._lengths = [0]  # of all deletions before
        for each in ranges:
            if not each.is_insertion:
                self._deletions.append(each.start - self._lengths[-1])
                self._lengths.append(self._lengths[-1] + each.end - each.start)

    def at(self, position: int) -> int:
        """Return where a position of the accepted text is, before deletions that begin there."""
        return position + self._lengths[bisect_left(self._deletions, position)]

    def between(self, start: int, end: int) -> Sequence[Mark]:
        """Return the ranges that begin before `end`, and do not end before `start`."""
        return self._ranges[bisect_left(self._ends, start) : bisect_left(self._starts, end)]


def _span(cursor: QTextCursor) -> tuple[int, int]:
    return cursor.selectionStart(), cursor.selectionEnd()


def stored_form(raw: str, ranges: Sequence[Mark]) -> tuple[str, tuple[Mark, ...]]:
    """Return text and marks of a document of this raw text, which takes 5 ms for 300 pages."""
    text = raw.replace(_PARAGRAPH_SEPARATOR, "\n")
    if not ranges or text.isascii():
        return text, tuple(ranges)
    units = text.encode("utf-16-le", "replace")
    done = offset = 0

    def advance(position: int) -> int:
        nonlocal done, offset
        offset += len(units[2 * done : 2 * position].decode("utf-16-le", "replace"))
        done = position
        return offset

    return text, tuple(Mark(advance(each.start), advance(each.end), *each[2:]) for each in ranges)


def _format(change: int, *, is_insertion: bool) -> QTextCharFormat:
    text_format = QTextCharFormat()
    text_format.setProperty(CHANGE, change)
    text_format.setProperty(IS_INSERTION, is_insertion)
    text_format.setFontUnderline(is_insertion)
    text_format.setFontStrikeOut(not is_insertion)
    return text_format


def _ranges_of(block: QTextBlock) -> Iterator[Mark]:
    """Yield the ranges in a block and of the separator before it, which has the block's format."""
    position = block.position()
    before = block.charFormat()
    if position and before.hasProperty(CHANGE):
        yield _range(position - 1, position, before)
    for each in block.textFormats():
        if each.format.hasProperty(CHANGE):
            yield _range(position + each.start, position + each.start + each.length, each.format)


def _range(start: int, end: int, text_format: QTextFormat) -> Mark:
    is_insertion = text_format.boolProperty(IS_INSERTION)
    return Mark(start, end, text_format.intProperty(CHANGE), is_insertion)
