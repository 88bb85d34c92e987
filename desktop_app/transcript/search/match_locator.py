"""Locates matches in the items of messages, and in the document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from desktop_app.markdown.block_model import Block, Runs, text_of
from desktop_app.markdown.search.text_search import count_matches, match_ranges, searchable_texts
from desktop_app.transcript.layout.item_prefix import prefix_of
from desktop_app.transcript.layout.message_layout import MessageLayout, is_table
from desktop_app.transcript.layout.text_ranges import selected_characters
from desktop_app.transcript.media.code_folds import fold_number
from desktop_app.transcript.message_items import Item
from desktop_app.widgets.text.utf16 import utf16_length

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PySide6.QtGui import QTextCursor

    from desktop_app.transcript.layout.message_layouts import MessageLayouts
    from desktop_app.transcript.message_state import MessageState

_ITEMS_PER_CHECK: Final = 64
"""Items whose joined text is searched before the items are searched one by one."""


class ItemMatch(NamedTuple):
    """Match `number`, counted from 0, of an item of a message."""

    item: int
    number: int


class _TextMatches(NamedTuple):
    """The matches of the case-folded `query` in the text of some runs."""

    runs: Runs
    query: str
    text: str
    ranges: list[tuple[int, int]]


class MatchLocator:
    """A locator of matches in the messages of one document.

    It caches the last results, because highlighting requests the same message again.
    """

    def __init__(self, layouts: MessageLayouts) -> None:
        self._layouts = layouts
        self._matching_items_key: tuple[object, ...] | None = None
        self._matching_items: list[tuple[int, int]] = []
        self._text_matches: _TextMatches | None = None

    def locate(
        self, state: MessageState, number: int, in_reasoning: int, query: str
    ) -> ItemMatch | None:
        """Return match `number` of a message by its item, or the last if there are fewer now.

        `in_reasoning` is the number of matches in the reasoning, which may be folded. Return None
        if there are none.
        """
        if state.reasoning.is_folded or not state.reasoning_count:
            number -= in_reasoning
        number = max(0, number)
        item_match = None
        for index, count in self.matching_items(state, query):
            item_match = ItemMatch(index, min(number, count - 1))
            if number < count:
                break
            number -= count
        return item_match

    def matching_items(self, state: MessageState, query: str) -> list[tuple[int, int]]:
        """Return the items of a message that match, by index, with the number of matches.

        Covers the reasoning, if it is shown, and the text.
        """
        layout = state.layout
        reasoning, body = state.reasoning_count, state.head_count
        end = len(layout.items) - state.foot_count
        key = (layout, layout.revision, query, reasoning, body, end)
        if self._matching_items_key != key:
            # Below the line with the topic of the reasoning, and without tool calls.
            ranges = ((min(1, reasoning), reasoning), (body, end))
            self._matching_items = [
                found
                for first, last in ranges
                for found in _find_matching_items(layout.items, first, last, query)
            ]
            self._matching_items_key = key
        return self._matching_items

    def cursor_of(
        self, layout: MessageLayout, item_match: ItemMatch, query: str
    ) -> QTextCursor | None:
        """Return a selection of a match, or of the last in its item if there are fewer now.

        Return None if the item is not materialized, or no longer has a match.
        """
        index, number = item_match
        layouts = self._layouts
        item = layout.items[index]
        if not layout.counts[index]:
            return None
        if layout.shapes[index] and not is_table(item):
            return layouts.select_units(layout, index, *self.units_of(item, number, query))
        block = layouts.block_of(layout, index)
        prefix = len(prefix_of(item))
        found = None
        for _ in range(layout.counts[index]):
            ranges = [
                (start, end) for start, end in match_ranges(block.text(), query) if start >= prefix
            ]
            if ranges:
                found = block, ranges[min(number, len(ranges) - 1)]
            if number < len(ranges):
                break
            number -= len(ranges)
            prefix = 0  # only the first block has one
            block = block.next()
        return None if found is None else selected_characters(found[0], *found[1])

    def units_of(self, item: Item, number: int, query: str) -> tuple[int, int]:
        """Return the UTF-16 units [first, end) of a match in a text; (0, 0) if there is none."""
        matches = self._text_matches
        if matches is None or matches.runs is not item.runs or matches.query != query:
            text = text_of(item.runs)
            matches = _TextMatches(item.runs, query, text, match_ranges(text, query))
            self._text_matches = matches
        text, ranges = matches.text, matches.ranges
        first, end = ranges[min(number, len(ranges) - 1)] if ranges else (0, 0)
        return utf16_length(text[:first]), utf16_length(text[:end])


def _find_matching_items(
    items: Sequence[Item], first: int, end: int, query: str
) -> Iterator[tuple[int, int]]:
    for begin in range(first, end, _ITEMS_PER_CHECK):
        batch = items[begin : min(begin + _ITEMS_PER_CHECK, end)]
        for index, item in enumerate(batch if _may_match_any(batch, query) else (), begin):
            count = _count_in_item(item, query)
            if count:
                yield index, count


def _may_match_any(items: Sequence[Item], query: str) -> bool:
    """Return True if the query may occur in any of these items.

    This quick check comes first, because searching one joined text is faster than many. An item
    without runs may be a table, whose cells are not searched here.
    """
    # Field 1 of an item is its runs, and field 0 of a run its text; by index, they are read faster.
    texts = ["".join([run[0] for run in item[1]]) for item in items]
    joined = "\n".join(texts)
    return not joined.isascii() or query in joined.lower() or not all(texts)


def _count_in_item(item: Item, query: str) -> int:
    """Return the number of matches of the case-folded `query` in an item.

    Called for tens of thousands of items at once.
    """
    if len(item.runs) == 1 and item.runs[0].text.isascii():
        count = item.runs[0].text.lower().count(query)
        if count and fold_number(item) is not None:
            return 0  # the label of a fold line is not searched
        return count
    if isinstance(item, Block):
        return count_matches(searchable_texts([item]), query) if _may_match(item, query) else 0
    return count_matches([text_of(item.runs)], query)


def _may_match(block: Block, query: str) -> bool:
    cells = (cell for row in block.rows for cell in row) if block.rows else (block.runs,)
    text = "\n".join(map(text_of, cells))
    return not text.isascii() or query in text.lower()
