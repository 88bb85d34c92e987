"""A read-only view of a long text that shows one page of it at a time.

However long the text, the editor holds at most 300,000 characters of it, inserted in slices of a
few milliseconds. No line in it is longer than can be laid out within a frame: a longer line
continues on the next page. Copying without a selection copies the exact string.
"""

from __future__ import annotations

import re
import time
from itertools import islice
from typing import Final, NamedTuple

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtWidgets import QWidget

from desktop_app.i18n.translation import tr
from desktop_app.widgets.boxes import STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import dialog_button
from desktop_app.widgets.forms.line_field import text_field
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.clipboard import copyable
from desktop_app.widgets.text.foreign_text import PlainLabel, spoken_text
from desktop_app.widgets.text.utf16 import utf16_length

PAGE_LENGTH: Final = 300_000
"""Maximum characters of a page."""
MAX_LINE_LENGTH: Final = 20_000
"""Maximum characters of a line on a page, which can be laid out within a frame."""
_SLICE_CHARACTERS: Final = 6_000
"""Characters that are inserted in one iteration of the event loop."""
_MAX_MATCHES: Final = 10_000
"""Matches after which a search ends."""


class _PageMatch(NamedTuple):
    """The index of a page, and the offset in it of a match, in characters."""

    page: int
    offset: int


def page_ends(
    text: str, length: int = PAGE_LENGTH, max_line_length: int = MAX_LINE_LENGTH
) -> list[int]:
    """Return the end of each page in characters; [] for an empty text.

    Call it in a thread: it scans every line.
    """
    ends: list[int] = []
    start = 0
    while start < len(text):
        limit = min(start + length, len(text))
        end = position = start
        while position < limit:
            newline = text.find("\n", position, position + max_line_length)
            position = newline + 1 if newline >= 0 else min(position + max_line_length, len(text))
            if position > limit:
                break  # the line is for the next page
            end = position
            if newline < 0 and position < len(text):
                break  # an unfinished line must not grow in the editor
        start = end if end > start else limit  # a line longer than a page is cut
        ends.append(start)
        time.sleep(0)  # let the GUI thread run
    return ends


class PagedText(QWidget):
    """A read-only text with pages, search and copying.

    Attributes:
        text: the whole text.

    Signals:
        counted(int number, int total, bool is_final): the number of the current match, from 1 (0
            for none); the number of matches so far; whether all pages have been searched.
    """

    counted = Signal(int, int, bool)

    def __init__(self, name: str, accessible_name: str) -> None:
        super().__init__()
        self.text = ""
        self._ends = [0]  # of the pages
        self._page = 0  # the index of the shown page
        self._written = 0  # the end of the text that is inserted
        self._query = ""
        self._matches: list[_PageMatch] = []
        self._current = -1  # the index of the current match; -1 for none
        self._next_page = 0  # the next page to search
        self.view = text_field(accessible_name, name, read_only=True)
        self.view.setUndoRedoEnabled(False)
        self._previous_button = dialog_button(tr("Previous"), "earlier-text")
        self._next_button = dialog_button(tr("Next"), "later-text")
        self._page_label = PlainLabel(name="text-page", role="note")
        self._row = QWidget()
        parts = (self._previous_button, self._page_label, self._next_button, STRETCH)
        row_of(*parts, parent=self._row, margins=0)
        column_of((self.view, 1), self._row, parent=self, margins=0)
        self._write_timer = QTimer(self, interval=0)
        self._write_timer.timeout.connect(self._write_slice)
        self._search_timer = QTimer(self, interval=0)
        self._search_timer.timeout.connect(self._search_next_page)
        self._previous_button.clicked.connect(lambda: self._show_page(self._page - 1))
        self._next_button.clicked.connect(lambda: self._show_page(self._page + 1))
        self.update_theme()
        self.set_text("", [])

    def update_theme(self) -> None:
        theme = current_theme()
        self.view.setFont(theme.reading())

    @property
    def is_written(self) -> bool:
        """Return True if the shown page is inserted completely."""
        return not self._write_timer.isActive()

    def set_text(self, text: str, ends: list[int]) -> None:
        """Show a text from its beginning; `ends` are its `page_ends`."""
        self.text = text
        self._ends = ends or [0]  # an empty text is shown as one page
        self._show_page(0)
        self.search(self._query)

    def copy(self) -> None:
        """Copy the selection, or the whole text if nothing is selected."""
        cursor = self.view.textCursor()
        text = cursor.selection().toPlainText() if cursor.hasSelection() else self.text
        QGuiApplication.clipboard().setText(copyable(text))

    # -------------------------------------------------------------- a page of the text

    def _show_page(self, number: int) -> None:
        self._page = number
        self._written = self._page_start(number)
        self.view.clear()
        count = len(self._ends)
        self._row.setVisible(count > 1)
        self._page_label.setText(tr("{number} of {total}", number=number + 1, total=count))
        part = tr("Part {number} of {total}", number=number + 1, total=count)
        self._page_label.setAccessibleName(spoken_text(part))
        self._previous_button.setEnabled(number > 0)
        self._next_button.setEnabled(number < count - 1)
        self._write_timer.start()

    def _page_start(self, number: int) -> int:
        return self._ends[number - 1] if number else 0

    def _write_slice(self) -> None:
        end = min(self._written + _SLICE_CHARACTERS, self._ends[self._page])
        if end < self._ends[self._page] and self.text[end - 1 : end + 1] == "\r\n":
            end += 1  # otherwise each half would become a line break
        cursor = QTextCursor(self.view.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        part = self.text[self._written : end]
        # Qt makes one character of "\r\n", but matches are offsets in the text.
        cursor.insertText(part.replace("\r\n", " \n").replace("\r", "\n"))
        self._written = end
        if end >= self._ends[self._page]:
            self._write_timer.stop()
            self._select_match()

    # -------------------------------------------------------------- search

    def search(self, query: str) -> None:
        """Search the whole text, ignoring case, and show the first match; "" ends the search."""
        self._query = query
        self._matches = []
        self._current = -1
        self._next_page = 0
        if query:
            self._search_timer.start()
            self._search_next_page()
        else:
            self._search_timer.stop()
            self.counted.emit(0, 0, True)

    def step(self, by: int) -> None:
        """Go to the next (1) or previous (-1) match, wrapping around."""
        if self._matches:
            self._current = (self._current + by) % len(self._matches)
            self._go_to_current_match()

    def _search_next_page(self) -> None:
        """Search one more page of the text."""
        if self._next_page >= len(self._ends) or len(self._matches) >= _MAX_MATCHES:
            self._search_timer.stop()
        else:
            self._search_page(self._next_page)
            self._next_page += 1
        if self._current < 0 and self._matches:
            self._current = 0
            self._go_to_current_match()
        self._report_count()

    def _search_page(self, number: int) -> None:
        start = self._page_start(number)
        # A match that continues on the next page counts for the page on which it begins.
        end = self._ends[number] + len(self._query) - 1
        matches = re.finditer(re.escape(self._query), self.text[start:end], re.IGNORECASE)
        remaining = _MAX_MATCHES - len(self._matches)
        self._matches += [_PageMatch(number, match.start()) for match in islice(matches, remaining)]

    def _go_to_current_match(self) -> None:
        page = self._matches[self._current].page
        if page != self._page:
            self._show_page(page)
        elif self.is_written:
            self._select_match()
        self._report_count()

    def _select_match(self) -> None:
        """Select the current match if it is on the shown page."""
        if self._current < 0 or self._matches[self._current].page != self._page:
            return
        page_start = self._page_start(self._page)
        match_start = page_start + self._matches[self._current].offset
        # Positions in the editor are UTF-16 code units.
        first_unit = utf16_length(self.text[page_start:match_start])
        match_end = min(match_start + len(self._query), self._ends[self._page])
        length = utf16_length(self.text[match_start:match_end])
        cursor = QTextCursor(self.view.document())
        cursor.setPosition(first_unit)
        cursor.setPosition(first_unit + length, QTextCursor.MoveMode.KeepAnchor)
        self.view.setTextCursor(cursor)
        self.view.ensureCursorVisible()

    def _report_count(self) -> None:
        is_final = not self._search_timer.isActive() and len(self._matches) < _MAX_MATCHES
        self.counted.emit(self._current + 1, len(self._matches), is_final)
