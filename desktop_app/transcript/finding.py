"""Finds text in the conversation, and marks it.

A thread counts matches message by message, from the topmost message on screen to the end, then
backwards to the beginning. So typing never waits, and the first match appears long before counting
ends. A match is a message and a number within it; its place is found when the user goes there.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import accumulate, chain, islice
from threading import Thread
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QObject, QPoint, QTimer, Signal
from PySide6.QtGui import QColor, QTextCharFormat
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from desktop_app.domain.conversations.conversation import Message, MessageStatus, Role
from desktop_app.i18n.translation import tr
from desktop_app.markdown.block_model import text_of
from desktop_app.markdown.text_search import (
    Phrase,
    count_in_markdown,
    count_matches,
    fold_phrase,
    match_ranges,
    may_contain,
)
from desktop_app.transcript.message_items import TOGGLE_REASONING, LineKind, reasoning_text
from desktop_app.transcript.segment import Place, texts_of
from desktop_app.transcript.shown_segment import Mark, ShownSegment
from desktop_app.transcript.text_marks import MAX_MARKED, TextRange, mark_of
from desktop_app.widgets.forms.tab_order import TabAnchor, order_tabs
from desktop_app.widgets.look.theme import MARGIN, Theme
from desktop_app.widgets.text.utf16 import utf16_length

if TYPE_CHECKING:
    from desktop_app.transcript.find_bar import FindBar
    from desktop_app.transcript.shown_message import ShownMessage
    from desktop_app.transcript.view import TranscriptView

_RECOUNT_DELAY_MS: Final = 700
"""Time in which changes are collected before the changed messages are counted again."""
_REPORT_INTERVAL_S: Final = 0.1
"""Seconds between reports of the counting thread."""
_MAX_WORK_S: Final = 0.002
"""Seconds for which the counting thread works without a pause."""
_PAUSE_S: Final = 0.0003
"""Seconds that the counting thread sleeps after each `_MAX_WORK_S`, so that the GUI thread runs."""
_MAX_SELECTION_LENGTH: Final = 100
"""Maximum characters of a selection that `open` searches for."""
_GAP: Final = 4
"""Pixels above and below the bar, at the default text size."""


class _Texts(NamedTuple):
    """The texts of a message that are searched, and the key of the message."""

    key: str
    is_question: bool
    reasoning: str
    text: str


class _Count(NamedTuple):
    """The number of matches in a message's reasoning and in its text."""

    reasoning: int
    text: int

    @property
    def total(self) -> int:
        """Return the number of matches in the whole message."""
        return self.reasoning + self.text


_NOTHING: Final = Phrase("")
_NO_MATCHES: Final = _Count(0, 0)


class _Match(NamedTuple):
    """Match `number`, counted from 0, of a message."""

    message_id: str
    number: int


class _Counter(QObject):
    """A counter of matches. It has no parent, because its thread may outlive the view.

    Signals:
        counted(int search_number, dict[str, _Count] counts, bool is_last): some messages have been
            counted.
    """

    counted = Signal(int, object, bool)

    def count(
        self, texts: Sequence[_Texts], query: Phrase, search: int, newest_search: Callable[[], int]
    ) -> None:
        """Count matches until done or until a newer search starts. Runs in a thread."""
        counts: dict[str, _Count] = {}
        reported_at = resumed_at = time.monotonic()
        for key, is_question, reasoning, text in texts:
            if newest_search() != search:
                return
            if is_question:
                counts[key] = _Count(0, count_matches(text.split("\n"), query))
            else:
                in_reasoning = count_in_markdown(reasoning, query)
                counts[key] = _Count(in_reasoning, count_in_markdown(text, query))
            if time.monotonic() - resumed_at > _MAX_WORK_S:
                time.sleep(_PAUSE_S)  # releases the GIL for the GUI thread
                resumed_at = time.monotonic()
            if resumed_at - reported_at > _REPORT_INTERVAL_S:
                self.counted.emit(search, counts, False)
                counts = {}
                reported_at = resumed_at
        self.counted.emit(search, counts, True)


class FindInTranscript(QObject):
    """The search in the messages of one view, and its bar, which is created when first opened.

    Attributes:
        anchor: the position of the bar in the tab order, also before it exists.
    """

    def __init__(self, view: TranscriptView) -> None:
        super().__init__(view)
        self._view = view
        self._messages = view.messages
        self._focused_before: QWidget | None = None
        self._bar: FindBar | None = None
        self.anchor = TabAnchor(view)
        self._query = _NOTHING
        self._search_number = 0
        self._counts: dict[str, _Count] = {}
        self._is_count_final = True
        self._current: _Match | None = None
        # The index of the message that was topmost on screen when the search began; -1 once a
        # match is current.
        self._start_index = -1
        self._changed_ids: set[str] = set()
        self._match_format = QTextCharFormat()
        self._current_format = QTextCharFormat()
        self._counter = _Counter()
        self._counter.counted.connect(self._on_counted)
        self._recount_timer = QTimer(self, singleShot=True, interval=_RECOUNT_DELAY_MS)
        self._recount_timer.timeout.connect(self._recount_changed)

    # ------------------------------------------------------------------ the bar

    @property
    def bar(self) -> FindBar:
        """Return the bar, creating it on first use to keep start-up fast."""
        if self._bar is None:
            from desktop_app.transcript.find_bar import FindBar

            bar = self._bar = FindBar(self._view, tr("Find in conversation"))
            bar.changed.connect(self.search)
            bar.step_requested.connect(self.go_to_next)
            bar.close_requested.connect(self.close)
            order_tabs(self.anchor, bar.tab_stops)
        return self._bar

    @property
    def is_open(self) -> bool:
        return self._bar is not None and not self._bar.isHidden()

    @property
    def needed_height(self) -> int:
        """Return the pixels that the bar needs above the text."""
        return self.bar.height() + self._view.theme.px(2 * _GAP) if self.is_open else 0

    def open(self) -> None:
        """Show the bar; search for the selected text if it is short and in one paragraph."""
        if not self.is_open:
            self._focused_before = QApplication.focusWidget()
        selected = self._view.selection.words()
        self.bar.open(selected.strip() if len(selected) <= _MAX_SELECTION_LENGTH else "")
        self.place()
        self._view.update_space_above()

    def close(self) -> None:
        """Hide the bar. If it has the focus, return the focus to the widget that had it before.

        If that widget is gone, focus the text.
        """
        if not self.is_open:
            return
        # Before the bar is hidden. Otherwise Qt would focus the transcript, and a screen reader
        # would announce it.
        focused: QWidget | None = QApplication.focusWidget()
        if focused is not None and self.bar.isAncestorOf(focused):
            target = self._focused_before
            if target is None or not isValid(target):
                target = self._view
            target.setFocus()
        self.bar.hide()
        self.search("")
        self._view.update_space_above()
        self._focused_before = None

    def step(self, direction: int) -> None:
        """Go to the next (1) or the previous (-1) match, or open the bar if it is closed."""
        if self.is_open:
            self.bar.step(direction)
        else:
            self.open()

    def set_theme(self, theme: Theme) -> None:
        """Set the colors of the marks, and place the bar."""
        ground = QColor(theme.accent)
        ground.setAlpha(64)
        self._match_format.setBackground(ground)
        self._match_format.setForeground(theme.text)
        self._current_format.setBackground(theme.accent)
        self._current_format.setForeground(theme.on_accent)
        self.place()

    def place(self) -> None:
        """Place the bar above the text, at the same width."""
        if self._bar is None:
            return
        theme = self._view.theme
        width = min(theme.px(theme.max_line_width), self._view.width() - theme.px(MARGIN))
        self._bar.resize(width, self._bar.sizeHint().height())
        self._bar.move((self._view.width() - width) // 2, theme.px(_GAP))

    # ------------------------------------------------------------------ counting

    def search(self, text: str) -> None:
        """Search for a text, starting with the text on screen; "" ends the search."""
        query = fold_phrase(text.strip("\n"))
        if query != self._query:
            self._query = query
            self._begin_search()

    def restart(self) -> None:
        """Search again, because other messages are shown."""
        if self._query.plain:
            self._begin_search()

    def _begin_search(self) -> None:
        self._search_number += 1
        self._current = None
        self._counts = {}
        top = self._view.place_near(QPoint(0, 0))
        top_index = max(0, self._messages.index_of(top.message_id)) if top is not None else 0
        self._start_index = top_index
        self._is_count_final = not self._query.plain
        self._view.viewport().update()
        if not self._query.plain:
            self._report_counts()
            return
        messages = self._messages.messages
        self._start_counting([*messages[top_index:], *reversed(messages[:top_index])])

    def _start_counting(self, messages: Sequence[Message]) -> None:
        newest = lambda: self._search_number  # noqa: E731
        arguments = ([*map(self._texts_of, messages)], self._query, self._search_number, newest)
        Thread(target=self._counter.count, args=arguments, daemon=True, name="find").start()

    def _texts_of(self, message: Message) -> _Texts:
        is_question = message.role is Role.USER
        shown = self._messages.get(message.id)
        if message.status is MessageStatus.STREAMING and shown is not None:
            return _Texts(message.id, is_question, shown.reasoning.text, shown.text)
        reasoning = "" if is_question else reasoning_text(message)
        return _Texts(message.id, is_question, reasoning, message.text)

    def recount(self, message_id: str) -> None:
        """Schedule a recount of a message that changed or was added."""
        if self._query.plain:
            self._changed_ids.add(message_id)
            if not self._recount_timer.isActive():
                self._recount_timer.start()

    def _recount_changed(self) -> None:
        if not self._is_count_final:  # the end of a recount would end the running count
            self._recount_timer.start()
            return
        changed = self._changed_ids
        self._changed_ids = set()
        self._start_counting([each for each in self._messages.messages if each.id in changed])

    def _on_counted(self, search: int, counts: dict[str, _Count], is_last: bool) -> None:
        if search != self._search_number:
            return
        self._counts.update(counts)
        if is_last:
            self._is_count_final = True
        if self._current is None and self._start_index >= 0:
            self._go_to_first(self._start_index)
        self._report_counts()

    def _report_counts(self) -> None:
        if self._bar is not None:
            self._bar.show_count(self._current_number(), self._total, self._is_count_final)

    def _current_number(self) -> int:
        """Return the number of the current match among all, from 1; 0 if there is none."""
        current = self._current
        if current is None:
            return 0
        above = self._messages.messages[: self._messages.index_of(current.message_id)]
        in_above = sum(self._count_of(message.id).total for message in above)
        return min(in_above + current.number + 1, self._total)

    def _count_of(self, key: str) -> _Count:
        return self._counts.get(key, _NO_MATCHES)

    @property
    def _total(self) -> int:
        return sum(count.total for count in self._counts.values())

    # ------------------------------------------------------------------ navigation

    def _go_to_first(self, top_index: int) -> None:
        """Go to the first match from message `top_index` on, or else to the last match above it.

        Do nothing while messages that may have that match are not counted.
        """
        for index in (*range(top_index, self._messages.count), *reversed(range(top_index))):
            key = self._messages.key_at(index)
            count = self._counts.get(key)
            if count is None:
                return
            if count.total:
                # Above the start, the last match is the nearest.
                self._go_to_match(_Match(key, count.total - 1 if index < top_index else 0))
                return

    def go_to_next(self, direction: int) -> None:
        """Go to the next (1) or the previous (-1) match, wrapping around."""
        if not self._total:
            return
        keys = [message.id for message in self._messages.messages]
        ends = list(accumulate(self._count_of(key).total for key in keys))
        current = self._current
        if current is None or current.number >= self._count_of(current.message_id).total:
            number = 0 if direction > 0 else -1  # it is gone: the first or the last
        else:
            number = self._current_number() - 1 + direction
        number %= ends[-1]
        index = bisect_right(ends, number)
        self._go_to_match(_Match(keys[index], number - (ends[index - 1] if index else 0)))
        self._report_counts()

    def _go_to_match(self, match: _Match) -> None:
        self._current = match
        self._start_index = -1
        in_reasoning = match.number < self._count_of(match.message_id).reasoning

        def retry() -> None:
            if match == self._current:
                self._go_to_match(match)

        shown = self._whole(match.message_id, retry, unfolds=in_reasoning)
        found = None if shown is None else self._locate(shown, match.number)
        if shown is not None and found is not None:
            self._reveal(shown, found)
        self._view.viewport().update()

    def _whole(
        self, message_id: str, retry: Callable[[], None], *, unfolds: bool
    ) -> ShownMessage | None:
        """Return a message once all of it is parsed, else None and call `retry` then.

        `unfolds` also unfolds its reasoning.
        """
        if not self._view.write_whole(message_id, retry):
            return None
        shown = self._messages.opened(message_id)
        if shown is not None and unfolds and shown.reasoning.is_folded:
            self._view.toggle(shown, TOGGLE_REASONING)
            if not self._view.write_whole(message_id, retry):
                return None
        return shown

    def _locate(self, shown: ShownMessage, number: int) -> TextRange | None:
        """Return match `number` of a message, or the last if there are fewer now."""
        if shown.reasoning.is_folded or not shown.reasoning_count:
            number -= self._count_of(shown.key).reasoning
        found = list(islice(_matches(shown, self._query), max(0, number) + 1))
        return found[-1] if found else None

    def show_first_match(self, message_id: str, text: str) -> None:
        """Show and select the first match of a text in a message.

        Search the text that is shown, then the reasoning, which is unfolded if it matches.
        """
        query = fold_phrase(text)
        shown = self._messages.opened(message_id)
        if shown is None or not query.plain:
            return
        retry = partial(self.show_first_match, message_id, text)
        found = next(_matches(shown, query), None)
        if found is None:
            if self._whole(message_id, retry, unfolds=False) is None:
                return
            found = next(_matches(shown, query), None)
        if found is None and may_contain(shown.reasoning.text, query):
            if self._whole(message_id, retry, unfolds=True) is None:
                return
            found = next(_matches(shown, query), None)
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
        self._view.follow(False)

    # ------------------------------------------------------------------ marks

    def marks_of(self, shown: ShownSegment) -> list[Mark]:
        """Return the marks of the matches in a segment, that of the current match first."""
        if not self._query.plain:
            return []
        message: ShownMessage = shown.article
        current = None
        if self._current is not None and self._current.message_id == shown.key:
            current = self._locate(message, self._current.number)
        marks: list[Mark] = []
        for item in range(shown.segment.first, shown.segment.end):
            if not any(item in items for items in _searched_items(message)):
                continue
            for found in islice(_matches_in(message, item, self._query), MAX_MARKED):
                is_current = found == current
                char_format = self._current_format if is_current else self._match_format
                marks.insert(0 if is_current else len(marks), mark_of(shown, found, char_format))
        return [mark for mark in marks[:MAX_MARKED] if mark.end > mark.start]


def _searched_items(shown: ShownMessage) -> list[range]:
    """Return the items of a message that are searched: its reasoning, if shown, and its text."""
    return [range(1, shown.reasoning_count), shown.body_range]


def _matches(shown: ShownMessage, query: Phrase) -> Iterator[TextRange]:
    for index in chain(*_searched_items(shown)):
        yield from _matches_in(shown, index, query)


def _matches_in(shown: ShownMessage, index: int, query: Phrase) -> Iterator[TextRange]:
    """Yield the matches of `query` in item `index` of a message."""
    item = shown.items[index]
    for cell, runs in () if item.kind in (LineKind.FOLD, LineKind.DIAGRAM) else texts_of(item):
        text = text_of(runs)
        if text.isascii() and not any(each and each in text.lower() for each in query):
            continue
        for start, end in match_ranges(text, query):
            yield TextRange(index, cell, utf16_length(text[:start]), utf16_length(text[:end]))
