"""Long blocks of code show their beginning; the rest is folded until it is asked for.

A line below such a block says how much there is, and folds and unfolds it. What is folded stands in the
document all the same, in blocks that are not visible: so it is found, selected, copied and read out as
if it were shown. Code that has just arrived stays as the reader saw it come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.rendering.model import Block, Kind, Run
from desktop_app.ui.transcript.items import ACTION, Line, Part

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from PySide6.QtGui import QTextDocument

    from desktop_app.ui.transcript.document import DocumentWriter
    from desktop_app.ui.transcript.items import Item
    from desktop_app.ui.transcript.section import Section

LONG: Final = 30
"""Lines up to which a block of code is never folded."""

SHOWN: Final = 18
"""Lines of a folded one that are shown."""

FOLD: Final = "fold-code-"
"""Action of the line below a block of code; its number within the message follows."""


def with_folds(blocks: Iterable[Block], unfolded: Container[int]) -> Iterator[Item]:
    """The blocks of a whole message, with a line below each long block of code."""
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
    if lines > LONG:
        yield fold_line(number, lines, is_folded=number not in unfolded)


def folds(items: Sequence[Item]) -> Iterator[tuple[int, int, int]]:
    """The long blocks of code in the body of a message: the number of each, and its items
    [first, end) that are folded at first."""
    number, begin = -1, 0
    for at, item in enumerate((*items, Line(Part.FOOTER, ()))):
        if isinstance(item, Block) and item.kind is Kind.CODE:
            continue
        if at - begin > LONG:
            yield number, begin + SHOWN, at
        number += isinstance(item, Block) and item.kind is Kind.CODE_HEAD
        begin = at + 1


def fold_line(number: int, lines: int, *, is_folded: bool) -> Line:
    """What stands below a long block of code, the `number` of its message."""
    words = f"Show {lines - SHOWN:,} more lines" if is_folded else "Show fewer lines"
    return Line(Part.FOLD, (Run(words, link=f"{ACTION}{FOLD}{number}"),))


def number_of(line: Item) -> int | None:
    """The number of the block of code that a line folds; None where it is no such line."""
    if not isinstance(line, Line) or line.part is not Part.FOLD:
        return None
    return int(line.runs[0].link.rpartition("-")[2])


def show_folds(writer: DocumentWriter, section: Section, unfolded: Container[int]) -> None:
    """Hide the lines that are folded, show those that are not any more."""
    lines = [at for at, item in enumerate(section.items) if type(item) is Line]
    for at in lines:
        number = number_of(section.items[at])
        if number is not None:
            first = _first_line(section.items, at) + SHOWN
            count = sum(section.counts[first:at])
            begin = writer.block_of(section, first).blockNumber()
            _set_visible(writer.document, begin, count, number in unfolded)
            _set_heights(writer, section, first, at, number in unfolded)


def _set_heights(
    writer: DocumentWriter, section: Section, first: int, end: int, visible: bool
) -> None:
    """Those of these lines that are not written take room no more, or again. Of a message that is
    not written as a whole, nothing that is folded is."""
    if not visible:
        if not section.is_whole:  # none of them may stand below a hole: that would not be seen
            writer.erase([(section, first, end)])
        section.heights[first:end] = [0.0] * (end - first)
    elif first < end and not section.heights[first]:
        section.heights[first:end] = [writer.height(item) for item in section.items[first:end]]
    writer.write(section, [(hole.end, hole.end) for hole in section.holes(first, end)])


def _first_line(items: Sequence[Item], end: int) -> int:
    """The first line of the code that ends above item `end`."""
    while end and isinstance(items[end - 1], Block) and items[end - 1].kind is Kind.CODE:  # type: ignore[union-attr]
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
        document.markContentsDirty(begin, block.position() - begin)
