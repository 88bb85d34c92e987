"""Finds text in the conversation, in materialized messages and all others.

A thread counts matches message by message, from the topmost message on screen to the end, then
backwards from the message above it to the beginning. So typing never waits, and the first match
appears long before counting ends. A match is a message and a number within the message. The match's
position in the document is resolved only when the user goes there.
"""

from __future__ import annotations

import time
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QObject, QPoint, QTimer, Signal
from PySide6.QtGui import QTextCursor

from desktop_app.domain.conversations.conversation import Message, MessageStatus, Role
from desktop_app.rendering.block_model import Block, Runs
from desktop_app.rendering.incremental.packed_runs import text_of
from desktop_app.rendering.search.text_search import (
    count_matches,
    fold_text,
    match_ranges,
    may_contain,
    searchable_texts,
)
from desktop_app.ui.transcript.layout.item_prefix import prefix_of
from desktop_app.ui.transcript.layout.message_layout import MessageLayout, is_table
from desktop_app.ui.transcript.layout.text_ranges import selected_characters
from desktop_app.ui.transcript.media.code_folds import fold_number
from desktop_app.ui.transcript.message_items import Item, reasoning_text
from desktop_app.ui.transcript.search.match_index import Match, MatchCount, MatchIndex
from desktop_app.ui.transcript.search.match_marks import MatchMarks
from desktop_app.ui.transcript.viewport.scroll_anchor import scroll_to
from desktop_app.ui.widgets.text.utf16 import utf16_length

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from PySide6.QtWidgets import QTextBrowser

    from desktop_app.ui.transcript.document.item_materializer import ItemMaterializer
    from desktop_app.ui.transcript.message_state import MessageState
    from desktop_app.ui.transcript.transcript_messages import TranscriptMessages

    Callback = Callable[[], None]

_REPORT_S: Final = 0.1
"""Seconds between reports of the counting thread."""

_WORK_S: Final = 0.002
"""Seconds for which the counting thread works without a pause."""
_REST_S: Final = 0.0003
"""Seconds that the counting thread sleeps after each `_WORK_S`, so that the GUI thread can run."""

_MAX_SCROLLS: Final = 3
"""Attempts to scroll to a match, because materializing text may move the match."""

_RECOUNT_DELAY_MS: Final = 700
"""Time in which changes are collected before the changed messages are counted again."""
_NEXT_ITERATION_MS: Final = 1
_ITEMS_PER_CHECK: Final = 64
"""Items whose joined text is searched before the items are searched one by one."""


class _TextSoFar(NamedTuple):
    """The reasoning and the text of a streaming answer that have arrived."""

    reasoning: str
    text: str


_MessageText = tuple[Message, _TextSoFar | None]


class _ItemMatch(NamedTuple):
    """Match `number`, counted from 0, of an item of a message."""

    item: int
    number: int


class _TextMatches(NamedTuple):
    """The matches of the case-folded `query` in the text of some runs."""

    runs: Runs
    query: str
    text: str
    ranges: list[tuple[int, int]]


Counts = dict[str, MatchCount]


class _Counter(QObject):
    """A counter of matches, which outlives a view that is deleted meanwhile.

    Signals:
        counted(int search_number, Counts counts, bool is_last): some messages have been counted.
    """

    counted = Signal(int, object, bool)

    def count(
        self,
        messages: Sequence[_MessageText],
        query: str,
        search: int,
        newest_search: Callable[[], int],
    ) -> None:
        """Count matches in these messages until done or until a newer search starts.

        Runs in a thread. `search` is the number of this search, and `newest_search` returns that
        of the newest.
        """
        counts: Counts = {}
        reported = rested = time.monotonic()
        for message, text in messages:
            if newest_search() != search:
                return
            counts[message.id] = _count_in_message(message, text, query)
            if time.monotonic() - rested > _WORK_S:
                time.sleep(_REST_S)  # releases the GIL for the GUI thread
                rested = time.monotonic()
            if rested - reported > _REPORT_S:
                self.counted.emit(search, counts, False)
                counts, reported = {}, rested
        self.counted.emit(search, counts, True)


class Finder(QObject):
    """A search in the messages of one view.

    Attributes:
        marks: the highlights of the matches on screen.

    Signals:
        counted(int number, int total, bool is_final): the number of the current match, from 1 (0
            for none); the number of matches so far; whether every message has been counted.
        match_shown(): a match is on screen now.
    """

    counted = Signal(int, int, bool)
    match_shown = Signal()

    def __init__(
        self,
        view: QTextBrowser,
        messages: TranscriptMessages,
        item_materializer: ItemMaterializer,
        materialize: Callable[[str, Callback], bool],
        unfold_reasoning: Callable[[str], None],
        unfold_code: Callable[[MessageLayout, int], None],
    ) -> None:
        """Create a finder.

        Args:
            view: the view to search in.
            messages: the messages of the view.
            item_materializer: materializes the item of a match.
            materialize: materializes all of a message, given its id and a callback. Returns False
                if that takes longer; the callback then runs at the end.
            unfold_reasoning: unfolds a message's reasoning, whose end may be written later.
            unfold_code: shows the folded code of an item of a message.
        """
        super().__init__(view)
        self._view, self._messages, self._item_materializer = view, messages, item_materializer
        self._materialize, self._unfold_reasoning = materialize, unfold_reasoning
        self._unfold_code = unfold_code
        self._query = ""
        self._search_number = 0
        self._index = MatchIndex()
        self._is_count_final = True
        self._current: Match | None = None
        self._matching_items_cache: tuple[tuple[object, ...], list[tuple[int, int]]] | None = None
        self._text_matches: _TextMatches | None = None
        # The index of the topmost message when the search began; None once a match is current.
        self._start_index: int | None = None
        self._changed_ids: set[str] = set()
        self.marks = MatchMarks(view, messages, self._current_cursor)
        self._counter = _Counter()
        self._counter.counted.connect(self._on_counted)
        self._recount_timer = QTimer(self, singleShot=True, interval=_RECOUNT_DELAY_MS)
        self._recount_timer.timeout.connect(self._recount_changed)

    # ------------------------------------------------------------------ searching

    def search(self, text: str) -> None:
        """Search for a text, starting with the text on screen; "" ends the search."""
        query = fold_text(text.strip("\n"))
        if query == self._query:
            return
        # A message without the shorter text has no match for the longer one.
        is_longer = bool(self._query) and self._query in query
        self._query = query
        self.marks.set_query(query)
        self._begin_search(self._index.ids_without_match if is_longer else set())

    def restart(self) -> None:
        """Search again, because other messages are shown."""
        if self._query:
            self._begin_search(set())

    def stop(self) -> None:
        """End the search and remove the highlights."""
        self.search("")

    def recount(self, message_id: str) -> None:
        """Schedule a recount of a message that changed or was added."""
        if self._query:
            self._changed_ids.add(message_id)
            if not self._recount_timer.isActive():
                self._recount_timer.start()

    def _begin_search(self, ids_without_match: set[str]) -> None:
        """Start a search. Messages that are known to have no match are not counted."""
        self._search_number += 1
        self._current = self._text_matches = None
        messages = self._messages_with_text()
        self._index.reset_counts(ids_without_match)
        self._index.set_order([message.id for message, _ in messages])
        top = self._topmost_index()
        self._start_index, self._is_count_final = top, not self._query
        self.marks.mark_soon()
        if not self._query:
            self.counted.emit(0, 0, True)
            return
        in_order = (*messages[top:], *reversed(messages[:top]))
        wanted = [m for m in in_order if m[0].id not in ids_without_match]
        self._start_counting(wanted)

    def _messages_with_text(self) -> list[_MessageText]:
        """Return all messages, oldest first, each with its text so far if it streams, else None."""
        return [
            (m, self._text_so_far(m) if m.status is MessageStatus.STREAMING else None)
            for m in self._messages.all()
        ]

    def _text_so_far(self, message: Message) -> _TextSoFar | None:
        state = self._messages.find_state(message.id)
        return None if state is None else _TextSoFar(state.reasoning.text, state.text)

    def _start_counting(self, messages: Sequence[_MessageText]) -> None:
        work = (messages, self._query, self._search_number, lambda: self._search_number)
        Thread(target=self._counter.count, args=work, daemon=True, name="find").start()

    def _topmost_index(self) -> int:
        state = self._messages.state_at_block(self._view.cursorForPosition(QPoint(0, 0)).block())
        return self._index.order.index(state.message.id) if state is not None else 0

    def _recount_changed(self) -> None:
        if not self._is_count_final:  # the end of a recount would end the running count
            self._recount_timer.start()
            return
        changed, self._changed_ids = self._changed_ids, set()
        messages = self._messages_with_text()
        self._index.set_order([message.id for message, _ in messages])
        self._start_counting(
            [(message, text) for message, text in messages if message.id in changed]
        )

    def _on_counted(self, search: int, counts: Counts, is_last: bool) -> None:
        if search != self._search_number:
            return
        self._index.add_counts(counts)
        self._is_count_final = self._is_count_final or is_last
        if self._current is None and self._start_index is not None:
            self._go_to_first(self._start_index)
        self._report_counts()

    def _go_to_first(self, top: int) -> None:
        """Go to the first match from message `top` on, or else to the last match above it.

        Do nothing while messages that may have that match are not counted.
        """
        order, counts = self._index.order, self._index.counts
        known = [(at, counts.get(key)) for at, key in enumerate(order)]
        below = next(((at, c) for at, c in known[top:] if c is None or c.total), None)
        if below is not None and below[1] is not None:
            self._go_to_match(Match(order[below[0]], 0))
        elif below is None:
            above = next(((at, c) for at, c in reversed(known[:top]) if c is None or c.total), None)
            if above is not None and above[1] is not None:
                self._go_to_match(Match(order[above[0]], above[1].total - 1))

    # ------------------------------------------------------------------ navigation

    def step(self, by: int) -> None:
        """Go to the next (1) or the previous (-1) match, wrapping around."""
        match = self._index.neighbor(self._current, by)
        if match is not None:
            self._go_to_match(match)
            self._report_counts()

    def _go_to_match(self, match: Match) -> None:
        self._current, self._start_index = match, None
        retry = partial(self._retry, match)
        if not self._materialize(match.message_id, retry):
            return
        in_reasoning = match.number < self._index.count_of(match.message_id).reasoning
        if in_reasoning and not self._show_reasoning(match.message_id, retry):
            return
        state = self._messages.get(match.message_id)
        if state is not None and (found := self._item_match_of(state, match.number)) is not None:
            self._reveal(state.layout, found, self._query, retry)
        self.marks.mark_soon()

    def _show_reasoning(self, message_id: str, retry: Callback) -> bool:
        self._unfold_reasoning(message_id)
        return self._materialize(message_id, retry)

    def _retry(self, match: Match) -> None:
        if match == self._current:
            self._go_to_match(match)

    def show_first_match(self, message_id: str, text: str) -> None:
        """Show the first match of a text in a materialized message.

        Search the text that is shown, then the reasoning, which is unfolded if it matches. If
        nothing matches before all of the message is written, the search waits for the rest.
        """
        query, state = fold_text(text), self._messages.get(message_id)
        if state is None or not query:
            return
        retry = partial(self.show_first_match, message_id, text)
        matching_items = self._matching_items(state, query)
        if not matching_items and state.is_growing and not self._materialize(message_id, retry):
            return
        matching_items = self._matching_items(state, query)
        if not matching_items and may_contain(state.reasoning.text, query):
            if not self._show_reasoning(message_id, retry):
                return
            matching_items = self._matching_items(state, query)
        if matching_items:
            self._reveal(
                state.layout, _ItemMatch(matching_items[0][0], 0), query, retry, selects=True
            )

    def _reveal(
        self,
        layout: MessageLayout,
        item_match: _ItemMatch,
        query: str,
        retry: Callback,
        *,
        selects: bool = False,
    ) -> None:
        """Bring a match on screen, even if it is not materialized or is folded.

        With `selects`, also select it. Unfolding code may write very many lines, so it runs in an
        event loop iteration of its own; then `retry` is called.
        """
        if not layout.heights[item_match.item]:
            QTimer.singleShot(
                _NEXT_ITERATION_MS, self, partial(self._unfold_item, layout, item_match.item, retry)
            )
            return
        unit = self._units_of_match(layout.items[item_match.item], item_match.number, query)[0]
        self._item_materializer.write_item(
            layout, item_match.item, self._view.viewport().height(), unit
        )
        found = self._cursor_of(layout, item_match, query)
        if found is not None:
            self._scroll_to_match(found)
            if selects:
                self._view.setTextCursor(found)
            self.match_shown.emit()

    def _unfold_item(self, layout: MessageLayout, item: int, retry: Callback) -> None:
        is_shown = layout in self._messages.layouts and item < len(layout.items)
        if is_shown and not layout.heights[item]:
            self._unfold_code(layout, item)
        QTimer.singleShot(_NEXT_ITERATION_MS, self, retry)

    def _scroll_to_match(self, found: QTextCursor) -> None:
        """Scroll a match to a third of the height from the top unless it is already on screen.

        The text cursor moves there, too, so that a screen reader reads on from the match. Any
        selection is cleared, because it would hide the highlight.
        """
        begin = QTextCursor(found)
        begin.setPosition(found.selectionStart())
        self._view.setTextCursor(begin)
        bar, height = self._view.verticalScrollBar(), self._view.viewport().height()
        for _ in range(_MAX_SCROLLS):  # text above it may be shorter than its placeholder
            box = self._view.cursorRect(begin)
            if box.top() >= box.height() and box.bottom() <= height - 2 * box.height():
                return
            scroll_to(self._view, bar.value() + box.top() - height // 3)

    def _item_match_of(self, state: MessageState, number: int) -> _ItemMatch | None:
        """Return match `number` of a message by its item, or the last if there are fewer now.

        Return None if there are none.
        """
        if state.reasoning.is_folded or not state.head_count:
            number -= self._index.count_of(state.message.id).reasoning
        number, item_match = max(0, number), None
        for at, count in self._matching_items(state, self._query):
            item_match = _ItemMatch(at, min(number, count - 1))
            if number < count:
                break
            number -= count
        return item_match

    def _matching_items(self, state: MessageState, query: str) -> list[tuple[int, int]]:
        """Return the items of a message that match, by index, with the number of matches.

        Covers the reasoning, if it is shown, and the text.
        """
        layout, first = state.layout, 1 if state.head_count > 1 else state.head_count
        end = len(layout.items) - state.foot_count
        key = (layout, layout.edition, query, first, end)
        if self._matching_items_cache is None or self._matching_items_cache[0] != key:
            found = list(_find_matching_items(layout.items, first, end, query))
            self._matching_items_cache = key, found
        return self._matching_items_cache[1]

    def _cursor_of(
        self, layout: MessageLayout, item_match: _ItemMatch, query: str
    ) -> QTextCursor | None:
        """Return a selection of a match, or of the last in its item if there are fewer now.

        Return None if the item is not materialized, or no longer has a match.
        """
        at, number = item_match
        layouts, item = self._messages.layouts, layout.items[at]
        if not layout.counts[at]:
            return None
        if layout.shapes[at] and not is_table(item):
            return layouts.select_units(layout, at, *self._units_of_match(item, number, query))
        block, last, head = layouts.block_of(layout, at), None, len(prefix_of(item))
        for _ in range(layout.counts[at]):
            ranges = [found for found in match_ranges(block.text(), query) if found[0] >= head]
            if ranges:
                last = block, ranges[min(number, len(ranges) - 1)]
            if number < len(ranges):
                break
            number, head, block = number - len(ranges), 0, block.next()
        return None if last is None else selected_characters(last[0], *last[1])

    def _units_of_match(self, item: Item, number: int, query: str) -> tuple[int, int]:
        """Return the UTF-16 units [first, end) of a match in a text; (0, 0) if there is none."""
        known = self._text_matches
        if known is None or known.runs is not item.runs or known.query != query:
            text = text_of(item.runs)
            known = _TextMatches(item.runs, query, text, match_ranges(text, query))
            self._text_matches = known
        text, ranges = known.text, known.ranges
        first, end = ranges[min(number, len(ranges) - 1)] if ranges else (0, 0)
        return utf16_length(text[:first]), utf16_length(text[:end])

    # ------------------------------------------------------------------ counts

    def _report_counts(self) -> None:
        number = 0 if self._current is None else self._index.number_of(self._current)
        self.counted.emit(number, self._index.total, self._is_count_final)

    def _current_cursor(self) -> QTextCursor | None:
        """Return the current match as a selection; None if no match is current and materialized."""
        match = self._current
        state = None if match is None else self._messages.get(match.message_id)
        if match is None or state is None:
            return None
        item_match = self._item_match_of(state, match.number)
        return (
            None if item_match is None else self._cursor_of(state.layout, item_match, self._query)
        )


def _find_matching_items(
    items: Sequence[Item], first: int, end: int, query: str
) -> Iterator[tuple[int, int]]:
    for begin in range(first, end, _ITEMS_PER_CHECK):
        batch = items[begin : min(begin + _ITEMS_PER_CHECK, end)]
        for at, item in enumerate(batch if _may_match_any(batch, query) else (), begin):
            count = _count_in_item(item, query)
            if count:
                yield at, count


def _may_match_any(items: Sequence[Item], query: str) -> bool:
    """Return True if the query may occur in any of these items.

    This quick check comes first, because searching one joined text is faster than many. An item
    without runs may be a table, whose cells are not searched here.
    """
    texts = ["".join([run[0] for run in item[1]]) for item in items]
    joined = "\n".join(texts)
    return not joined.isascii() or query in joined.lower() or not all(texts)


def _count_in_item(item: Item, query: str) -> int:
    """Return the number of matches of the case-folded `query` in an item.

    Called for tens of thousands of items at once.
    """
    if len(item.runs) == 1 and item.runs[0].text.isascii():
        count = item.runs[0].text.lower().count(query)
        return count if not count or fold_number(item) is None else 0
    if isinstance(item, Block):
        return count_matches(searchable_texts([item]), query) if _may_match(item, query) else 0
    return count_matches([text_of(item.runs)], query)


def _may_match(block: Block, query: str) -> bool:
    cells = (cell for row in block.rows for cell in row) if block.rows else (block.runs,)
    text = "\n".join(map(text_of, cells))
    return not text.isascii() or query in text.lower()


def _count_in_message(message: Message, so_far: _TextSoFar | None, query: str) -> MatchCount:
    reasoning, source = so_far or (reasoning_text(message), message.text)
    if message.role is Role.USER:
        return MatchCount(0, count_matches(source.split("\n"), query))
    from desktop_app.rendering.search.match_count import count_in_markdown  # compiles many patterns

    return MatchCount(count_in_markdown(reasoning, query), count_in_markdown(source, query))
