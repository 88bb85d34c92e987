"""A long text to be read: a stretch of it at a time, written in slices of a few milliseconds.

However long the text, only a stretch of at most half a megabyte is in the editor, and no line in it is
longer than can be laid out within a frame: such a line goes on in the next stretch. The text itself is
held as it came, so what is copied as a whole is the very string.
"""

from __future__ import annotations

import re
import time
from itertools import islice
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop_app.ui.library.prompts_page import plain_button
from desktop_app.ui.look.theme import set_role
from desktop_app.ui.widgets.foreign_text import PlainLabel, PlainTextField, spoken_text

if TYPE_CHECKING:
    from desktop_app.ui.look.theme import Theme

STRETCH: Final = 300_000
LONGEST_LINE: Final = 20_000
_SLICE: Final = 6_000
_MOST_MATCHES: Final = 10_000

Match = tuple[int, int]
"""The number of its stretch, and where it begins in that."""


def stretches(text: str, length: int = STRETCH, longest_line: int = LONGEST_LINE) -> list[int]:
    """Where each stretch of a text ends; together they are the text. For a thread: it looks at every
    line."""
    ends: list[int] = []
    start = 0
    while start < len(text):
        limit = min(start + length, len(text))
        end = at = start
        while at < limit:
            newline = text.find("\n", at, at + longest_line)
            at = newline + 1 if newline >= 0 else min(at + longest_line, len(text))
            if at > limit:
                break
            end = at
            if newline < 0 and at < len(text):
                break  # a line that goes on: it must not grow in the editor
        start = end if end > start else limit
        ends.append(start)
        time.sleep(0)  # the window's thread may go on
    return ends


class PagedText(QWidget):
    """See the module.

    Signals:
        counted(int, int, bool): the match one is at, how many were found, and whether that is all.
    """

    counted = Signal(int, int, bool)

    def __init__(self, theme: Theme, name: str, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text, self._ends = "", [0]
        self._shown = self._written = 0
        self._words = ""
        self._matches: list[Match] = []
        self._at, self._next = -1, 0
        self.view = PlainTextField()
        self.view.setObjectName(name)
        self.view.setReadOnly(True)
        set_role(self.view, "field")
        self.view.setUndoRedoEnabled(False)
        self.view.setAccessibleName(spoken_text(words))
        self._earlier = plain_button("Earlier", "earlier-text")
        self._later = plain_button("Later", "later-text")
        self._where = PlainLabel()
        self._where.setObjectName("text-stretch")
        set_role(self._where, "note")
        self._row = QWidget()
        row = QHBoxLayout(self._row)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in (self._earlier, self._where, self._later):
            row.addWidget(widget)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.view, 1)
        column.addWidget(self._row)
        self._writing = QTimer(self, interval=0)
        self._writing.timeout.connect(self._write)
        self._seeking = QTimer(self, interval=0)
        self._seeking.timeout.connect(self._seek)
        self._earlier.clicked.connect(lambda: self._show(self._shown - 1))
        self._later.clicked.connect(lambda: self._show(self._shown + 1))
        self.set_theme(theme)
        self.set_text("", [])

    def set_theme(self, theme: Theme) -> None:
        """Draw with this theme from now on."""
        self.view.setFont(theme.answer())

    @property
    def text(self) -> str:
        """All of it."""
        return self._text

    @property
    def is_written(self) -> bool:
        """Whether the stretch that is shown is there as a whole."""
        return not self._writing.isActive()

    def set_text(self, text: str, ends: list[int]) -> None:
        """Show a text from its beginning; `ends` are its `stretches`."""
        self._text, self._ends = text, ends or [0]
        self._show(0)
        self.look_for(self._words)

    def copy(self) -> None:
        """What is marked, or else all of it."""
        cursor = self.view.textCursor()
        if cursor.hasSelection():
            self.view.copy()
        else:
            QGuiApplication.clipboard().setText(self._text)

    # -------------------------------------------------------------- a stretch

    def _show(self, number: int) -> None:
        self._shown = number
        self._written = self._start(number)
        self.view.clear()
        count = len(self._ends)
        self._row.setVisible(count > 1)
        self._where.setText(f"{number + 1:,} of {count:,}")
        self._where.setAccessibleName(f"Part {number + 1:,} of {count:,} of the text")
        self._earlier.setEnabled(number > 0)
        self._later.setEnabled(number < count - 1)
        self._writing.start()

    def _start(self, number: int) -> int:
        return self._ends[number - 1] if number else 0

    def _write(self) -> None:
        """The next slice of the stretch."""
        end = min(self._written + _SLICE, self._ends[self._shown])
        cursor = QTextCursor(self.view.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(self._text[self._written : end])
        self._written = end
        if end >= self._ends[self._shown]:
            self._writing.stop()
            self._mark()

    # -------------------------------------------------------------- finding

    def look_for(self, words: str) -> None:
        """Look for words in all of the text, capitals or not; the first match is shown."""
        self._words, self._matches, self._at, self._next = words, [], -1, 0
        if words:
            self._seeking.start()
            self._seek()
        else:
            self._seeking.stop()
            self.counted.emit(0, 0, True)

    def step(self, by: int) -> None:
        """To the next match, or the previous one; behind the last comes the first."""
        if self._matches:
            self._at = (self._at + by) % len(self._matches)
            self._go()

    def _seek(self) -> None:
        """Look through one more stretch."""
        if self._next >= len(self._ends) or len(self._matches) >= _MOST_MATCHES:
            self._seeking.stop()
        else:
            self._look_through(self._next)
            self._next += 1
        if self._at < 0 and self._matches:
            self._at = 0
            self._go()
        self._tell()

    def _look_through(self, number: int) -> None:
        stretch = self._text[self._start(number) : self._ends[number]]
        found = re.compile(re.escape(self._words), re.IGNORECASE).finditer(stretch)
        room = _MOST_MATCHES - len(self._matches)
        self._matches += [(number, match.start()) for match in islice(found, room)]

    def _go(self) -> None:
        number = self._matches[self._at][0]
        if number != self._shown:
            self._show(number)
        elif self.is_written:
            self._mark()
        self._tell()

    def _mark(self) -> None:
        """Mark the match, where it is in what is shown."""
        if self._at < 0 or self._matches[self._at][0] != self._shown:
            return
        start = self._start(self._shown)
        begins = start + self._matches[self._at][1]
        # The editor counts in units of UTF-16.
        before = _units(self._text[start:begins])
        cursor = self.view.textCursor()
        cursor.setPosition(before)
        length = _units(self._text[begins : begins + len(self._words)])
        cursor.setPosition(before + length, QTextCursor.MoveMode.KeepAnchor)
        self.view.setTextCursor(cursor)
        self.view.ensureCursorVisible()

    def _tell(self) -> None:
        is_whole = not self._seeking.isActive() and len(self._matches) < _MOST_MATCHES
        self.counted.emit(self._at + 1, len(self._matches), is_whole)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
