"""The mark of the sentence that is being read aloud."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject
from PySide6.QtGui import QColor, QTextCharFormat

from desktop_app.markdown.block_model import Block, text_of
from desktop_app.transcript.segment import Place, texts_of
from desktop_app.transcript.segment_area import SegmentArea
from desktop_app.transcript.shown_segment import Mark, ShownSegment
from desktop_app.transcript.text_marks import TextRange, mark_of
from desktop_app.widgets.text.utf16 import utf16_length

if TYPE_CHECKING:
    from desktop_app.transcript.conversation_messages import ConversationMessages

_SPACE: Final = r"[\s\u2028\ufffc]+"
_FEW: Final = 3  # words that find a sentence of which others, such as a formula's, are not shown
_MOST_ITEMS: Final = 60  # that are searched: a sentence is in one of the next, or in none
_BEGINNING: Final = TextRange(0, 0, 0, 0)


class SpokenMark(QObject):
    """The mark of a sentence in one view."""

    def __init__(
        self, area: SegmentArea, messages: ConversationMessages, reveal: Callable[[Place], None]
    ) -> None:
        super().__init__(area)
        self._area = area
        self._messages = messages
        self._reveal = reveal
        self._message_id = ""
        self._range: TextRange | None = None

    def find(self, message_id: str, words: str, after: TextRange | None = None) -> TextRange | None:
        """Return where spoken words are shown, after a sentence before; None if they are not."""
        shown = self._messages.opened(message_id)
        if shown is None or not words:
            return None
        after = after or _BEGINNING
        pattern = _pattern(words)
        begin = max(after.item, shown.body_range.start)
        for index in range(begin, min(begin + _MOST_ITEMS, shown.body_range.stop)):
            item = shown.items[index]
            for cell, runs in texts_of(item) if isinstance(item, Block) else ():
                text = text_of(runs)
                is_same = (index, cell) == (after.item, after.cell)
                for found in pattern.finditer(text):
                    start = utf16_length(text[: found.start()])
                    if not is_same or start >= after.end:
                        return TextRange(index, cell, start, utf16_length(text[: found.end()]))
        return None

    def show(self, message_id: str, found: TextRange | None) -> None:
        """Mark a range of a message, and bring it on screen; None marks none."""
        self._message_id, self._range = message_id, found
        if found is not None and not self._area.is_following:
            self._reveal(Place(message_id, found.item, found.cell, found.start))
        self._area.viewport().update()

    def marks_of(self, shown: ShownSegment) -> list[Mark]:
        found, segment = self._range, shown.segment
        if found is None or shown.key != self._message_id:
            return []
        if not segment.first <= found.item < segment.end:
            return []
        look = QTextCharFormat()
        ground = QColor(self._area.theme.accent)
        ground.setAlpha(56)
        look.setBackground(ground)
        return [mark_of(shown, found, look)]


def _pattern(words: str) -> re.Pattern[str]:
    parts = [re.escape(word) for word in words.split()]
    whole = _SPACE.join(parts)
    if len(parts) <= 2 * _FEW:
        return re.compile(whole)
    begin, end = _SPACE.join(parts[:_FEW]), _SPACE.join(parts[-_FEW:])
    return re.compile(f"{whole}|{begin}(?:.{{0,400}}?{end})?", re.DOTALL)
