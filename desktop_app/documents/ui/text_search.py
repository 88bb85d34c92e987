"""Finds words in the text of a document for a find bar."""

from __future__ import annotations

import asyncio
import re
from bisect import bisect_left
from collections.abc import Awaitable, Callable
from typing import Final

from PySide6.QtCore import QObject
from shiboken6 import isValid

from desktop_app.app.tasks import Tasks
from desktop_app.markdown.search.text_search import fold_text, match_ranges
from desktop_app.transcript.find_bar import FindBar

Span = tuple[int, int]

PAGE_MARK: Final = re.compile(r"^\[page (\d{1,6})\]$", re.MULTILINE)
"""The line before each page in the text of a PDF, which belongs to no page."""
_MAX_MATCHES: Final = 10_000  # the search ends there, and the bar shows that there may be more


class TextSearch(QObject):
    """Connection of a find bar with a text.

    Args:
        show: shows a match in the text; None if there is none.
        skips_marks: find no words in the marks between pages.
    """

    def __init__(
        self,
        bar: FindBar,
        tasks: Tasks,
        show: Callable[[Span | None], Awaitable[None]],
        *,
        skips_marks: bool,
    ) -> None:
        super().__init__(bar)
        self._bar = bar
        self._show_match = show
        self._skips_marks = skips_marks
        self._text = ""
        self._start_position = 0
        self._search_number = 0
        self._matches: list[Span] = []
        self._index = -1  # of the current match; -1 for none
        bar.changed.connect(tasks.slot(self._search))
        bar.step_requested.connect(tasks.slot(self._step))

    def begin(self, text: str, first_position: int = 0) -> None:
        """Set the text to search; the first match shown is at or after `first_position`."""
        self._text = text
        self._start_position = first_position
        self._search_number += 1
        self._matches = []
        self._index = -1
        if text and self._bar.isVisible():
            self._bar.changed.emit(self._bar.field.text())

    async def _search(self, query: str) -> None:
        self._search_number += 1
        search_number = self._search_number
        matches = await asyncio.to_thread(
            _find_matches, self._text, query, skips_marks=self._skips_marks
        )
        if not isValid(self._bar):  # the window was closed meanwhile
            return
        if search_number != self._search_number or self._bar.isHidden():
            return
        if self._index >= 0:  # continue from the current match
            self._start_position = self._matches[self._index][0]
        self._matches = matches
        next_match = bisect_left(matches, (self._start_position, 0))
        self._index = next_match % len(matches) if matches else -1
        await self._show_current()

    async def _step(self, step: int) -> None:
        if self._matches:
            self._index = (self._index + step) % len(self._matches)
            await self._show_current()

    async def _show_current(self) -> None:
        count = len(self._matches)
        self._bar.show_count(self._index + 1, count, count < _MAX_MATCHES)
        await self._show_match(self._matches[self._index] if self._matches else None)


def _find_matches(text: str, query: str, *, skips_marks: bool) -> list[Span]:
    """Return the ranges of the words, without those that overlap a mark if `skips_marks`."""
    marks = [mark.span() for mark in PAGE_MARK.finditer(text)] if skips_marks else []
    mark_ends = [end for _, end in marks]
    matches = []
    for start, end in match_ranges(text, fold_text(query)):
        mark_index = bisect_left(mark_ends, start + 1)  # the mark that the match may overlap
        if mark_index == len(marks) or end <= marks[mark_index][0]:
            matches.append((start, end))
        if len(matches) == _MAX_MATCHES:
            break
    return matches
