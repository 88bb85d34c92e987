"""The spelling verdicts on words, shared by all editors.

`Spelling` has no dictionaries: its signals ask a controller for verdicts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QColor, QTextCharFormat
from PySide6.QtWidgets import QMenu

from desktop_app.domain.prose_words import ProseWord, words_of_line
from desktop_app.i18n.translation import tr
from desktop_app.widgets.text.foreign_text import menu_text, spoken_text

_MAX_WORDS: Final = 20_000
"""Beyond this many words all verdicts are dropped, so that memory is bounded."""


class Spelling(QObject):
    """Store of the verdicts on words: misspelled or not. See the module.

    Signals:
        check_requested(list[str]): check these words; pass the result to `mark_misspelled`.
        suggestions_requested(str word, function on_result): call `on_result` with the
            replacements of the word, best first.
        search_requested(str text, int position, function on_result): see `search`.
        addition_requested(str): add a word to the user's dictionary.
        changed(): verdicts on words may have changed.
    """

    check_requested = Signal(list)
    suggestions_requested = Signal(str, object)
    search_requested = Signal(str, int, object)
    addition_requested = Signal(str)
    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.is_enabled = False
        self.ignored_words: set[str] = set()
        self._is_correct: dict[str, bool] = {}  # the verdicts, by word

    def set_enabled(self, is_enabled: bool) -> None:
        """Start or stop checking; drop all verdicts, because the languages may have changed."""
        self.is_enabled = is_enabled
        self._is_correct.clear()
        self.changed.emit()

    def check(self, words: Iterable[ProseWord]) -> None:
        """Request a check of the words without a verdict."""
        unchecked_words = {word.text for word in words} - self._is_correct.keys()
        if not (self.is_enabled and unchecked_words):
            return
        if len(self._is_correct) > _MAX_WORDS:
            self._is_correct.clear()
        self._is_correct.update(dict.fromkeys(unchecked_words, True))  # until the result is known
        self.check_requested.emit(sorted(unchecked_words))

    def mark_misspelled(self, misspelled: Iterable[str]) -> None:
        """Store that these words are misspelled, as `check_requested` or `search` found."""
        self._is_correct.update(dict.fromkeys(misspelled, False))
        self.changed.emit()

    def is_misspelled(self, word: str) -> bool:
        """Return True if checking is on and a word, not ignored, is known to be misspelled."""
        is_correct = self._is_correct.get(word, True) or word in self.ignored_words
        return self.is_enabled and not is_correct

    def misspelled_in(self, line: str) -> list[ProseWord]:
        """Return the words of a line that are known to be misspelled."""
        return [word for word in words_of_line(line) if self.is_misspelled(word.text)]

    def misspelled_at(self, line: str, column: int) -> ProseWord | None:
        """Return the misspelled word that contains a column or ends there; None for none."""
        words = self.misspelled_in(line)
        return next((word for word in words if word.start <= column <= word.end), None)

    def add_suggestions(
        self, menu: QMenu, word: str, replace: Callable[[str], None], show: Callable[[], None]
    ) -> None:
        """Insert the suggestions for a word above the other entries, then call `show`.

        Args:
            replace: replaces the word.
            show: opens the menu.
        """

        def on_suggestions(suggestions: Sequence[str]) -> None:
            self._insert_suggestions(menu, word, suggestions, replace)
            menu.setAccessibleName(spoken_text(tr("Misspelled: {word}", word=word)))
            show()

        self.suggestions_requested.emit(word, on_suggestions)

    def _insert_suggestions(
        self, menu: QMenu, word: str, suggestions: Sequence[str], replace: Callable[[str], None]
    ) -> None:
        first_action = menu.actions()[0] if menu.actions() else menu.addSeparator()
        for suggestion in suggestions:
            entry = QAction(menu_text(suggestion), menu)
            entry.setObjectName("suggestion")
            entry.triggered.connect(partial(replace, suggestion))
            menu.insertAction(first_action, entry)
        if not suggestions:
            menu.insertAction(first_action, QAction(tr("No suggestions"), menu, enabled=False))
        menu.insertSeparator(first_action)
        for name, label, on_triggered in (
            ("add-word", tr("Add “{word}” to dictionary", word=word), self.add),
            ("ignore-word", tr("Ignore “{word}”", word=word), self.ignore),
        ):
            entry = QAction(menu_text(label), menu)
            entry.setObjectName(name)
            entry.triggered.connect(partial(on_triggered, word))
            menu.insertAction(first_action, entry)
        menu.insertSeparator(first_action)

    def search(
        self, text: str, position: int, on_result: Callable[[ProseWord | None], None]
    ) -> None:
        """Request the next misspelled word of a text.

        Args:
            position: the offset at which the search begins, in units of UTF-16; at the end of the
                text, the search continues at the beginning.
            on_result: called with the word, whose `start` is its position in the text, or None.
        """
        self.search_requested.emit(text, position, on_result)

    def ignore(self, word: str) -> None:
        """Accept a word until the program ends."""
        self.ignored_words.add(word)
        self.changed.emit()

    def add(self, word: str) -> None:
        """Add a word to the user's dictionary, which other programs use too."""
        self._is_correct[word] = True
        self.addition_requested.emit(word)
        self.changed.emit()


def misspelling_format(color: QColor) -> QTextCharFormat:
    """Return the format of misspelled words."""
    text_format = QTextCharFormat()
    text_format.setUnderlineStyle(QTextCharFormat.UnderlineStyle.SpellCheckUnderline)
    text_format.setUnderlineColor(color)
    return text_format
