"""Underlines misspelled words in a field of one line, which has no document of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QObject, QTimer, Signal
from PySide6.QtGui import QInputMethodEvent

from desktop_app.domain.prose_words import LONGEST_LINE, words_of_line
from desktop_app.i18n.translation import tr
from desktop_app.ui.composer.prompt_spelling import PAUSE_MS
from desktop_app.ui.composer.spelling import misspelling_format

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QMenu

    from desktop_app.domain.prose_words import ProseWord
    from desktop_app.ui.composer.spelling import Spelling
    from desktop_app.ui.look.theme import Theme
    from desktop_app.ui.quick.quick_prompt_field import QuickPromptField


class LineSpelling(QObject):
    """Marks the misspelled words of a line. See the module.

    Signals:
        notice_raised(str): a sentence about a search without a result.
    """

    notice_raised = Signal(str)

    def __init__(self, field: QuickPromptField, spelling: Spelling, theme: Theme) -> None:
        super().__init__(field)
        self._field, self._spelling = field, spelling
        self._format = misspelling_format(theme.error)
        self._timer = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._timer.timeout.connect(self._check)
        field.textChanged.connect(self._on_change)
        field.cursorPositionChanged.connect(lambda *_: self._timer.start())
        spelling.changed.connect(self._mark)
        self._timer.start()

    def set_theme(self, theme: Theme) -> None:
        """Apply a theme."""
        self._format = misspelling_format(theme.error)
        self._mark()

    def complete(self, menu: QMenu, at: int, show: Callable[[], None]) -> None:
        """Show a menu, with suggestions first if there is a misspelled word at the position."""
        word = self._spelling.misspelled_at(self._field.text(), at)
        if word is None:
            show()
            return

        def replace(new: str) -> None:
            self._select(word)
            if self._field.selectedText() == word.text:
                self._field.insert(new)

        self._spelling.complete(menu, word.text, replace, show)

    def find_next(self) -> None:
        """Select the next misspelled word, and show the suggestions for it."""
        field = self._field
        is_marked = field.hasSelectedText()
        behind = field.selectionEnd() + 1 if is_marked else field.cursorPosition()
        self._spelling.search(field.text(), behind, self._show)

    def _show(self, word: ProseWord | None) -> None:
        if word is None:
            self.notice_raised.emit(tr("No misspelled words found"))
            return
        self._select(word)
        if self._field.selectedText() != word.text:
            return  # the text changed during the search
        self._spelling.learn([word.text])
        place = self._field.mapToGlobal(self._field.cursorRect().bottomLeft())
        self._field.open_menu(word.end, place)

    def _select(self, word: ProseWord) -> None:
        self._field.setSelection(word.start, len(word.text))

    def _on_change(self) -> None:
        self._timer.start()
        self._mark()

    def _check(self) -> None:
        if self._field.isVisible():
            self._spelling.meet(words_of_line(self._field.text()))
            self._mark()

    def _mark(self) -> None:
        """Draw the underlines as formats of an input method: the line takes no others."""
        field, at = self._field, self._field.cursorPosition()
        if field.is_composing or len(field.text()) > LONGEST_LINE:
            return
        typed = at if field.hasFocus() else -1
        kind = QInputMethodEvent.AttributeType.TextFormat
        marks = [
            # Counted from the cursor.
            QInputMethodEvent.Attribute(kind, word.start - at, len(word.text), self._format)
            for word in self._spelling.misspelled_in(field.text())
            if word.end != typed
        ]
        QCoreApplication.sendEvent(field, QInputMethodEvent("", marks))
