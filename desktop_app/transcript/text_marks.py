"""Ranges of words in the items of a message, and the marks of the words that only it has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QObject
from PySide6.QtGui import QTextCharFormat

from desktop_app.markdown.block_model import Block, text_of
from desktop_app.markdown.text_search import WORD
from desktop_app.transcript.segment import runs_at, texts_of
from desktop_app.transcript.segment_area import SegmentArea
from desktop_app.transcript.shown_segment import Mark, ShownSegment
from desktop_app.widgets.look.theme import Theme
from desktop_app.widgets.text.utf16 import utf16_length

if TYPE_CHECKING:
    from desktop_app.transcript.conversation_messages import ConversationMessages
    from desktop_app.transcript.shown_message import ShownMessage

MAX_MARKED: Final = 100
"""Ranges to mark at most in a segment, because each mark slows down every repaint."""


class TextRange(NamedTuple):
    """A range of UTF-16 units in an item or a cell."""

    item: int
    cell: int
    start: int
    end: int


def mark_of(shown: ShownSegment, found: TextRange, char_format: QTextCharFormat) -> Mark:
    """Return the mark of a range, from before the drawing of a formula if it begins in one."""
    item = shown.article.items[found.item]
    start = found.start
    unit = 0
    for run in runs_at(item, found.cell):
        end = unit + utf16_length(run.text)
        if run.math and unit < found.start < end:
            start = unit
        unit = end
    document = shown.document
    return Mark(
        document.position_of(found.item, found.cell, start),
        document.position_of(found.item, found.cell, found.end),
        char_format,
    )


class DifferenceMarks(QObject):
    """The marks in the last message of a view: the words that other answers do not have."""

    def __init__(self, view: SegmentArea, messages: ConversationMessages) -> None:
        super().__init__(view)
        self._view = view
        self._messages = messages
        self._differs: Sequence[bool] = ()
        self._format = QTextCharFormat()
        self._revision = -1  # of the items that `_ranges` is about; -1 for none
        self._ranges: list[TextRange] = []

    def words(self) -> list[str]:
        """Return the words of the message as shown, without its reasoning and footer."""
        return [word for _, _, text in self._texts() for word in WORD.findall(text)]

    def mark_words(self, differs: Sequence[bool], theme: Theme) -> None:
        """Mark each word of `words` for which `differs` is True; () marks none."""
        self._differs = differs
        self._revision = -1
        self._format.setBackground(theme.tint)
        self._format.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DashUnderline)
        self._format.setUnderlineColor(theme.accent)
        self._view.viewport().update()

    def _texts(self) -> Iterable[tuple[int, int, str]]:
        """Yield the item, the cell and the text of each text of the message."""
        shown = self._messages.last()
        if shown is None:
            return
        for index in shown.body_range:
            item = shown.items[index]
            if isinstance(item, Block):
                for cell, runs in texts_of(item):
                    yield index, cell, text_of(runs)

    def marks_of(self, shown: ShownSegment) -> list[Mark]:
        """Return the marks of the words in a segment."""
        message: ShownMessage = shown.article
        if not self._differs or message is not self._messages.last():
            return []
        if self._revision != message.revision:
            self._revision = message.revision
            self._ranges = self._find_ranges()
        segment = shown.segment
        found = [each for each in self._ranges if segment.first <= each.item < segment.end]
        return [mark_of(shown, each, self._format) for each in found[:MAX_MARKED]]

    def _find_ranges(self) -> list[TextRange]:
        """Return each run of words that differ; [] if the number of words has changed."""
        ranges = []
        count = 0
        for item, cell, text in self._texts():
            words = list(WORD.finditer(text))
            flags = self._differs[count : count + len(words)]
            count += len(words)
            for differs, group in groupby(zip(words, flags, strict=False), lambda pair: pair[1]):
                if differs:
                    run = [word for word, _ in group]
                    start = utf16_length(text[: run[0].start()])
                    ranges.append(TextRange(item, cell, start, utf16_length(text[: run[-1].end()])))
        return ranges if count == len(self._differs) else []
