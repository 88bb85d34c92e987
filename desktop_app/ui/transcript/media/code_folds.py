"""Long blocks of code show their beginning; the rest is folded until it is asked for.

A line below such a block says how much there is, and folds and unfolds it. What is folded stands in the
document all the same, in blocks that are not visible: so it is found, selected, copied and read out as
if it were shown. Code that arrives is never folded by itself, lest what is read jumps: its line comes
with what follows the code, below which there is nothing yet, and says how to fold it.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtGui import QAccessible

from desktop_app.rendering.block_model import Block, Kind, Run
from desktop_app.ui.transcript.layout.full_layout import finish_layout
from desktop_app.ui.transcript.layout.height_estimates import heights_of_code
from desktop_app.ui.transcript.message_items import ACTION, Line, Part

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from PySide6.QtGui import QTextDocument

    from desktop_app.ui.transcript.document.document_writer import DocumentWriter
    from desktop_app.ui.transcript.layout.message_layout import MessageLayout
    from desktop_app.ui.transcript.message_items import Item

LONG: Final = 30
"""Lines up to which a block of code is never folded."""

SHOWN: Final = 18
"""Lines of a folded one that are shown."""

_TOGETHER: Final = 256
_MANY: Final = 1000

FOLD: Final = "fold-code-"
"""Action of the line below a block of code; its number within the message follows."""


class FoldedCode(NamedTuple):
    """A block of code that has its line: the `number` of its message, and where it begins and ends
    among the blocks of that."""

    number: int
    head: int
    end: int

    @property
    def lines(self) -> int:
        """How many lines of code there are."""
        return self.end - self.head - 1


class FoldLines:
    """Where the lines that fold code stand in the body of a message. How an answer grows is counted
    in blocks, none of which these lines are."""

    def __init__(self, items: Sequence[Item] = ()) -> None:
        """Those among the items of a body."""
        self._folded: list[FoldedCode] = []
        head = 0
        for at, item in enumerate(items):
            if _is_head(item):
                head = at
            elif (number := number_of(item)) is not None:
                passed = len(self._folded)
                self._folded.append(FoldedCode(number, head - passed, at - passed))

    def item_of(self, block: int) -> int:
        """Which item a block is: at the end of code, the one below the line."""
        return block + bisect_right(self._folded, block, key=_end)

    def __len__(self) -> int:
        return len(self._folded)

    def broken_by(self, at: int, removed: int, added: Sequence[Item]) -> list[int]:
        """The items that fold code which this change of blocks is within, the last one first."""
        goes_on = bool(added) and _is_code(added[0])
        first = bisect_right(self._folded, at - goes_on, key=_end)
        broken: list[int] = []
        for passed, fold in enumerate(self._folded[first:], first):
            if fold.head >= at + removed and fold.head >= at:
                break
            broken.insert(0, fold.end + passed)
        return broken

    def moved(self, at: int, by: int) -> None:
        """So many blocks more stand at a block, or fewer, within no code that is known here."""
        first = bisect_right(self._folded, at, key=_end)
        self._folded[first:] = [
            fold._replace(head=fold.head + by, end=fold.end + by) for fold in self._folded[first:]
        ]

    def forget(self, item: int) -> None:
        """A line that is this item goes."""
        del self._folded[self._passed(item)]

    def ended(self, items: Sequence[Item], body: int, end: int) -> FoldedCode | None:
        """The code that ends above item `end` of a body, which itself begins at item `body` of
        these: if it is long, and does not go on."""
        end += body
        if end < len(items) and _is_code(items[end]):
            return None  # asked for each line that comes: those above are not counted for it
        first = _first_line(items, end)
        if end - first <= LONG or first <= body:
            return None
        passed = self._passed(end - body)
        number, begin = -1, body
        if passed:
            known = self._folded[passed - 1]
            number, begin = known.number, body + known.end + passed
        number += sum(_is_head(items[at]) for at in range(begin, first))
        passed += body
        return FoldedCode(number, first - 1 - passed, end - passed)

    def add(self, folded: FoldedCode) -> int:
        """Code has its line; which item that is."""
        at = bisect_right(self._folded, folded.end, key=_end)
        self._folded.insert(at, folded)
        return folded.end + at

    def _passed(self, item: int) -> int:
        """How many lines stand above an item."""
        return sum(fold.end + passed < item for passed, fold in enumerate(self._folded))


def _end(fold: FoldedCode) -> int:
    return fold.end


def _is_head(item: Item) -> bool:
    return isinstance(item, Block) and item.kind is Kind.CODE_HEAD


def _is_code(item: Item) -> bool:
    return isinstance(item, Block) and item.kind is Kind.CODE


def with_folds(
    blocks: Iterable[Block], unfolded: Container[int], *, grows: bool = False
) -> Iterator[Item]:
    """The blocks of a message, with a line below each long block of code, but one that it ends with
    as long as it grows."""
    number = lines = -1
    for block in blocks:
        if block.kind is not Kind.CODE:
            if lines > LONG:
                yield fold_line(number, lines, is_folded=number not in unfolded)
            lines = 0
        if block.kind is Kind.CODE_HEAD:
            number += 1
        lines += block.kind is Kind.CODE
        yield block
    if lines > LONG and not grows:
        yield fold_line(number, lines, is_folded=number not in unfolded)


def fold_line(number: int, lines: int, *, is_folded: bool) -> Line:
    """What stands below a long block of code, the `number` of its message."""
    words = f"Show {lines - SHOWN:,} more lines" if is_folded else "Show fewer lines"
    return Line(Part.FOLD, (Run(words, link=f"{ACTION}{FOLD}{number}"),))


def fold_line_at(items: Sequence[Item], at: int, *, is_folded: bool) -> Line:
    """What stands as item `at` below a long block of code when that is folded, or is not."""
    number = number_of(items[at])
    return fold_line(number or 0, at - _first_line(items, at), is_folded=is_folded)


def number_of(line: Item) -> int | None:
    """The number of the block of code that a line folds; None where it is no such line."""
    if not isinstance(line, Line) or line.part is not Part.FOLD:
        return None
    return int(line.runs[0].link.rpartition("-")[2])


def last_shown(items: Sequence[Item], at: int) -> int:
    """The last line of code that is shown where it is folded by the line that is item `at`."""
    return _first_line(items, at) + SHOWN - 1


def show_folds(writer: DocumentWriter, section: MessageLayout, unfolded: Container[int]) -> None:
    """Hide the lines that are folded, show those that are not any more."""
    lines = [at for at, item in enumerate(section.items) if type(item) is Line]
    for at in lines:
        number = number_of(section.items[at])
        if number is not None:
            show_fold(writer, section, at, visible=number in unfolded)


def show_fold(writer: DocumentWriter, section: MessageLayout, at: int, *, visible: bool) -> None:
    """Hide the lines that the line which is item `at` folds, or show them."""
    first = _first_line(section.items, at) + SHOWN
    if section.written(first) >= at and (section.heights[first] > 0) is visible:
        return
    if not visible:  # at once: what moves meanwhile has the screen filled with what takes room
        section.heights[first:at] = [0.0] * (at - first)
    _take_out_many(writer, section, first, at, visible=visible)
    count = sum(section.counts[first:at])
    begin = writer.sections.block_of(section, first).blockNumber()
    _set_visible(writer.document, begin, count, visible)
    _set_heights(writer, section, first, at, visible)


def _take_out_many(
    writer: DocumentWriter, section: MessageLayout, first: int, end: int, *, visible: bool
) -> None:
    """Very many lines that are to be hidden or shown are taken out of the document, to be written
    as one comes near: to lay out so many takes longer than a frame. Where a screen reader runs, it reads
    what is in the document, and nothing else."""
    written = section.written(first)
    if written >= end or end - first <= _MANY or QAccessible.isActive():
        return
    if writer.sections.block_of(section, written).isVisible() is not visible:
        writer.erase([(section, first, end)])


def _set_heights(
    writer: DocumentWriter, section: MessageLayout, first: int, end: int, visible: bool
) -> None:
    """Those of these lines that are not written take room no more, or again. Of a message that is
    not written as a whole, nothing that is folded is, unless it is for a screen reader."""
    if not visible:
        is_read = QAccessible.isActive() and section.counts[first - 1] > 0
        if not (section.is_whole or is_read):  # none may stand below a hole: that would not be seen
            writer.erase([(section, first, end)])
    elif first < end and not section.heights[first]:
        section.heights[first:end] = heights_of_code(section.items[first:end], writer.styles.scale)
    writer.write(section, [(hole.end, hole.end) for hole in section.holes(first, end)])


def _first_line(items: Sequence[Item], end: int) -> int:
    """The first line of the code that ends above item `end`; there may be tens of thousands."""
    while end >= _TOGETHER:
        some = items[end - _TOGETHER : end]
        if [item[0] for item in some].count(Kind.CODE) < _TOGETHER:
            break
        end -= _TOGETHER
    while end and _is_code(items[end - 1]):
        end -= 1
    return end


def _set_visible(document: QTextDocument, first: int, count: int, visible: bool) -> None:
    block = document.findBlockByNumber(first)
    begin = block.position()
    changed = False
    for _ in range(count):
        changed = changed or block.isVisible() is not visible
        block.setVisible(visible)
        block = block.next()
    if changed:
        finish_layout(document)
        document.markContentsDirty(begin, block.position() - begin)
