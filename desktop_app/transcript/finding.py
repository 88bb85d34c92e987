"""Finds text in the conversation, and marks it; marks the words that only one answer has.

A thread counts matches message by message, from the topmost message on screen to the end, then
backwards to the beginning. So typing never waits, and the first match appears long before counting
ends. A match is a message and a number within it; its place is found when the user goes there.
"""

from __future__ import annotations

from functools import partial
from itertools import chain, groupby, islice
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QObject, QPoint, QTimer, Signal
from PySide6.QtGui import QColor, QTextCharFormat

from desktop_app.markdown.block_model import Block, Runs, text_of
from desktop_app.markdown.search.text_search import fold_text, match_ranges, may_contain
from desktop_app.markdown.search.word_differences import WORD
from desktop_app.transcript.message_items import LineKind
from desktop_app.transcript.search.match_counter import (
    Counts,
    MatchCounter,
    MessageText,
    with_texts,
)
from desktop_app.transcript.search.match_index import Match, MatchIndex
from desktop_app.transcript.segment import Place, is_table
from desktop_app.transcript.segment_area import Mark
from desktop_app.widgets.text.utf16 import utf16_length

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from desktop_app.transcript.message_items import Item
    from desktop_app.transcript.segment_area import ShownSegment
    from desktop_app.transcript.shown_message import ShownMessage
    from desktop_app.transcript.view import TranscriptView
    from desktop_app.widgets.look.theme import Theme

_RECOUNT_DELAY_MS: Final = 700
"""Time in which changes are collected before the changed messages are counted again."""
_MAX_MARKED: Final = 100
"""Matches to mark at most in a segment, because each mark slows down every repaint."""


class TextRange(NamedTuple):
    """A range of UTF-16 units in an item or a cell."""

    item: int
    cell: int
    start: int
    end: int


def texts_of(item: Item) -> Iterator[tuple[int, Runs]]:
    """Yield the cell number and the runs of each searchable text of an item."""
    if is_table(item):
        columns = max(1, len(item.aligns))
        for row, cells in enumerate(item.rows):
            for column, runs in enumerate(cells[:columns]):
                yield row * columns + column, runs
    elif item.kind is not LineKind.FOLD:
        yield 0, item.runs


def matches_in(item: Item, index: int, query: str) -> Iterator[TextRange]:
    """Yield the matches of the case-folded `query` in item `index` of a message."""
    for cell, runs in texts_of(item):
        text = text_of(runs)
        if text.isascii() and query not in text.lower():
            continue
        for start, end in match_ranges(text, query):
            yield TextRange(index, cell, utf16_length(text[:start]), utf16_length(text[:end]))


def searched_items(shown: ShownMessage) -> list[range]:
    """Return the items of a message that are searched: its reasoning, if shown, and its text."""
    return [range(1, shown.reasoning_count), shown.body_range]


def _with_drawing(runs: Runs, start: int) -> int:
    """Return where to mark a match from: before its formula's drawing if it is in a formula."""
    unit = 0
    for run in runs:
        end = unit + utf16_length(run.text)
        if run.math and unit < start < end:
            return unit
        unit = end
    return start


class Finder(QObject):
    """A search in the messages of one view.

    Signals:
        counted(int number, int total, bool is_final): the number of the current match, from 1 (0
            for none); the number of matches so far; whether every message has been counted.
        match_shown(): a match is on screen now.
    """

    counted = Signal(int, int, bool)
    match_shown = Signal()

    def __init__(self, view: TranscriptView) -> None:
        super().__init__(view)
        self._view = view
        self._messages = view.messages
        self._query = ""
        self._search_number = 0
        self._index = MatchIndex()
        self._is_count_final = True
        self._current: Match | None = None
        # The index of the message that was topmost on screen when the search began; None once a
        # match is current.
        self._start_index: int | None = None
        self._changed_ids: set[str] = set()
        self._match_format = QTextCharFormat()
        self._current_format = QTextCharFormat()
        self._counter = MatchCounter()
        self._counter.counted.connect(self._on_counted)
        self._recount_timer = QTimer(self, singleShot=True, interval=_RECOUNT_DELAY_MS)
        self._recount_timer.timeout.connect(self._recount_changed)

    def set_theme(self, theme: Theme) -> None:
        """Set the colors of the marks."""
        ground = QColor(theme.accent)
        ground.setAlpha(64)
        self._match_format.setBackground(ground)
        self._match_format.setForeground(theme.text)
        self._current_format.setBackground(theme.accent)
        self._current_format.setForeground(theme.on_accent)

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
        messages = with_texts(self._messages)
        self._index.reset_counts(ids_without_match)
        self._index.set_order([message.id for message, _ in messages])
        top = self._view.place_near(QPoint(0, 0))
        top_index = max(0, self._messages.index_of(top.message_id)) if top is not None else 0
        self._start_index = top_index
        self._is_count_final = not self._query
        self._view.viewport().update()
        if not self._query:
            self.counted.emit(0, 0, True)
            return
        search_order = (*messages[top_index:], *reversed(messages[:top_index]))
        self._start_counting([each for each in search_order if each[0].id not in ids_without_match])

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
        self._start_counting([each for each in messages if each[0].id in changed])

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
                # Above the start, the last match is the nearest.
                number = count.total - 1 if index < top_index else 0
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
        if not self._view.navigator.materialize_whole(match.message_id, retry):
            return
        shown = self._messages.opened(match.message_id)
        if shown is None:
            return
        in_reasoning = self._index.count_of(match.message_id).reasoning
        if match.number < in_reasoning and shown.reasoning.is_folded:
            self._view.unfold_reasoning(shown)
            if not self._view.navigator.materialize_whole(match.message_id, retry):
                return
        found = self._locate(shown, match.number)
        if found is not None:
            self._reveal(shown, found)
        self._view.viewport().update()

    def _retry(self, match: Match) -> None:
        if match == self._current:
            self._go_to_match(match)

    def _locate(self, shown: ShownMessage, number: int) -> TextRange | None:
        """Return match `number` of a message, or the last if there are fewer now."""
        if shown.reasoning.is_folded or not shown.reasoning_count:
            number -= self._index.count_of(shown.key).reasoning
        number = max(0, number)
        last = None
        for index, found in enumerate(self._matches(shown, self._query)):
            last = found
            if index == number:
                break
        return last

    def _matches(self, shown: ShownMessage, query: str) -> Iterator[TextRange]:
        for index in chain(*searched_items(shown)):
            yield from matches_in(shown.items[index], index, query)

    def show_first_match(self, message_id: str, text: str) -> None:
        """Show and select the first match of a text in a message.

        Search the text that is shown, then the reasoning, which is unfolded if it matches.
        """
        query = fold_text(text)
        shown = self._messages.opened(message_id)
        if shown is None or not query:
            return
        retry = partial(self.show_first_match, message_id, text)
        found = next(self._matches(shown, query), None)
        if found is None and not self._view.navigator.materialize_whole(message_id, retry):
            return
        found = found or next(self._matches(shown, query), None)
        if found is None and may_contain(shown.reasoning.text, query):
            if shown.reasoning.is_folded:
                self._view.unfold_reasoning(shown)
            if not self._view.navigator.materialize_whole(message_id, retry):
                return
            found = next(self._matches(shown, query), None)
        if found is not None:
            self._reveal(shown, found, selects=True)

    def _reveal(self, shown: ShownMessage, found: TextRange, *, selects: bool = False) -> None:
        """Bring a match on screen, even if it is in folded code; `selects` also selects it."""
        if shown.is_hidden(found.item):
            self._view.unfold_item(shown, found.item)
        start = Place(shown.key, found.item, found.cell, found.start)
        self._view.reveal(start)
        end = start._replace(unit=found.end)
        # The caret moves there, too, so that a screen reader reads on from the match.
        self._view.selection.set(*((start, end) if selects else (start, start)))
        self.match_shown.emit()

    # ------------------------------------------------------------------ counts and marks

    def _report_counts(self) -> None:
        number = 0 if self._current is None else self._index.number_of(self._current)
        self.counted.emit(number, self._index.total, self._is_count_final)

    def marks_of(self, shown: ShownSegment) -> list[Mark]:
        """Return the marks of the matches in a segment."""
        if not self._query:
            return []
        message: ShownMessage = shown.article
        current = None
        if self._current is not None and self._current.message_id == shown.key:
            current = self._locate(message, self._current.number)
        marks: list[Mark] = []
        searched = searched_items(message)
        for item in range(shown.segment.first, shown.segment.end):
            if not any(item in items for items in searched):
                continue
            for found in islice(matches_in(message.items[item], item, self._query), _MAX_MARKED):
                is_current = found == current
                char_format = self._current_format if is_current else self._match_format
                mark = mark_of(shown, message.items[item], found, char_format)
                marks.insert(0, mark) if is_current else marks.append(mark)
        return [mark for mark in marks[:_MAX_MARKED] if mark.end > mark.start]


def mark_of(
    shown: ShownSegment, item: Item, found: TextRange, char_format: QTextCharFormat
) -> Mark:
    """Return the mark of a range of an item."""
    runs = next((runs for cell, runs in texts_of(item) if cell == found.cell), ())
    start = _with_drawing(runs, found.start) if any(run.math for run in runs) else found.start
    document = shown.document
    return Mark(
        document.position_of(found.item, found.cell, start),
        document.position_of(found.item, found.cell, found.end),
        char_format,
    )


class DifferenceMarks(QObject):
    """The marks in the last message of a view: the words that other answers do not have."""

    def __init__(self, view: TranscriptView) -> None:
        super().__init__(view)
        self._view = view
        self._differs: Sequence[bool] = ()
        self._format = QTextCharFormat()
        self._revision = -1  # of the items that `_first_words` is about; -1 for none
        self._first_words: dict[tuple[int, int], int] = {}  # by item and cell

    def words(self) -> list[str]:
        """Return the words of the message as shown, without its reasoning and footer."""
        return [word for _, text in self._texts() for word in WORD.findall(text)]

    def mark_words(self, differs: Sequence[bool], theme: Theme) -> None:
        """Mark each word of `words` for which `differs` is True; () marks none."""
        self._differs = differs
        self._revision = -1
        self._format.setBackground(theme.tint)
        self._format.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DashUnderline)
        self._format.setUnderlineColor(theme.accent)
        self._view.viewport().update()

    def _texts(self) -> Iterable[tuple[tuple[int, int], str]]:
        """Yield the item, the cell and the text of each text of the message."""
        shown = self._view.messages.last()
        if shown is None:
            return
        for index in shown.body_range:
            item = shown.items[index]
            if isinstance(item, Block):
                for cell, runs in texts_of(item):
                    yield (index, cell), text_of(runs)

    def marks_of(self, shown: ShownSegment) -> list[Mark]:
        """Return the marks of the words in a segment."""
        message: ShownMessage = shown.article
        if not self._differs or message is not self._view.messages.last():
            return []
        if not self._update_index(message):
            return []
        marks = []
        for item in range(shown.segment.first, shown.segment.end):
            for cell, runs in texts_of(message.items[item]):
                first = self._first_words.get((item, cell))
                if first is not None:
                    text = text_of(runs)
                    for start, end in self._marked_ranges(text, first):
                        found = TextRange(item, cell, start, end)
                        marks.append(mark_of(shown, message.items[item], found, self._format))
        return marks[:_MAX_MARKED]

    def _update_index(self, message: ShownMessage) -> bool:
        """Number the first word of each text. Return False if the number of words has changed."""
        if self._revision != message.revision:
            self._revision = message.revision
            self._first_words = {}
            count = 0
            for key, text in self._texts():
                self._first_words[key] = count
                count += len(WORD.findall(text))
            if count != len(self._differs):
                self._first_words = {}
        return bool(self._first_words)

    def _marked_ranges(self, text: str, first: int) -> Iterator[tuple[int, int]]:
        """Yield the range of each run of words that differ, in UTF-16 units."""
        words = [
            (match.span(), self._differs[first + number])
            for number, match in enumerate(WORD.finditer(text))
        ]
        for differs, group in groupby(words, key=lambda word: word[1]):
            if differs:
                run = list(group)
                start, end = run[0][0][0], run[-1][0][1]
                yield utf16_length(text[:start]), utf16_length(text[:end])
