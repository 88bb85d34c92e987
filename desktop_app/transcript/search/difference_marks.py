"""Marks the words that only one of several answers has. Only words on screen are marked."""

from __future__ import annotations

from itertools import groupby, islice
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QTextCharFormat

from desktop_app.markdown.block_model import Block
from desktop_app.markdown.search.text_search import searchable_texts
from desktop_app.markdown.search.word_differences import WORD
from desktop_app.transcript.layout.item_prefix import prefix_of
from desktop_app.transcript.layout.text_ranges import highlight, selected_characters
from desktop_app.transcript.viewport.visible_blocks import visible_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PySide6.QtGui import QTextBlock, QTextCursor
    from PySide6.QtWidgets import QTextBrowser

    from desktop_app.transcript.layout.message_layout import MessageLayout
    from desktop_app.transcript.transcript_messages import TranscriptMessages
    from desktop_app.widgets.look.theme import Theme

_MAX_MARKED: Final = 300
"""Runs of words to mark at most, because each mark slows down every repaint."""


class _Word(NamedTuple):
    """A word of a block: its range of characters, whether it differs, and its cell in a row."""

    start: int
    end: int
    differs: bool
    cell: int


class DifferenceMarks(QObject):
    """The marks in the last materialized message of a view: an underline and a background."""

    def __init__(self, view: QTextBrowser, messages: TranscriptMessages) -> None:
        super().__init__(view)
        self._view = view
        self._messages = messages
        self._differs: Sequence[bool] = ()
        self._format = QTextCharFormat()
        self._revision = -1  # of the items that `_first_words` is about; -1 for none
        self._first_words: dict[int, int] = {}  # by item, the index of its first word
        self._mark_timer = QTimer(self, singleShot=True, interval=0)
        self._mark_timer.timeout.connect(self._apply_marks)
        view.verticalScrollBar().valueChanged.connect(self._mark_soon)
        view.document().contentsChanged.connect(self._mark_soon)

    def words(self) -> list[str]:
        """Return the words of the message as shown, without its reasoning and footer."""
        return [word for _, words in self._words_by_item() for word in words]

    def mark_words(self, differs: Sequence[bool], theme: Theme) -> None:
        """Mark each word of `words` for which `differs` is True; () marks none."""
        self._differs = differs
        self._revision = -1
        self._format.setBackground(theme.tint)
        self._format.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DashUnderline)
        self._format.setUnderlineColor(theme.accent)
        self._apply_marks()

    def _words_by_item(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the index and the words of each item of the message's text."""
        state = self._messages.last_materialized()
        if state is None:
            return
        items = state.layout.items
        for index in range(state.head_count, len(items) - state.foot_count):
            item = items[index]
            if isinstance(item, Block):
                texts = searchable_texts([item])
                yield index, [word for text in texts for word in WORD.findall(text)]

    def _mark_soon(self) -> None:
        if self._differs:
            self._mark_timer.start()

    def _apply_marks(self) -> None:
        cursors = islice(self._differing_words(), _MAX_MARKED) if self._differs else ()
        self._view.setExtraSelections([highlight(cursor, self._format) for cursor in cursors])

    def _differing_words(self) -> Iterator[QTextCursor]:
        """Yield a selection for each run of marked words on screen."""
        state = self._messages.last_materialized()
        if state is None or not self._update_index(state.layout):
            return
        layout = state.layout
        current_item = -1
        word_index = 0
        for block in visible_blocks(self._view):
            place = self._messages.layouts.place_of(block.blockNumber())
            if place is None or place.layout is not layout:
                continue
            index = place.item
            if index not in self._first_words or layout.gaps[index]:
                continue
            if index != current_item:  # count the words of the item's blocks above the screen
                current_item = index
                word_index = self._first_words[index]
                earlier_block = self._messages.layouts.block_of(layout, index)
                for number in range(place.number):
                    word_index += len(_word_spans(layout, index, number, earlier_block))
                    earlier_block = earlier_block.next()
            spans = _word_spans(layout, index, place.number, block)
            differs = self._differs[word_index : word_index + len(spans)]
            yield from _marked_runs(block, spans, differs)
            word_index += len(spans)

    def _update_index(self, layout: MessageLayout) -> bool:
        """Number the first word of each item. Return False if the number of words has changed."""
        if self._revision != layout.revision:
            self._revision = layout.revision
            self._first_words = {}
            count = 0
            for index, words in self._words_by_item():
                self._first_words[index] = count
                count += len(words)
            if count != len(self._differs):
                self._first_words = {}
        return bool(self._first_words)


def _word_spans(
    layout: MessageLayout, index: int, number: int, block: QTextBlock
) -> list[tuple[int, int]]:
    """Return the range of each word in `block`, which is block `number` of item `index`."""
    prefix = 0 if number else len(prefix_of(layout.items[index]))
    return [match.span() for match in WORD.finditer(block.text(), prefix)]


def _marked_runs(
    block: QTextBlock, spans: Sequence[tuple[int, int]], differs: Sequence[bool]
) -> Iterator[QTextCursor]:
    """Yield a selection for each run of words that differ. A run ends with its table cell."""
    text = block.text()
    words = [
        _Word(start, end, differs=differ, cell=text.count("\t", 0, start))
        for (start, end), differ in zip(spans, differs, strict=False)
    ]
    for (is_marked, _cell), group in groupby(words, key=lambda word: (word.differs, word.cell)):
        if is_marked:
            run = list(group)
            yield selected_characters(block, run[0].start, run[-1].end)
