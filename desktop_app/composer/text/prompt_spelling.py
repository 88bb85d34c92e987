"""Underline the misspelled words of the prompt that are visible and outside of code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from PySide6.QtCore import QObject, QPoint, QTimer, Signal
from PySide6.QtGui import QTextBlock, QTextCursor, QTextLayout
from PySide6.QtWidgets import QMenu

from desktop_app.composer.spelling import Spelling, misspelling_format
from desktop_app.composer.text.prompt_text import PromptText
from desktop_app.domain.prose_words import ProseWord, fence_after, words_of_line
from desktop_app.i18n.translation import tr
from desktop_app.widgets.look.theme import current_theme

PAUSE_MS: Final = 300
"""The pause in typing after which new words are checked."""
_MAX_LINES_ABOVE: Final = 300
"""The number of lines above the visible ones that are searched for an open block of code.

It was chosen by eye and bounds the work at each pause. If a block opens further above, its lines
are taken for prose, and those after its closing fence for code.
"""
_MAX_LINES: Final = 100
"""The most lines that are checked; more do not fit on a screen."""


class PromptSpelling(QObject):
    """Underlines of the misspelled words of a text. See the module.

    Signals:
        notice_raised(str): the text to show if `find_next` finds no misspelled word.
    """

    notice_raised = Signal(str)

    def __init__(self, text: PromptText, spelling: Spelling) -> None:
        theme = current_theme()
        super().__init__(text)
        self._text = text
        self._spelling = spelling
        self._format = misspelling_format(theme.error)
        self._timer = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._timer.timeout.connect(self._check_visible)
        text.document().contentsChange.connect(self._on_change)
        text.cursorPositionChanged.connect(self._timer.start)
        text.height_changed.connect(self._timer.start)
        text.verticalScrollBar().valueChanged.connect(lambda _: self._timer.start())
        spelling.changed.connect(self._underline_misspelled)
        self._timer.start()

    def update_theme(self) -> None:
        theme = current_theme()
        self._format = misspelling_format(theme.error)
        self._underline_misspelled()

    def add_suggestions(self, menu: QMenu, cursor: QTextCursor, show: Callable[[], None]) -> None:
        """Insert suggestions if the cursor is at a misspelled word, then call `show`."""
        block = cursor.block()
        word = self._spelling.misspelled_at(block.text(), cursor.positionInBlock())
        if word is None:
            show()
            return
        # The word was found in its line, so it counts from the start of the line.
        selection = self._select(block.position() + word.start, len(word.text))
        self._spelling.add_suggestions(
            menu, word.text, lambda replacement: _replace(selection, word.text, replacement), show
        )

    def find_next(self) -> None:
        """Select the next misspelled word, and show the suggestions for it."""
        cursor = self._text.textCursor()
        start = cursor.position()
        if cursor.hasSelection():
            # The search finds words that end at `start` or later. The selection is usually the word
            # that was found last and ends there; one position further, it is not found again.
            start = cursor.selectionEnd() + 1
        self._spelling.search(self._text.toPlainText(), start, self._show_word)

    def _show_word(self, word: ProseWord | None) -> None:
        if word is None:
            self.notice_raised.emit(tr("No misspelled words found"))
            return
        # The word was found in the whole text, so it counts from the start of the text.
        selection = self._select(word.start, len(word.text))
        if selection.selectedText() != word.text:
            return  # the text changed during the search
        # The search also finds words in lines that were never visible, which have no verdict yet.
        # With a verdict, the word is underlined, and the menu has suggestions for it.
        self._spelling.mark_misspelled([word.text])
        self._text.setTextCursor(selection)
        self._text.ensureCursorVisible()
        self._text.open_menu(selection, self._text.cursorRect(selection).bottomLeft())

    def _select(self, start: int, length: int) -> QTextCursor:
        """Return a selection of a range of the document.

        It ends at the end of the document, which may be shorter than when the range was found.
        """
        last_position = self._text.document().characterCount() - 1
        end = min(start + length, last_position)
        selection = QTextCursor(self._text.document())
        selection.setPosition(min(start, last_position))
        selection.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        return selection

    def _on_change(self, position: int, _removed: int, _added: int) -> None:
        """Update the underlines of the edited line at once; new words wait for a pause."""
        self._timer.start()
        # Underlines must move with their words. A line without underlines has nothing to move and
        # may be code. Further edited lines, such as pasted ones, wait for the pause.
        block = self._text.document().findBlock(position)
        if block.layout().formats() and not self._text.is_composing:
            self._underline(block, self._spelling.misspelled_in(block.text()))

    def _check_visible(self) -> None:
        if self._text.isVisible():
            for _block, words in self._visible_lines():
                self._spelling.check(words)
            self._underline_misspelled()

    def _underline_misspelled(self) -> None:
        for block, words in self._visible_lines():
            self._underline(block, [w for w in words if self._spelling.is_misspelled(w.text)])

    def _visible_lines(self) -> Iterator[tuple[QTextBlock, tuple[ProseWord, ...]]]:
        """Yield the visible blocks with their words; code has none.

        Yield nothing while an input method composes: its text has no positions in the document.
        """
        if self._text.is_composing:
            return
        viewport = self._text.viewport().rect()
        block = self._text.cursorForPosition(QPoint(0, 0)).block()
        last_number = self._text.cursorForPosition(viewport.bottomRight()).blockNumber()
        fence = _fence_before(block)
        for _ in range(_MAX_LINES):
            if not block.isValid() or block.blockNumber() > last_number:
                return
            line = block.text()
            previous_fence = fence
            fence = fence_after(line, fence)
            words: tuple[ProseWord, ...] = ()
            if not previous_fence and not fence:  # the line is neither code nor a fence
                words = words_of_line(line)
            yield block, words
            block = block.next()

    def _underline(self, block: QTextBlock, words: list[ProseWord]) -> None:
        cursor = self._text.textCursor()
        if self._text.hasFocus():
            # The word that ends at the cursor may not be finished.
            cursor_column = cursor.position() - block.position()
            words = [word for word in words if word.end != cursor_column]
        formats = [self._format_range(word) for word in words]
        # An unchanged line is not laid out and painted again.
        if block.layout().formats() != formats:
            block.layout().setFormats(formats)
            self._text.document().markContentsDirty(block.position(), block.length())

    def _format_range(self, word: ProseWord) -> QTextLayout.FormatRange:
        format_range = QTextLayout.FormatRange()
        format_range.start = word.start
        format_range.length = len(word.text)
        format_range.format = self._format
        return format_range


def _fence_before(block: QTextBlock) -> str:
    """Return the code fence that is open before a block; "" for none."""
    lines_above: list[str] = []
    block_above = block.previous()
    while block_above.isValid() and len(lines_above) < _MAX_LINES_ABOVE:
        lines_above.append(block_above.text())
        block_above = block_above.previous()
    fence = ""
    for line in reversed(lines_above):
        fence = fence_after(line, fence)
    return fence


def _replace(selection: QTextCursor, word: str, replacement: str) -> None:
    if selection.selectedText() == word:
        selection.insertText(replacement)
