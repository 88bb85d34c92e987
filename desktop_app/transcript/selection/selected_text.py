"""Converts selections, messages and code to HTML, Markdown and plain text for the clipboard.

A selection consists of pieces: one for the selected text in the document, and one for each message
outside the document.
"""

from __future__ import annotations

import sys
from functools import lru_cache, partial
from itertools import chain, islice, takewhile
from typing import TYPE_CHECKING, Final, NamedTuple

from desktop_app.markdown.block_model import Block, Kind, Run, Runs
from desktop_app.markdown.parsing.citations import is_citation
from desktop_app.transcript.document.table_writer import cell_runs, column_of, row_runs
from desktop_app.transcript.layout.item_prefix import prefix_length
from desktop_app.transcript.layout.message_layout import is_table
from desktop_app.transcript.message_items import Item, Line, LineKind
from desktop_app.widgets.text.clipboard import (
    HTML,
    MARKDOWN,
    MAX_HTML_CHARACTERS,
    PLAIN,
    ClipboardTexts,
)
from desktop_app.widgets.text.utf16 import utf16_length, utf16_slice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from PySide6.QtGui import QTextBlock, QTextCursor

    from desktop_app.transcript.layout.message_layouts import BlockPlace, MessageLayouts


# Browsers start copied HTML with this tag; without it, the target may guess another encoding.
_CHARSET_TAG: Final = '<meta charset="utf-8">'

_MAX_PLAIN_CHARACTERS: Final = 100_000
"""Characters whose plain text is made without a noticeable delay."""

_MAX_SYNCHRONOUS_RUNS: Final = 150
MAX_SYNCHRONOUS_CHARACTERS: Final = 8000
"""Limits of a text that is copied synchronously, which takes up to 4 ms."""


def clipboard_texts(
    blocks: Callable[[], Sequence[Block]], source: str | None = None, *, is_short: bool = False
) -> ClipboardTexts:
    """Return the clipboard's content for blocks.

    Args:
        blocks: returns the blocks; called once, possibly in another thread.
        source: the Markdown source of a whole answer. It is also the plain text, because users
            paste answers into editors of Markdown or plain text. None to convert the blocks.
        is_short: whether the content is small enough to be copied synchronously.
    """
    # Imported late to keep start-up fast.
    from desktop_app.markdown.export.html_writer import HtmlWriter
    from desktop_app.markdown.export.text_writer import markdown_pieces, plain_pieces

    cached_blocks = lru_cache(maxsize=1)(blocks)
    makers: dict[str, Callable[[], Iterable[str]]] = {
        PLAIN: lambda: plain_pieces(cached_blocks()) if source is None else [source],
        HTML: lambda: chain([_CHARSET_TAG], HtmlWriter().pieces(cached_blocks())),
        MARKDOWN: lambda: markdown_pieces(cached_blocks()) if source is None else [source],
    }
    return ClipboardTexts(makers, is_short=is_short)


def texts_of_source(source: str) -> ClipboardTexts:
    """Return the clipboard's content for an answer that is copied as its source, without HTML."""
    return ClipboardTexts({PLAIN: lambda: [source], MARKDOWN: lambda: [source]}, is_short=False)


class SelectedPiece(NamedTuple):
    """A piece of a selection.

    Attributes:
        blocks: returns the piece as blocks.
        source: the Markdown of the piece, or None if only the blocks are known.
    """

    blocks: Callable[[], Iterable[Block]]
    source: str | None = None


def texts_of_many(pieces: Sequence[SelectedPiece]) -> ClipboardTexts:
    """Return the clipboard's content for a selection of several pieces.

    Blocks are made again for each format, because keeping all of them may need much memory.
    Beyond `_MAX_PLAIN_CHARACTERS`, the plain text is the Markdown, because a conversion would keep
    the pasting program waiting. Beyond `MAX_HTML_CHARACTERS` there is no HTML.
    Only pieces with a `source` count toward these limits: no other piece needs to be parsed.
    """
    from desktop_app.markdown.export.html_writer import HtmlWriter
    from desktop_app.markdown.export.text_writer import markdown_pieces, plain_pieces

    def blocks() -> Iterable[Block]:
        return chain.from_iterable(piece.blocks() for piece in pieces)

    def markdown() -> Iterable[str]:
        for number, piece in enumerate(pieces):
            if number > 0:
                yield "\n\n"
            if piece.source is None:
                yield from markdown_pieces(piece.blocks())
            else:
                yield piece.source

    size = sum(len(piece.source or "") for piece in pieces)
    texts: dict[str, Callable[[], Iterable[str]]] = {}
    if size <= _MAX_PLAIN_CHARACTERS:
        texts[PLAIN] = lambda: plain_pieces(blocks())
    else:
        texts[PLAIN] = markdown
    if size <= MAX_HTML_CHARACTERS:
        texts[HTML] = lambda: chain([_CHARSET_TAG], HtmlWriter().pieces(blocks()))
    texts[MARKDOWN] = markdown
    return ClipboardTexts(texts, is_short=False)


def texts_of_code(blocks: Sequence[Block]) -> ClipboardTexts:
    """Return the clipboard's content for code, which is plain text only."""
    return ClipboardTexts(
        {PLAIN: lambda: ["\n".join([block.text for block in blocks])]},
        is_short=are_few_items(blocks),
    )


def code_below(items: Sequence[Item], head: int) -> list[Block]:
    """Return the lines of the block of code whose head is item `head`."""
    lines = takewhile(lambda item: item.kind is Kind.CODE, items[head + 1 :])
    return [line for line in lines if isinstance(line, Block)]


def texts_of_selection(layouts: MessageLayouts, cursor: QTextCursor) -> ClipboardTexts:
    """Return the clipboard's content for a selection in the document."""
    from desktop_app.markdown.export.text_writer import plain_pieces

    selected = _selected_items(layouts, cursor)
    copied = [item for item in selected.items if is_copied(item)]
    if not copied:  # the user has selected a part of the user interface, such as a notice
        text = cursor.selection().toPlainText().strip("\n")
        return ClipboardTexts({PLAIN: lambda: [text]}, is_short=True)
    if _is_in_one_cell(selected, cursor):
        cell_text = Block(Kind.PARAGRAPH, _runs_in_cell(layouts, cursor))
        return ClipboardTexts({PLAIN: lambda: plain_pieces([cell_text])}, is_short=True)
    if all(item.kind is Kind.CODE for item in copied):
        return texts_of_code(_blocks_of(selected))
    return clipboard_texts(partial(_blocks_of, selected), is_short=are_few_items(copied))


def selected_piece(layouts: MessageLayouts, cursor: QTextCursor) -> SelectedPiece:
    """Return a selection in the document as a piece."""
    return SelectedPiece(partial(_blocks_of, _selected_items(layouts, cursor)))


def piece_between(
    items: Sequence[Item], first: tuple[int, int], last: tuple[int, int]
) -> SelectedPiece:
    """Return the piece of a message between two positions.

    A position is an item and a UTF-16 unit in the item; for a table, a row instead. `last` is the
    exclusive end; its item may be the number of items, which means the end of the message.
    """
    first_item, start = first
    last_item, end = last
    if last_item >= len(items):
        end = sys.maxsize
    items_between = list(items[first_item : last_item + 1])
    return SelectedPiece(partial(_blocks_of, _SelectedItems(items_between, start, end)))


def units_at(layouts: MessageLayouts, cursor: QTextCursor) -> tuple[int, int]:
    """Return the start of a selection from the cursor on, and the end of one up to the cursor.

    Both are UTF-16 units of the cursor's item; for a table, rows. Return (0, 0) if the cursor is in
    no message.
    """
    position = cursor.position()
    place = layouts.place_of(cursor.blockNumber())
    if place is None:
        return 0, 0
    return _selected_units(place, cursor.block(), position, position)


def are_few_items(items: Sequence[Item]) -> bool:
    """Return True if the items are few enough to be copied synchronously."""
    if len(items) > _MAX_SYNCHRONOUS_RUNS:
        return False
    runs = list(islice(chain.from_iterable(map(_runs_of, items)), _MAX_SYNCHRONOUS_RUNS + 1))
    return (
        len(runs) <= _MAX_SYNCHRONOUS_RUNS
        and sum(len(run.text) for run in runs) <= MAX_SYNCHRONOUS_CHARACTERS
    )


def _runs_of(item: Item) -> Iterable[Run]:
    if isinstance(item, Block) and item.rows:
        return (run for row in item.rows for cell in row for run in cell)
    return item.runs


def is_all_selected(cursor: QTextCursor) -> bool:
    """Return True if everything in the document is selected."""
    last = cursor.document().characterCount() - 1
    return 0 == cursor.selectionStart() < last <= cursor.selectionEnd()


class _SelectedItems(NamedTuple):
    """The selected items, materialized or not.

    Attributes:
        start: the first selected UTF-16 unit of the first item; for a table, a row.
        end: the end of the selection in the last item, exclusive.
    """

    items: list[Item]
    start: int
    end: int


def _selected_items(layouts: MessageLayouts, cursor: QTextCursor) -> _SelectedItems:
    """Return the selected items. Only the blocks at both ends of the selection are inspected."""
    first = cursor.selectionStart()
    last = cursor.selectionEnd()
    first_block = cursor.document().findBlock(first)
    last_block = cursor.document().findBlock(max(last - 1, first))
    first_place = layouts.place_of(first_block.blockNumber())
    last_place = layouts.place_of(last_block.blockNumber())
    if first_place is None or last_place is None:
        return _SelectedItems([], 0, 0)
    start, _ = _selected_units(first_place, first_block, first, last)
    _, end = _selected_units(last_place, last_block, first, last)
    first_index = layouts.index(first_place.layout)
    last_index = layouts.index(last_place.layout)
    items = [item for layout in layouts[first_index : last_index + 1] for item in layout.items]
    # The last message has so many items below the selection.
    below_count = len(last_place.layout.items) - last_place.item - 1
    return _SelectedItems(items[first_place.item : len(items) - below_count], start, end)


def _selected_units(place: BlockPlace, block: QTextBlock, first: int, last: int) -> tuple[int, int]:
    """Return the range of an item that is selected within one of its blocks.

    The range is in UTF-16 units of the item; for a table, in rows. `first` and `last` are document
    positions.
    """
    layout, index, number = place
    item = layout.items[index]
    if is_table(item):
        row = layout.row_at(index, number)
        return row, row + 1
    # The unit of the item at which the block begins. `shapes` has that of each block but the first,
    # which begins with a prefix that does not belong to the item.
    block_start = layout.shapes[index][number - 1] if number else -prefix_length(item)
    start = block_start + max(0, first - block.position())
    text_length = block.length() - 1  # without the separator that Qt counts
    end = block_start + min(last - block.position(), text_length)
    return max(0, start), max(0, end)


def _is_in_one_cell(selected: _SelectedItems, cursor: QTextCursor) -> bool:
    """Return True if only text of one cell is selected, which is copied without its table."""
    if (
        len(selected.items) != 1
        or not is_table(selected.items[0])
        or selected.end != selected.start + 1
    ):
        return False
    # A row that is a text block has tabs between its cells. U+2029 ends a block. Qt writes U+FDD0
    # before each cell of a QTextTable, and U+FDD1 after the last.
    has_border = not set("\t\u2029\ufdd0\ufdd1").isdisjoint(cursor.selectedText())
    return not has_border and not cursor.hasComplexSelection()


def _runs_in_cell(layouts: MessageLayouts, cursor: QTextCursor) -> Runs:
    block = cursor.document().findBlock(cursor.selectionStart())
    place = layouts.place_of(block.blockNumber())
    block_start = block.position()
    if place is None or not is_table(table := place.layout.items[place.item]):
        return ()
    number = place.number
    if place.layout.has_row_blocks(place.item):
        runs = row_runs(table, number)
    else:
        row, column = divmod(number - 1, max(1, len(table.aligns)))  # without the empty first block
        runs = cell_runs(table, row, column_of(cursor.currentTable(), column))
    return cut_runs(
        runs, cursor.selectionStart() - block_start, cursor.selectionEnd() - block_start
    )


def _blocks_of(selected: _SelectedItems) -> list[Block]:
    """Return the selected part of each item as blocks."""
    last = len(selected.items) - 1
    parts = (
        _selected_block(
            item,
            selected.start if index == 0 else 0,
            selected.end if index == last else sys.maxsize,
        )
        for index, item in enumerate(selected.items)
        if is_copied(item)
    )
    return [part for part in parts if part is not None]


def is_copied(item: Item) -> bool:
    """Return True if an item is part of the message rather than of the user interface."""
    if isinstance(item, Block) or item.kind is LineKind.QUESTION:
        return True
    return item.kind is LineKind.ATTACHMENT and bool(item.runs[0].link)


def _selected_block(item: Item, start: int, end: int) -> Block | None:
    """Return part [start, end) of an item in UTF-16 units (rows of a table); None if empty."""
    if is_table(item):
        return item._replace(rows=item.rows[start:end], head=item.head and start == 0)
    if isinstance(item, Line) and _is_attachment(item):
        return attachment_block(item.runs[0].text)
    is_whole = start == 0 and end == sys.maxsize
    runs = item.runs if is_whole else cut_runs(item.runs, start, end)
    if item.runs and not runs:
        return None
    if isinstance(item, Block):
        return item._replace(runs=runs)
    return Block(Kind.PARAGRAPH, runs)  # a line of a question


def _is_attachment(line: Line) -> bool:
    return line.kind is LineKind.ATTACHMENT and not is_citation(line.runs[0].link)


def attachment_block(name: str) -> Block:
    """Return the block that represents an attachment in a copy."""
    return Block(Kind.PARAGRAPH, (Run(f"[{name}]"),))


def cut_runs(runs: Runs, start: int, end: int) -> Runs:
    """Return the runs of the characters [start, end), counted in UTF-16 units like in Qt."""
    cut: list[Run] = []
    index = 0
    for run in runs:
        length = utf16_length(run.text)
        first = max(0, start - index)
        last = min(length, end - index)
        if first < last and run.math:  # a formula is copied whole
            cut.append(run)
        elif first < last:
            cut.append(run._replace(text=utf16_slice(run.text, first, last)))
        index += length
    return tuple(cut)
