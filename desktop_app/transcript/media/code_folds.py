"""Folds long blocks of code to their first lines.

A fold line below the code tells the number of hidden lines, and folds or unfolds it. Folded lines
of a fully materialized message stay in the document as invisible blocks, so that they can be found,
selected, copied and read out.

Code that streams in is never folded automatically, so that the text does not jump. Its fold line is
added once the first block below the code arrives, or the answer is complete.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final, NamedTuple, TypeGuard

from PySide6.QtGui import QAccessible

from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.markdown.block_model import Block, Kind, Run
from desktop_app.transcript.layout.full_layout import finish_layout
from desktop_app.transcript.layout.height_estimates import estimate_code_heights
from desktop_app.transcript.message_items import ACTION, Item, Line, LineKind

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from PySide6.QtGui import QTextDocument

    from desktop_app.transcript.document.document_writer import DocumentWriter
    from desktop_app.transcript.layout.message_layout import MessageLayout

MAX_UNFOLDED_LINES: Final = 30
"""Blocks of code with up to this many lines are never folded."""

VISIBLE_LINES: Final = 18
"""The number of visible lines of a folded block."""

_LINES_PER_CHECK: Final = 256
"""Items that are checked at once, because checking them one by one is slow."""
_MAX_LINES_IN_PLACE: Final = 1000
"""More lines than this are dematerialized before they are hidden or shown."""

TOGGLE_CODE: Final = "fold-code-"
"""The action of a fold line. The number of the code block within the message follows."""


class FoldableCode(NamedTuple):
    """A block of code with a fold line, folded or not.

    Attributes:
        number: the index of the code block within its message.
        head: the index of the code's head among the blocks of the message.
        end: the index after the code's last line among the blocks of the message.
    """

    number: int
    head: int
    end: int

    @property
    def lines(self) -> int:
        """Return the number of lines of code."""
        return self.end - self.head - 1


class FoldLines:
    """The positions of the fold lines in the body of a message.

    Changes of an answer are counted in blocks, which do not include fold lines.
    """

    def __init__(self, items: Sequence[Item] = ()) -> None:
        """Collect the fold lines among the items of a body."""
        self._foldable: list[FoldableCode] = []
        head = 0
        for index, item in enumerate(items):
            if _is_head(item):
                head = index
            elif (number := fold_number(item)) is not None:
                folds_above = len(self._foldable)
                self._foldable.append(FoldableCode(number, head - folds_above, index - folds_above))

    def item_of(self, block: int) -> int:
        """Return the item index of a block: its own index plus the number of fold lines above."""
        return block + bisect_right(self._foldable, block, key=_end)

    def __len__(self) -> int:
        return len(self._foldable)

    def changed_fold_lines(self, index: int, removed: int, added: Sequence[Item]) -> list[int]:
        """Return the item indices of fold lines whose code a change affects, last first.

        The change replaces `removed` blocks from block `index` on.
        """
        # Code that ends directly above the change grows if the change begins with code.
        continues_code = bool(added) and is_code(added[0])
        first = bisect_right(self._foldable, index - continues_code, key=_end)
        affected_lines: list[int] = []
        for folds_above, fold in enumerate(self._foldable[first:], first):
            if fold.head >= index + removed:
                break
            affected_lines.insert(0, fold.end + folds_above)
        return affected_lines

    def shift(self, index: int, by: int) -> None:
        """Move the code below a block by `by` blocks. No fold line's code may contain the block."""
        first = bisect_right(self._foldable, index, key=_end)
        self._foldable[first:] = [
            fold._replace(head=fold.head + by, end=fold.end + by) for fold in self._foldable[first:]
        ]

    def forget(self, item: int) -> None:
        """Forget the fold line at this item index."""
        del self._foldable[self._fold_lines_above(item)]

    def code_ending_at(self, items: Sequence[Item], body: int, end: int) -> FoldableCode | None:
        """Return the code that ends above item `end` of a body, if it is long and complete.

        The body begins at item `body` of `items`.
        """
        end += body
        if end < len(items) and is_code(items[end]):
            return None  # quick, because this runs for each new line
        first = _first_line(items, end)
        if end - first <= MAX_UNFOLDED_LINES or first <= body:
            return None
        folds_above = self._fold_lines_above(end - body)
        number = -1
        begin = body  # count the code blocks from here, or from the last fold line above
        if folds_above:
            code_above = self._foldable[folds_above - 1]
            number = code_above.number
            begin = body + code_above.end + folds_above
        number += sum(_is_head(items[index]) for index in range(begin, first))
        # Indices among the blocks of the message count neither the head items nor fold lines.
        not_blocks = body + folds_above
        return FoldableCode(number, head=first - 1 - not_blocks, end=end - not_blocks)

    def add(self, code: FoldableCode) -> int:
        """Add the fold line of code and return its item index."""
        index = bisect_right(self._foldable, code.end, key=_end)
        self._foldable.insert(index, code)
        return code.end + index

    def _fold_lines_above(self, item: int) -> int:
        """Return the number of fold lines above an item."""
        return sum(fold.end + folds_above < item for folds_above, fold in enumerate(self._foldable))


def _end(fold: FoldableCode) -> int:
    return fold.end


def _is_head(item: Item) -> bool:
    return isinstance(item, Block) and item.kind is Kind.CODE_HEAD


def is_code(item: Item) -> TypeGuard[Block]:
    """Return True if an item is a line of code."""
    return isinstance(item, Block) and item.kind is Kind.CODE


def with_fold_lines(
    blocks: Iterable[Block], unfolded: Container[int], *, is_growing: bool = False
) -> Iterator[Item]:
    """Yield the blocks of a message, with a fold line below each long block of code.

    Code at the end of a growing message gets no fold line.
    """
    number, lines = -1, 0
    for block in blocks:
        if block.kind is not Kind.CODE:
            if lines > MAX_UNFOLDED_LINES:
                yield fold_line(number, lines, is_folded=number not in unfolded)
            lines = 0
        if block.kind is Kind.CODE_HEAD:
            number += 1
        lines += block.kind is Kind.CODE
        yield block
    if lines > MAX_UNFOLDED_LINES and not is_growing:
        yield fold_line(number, lines, is_folded=number not in unfolded)


def fold_line(number: int, lines: int, *, is_folded: bool) -> Line:
    """Return the fold line for the code block with this number."""
    hidden_count = lines - VISIBLE_LINES
    label = (
        tr_plural("Show {count} more line", "Show {count} more lines", hidden_count)
        if is_folded
        else tr("Show fewer lines")
    )
    return Line(LineKind.FOLD, (Run(label, link=f"{ACTION}{TOGGLE_CODE}{number}"),))


def fold_line_at(items: Sequence[Item], index: int, *, is_folded: bool) -> Line:
    """Return the fold line to show as item `index`, below folded or unfolded code."""
    number = fold_number(items[index])
    return fold_line(number or 0, index - _first_line(items, index), is_folded=is_folded)


def fold_number(line: Item) -> int | None:
    """Return the number of the code block that a fold line folds, or None for other items."""
    if not isinstance(line, Line) or line.kind is not LineKind.FOLD:
        return None
    return int(line.runs[0].link.rpartition("-")[2])


def last_visible_line(items: Sequence[Item], index: int) -> int:
    """Return the index of the last line that stays visible if fold line `index` folds its code."""
    return _first_line(items, index) + VISIBLE_LINES - 1


def show_folds(writer: DocumentWriter, layout: MessageLayout, unfolded: Container[int]) -> None:
    """Hide the folded lines of a message and show the others."""
    for index, item in enumerate(layout.items):  # tens of thousands: the type is checked first
        number = fold_number(item) if type(item) is Line else None
        if number is not None:
            show_fold(writer, layout, index, is_visible=number in unfolded)


def show_fold(
    writer: DocumentWriter, layout: MessageLayout, index: int, *, is_visible: bool
) -> None:
    """Hide or show the lines that fold line `index` folds."""
    first = _first_line(layout.items, index) + VISIBLE_LINES
    are_missing = layout.next_materialized(first) >= index
    if are_missing and (layout.heights[first] > 0) is is_visible:
        return  # only their heights tell missing lines that are folded from others
    if not is_visible:  # first, so that filling the viewport meanwhile skips these lines
        layout.set_heights(first, [0.0] * (index - first))
    _erase_many(writer, layout, first, index, is_visible=is_visible)
    count = sum(layout.counts[first:index])
    begin = writer.layouts.block_of(layout, first).blockNumber()
    _set_visible(writer.document, begin, count, is_visible)
    _set_heights(writer, layout, first, index, is_visible=is_visible)


def _erase_many(
    writer: DocumentWriter, layout: MessageLayout, first: int, end: int, *, is_visible: bool
) -> None:
    """Dematerialize very many lines before they are hidden or shown.

    Laying out so many lines takes longer than a frame. They are materialized again near the
    viewport. With a screen reader the lines stay, because it reads only the document.
    """
    written = layout.next_materialized(first)
    if written >= end or end - first <= _MAX_LINES_IN_PLACE or QAccessible.isActive():
        return
    if writer.layouts.block_of(layout, written).isVisible() is not is_visible:
        writer.erase([(layout, first, end)])


def _set_heights(
    writer: DocumentWriter, layout: MessageLayout, first: int, end: int, *, is_visible: bool
) -> None:
    """Update the estimated heights of missing lines. Folded lines have none.

    In a partly materialized message, folded lines are dematerialized, except for a screen reader.
    """
    if not is_visible:
        is_read = QAccessible.isActive() and layout.counts[first - 1] > 0
        if not (layout.is_fully_materialized or is_read):
            # An invisible block would hide the placeholder.
            writer.erase([(layout, first, end)])
    elif first < end and not layout.heights[first]:
        heights = estimate_code_heights(layout.items[first:end], writer.styles.scale)
        layout.set_heights(first, heights)
    # An empty range writes no item, but updates the height of the placeholder above it.
    writer.write(
        layout,
        [(placeholder.end, placeholder.end) for placeholder in layout.placeholders(first, end)],
    )


def _first_line(items: Sequence[Item], end: int) -> int:
    """Return the index of the first line of the code above item `end`.

    The code may have tens of thousands of lines. Return `end` if there is no code.
    """
    while end >= _LINES_PER_CHECK:
        checked_items = items[end - _LINES_PER_CHECK : end]
        # The first field of blocks and lines is their kind; by index, it is read faster.
        if [item[0] for item in checked_items].count(Kind.CODE) < _LINES_PER_CHECK:
            break
        end -= _LINES_PER_CHECK
    while end and is_code(items[end - 1]):
        end -= 1
    return end


def _set_visible(document: QTextDocument, first: int, count: int, is_visible: bool) -> None:
    block = document.findBlockByNumber(first)
    begin = block.position()
    changed = False
    for _ in range(count):
        changed = changed or block.isVisible() is not is_visible
        block.setVisible(is_visible)
        block = block.next()
    if changed:
        finish_layout(document)
        document.markContentsDirty(begin, block.position() - begin)
