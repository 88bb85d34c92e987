"""Highlights the matches on screen of a search in the conversation."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QColor, QTextCharFormat

from desktop_app.rendering.search.text_search import match_ranges
from desktop_app.ui.transcript.layout.item_prefix import prefix_of
from desktop_app.ui.transcript.layout.text_ranges import highlight, selected_characters
from desktop_app.ui.transcript.media.code_folds import fold_number
from desktop_app.ui.transcript.media.drawn_formulas import with_drawing
from desktop_app.ui.transcript.viewport.visible_blocks import visible_blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtGui import QTextBlock, QTextCursor
    from PySide6.QtWidgets import QTextBrowser, QTextEdit

    from desktop_app.ui.look.theme import Theme
    from desktop_app.ui.transcript.transcript_messages import TranscriptMessages

_MAX_MARKED: Final = 300
"""Matches to highlight at most, because each highlight slows down every repaint."""
_MAX_MARKED_IN_BLOCK: Final = 60
"""Matches to highlight at most in one block."""


class MatchMarks(QObject):
    """The highlights of one view, updated on scrolling and after each edit."""

    def __init__(
        self,
        view: QTextBrowser,
        messages: TranscriptMessages,
        current: Callable[[], QTextCursor | None],
    ) -> None:
        """Highlight nothing yet.

        Args:
            view: the view.
            messages: the messages of the view.
            current: returns the current match, which looks different; None if there is none.
        """
        super().__init__(view)
        self._view = view
        self._messages = messages
        self._current = current
        self._query = ""
        self._has_marks = False
        self._formats: tuple[QTextCharFormat, QTextCharFormat] | None = None
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self._mark_matches)
        view.verticalScrollBar().valueChanged.connect(self.mark_soon)
        view.document().contentsChanged.connect(self.mark_soon)

    def set_query(self, query: str) -> None:
        """Set the case-folded text to highlight; "" for none."""
        self._query = query

    def set_theme(self, theme: Theme) -> None:
        """Set the highlight colors."""
        every, current = QTextCharFormat(), QTextCharFormat()
        ground = QColor(theme.accent)
        ground.setAlpha(64)
        every.setBackground(ground)
        every.setForeground(theme.text)
        current.setBackground(theme.accent)
        current.setForeground(theme.on_accent)
        self._formats = (every, current)
        self.mark_soon()

    def mark_soon(self) -> None:
        """Highlight the matches on screen in the next iteration of the event loop."""
        if self._query or self._has_marks:
            self._timer.start()

    def _mark_matches(self) -> None:
        """Highlight the matches on screen, up to `_MAX_MARKED`."""
        marks: list[QTextEdit.ExtraSelection] = []
        current = self._current()
        if self._query and self._formats is not None:
            if current is not None:
                marks.append(highlight(with_drawing(current), self._formats[1]))
            blocks = (
                _find_matches(block, self._query, head) for block, head in self._searched_blocks()
            )
            matches = (match for each in blocks for match in islice(each, _MAX_MARKED_IN_BLOCK))
            other_matches = (match for match in islice(matches, _MAX_MARKED) if match != current)
            marks += [highlight(with_drawing(match), self._formats[0]) for match in other_matches]
        self._has_marks = bool(marks)
        self._view.setExtraSelections(marks)

    def _searched_blocks(self) -> Iterator[tuple[QTextBlock, int]]:
        """Yield each searched block on screen, and the length of its prefix in characters."""
        for block in visible_blocks(self._view):
            place = self._messages.layouts.place_of(block.blockNumber())
            state = self._messages.get(place.layout.key) if place is not None else None
            if place is not None and state is not None:
                layout, index, number = place
                item = layout.items[index]
                is_toggle = (state.head_count and index == 0) or fold_number(item) is not None
                if not is_toggle and index < len(layout.items) - state.foot_count:
                    yield block, 0 if number else len(prefix_of(item))


def _find_matches(block: QTextBlock, query: str, head: int) -> Iterator[QTextCursor]:
    """Yield each match of the case-folded `query` in a block as a selection.

    Skip the first `head` characters, which are a prefix.
    """
    for match_range in match_ranges(block.text(), query):
        if match_range[0] >= head:
            yield selected_characters(block, *match_range)
