"""Highlights the matches on screen of a search in the conversation."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QColor, QTextCharFormat

from desktop_app.markdown.search.text_search import match_ranges
from desktop_app.transcript.layout.item_prefix import prefix_of
from desktop_app.transcript.layout.text_ranges import highlight, selected_characters
from desktop_app.transcript.media.code_folds import fold_number
from desktop_app.transcript.media.drawn_formulas import with_drawing
from desktop_app.transcript.viewport.visible_blocks import visible_blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtGui import QTextBlock, QTextCursor
    from PySide6.QtWidgets import QTextBrowser, QTextEdit

    from desktop_app.transcript.transcript_messages import TranscriptMessages
    from desktop_app.widgets.look.theme import Theme

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
        self._match_format = QTextCharFormat()
        self._current_format = QTextCharFormat()
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self._mark_matches)
        view.verticalScrollBar().valueChanged.connect(self.mark_soon)
        view.document().contentsChanged.connect(self.mark_soon)

    def set_query(self, query: str) -> None:
        """Set the case-folded text to highlight; "" for none."""
        self._query = query

    def set_theme(self, theme: Theme) -> None:
        """Set the highlight colors."""
        ground = QColor(theme.accent)
        ground.setAlpha(64)
        self._match_format.setBackground(ground)
        self._match_format.setForeground(theme.text)
        self._current_format.setBackground(theme.accent)
        self._current_format.setForeground(theme.on_accent)
        self.mark_soon()

    def mark_soon(self) -> None:
        """Highlight the matches on screen in the next iteration of the event loop."""
        if self._query or self._has_marks:
            self._timer.start()

    def _mark_matches(self) -> None:
        """Highlight the matches on screen, up to `_MAX_MARKED`."""
        marks: list[QTextEdit.ExtraSelection] = []
        if self._query:
            current = self._current()
            if current is not None:
                marks.append(highlight(with_drawing(current), self._current_format))
            marks += [
                highlight(with_drawing(match), self._match_format)
                for match in islice(self._matches_on_screen(), _MAX_MARKED)
                if match != current
            ]
        self._has_marks = bool(marks)
        self._view.setExtraSelections(marks)

    def _matches_on_screen(self) -> Iterator[QTextCursor]:
        """Yield the matches on screen as selections, up to `_MAX_MARKED_IN_BLOCK` of a block."""
        for block, prefix in self._searched_blocks():
            yield from islice(_find_matches(block, self._query, prefix), _MAX_MARKED_IN_BLOCK)

    def _searched_blocks(self) -> Iterator[tuple[QTextBlock, int]]:
        """Yield each searched block on screen, and the length of its prefix in characters."""
        for block in visible_blocks(self._view):
            place = self._messages.layouts.place_of(block.blockNumber())
            if place is None:
                continue
            layout, index, number = place
            state = self._messages.get(layout.key)
            if state is None:
                continue
            item = layout.items[index]
            is_topic = index == 0 < state.reasoning_count
            is_call = state.reasoning_count <= index < state.head_count
            is_toggle = is_topic or is_call or fold_number(item) is not None
            if not is_toggle and index < len(layout.items) - state.foot_count:
                yield block, 0 if number else len(prefix_of(item))


def _find_matches(block: QTextBlock, query: str, prefix: int) -> Iterator[QTextCursor]:
    """Yield each match of the case-folded `query` in a block as a selection.

    Skip the first `prefix` characters, which are not the item's text.
    """
    for start, end in match_ranges(block.text(), query):
        if start >= prefix:
            yield selected_characters(block, start, end)
