"""Finds text in the conversation, in materialized messages and all others.

A thread counts matches message by message, from the topmost message on screen to the end, then
backwards from the message above it to the beginning. So typing never waits, and the first match
appears long before counting ends. A match is a message and a number within the message. The match's
position in the document is resolved only when the user goes there.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QPoint, QTimer, Signal
from PySide6.QtGui import QTextCursor

from desktop_app.markdown.search.text_search import fold_text, may_contain
from desktop_app.transcript.layout.message_layout import MessageLayout
from desktop_app.transcript.search.match_counter import (
    Counts,
    MatchCounter,
    MessageText,
    with_texts,
)
from desktop_app.transcript.search.match_index import Match, MatchIndex
from desktop_app.transcript.search.match_locator import ItemMatch, MatchLocator
from desktop_app.transcript.search.match_marks import MatchMarks
from desktop_app.transcript.viewport.scroll_anchor import scroll_to

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtWidgets import QTextBrowser

    from desktop_app.transcript.document.item_materializer import ItemMaterializer
    from desktop_app.transcript.message_state import MessageState
    from desktop_app.transcript.transcript_messages import TranscriptMessages
    from desktop_app.widgets.look.theme import Theme

    Callback = Callable[[], None]

_MAX_SCROLLS: Final = 3
"""Attempts to scroll to a match, because materializing text may move the match."""

_RECOUNT_DELAY_MS: Final = 700
"""Time in which changes are collected before the changed messages are counted again."""
_NEXT_ITERATION_MS: Final = 1  # of the event loop: what is pending, such as painting, runs first


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
        self._view = view
        self._messages = messages
        self._item_materializer = item_materializer
        self._materialize = materialize
        self._unfold_reasoning = unfold_reasoning
        self._unfold_code = unfold_code
        self._query = ""
        self._search_number = 0
        self._index = MatchIndex()
        self._is_count_final = True
        self._current: Match | None = None
        self._locator = MatchLocator(messages.layouts)
        # The index of the message that was topmost on screen when the search began; None once a
        # match is current.
        self._start_index: int | None = None
        self._changed_ids: set[str] = set()
        self.marks = MatchMarks(view, messages, self._current_cursor)
        self._counter = MatchCounter()
        self._counter.counted.connect(self._on_counted)
        self._recount_timer = QTimer(self, singleShot=True, interval=_RECOUNT_DELAY_MS)
        self._recount_timer.timeout.connect(self._recount_changed)

    def set_theme(self, theme: Theme) -> None:
        """Set the colors of the highlights."""
        self.marks.set_theme(theme)

    # ------------------------------------------------------------------ searching

    def search(self, text: str) -> None:
        """Search for a text, starting with the text on screen; "" ends the search."""
        query = fold_text(text.strip("\n"))
        if query == self._query:
            return
        # A message without the shorter text has no match for the longer one.
        ids_without_match: set[str] = set()
        if self._query and self._query in query:
            ids_without_match = self._index.ids_without_match
        self._query = query
        self.marks.set_query(query)
        self._begin_search(ids_without_match)

    def restart(self) -> None:
        """Search again, because other messages are shown."""
        if self._query:
            self._begin_search(set())

    def recount(self, message_id: str) -> None:
        """Schedule a recount of a message that changed or was added."""
        if self._query:
            self._changed_ids.add(message_id)
            if not self._recount_timer.isActive():
                self._recount_timer.start()

    def _begin_search(self, ids_without_match: set[str]) -> None:
        """Start a search. Messages that are known to have no match are not counted."""
        self._search_number += 1
        self._current = None
        self._locator = MatchLocator(self._messages.layouts)  # without the last texts
        messages = with_texts(self._messages)
        self._index.reset_counts(ids_without_match)
        self._index.set_order([message.id for message, _ in messages])
        topmost = self._view.cursorForPosition(QPoint(0, 0)).block()
        state = self._messages.state_at_block(topmost)
        top_index = 0
        if state is not None:
            top_index = self._index.order.index(state.message.id)
        self._start_index = top_index
        self._is_count_final = not self._query
        self.marks.mark_soon()
        if not self._query:
            self.counted.emit(0, 0, True)
            return
        search_order = (*messages[top_index:], *reversed(messages[:top_index]))
        self._start_counting(
            [
                (message, text)
                for message, text in search_order
                if message.id not in ids_without_match
            ]
        )

    def _start_counting(self, messages: Sequence[MessageText]) -> None:
        self._counter.start(messages, self._query, self._search_number, lambda: self._search_number)

    def _recount_changed(self) -> None:
        if not self._is_count_final:  # the end of a recount would end the running count
            self._recount_timer.start()
            return
        changed = self._changed_ids
        self._changed_ids = set()
        messages = with_texts(self._messages)
        self._index.set_order([message.id for message, _ in messages])
        self._start_counting(
            [(message, text) for message, text in messages if message.id in changed]
        )

    def _on_counted(self, search: int, counts: Counts, is_last: bool) -> None:
        if search != self._search_number:
            return
        self._index.add_counts(counts)
        if is_last:
            self._is_count_final = True
        if self._current is None and self._start_index is not None:
            self._go_to_first(self._start_index)
        self._report_counts()

    def _go_to_first(self, top_index: int) -> None:
        """Go to the first match from message `top_index` on, or else to the last match above it.

        Do nothing while messages that may have that match are not counted.
        """
        order = self._index.order
        for index in (*range(top_index, len(order)), *reversed(range(top_index))):
            count = self._index.counts.get(order[index])
            if count is None:
                return
            if count.total:
                number = 0
                if index < top_index:  # above the start, the last match is the nearest
                    number = count.total - 1
                self._go_to_match(Match(order[index], number))
                return

    # ------------------------------------------------------------------ navigation

    def step(self, direction: int) -> None:
        """Go to the next (1) or the previous (-1) match, wrapping around."""
        match = self._index.neighbor(self._current, direction)
        if match is not None:
            self._go_to_match(match)
            self._report_counts()

    def _go_to_match(self, match: Match) -> None:
        self._current = match
        self._start_index = None
        retry = partial(self._retry, match)
        if not self._materialize(match.message_id, retry):
            return
        in_reasoning = match.number < self._index.count_of(match.message_id).reasoning
        if in_reasoning and not self._show_reasoning(match.message_id, retry):
            return
        state = self._messages.get(match.message_id)
        if state is not None and (item_match := self._locate(state, match.number)) is not None:
            self._reveal(state.layout, item_match, self._query, retry)
        self.marks.mark_soon()

    def _show_reasoning(self, message_id: str, retry: Callback) -> bool:
        """Unfold a message's reasoning. Return False if that takes longer; then `retry` runs."""
        self._unfold_reasoning(message_id)
        return self._materialize(message_id, retry)

    def _retry(self, match: Match) -> None:
        if match == self._current:
            self._go_to_match(match)

    def show_first_match(self, message_id: str, text: str) -> None:
        """Show the first match of a text in a materialized message.

        Search the text that is shown, then the reasoning, which is unfolded if it matches. While
        part of the message is not written yet and nothing matches, wait for that part.
        """
        query = fold_text(text)
        state = self._messages.get(message_id)
        if state is None or not query:
            return
        retry = partial(self.show_first_match, message_id, text)
        matching_items = self._locator.matching_items(state, query)
        if not matching_items and state.is_growing and not self._materialize(message_id, retry):
            return
        # `_materialize` may have written the missing part.
        matching_items = self._locator.matching_items(state, query)
        if not matching_items and may_contain(state.reasoning.text, query):
            if not self._show_reasoning(message_id, retry):
                return
            matching_items = self._locator.matching_items(state, query)
        if matching_items:
            first_item, _count = matching_items[0]
            self._reveal(state.layout, ItemMatch(first_item, 0), query, retry, selects=True)

    def _reveal(
        self,
        layout: MessageLayout,
        item_match: ItemMatch,
        query: str,
        retry: Callback,
        *,
        selects: bool = False,
    ) -> None:
        """Bring a match on screen, even if it is not materialized or is folded.

        With `selects`, also select it. Unfolding code may write very many lines, so it runs in an
        event loop iteration of its own; then `retry` is called.
        """
        if not layout.heights[item_match.item]:  # a folded line of code
            QTimer.singleShot(
                _NEXT_ITERATION_MS, self, partial(self._unfold_item, layout, item_match.item, retry)
            )
            return
        unit = self._locator.units_of(layout.items[item_match.item], item_match.number, query)[0]
        self._item_materializer.write_item(
            layout, item_match.item, self._view.viewport().height(), unit
        )
        cursor = self._locator.cursor_of(layout, item_match, query)
        if cursor is not None:
            self._scroll_to_match(cursor)
            if selects:
                self._view.setTextCursor(cursor)
            self.match_shown.emit()

    def _unfold_item(self, layout: MessageLayout, item: int, retry: Callback) -> None:
        is_shown = layout in self._messages.layouts and item < len(layout.items)
        if is_shown and not layout.heights[item]:
            self._unfold_code(layout, item)
        QTimer.singleShot(_NEXT_ITERATION_MS, self, retry)

    def _scroll_to_match(self, match: QTextCursor) -> None:
        """Scroll a match to a third of the height from the top unless it is already on screen.

        The text cursor moves there, too, so that a screen reader reads on from the match. Any
        selection is cleared, because it would hide the highlight.
        """
        match_start = QTextCursor(match)
        match_start.setPosition(match.selectionStart())
        self._view.setTextCursor(match_start)
        bar = self._view.verticalScrollBar()
        height = self._view.viewport().height()
        for _ in range(_MAX_SCROLLS):  # text above it may be shorter than its placeholder
            box = self._view.cursorRect(match_start)
            # On screen, with a line of text above it and two below it.
            if box.top() >= box.height() and box.bottom() <= height - 2 * box.height():
                return
            scroll_to(self._view, bar.value() + box.top() - height // 3)

    def _locate(self, state: MessageState, number: int) -> ItemMatch | None:
        """Return match `number` of a message by its item, None if the message has no match now."""
        reasoning_count = self._index.count_of(state.message.id).reasoning
        return self._locator.locate(state, number, reasoning_count, self._query)

    # ------------------------------------------------------------------ counts

    def _report_counts(self) -> None:
        number = 0 if self._current is None else self._index.number_of(self._current)
        self.counted.emit(number, self._index.total, self._is_count_final)

    def _current_cursor(self) -> QTextCursor | None:
        """Return the current match as a selection; None if no match is current and materialized."""
        match = self._current
        if match is None:
            return None
        state = self._messages.get(match.message_id)
        if state is None:
            return None
        item_match = self._locate(state, match.number)
        if item_match is None:
            return None
        return self._locator.cursor_of(state.layout, item_match, self._query)
