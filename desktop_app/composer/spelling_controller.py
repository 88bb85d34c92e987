"""Checks the spelling of typed text with the system's dictionaries, in a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Final, TypeVar

from PySide6.QtCore import QLocale, QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from desktop_app.app.tasks import Tasks
from desktop_app.composer.spelling import Spelling
from desktop_app.desktop.dictionaries import PACKAGES, Dictionaries, choose_dictionaries
from desktop_app.domain.prose_words import ProseWord, next_misspelled
from desktop_app.i18n.translation import language, tr
from desktop_app.providers.ui.providers import SettingValues
from desktop_app.settings.schema import SPELLING, SPELLING_LANGUAGES
from desktop_app.settings.ui.settings_panel import SettingsPanel
from desktop_app.widgets.forms.schema_form import EditRequest

_T = TypeVar("_T")

SUGGESTIONS_TIMEOUT_S: Final = 1.0
"""The time after which a menu opens without suggestions. Long compounds take longest."""


class SpellingController(QObject):
    """Checker that answers the requests of `spelling`, if a library of dictionaries is installed.

    Attributes:
        spelling: the words that were checked, shared by all editors.
    """

    def __init__(
        self, parent: QObject, *, values: SettingValues, tasks: Tasks, panel: SettingsPanel
    ) -> None:
        super().__init__(parent)
        self._values = values
        self._page = panel.pages.responses
        self._thread = ThreadPoolExecutor(1, "spelling")
        self._dictionaries: Dictionaries | None = None
        self._installed_languages: list[str] = []
        self.spelling = Spelling(self)
        self.spelling.check_requested.connect(tasks.slot(self._check))
        self.spelling.suggestions_requested.connect(tasks.slot(self._suggest))
        self.spelling.search_requested.connect(tasks.slot(self._search))
        self.spelling.addition_requested.connect(tasks.slot(self._add))
        self._page.on_created(lambda page: page.languages_requested.connect(self.choose_languages))
        values.changed.connect(self._on_value_changed)

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
        self._apply_settings()

    def _on_value_changed(self, key: str) -> None:
        if key in (SPELLING, SPELLING_LANGUAGES):
            self._apply_settings()

    def _apply_settings(self) -> None:
        self.spelling.set_enabled(bool(self._installed_languages and self._values[SPELLING]))

    @property
    def _languages(self) -> list[str]:
        chosen_languages = str(self._values[SPELLING_LANGUAGES] or "").split()
        ui_languages = [*QLocale.system().uiLanguages(), language()]
        return chosen_languages or choose_dictionaries(
            self._installed_languages, [name.replace("-", "_") for name in ui_languages]
        )

    async def _run_in_thread(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _check(self, words: list[str]) -> None:
        if (dictionaries := self._dictionaries) is not None:
            languages = self._languages
            misspelled = await self._run_in_thread(
                partial(dictionaries.misspelled, words, languages)
            )
            if misspelled and languages == self._languages:  # otherwise they are checked again
                self.spelling.mark_misspelled(misspelled)

    async def _suggest(self, word: str, on_result: Callable[[Sequence[str]], None]) -> None:
        suggestions: list[str] = []
        if (dictionaries := self._dictionaries) is not None:
            work = self._run_in_thread(partial(dictionaries.suggestions, word, self._languages))
            with suppress(TimeoutError):  # the menu opens without them
                suggestions = await asyncio.wait_for(work, SUGGESTIONS_TIMEOUT_S)
        on_result(suggestions)

    async def _search(
        self, text: str, position: int, on_result: Callable[[ProseWord | None], None]
    ) -> None:
        if (dictionaries := self._dictionaries) is None or not self.spelling.is_enabled:
            on_result(None)
            return
        languages = self._languages
        ignored = frozenset(self.spelling.ignored_words)
        work = partial(
            next_misspelled,
            text,
            position,
            lambda words: dictionaries.misspelled(words, languages) - ignored,
        )
        on_result(await self._run_in_thread(work))

    async def _add(self, word: str) -> None:
        if (dictionaries := self._dictionaries) is not None:
            await self._run_in_thread(partial(dictionaries.add, word, self._languages))

    def choose_languages(self, request: EditRequest) -> QMenu:
        """Open and return the menu of the installed dictionaries; any number can be chosen."""
        from PySide6.QtCore import Qt

        from desktop_app.widgets.forms.schema_form import language_name
        from desktop_app.widgets.program_menu import ChecklistMenu
        from desktop_app.widgets.text.foreign_text import menu_text

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

    async def aclose(self) -> None:
        """Free the dictionaries, and end the thread."""
        if self._dictionaries is not None:
            await self._run_in_thread(self._dictionaries.close)
        self._dictionaries = None
        self._thread.shutdown()
