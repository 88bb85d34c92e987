"""Find and replace in the text beside a conversation."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from time import perf_counter
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QTextEdit, QWidget

from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.texts.ui.text_editor import TextEditor
from desktop_app.texts.ui.tracked_document import TrackedDocument
from desktop_app.transcript.find_bar import FindBar
from desktop_app.widgets.announcements import announce
from desktop_app.widgets.boxes import column_of, row_of, set_unscaled
from desktop_app.widgets.buttons.dialog_button import compact_button
from desktop_app.widgets.forms.form_widgets import line_field
from desktop_app.widgets.look.theme import current_theme, set_style_property
from desktop_app.widgets.text.foreign_text import PlainButton, set_tooltip, spoken_text
from desktop_app.widgets.text.utf16 import utf16_positions

_PAUSE_MS: Final = 120
_SMALLEST_TARGET: Final = 24  # pixels that a button must have to be hit (WCAG 2.5.8)
_MAX_SELECTION: Final = 100
"""Characters of a selection that `open` searches for."""
_MARK: Final = "find"
_SLICE_S: Final = 0.006
_BETWEEN_SLICES_MS: Final = 1
"""Replacing all at once would stop the window."""


class TextFind(QWidget):
    """The find bar of a text with the row that replaces.

    What a proposed change would delete is not found; a replacement is no part of a change, as what
    is typed. The current match is marked and not selected, because a question would have only the
    selection.

    Signals:
        toggled(): the bar is shown or hidden.
    """

    toggled = Signal()

    def __init__(self, editor: TextEditor) -> None:
        super().__init__()
        self.setObjectName("text-find")
        self._editor = editor
        self._matches: list[tuple[int, int]] = []  # positions of the document
        self._current = -1
        self._state: object = None  # of the document that was searched
        self._replacing: _Replacing | None = None
        self.bar = FindBar(self, tr("Find in text"))
        layout = self.bar.layout()
        assert layout is not None
        set_unscaled(layout, (12, 1, 6, 1), 4)
        self.bar.changed.connect(lambda _: self._search_from_cursor())
        self.bar.step_requested.connect(self._go)
        self.bar.close_requested.connect(self.close_bar)
        self._case = self._toggle("Aa", tr("Match case"), "text-find-case")
        self._words = self._toggle("W", tr("Whole words"), "text-find-words")
        self._new = line_field(tr("Replace with"), "text-replacement")
        self._new.returnPressed.connect(self.replace)
        replace = compact_button(tr("Replace"), "text-replace", "filter")
        replace.clicked.connect(self.replace)
        replace_all = compact_button(tr("Replace all"), "text-replace-all", "filter")
        replace_all.clicked.connect(self.replace_all)
        self._buttons = (replace, replace_all)
        self._replace_bar = QWidget()
        parts = ((self._new, 1), replace, replace_all)
        row_of(*parts, parent=self._replace_bar, margins=(13, 0, 0, 0), spacing=6)
        finding = row_of((self.bar, 1), self._case, self._words, spacing=6)
        column_of(finding, self._replace_bar, parent=self, margins=(0, 0, 0, 2), spacing=2)
        # After a change of the text, and for what scrolling shows.
        self._timer = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._timer.timeout.connect(self._search_again)
        editor.verticalScrollBar().valueChanged.connect(lambda _: self._mark())
        editor.textChanged.connect(self._note_change)
        self.hide()

    def _toggle(self, sign: str, label: str, name: str) -> PlainButton:
        button = compact_button(sign, name, "filter")
        button.setCheckable(True)
        button.setAccessibleName(spoken_text(label))
        set_tooltip(button, label)

        def search(is_on: bool) -> None:
            set_style_property(button, "set", is_on)
            self._search_from_cursor()

        button.toggled.connect(search)
        button.setMinimumWidth(current_theme().px(_SMALLEST_TARGET))
        return button

    # -------------------------------------------------------------- the bar

    def open(self, *, replaces: bool) -> None:
        """Show the bar, with the selected words if they are in one line."""
        self._replace_bar.setVisible(replaces)
        cursor = self._editor.textCursor()
        selected = cursor.selectedText()
        is_query = 0 < len(selected) <= _MAX_SELECTION and "\u2029" not in selected
        if cursor.hasSelection():  # the match is where it begins
            cursor.setPosition(cursor.selectionStart())
            self._editor.setTextCursor(cursor)
        self.show()
        self.toggled.emit()
        self.bar.open(selected if is_query else "")

    def close_bar(self) -> None:
        """Hide the bar, and select the current match."""
        if self.isHidden():
            return
        if 0 <= self._current < len(self._matches) and self._is_current_known:
            start, end = self._matches[self._current]
            self._editor.setTextCursor(self._editor.tracked.cursor(start, end))
        self._editor.setFocus(Qt.FocusReason.OtherFocusReason)
        self.hide()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if not event.spontaneous():
            self._timer.stop()
            self._matches, self._current, self._state = [], -1, None
            self._editor.mark(_MARK, [])
            self.toggled.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close the bar on Esc, whichever field of it has the focus."""
        if event.key() == Qt.Key.Key_Escape:
            self.close_bar()
        else:
            super().keyPressEvent(event)

    # -------------------------------------------------------------- matches

    @property
    def _is_current_known(self) -> bool:
        return self._state == self._document_state()

    def _document_state(self) -> object:
        document = self._editor.tracked
        return document, document.edit_count

    def _pattern(self) -> re.Pattern[str] | None:
        query = self.bar.field.text()
        if not query:
            return None
        words = re.escape(query)
        if self._words.isChecked():
            words = rf"(?<!\w){words}(?!\w)"
        return re.compile(words, 0 if self._case.isChecked() else re.IGNORECASE)

    def _search(self) -> None:
        pattern = self._pattern()
        self._state = self._document_state()
        self._matches = [] if pattern is None else _matches_in(self._editor.tracked, pattern)

    def _search_from_cursor(self) -> None:
        self._search()
        start = self._editor.textCursor().selectionStart()
        self._show(bisect_left(self._matches, (start, 0)))

    def _note_change(self) -> None:
        if self.isVisible() and not self._is_current_known:
            self._timer.start()

    def _search_again(self) -> None:
        """Search the changed text, without moving what is on screen."""
        self._search()
        start = self._editor.textCursor().selectionStart()
        found = bisect_left(self._matches, (start, 0))
        is_at = found < len(self._matches) and self._matches[found][0] == start
        self._current = found if is_at else -1
        self._mark()

    def step(self, direction: int) -> None:
        """Go to the next (1) or the previous (-1) match, or open the bar if it is hidden."""
        if self.isHidden():
            self.open(replaces=False)
        else:
            self.bar.step(direction)

    def _go(self, direction: int) -> None:
        if not self._is_current_known:
            self._search()
        start = self._editor.textCursor().selectionStart()
        found = bisect_left(self._matches, (start, 0))
        is_at = found < len(self._matches) and self._matches[found][0] == start
        self._show(found + (direction if is_at or direction < 0 else 0))

    def _show(self, number: int) -> None:
        """Put the cursor at a match, counted around the end."""
        self._current = number % len(self._matches) if self._matches else -1
        if self._current >= 0:
            start, _ = self._matches[self._current]
            cursor = self._editor.tracked.cursor(start, start)
            is_shown = self._editor.viewport().rect().contains(self._editor.cursorRect(cursor))
            self._editor.setTextCursor(cursor)
            if not is_shown:
                self._editor.centerCursor()
        self._mark()

    def _mark(self) -> None:
        """Mark the matches on screen; count all."""
        if self.isHidden():
            return
        if not self._is_current_known:
            self._timer.start()
            return
        count = len(self._matches)
        self.bar.show_count(self._current + 1, count, True)
        for button in self._buttons:
            button.setEnabled(count > 0)
        blocks = [block for block, _ in self._editor.blocks_on_screen()]
        marks = []
        if blocks:
            first = bisect_left(self._matches, (blocks[0].position(), 0))
            last = bisect_left(self._matches, (blocks[-1].position() + blocks[-1].length(), 0))
            marks = [self._mark_of(number) for number in range(first, last)]
        self._editor.mark(_MARK, marks)

    def _mark_of(self, number: int) -> QTextEdit.ExtraSelection:
        theme, mark = current_theme(), QTextEdit.ExtraSelection()
        mark.cursor = self._editor.tracked.cursor(*self._matches[number])
        mark.format.setBackground(theme.accent if number == self._current else theme.tint)
        mark.format.setForeground(theme.on_accent if number == self._current else theme.text)
        return mark

    # -------------------------------------------------------------- replacing

    def replace(self) -> None:
        """Replace the current match, and go to the next one; without one, only go there."""
        if not self._is_current_known:
            self._search_again()
        if not 0 <= self._current < len(self._matches):
            self._go(+1)
            return
        start, end = self._matches[self._current]
        cursor = self._editor.tracked.cursor(start, end)
        cursor.insertText(self._new.text(), QTextCharFormat())
        self._editor.setTextCursor(
            self._editor.tracked.cursor(cursor.position(), cursor.position())
        )
        self._search_from_cursor()

    def replace_all(self) -> None:
        """Replace all matches as one step of undo, some after others."""
        pattern = self._pattern()
        if pattern is not None and self._replacing is None:
            self._replacing = _Replacing(self._editor.tracked, pattern, self._new.text())
            self._editor.viewport().setUpdatesEnabled(False)  # painting takes longer than a slice
            self._replace_some()

    def _replace_some(self) -> None:
        replacing = self._replacing
        if replacing is None:
            return
        if replacing.replace_some():
            QTimer.singleShot(_BETWEEN_SLICES_MS, self, self._replace_some)
            return
        self._replacing = None
        self._editor.viewport().setUpdatesEnabled(True)
        if replacing.count:
            self._search_again()
            words = tr_plural("{count} replaced", "{count} replaced", replacing.count)
            announce(self, words)


class _Replacing:
    """The replacement of all matches of a document, from the last one to the first.

    46,000 of 300 pages take 0.3 s. What is typed meanwhile stays, and is searched, too.

    Attributes:
        count: how many were replaced.
    """

    def __init__(self, document: TrackedDocument, pattern: re.Pattern[str], new: str) -> None:
        self._document, self._pattern, self._new = document, pattern, new
        self._matches = _matches_in(document, pattern)
        self._edits = document.edit_count
        self._begun = QTextCursor(document)  # what is behind it is done
        self.count = 0

    def replace_some(self) -> bool:
        """Replace matches for some milliseconds. Return True if more are left."""
        end = perf_counter() + _SLICE_S
        cursor = QTextCursor(self._document)
        if self._document.edit_count != self._edits:
            limit = self._begun.position()
            found = _matches_in(self._document, self._pattern)
            self._matches = [match for match in found if match[1] <= limit]
            cursor.beginEditBlock()
        elif self.count:
            cursor.joinPreviousEditBlock()
        else:
            cursor.beginEditBlock()
        while self._matches:
            start, stop = self._matches.pop()
            cursor.setPosition(start)
            cursor.setPosition(stop, QTextCursor.MoveMode.KeepAnchor)
            cursor.insertText(self._new, QTextCharFormat())
            self._begun.setPosition(start)
            self.count += 1
            if perf_counter() > end:
                break
        cursor.endEditBlock()
        self._edits = self._document.edit_count
        return bool(self._matches)


def _matches_in(document: TrackedDocument, pattern: re.Pattern[str]) -> list[tuple[int, int]]:
    """Return where a pattern is in a document, but not in what changes would delete."""
    text = document.toRawText()
    matches = [match.span() for match in pattern.finditer(text)]
    if matches and not text.isascii() and max(text) > "\uffff":
        position_of = utf16_positions(text)
        matches = [(position_of(start), position_of(end)) for start, end in matches]
    deleted = [each for each in document.ranges() if not each.is_insertion]
    ends = [each.end for each in deleted]

    def is_kept(start: int, end: int) -> bool:
        following = bisect_right(ends, start)
        return following == len(ends) or deleted[following].start >= end

    return [match for match in matches if is_kept(*match)] if deleted else matches
