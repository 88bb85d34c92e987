"""Converts selections, messages and code to HTML, Markdown and plain text for the clipboard."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from itertools import chain
from typing import Final

from desktop_app.markdown.block_model import Block, Kind, Run, Runs, source_text
from desktop_app.transcript.message_items import ACTION, Item, LineKind
from desktop_app.transcript.segment import PAST_END, ArticleList, Place, is_table, runs_at
from desktop_app.widgets.text.clipboard import (
    HTML,
    MARKDOWN,
    MAX_CONVERTED_CHARACTERS,
    PLAIN,
    ClipboardTexts,
)
from desktop_app.widgets.text.utf16 import utf16_length, utf16_slice

# Browsers start copied HTML with this tag; without it, the target may guess another encoding.
_CHARSET_TAG: Final = '<meta charset="utf-8">'


def clipboard_texts(
    blocks: Callable[[], Sequence[Block]], source: str | None = None
) -> ClipboardTexts:
    """Return the clipboard's content for blocks.

    Args:
        blocks: returns the blocks; called once.
        source: the Markdown source of a whole answer. It is also the plain text, because users
            paste answers into editors of Markdown or plain text. None to convert the blocks.
    """
    # Imported late to keep start-up fast.
    from desktop_app.markdown.export.html_writer import HtmlWriter
    from desktop_app.markdown.export.text_writer import MarkdownWriter, plain_pieces

    cached_blocks = lru_cache(maxsize=1)(blocks)
    return {
        PLAIN: lambda: plain_pieces(cached_blocks()) if source is None else [source],
        HTML: lambda: chain([_CHARSET_TAG], HtmlWriter().pieces(cached_blocks())),
        MARKDOWN: lambda: MarkdownWriter().pieces(cached_blocks()) if source is None else [source],
    }


def texts_of_source(source: str) -> ClipboardTexts:
    """Return the clipboard's content for an answer that is copied as its source, without HTML."""
    return {PLAIN: lambda: [source], MARKDOWN: lambda: [source]}


def texts_of_code(blocks: Sequence[Block]) -> ClipboardTexts:
    """Return the clipboard's content for code, which is plain text only."""
    return {PLAIN: lambda: ["\n".join([block.text for block in blocks])]}


def is_copied(item: Item) -> bool:
    """Return True if an item is part of the message rather than of the user interface."""
    if isinstance(item, Block) or item.kind is LineKind.QUESTION:
        return True
    return item.kind is LineKind.ATTACHMENT and bool(item.runs[0].link)


def _selected_block(item: Item, start: int, end: int) -> Block | None:
    """Return part [start, end) of an item in UTF-16 units (rows of a table); None if empty."""
    if is_table(item):
        return item._replace(rows=item.rows[start:end], head=item.head and start == 0)
    if item.kind is LineKind.ATTACHMENT and item.runs[0].link.startswith(ACTION):
        return attachment_block(item.runs[0].text)
    is_whole = start == 0 and end == sys.maxsize
    runs = item.runs if is_whole else cut_runs(item.runs, start, end)
    if item.runs and not runs:
        return None
    if isinstance(item, Block):
        return item._replace(runs=runs)
    return Block(Kind.PARAGRAPH, runs)  # a line of a question


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


def selected_texts(articles: ArticleList, start: Place, end: Place) -> ClipboardTexts:
    """Return the clipboard's content for the text between two places.

    Of a long selection, only the articles at its ends are parsed now.
    """
    from desktop_app.markdown.export.text_writer import to_markdown

    first = articles.index_of(start.message_id)
    last = articles.index_of(end.message_id)
    length = sum(len(articles.source_of(index)) for index in range(first, last + 1))
    is_long = length > MAX_CONVERTED_CHARACTERS
    sources = []
    items: list[Item] = []
    for index in range(first, last + 1):
        begins_within = index == first and (start.item > 0 or start.cell > 0 or start.unit > 0)
        ends_within = index == last and end.item < PAST_END
        if is_long and not begins_within and not ends_within:
            sources.append(articles.markdown_of(index))
            continue
        begin = start.item if index == first else 0
        part = articles.whole(index).items[begin : end.item + 1 if index == last else None]
        items += part
        if is_long and part:
            start_unit = _unit(part[0], start) if index == first else 0
            end_unit = _unit(part[-1], end, is_end=True) if index == last else sys.maxsize
            sources.append(to_markdown(_blocks_of(part, start_unit, end_unit)))
    if is_long:
        return texts_of_source("\n\n".join(sources))
    return _texts_of_items(items, start, end)


def _texts_of_items(items: Sequence[Item], start: Place, end: Place) -> ClipboardTexts:
    """Return the clipboard's content for items, of which the first and last may be cut."""
    from desktop_app.markdown.export.text_writer import plain_pieces

    copied = [item for item in items if is_copied(item)]
    start_unit = _unit(items[0], start) if items else 0
    end_unit = _unit(items[-1], end, is_end=True) if items else 0
    if not copied:  # the user has selected a part of the user interface, such as a notice
        ends = [start_unit, *[0] * len(items)], [*[sys.maxsize] * (len(items) - 1), end_unit]
        cuts = map(cut_runs, [item.runs for item in items], *ends)
        text = "\n".join("".join(run.text for run in runs) for runs in cuts).strip("\n")
        return {PLAIN: lambda: [text]}
    if len(items) == 1 and is_table(items[0]) and start.cell == end.cell:
        runs = cut_runs(runs_at(items[0], start.cell), max(0, start.unit), max(0, end.unit))
        cell_text = Block(Kind.PARAGRAPH, runs)
        return {PLAIN: lambda: plain_pieces([cell_text])}
    blocks = partial(_blocks_of, items, start_unit, end_unit)
    if all(item.kind is Kind.CODE for item in copied):
        return texts_of_code(blocks())
    texts = clipboard_texts(blocks)
    length = sum(len(run.text) for item in copied for run in item.runs)
    return texts if length <= MAX_CONVERTED_CHARACTERS else {PLAIN: texts[PLAIN]}


def selected_words(articles: ArticleList, start: Place, end: Place) -> str:
    """Return the text between two places if it is in a single paragraph or cell; "" otherwise."""
    index = articles.index_of(start.message_id)
    if index < 0 or start[:3] != end[:3]:
        return ""
    items = articles.open(index).items
    if start.item >= len(items):
        return ""
    runs = runs_at(items[start.item], start.cell)
    cut = cut_runs(runs, max(0, start.unit), max(0, end.unit))
    return "".join(map(source_text, cut))


def _unit(item: Item, place: Place, *, is_end: bool = False) -> int:
    """Return the unit of an item at which a selection begins or ends; for a table, the row."""
    if place.item >= PAST_END:
        return sys.maxsize
    if is_table(item):
        return place.cell // max(1, len(item.aligns)) + is_end
    return max(0, place.unit)


def _blocks_of(items: Sequence[Item], start: int, end: int) -> list[Block]:
    """Return the selected part of each item as blocks."""
    last = len(items) - 1
    parts = (
        _selected_block(item, start if n == 0 else 0, end if n == last else sys.maxsize)
        for n, item in enumerate(items)
        if is_copied(item)
    )
    return [part for part in parts if part is not None]
