"""The spelling of typed text, checked with the system's dictionaries in a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from PySide6.QtCore import QLocale, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QColor, QTextBlock, QTextCharFormat, QTextCursor, QTextLayout
from PySide6.QtWidgets import QMenu

from desktop_app.composer.dictionaries import PACKAGES, Dictionaries, choose_dictionaries
from desktop_app.composer.written_field import WrittenField
from desktop_app.domain.prose_words import ProseWord, fence_after, next_misspelled, words_of_line
from desktop_app.i18n.translation import language, tr
from desktop_app.settings.schema import SPELLING, SPELLING_LANGUAGES
from desktop_app.widgets.forms.schema_form import EditRequest, language_name
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.program_menu import ChecklistMenu
from desktop_app.widgets.text.foreign_text import menu_text, spoken_text

if TYPE_CHECKING:
    from desktop_app.app.provider_list import SettingValues
    from desktop_app.app.tasks import Tasks
    from desktop_app.app.window.settings_pages import LazyPage

_T = TypeVar("_T")

PAUSE_MS: Final = 300
"""The pause in typing after which new words are checked."""
SUGGESTIONS_TIMEOUT_S: Final = 1.0
"""The time after which a menu opens without suggestions. Long compounds take longest."""
_MAX_WORDS: Final = 20_000
"""Beyond this many words all verdicts are dropped, so that memory is bounded."""
_MAX_CHARACTERS: Final = 50_000
"""Longer texts, which only a plain paste inserts, have no underlines, to keep pauses short."""


class Spelling(QObject):
    """The verdicts of the installed dictionaries on words, shared by all fields.

    Args:
        page: the page of settings that says if dictionaries are missing.

    Signals:
        changed(): verdicts on words may have changed.
    """

    changed = Signal()

    def __init__(
        self, parent: QObject, tasks: Tasks, values: SettingValues, page: LazyPage[Any]
    ) -> None:
        super().__init__(parent)
        self.tasks = tasks
        self._values = values
        self._page = page
        self._thread = ThreadPoolExecutor(1, "spelling")
        self._dictionaries: Dictionaries | None = None
        self._installed_languages: list[str] = []
        self._is_enabled = False
        self._ignored_words: set[str] = set()
        self._is_correct: dict[str, bool] = {}  # the verdicts, by word
        self._values.changed.connect(self._on_value_changed)

    async def start(self) -> None:
        """Load the library, and show in the settings if it or every dictionary is missing."""
        with suppress(OSError):  # shown below
            self._dictionaries = await self._run_in_thread(Dictionaries)
            self._installed_languages = await self._run_in_thread(self._dictionaries.languages)
        if not self._installed_languages:
            missing_note = tr(
                "Install these packages to check spelling: {packages}", packages=PACKAGES
            )
            refusals = {SPELLING: missing_note, SPELLING_LANGUAGES: ""}
            self._page.set_content("spelling", lambda page: page.set_spelling_refusals(refusals))
        self._on_value_changed(SPELLING)

    async def aclose(self) -> None:
        """Free the dictionaries, and end the thread."""
        if self._dictionaries is not None:
            await self._run_in_thread(self._dictionaries.close)
        self._dictionaries = None
        self._thread.shutdown()

    def _on_value_changed(self, key: str) -> None:
        """Start or stop checking; drop all verdicts, because the languages may have changed."""
        if key in (SPELLING, SPELLING_LANGUAGES):
            self._is_enabled = bool(self._installed_languages and self._values[SPELLING])
            self._is_correct.clear()
            self.changed.emit()

    @property
    def _languages(self) -> list[str]:
        chosen_languages = str(self._values[SPELLING_LANGUAGES] or "").split()
        ui_languages = [*QLocale.system().uiLanguages(), language()]
        return chosen_languages or choose_dictionaries(
            self._installed_languages, [name.replace("-", "_") for name in ui_languages]
        )

    async def _run_in_thread(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    # ------------------------------------------------------------------ words

    def is_misspelled(self, word: str) -> bool:
        """Return True if checking is on and a word, not ignored, is known to be misspelled."""
        is_correct = self._is_correct.get(word, True) or word in self._ignored_words
        return self._is_enabled and not is_correct

    async def check(self, words: Iterable[str]) -> None:
        """Check the words without a verdict."""
        unchecked_words = set(words) - self._is_correct.keys()
        if (dictionaries := self._dictionaries) is None or not (
            self._is_enabled and unchecked_words
        ):
            return
        if len(self._is_correct) > _MAX_WORDS:
            self._is_correct.clear()
        self._is_correct.update(dict.fromkeys(unchecked_words, True))  # until the result is known
        languages = self._languages
        misspelled = await self._run_in_thread(
            partial(dictionaries.misspelled, sorted(unchecked_words), languages)
        )
        if misspelled and languages == self._languages:  # otherwise they are checked again
            self.mark_misspelled(misspelled)

    def mark_misspelled(self, misspelled: Iterable[str]) -> None:
        self._is_correct.update(dict.fromkeys(misspelled, False))
        self.changed.emit()

    async def next_misspelled(self, text: str, position: int) -> ProseWord | None:
        """Return the next misspelled word, which counts from the start of the text; None for none.

        Args:
            position: the offset at which the search begins, in units of UTF-16; at the end of the
                text, the search continues at the beginning.
        """
        if (dictionaries := self._dictionaries) is None or not self._is_enabled:
            return None
        languages, ignored = self._languages, frozenset(self._ignored_words)

        def misspelled(words: Iterable[str]) -> set[str]:
            return dictionaries.misspelled(words, languages) - ignored

        return await self._run_in_thread(partial(next_misspelled, text, position, misspelled))

    async def add_suggestions(self, menu: QMenu, word: str, replace: Callable[[str], None]) -> None:
        """Insert the replacements for a word above the other entries of a menu."""
        suggestions: Sequence[str] = ()
        if (dictionaries := self._dictionaries) is not None:
            work = self._run_in_thread(partial(dictionaries.suggestions, word, self._languages))
            with suppress(TimeoutError):  # the menu opens without them
                suggestions = await asyncio.wait_for(work, SUGGESTIONS_TIMEOUT_S)
        menu.setAccessibleName(spoken_text(tr("Misspelled: {word}", word=word)))
        first_action = menu.actions()[0] if menu.actions() else menu.addSeparator()

        def insert(name: str, label: str, on_triggered: Callable[[], None]) -> None:
            entry = QAction(menu_text(label), menu, objectName=name)  # type: ignore[call-overload]
            entry.triggered.connect(lambda: on_triggered())
            menu.insertAction(first_action, entry)

        for suggestion in suggestions:
            insert("suggestion", suggestion, partial(replace, suggestion))
        if not suggestions:
            menu.insertAction(first_action, QAction(tr("No suggestions"), menu, enabled=False))
        menu.insertSeparator(first_action)

        def add() -> None:
            """Add the word to the user's dictionary, which other programs use too."""
            self._is_correct[word] = True
            self.changed.emit()
            if dictionaries is not None:
                add_word = partial(dictionaries.add, word, self._languages)
                self.tasks.start(self._run_in_thread(add_word))

        def ignore() -> None:
            self._ignored_words.add(word)  # until the program ends
            self.changed.emit()

        insert("add-word", tr("Add “{word}” to dictionary", word=word), add)
        insert("ignore-word", tr("Ignore “{word}”", word=word), ignore)
        menu.insertSeparator(first_action)

    # ------------------------------------------------------------------ languages

    def choose_languages(self, request: EditRequest) -> QMenu:
        """Open and return the menu of the installed dictionaries; any number can be chosen."""
        chosen_codes = request.value.split()
        menu = ChecklistMenu(request.anchor)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        actions: dict[str, QAction] = {}

        # "" stands for the system's languages, which apply while no others are chosen.
        def show_choice() -> None:
            for code, action in actions.items():
                action.setChecked(code in chosen_codes if code else not chosen_codes)

        def choose(code: str) -> None:
            if not code:
                chosen_codes.clear()
            elif code in chosen_codes:
                chosen_codes.remove(code)
            else:
                chosen_codes.append(code)
            show_choice()
            request.on_changed("\n".join(chosen_codes))

        for code in ("", *sorted({*self._installed_languages, *chosen_codes}, key=language_name)):
            action = menu.addAction(menu_text(language_name(code)) if code else tr("System"))
            action.setCheckable(True)
            action.triggered.connect(partial(choose, code))
            actions[code] = action
        show_choice()
        menu.popup(request.anchor.mapToGlobal(request.anchor.rect().bottomLeft()))
        return menu


class FieldSpelling(QObject):
    """Underlines of the misspelled words of a field outside of code.

    They are formats of the layout: QSyntaxHighlighter would report each of them as an edit. A field
    that has a highlighter overrides `lines` and `underline`.
    """

    def __init__(self, text: WrittenField, spelling: Spelling) -> None:
        super().__init__(text)
        self._text = text
        self.spelling = spelling
        self._format = misspelling_format(current_theme().error)
        self._timer = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._timer.timeout.connect(self._check)
        self.watch_document()
        text.cursorPositionChanged.connect(self.check_soon)
        spelling.changed.connect(self._underline_misspelled)

    def watch_document(self) -> None:
        """Check the words of the document that the field shows now."""
        self._text.document().contentsChange.connect(self.on_change)
        self.check_soon()

    def update_theme(self) -> None:
        self._format = misspelling_format(current_theme().error)
        self._underline_misspelled()

    def check_soon(self) -> None:
        """Check words after a pause."""
        self._timer.start()

    def on_change(self, position: int, _removed: int, _added: int) -> None:
        """Move the underlines of the edited line at once; new words wait for a pause."""
        self.check_soon()
        block = self._text.document().findBlock(position)
        # A line without underlines has nothing to move and may be code.
        if block.layout().formats() and not self._text.is_composing:
            self.underline(block, words_of_line(block.text()))

    def _check(self) -> None:
        words = {word.text for _block, words in self.lines() for word in words}
        self.spelling.tasks.start(self.spelling.check(words))
        self._underline_misspelled()

    def _underline_misspelled(self) -> None:
        for block, words in self.lines():
            self.underline(block, words)

    def lines(self) -> Iterator[tuple[QTextBlock, tuple[ProseWord, ...]]]:
        """Yield the blocks with their words; code has none.

        Yield nothing while an input method composes: its text has no positions in the document.
        """
        if self._text.is_composing or self._text.document().characterCount() > _MAX_CHARACTERS:
            return
        block = self._text.document().firstBlock()
        fence = ""
        while block.isValid():
            previous_fence = fence
            fence = fence_after(block.text(), fence)
            yield block, () if previous_fence or fence else words_of_line(block.text())
            block = block.next()

    def underline(self, block: QTextBlock, words: Iterable[ProseWord]) -> None:
        formats = []
        for word in words:
            if self.is_underlined(block, word):
                underline = QTextLayout.FormatRange()
                underline.start, underline.length = word.start, len(word.text)
                underline.format = self._format
                formats.append(underline)
        # An unchanged line is not laid out and painted again.
        if block.layout().formats() != formats:
            block.layout().setFormats(formats)
            self._text.document().markContentsDirty(block.position(), block.length())

    def is_underlined(self, block: QTextBlock, word: ProseWord) -> bool:
        """Return True for a misspelled word, unless it ends at the cursor: it may be unfinished."""
        if not self.spelling.is_misspelled(word.text):
            return False
        cursor_column = self._text.textCursor().position() - block.position()
        return not (self._text.hasFocus() and word.end == cursor_column)

    def add_suggestions(self, menu: QMenu, cursor: QTextCursor, show: Callable[[], None]) -> None:
        """Insert suggestions if the cursor is at a misspelled word, then call `show`."""
        block, column = cursor.block(), cursor.positionInBlock()
        words = (w for w in words_of_line(block.text()) if w.start <= column <= w.end)
        word = next((word for word in words if self.spelling.is_misspelled(word.text)), None)
        if word is None:
            show()
            return
        # The word was found in its line, so it counts from the start of the line.
        selection = self._select(block.position() + word.start, len(word.text))

        async def add_and_show() -> None:
            await self.spelling.add_suggestions(
                menu,
                word.text,
                lambda replacement: (
                    selection.insertText(replacement)
                    if selection.selectedText() == word.text
                    else None
                ),
            )
            show()

        self.spelling.tasks.start(add_and_show())

    async def find_next(self) -> None:
        """Select the next misspelled word, and show the suggestions for it."""
        cursor = self._text.textCursor()
        start = cursor.position()
        if cursor.hasSelection():
            # The search finds words that end at `start` or later. The selection is usually the word
            # that was found last and ends there; one position further, it is not found again.
            start = cursor.selectionEnd() + 1
        word = await self.spelling.next_misspelled(self._text.toPlainText(), start)
        if word is None:
            self._text.notice_raised.emit(tr("No misspelled words found"))
            return
        selection = self._select(word.start, len(word.text))
        if selection.selectedText() != word.text:
            return  # the text changed during the search
        # With a verdict, the word is underlined, and the menu has suggestions for it.
        self.spelling.mark_misspelled([word.text])
        self._text.setTextCursor(selection)
        self._text.ensureCursorVisible()
        self._text.open_menu(selection, self._text.cursorRect(selection).bottomLeft())

    def _select(self, start: int, length: int) -> QTextCursor:
        """Return a selection of a range, within a document that may have become shorter."""
        last_position = self._text.document().characterCount() - 1
        selection = QTextCursor(self._text.document())
        selection.setPosition(min(start, last_position))
        selection.setPosition(min(start + length, last_position), QTextCursor.MoveMode.KeepAnchor)
        return selection


def misspelling_format(color: QColor) -> QTextCharFormat:
    """Return the format of misspelled words."""
    text_format = QTextCharFormat()
    text_format.setUnderlineStyle(QTextCharFormat.UnderlineStyle.SpellCheckUnderline)
    text_format.setUnderlineColor(color)
    return text_format
