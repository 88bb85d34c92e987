"""Every window, dialog, card and menu in the pseudo-language, large and small, and at 200 %.

All text comes from the catalog, nothing is cut off or covered, and one part has the focus
(focus_faults.py). REPARTEE_SCREENSHOTS=FOLDER
keeps the pictures; with REPARTEE_LANGUAGE=de, those of a translation.
"""

from __future__ import annotations

import calendar
import importlib
import os
import pkgutil
import re
import socket
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QAccessible, QFontDatabase
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QMessageBox, QPushButton, QWidget
from shiboken6 import isValid

import desktop_app
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import LANGUAGES
from desktop_app.paths import resource_path
from desktop_app.prompts.prompt_library import built_in_prompts
from desktop_app.quick.ui.quick_prompt import QuickPrompt
from desktop_app.widgets.accessible_roles import install_roles
from desktop_app.widgets.look.window_language import WindowLanguage
from tests.gui.app import scenes
from tests.gui.app.app_harness import DISK_FULL, KEYED, AppHarness, until
from tests.gui.app.focus_faults import FocusAudit
from tests.gui.app.layout_faults import layout_faults
from tests.gui.app.surfaces import laid_out, visible_windows
from tests.helpers import pseudo
from tests.helpers.catalogs import shipped_catalog
from tests.helpers.translated_texts import (
    QT_DIALOGS,
    PseudoQtTexts,
    texts_of,
    texts_of_widgets,
    untranslated,
)
from tests.helpers.widgets import shown_widgets

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES: Final = {"large": QSize(1280, 800), "small": QSize(640, 480), "doubled": QSize(800, 600)}
CHOSEN: Final = os.environ.get("REPARTEE_LANGUAGE", "")
CODE: Final = CHOSEN or pseudo.CODE
# The check takes the first walk; the small window shows the most, because its panes are drawers.
WALKS: Final = [
    pytest.param(CODE, size, marks=[pytest.mark.slow] if size == "large" else [])
    for size in ("small", "large")
]
# The first covers the focused part of a conversation, without a text of its own, while the window
# is active; the second is never shown.
UNSEEN: Final = {"FocusTargetButton", "TabAnchor", "_Notification"}
# Qt's own filter of a dialog that has none.
QT_FILTERS: Final = {"All Files (*)"}
PICTURES: Final = os.environ.get("REPARTEE_SCREENSHOTS", "")

# Names of products, of models and of keys, and what a program wrote.
NAMES: Final = (
    *("Repartee", "OpenAI", "CometAPI", "SmolLM2 135M", "GPT-5.2", "Instant", "Thinking", "Pro"),
    *LANGUAGES.values(),
    *(name for info in shipped_catalog() for name in (info.id, info.name)),
    *("smollm2-135m-instruct", "Aug 10, 2026"),
    *("CometAPI", "retried", "retriedxyz"),
    *(prompt.text[:600] for prompt in built_in_prompts()),
    *(prompt.overrides.instructions or "" for prompt in built_in_prompts() if prompt.overrides),
    "remember",  # the word of a command, typed after a slash
    *("recipient", "Recipient", "tone", "Tone", "warm", "cool"),
    *("Summarize", "Find the deadlines", "OpenAI refused the request: content policy."),
    *("It was not reached within a day; Not charged for it.", "Too large."),
    *("“scan.pdf” is encrypted. Remove its password.", DISK_FULL),
    *("Chat Completions", "Responses"),  # APIs
    *("my-notes", "my-mail", "/bin/notes-server --all", "MY_TOKEN", "TOKEN"),  # tool servers
    *("NAME=VALUE", "NAME: VALUE", "npx -y …", "https://"),
    # Questions for the built-in model, which knows English only.
    *("What are three tips for better sleep?", "What is photosynthesis?", "Why is the sky blue?"),
    *("correct horse battery", socket.gethostname()),  # of a library on several computers
    "Qwen3 4B",
    *("max_completion_tokens", "max_tokens", "text-embedding-3-small", "LM Studio", "Ollama"),
)
DATA: Final = re.compile(
    "|".join(
        (
            *map(re.escape, sorted(NAMES, key=len, reverse=True)),
            r"(?:[\w-]+/)?[\w -]+\.(?:pdf|docx|md|zip|pptx)\b",  # files
            r"\{\{[^}]*\}\}",
            r"What stands between tags with the number \d+ is material, not a request\.",
            r"https?://\S+",
            r"/\S+",  # paths
            rf"\b(?:{'|'.join(calendar.month_name[1:])}) \d{{4}}",
            rf"\b(?:{'|'.join(calendar.month_abbr[1:])}) \d{{1,2}}",
            r"\b(?:Enter|Esc)\b",
            r"repartee-library:\S+",
            r"^(?:Aa|W)$",  # signs of buttons
            r"[A-Z2-7]{4}(?: [A-Z2-7]{2,4})+",  # the code of a library
            r"\b(?:(?:Ctrl|Shift|Alt|Meta)\+)+(?:\w+|\S)",
        )
    )
)


@pytest.fixture
def language(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("REPARTEE_LANGUAGE", request.param)
    application = cast(QApplication, QApplication.instance())
    window_language = WindowLanguage(application, resource_path("locale"))
    qt_texts = PseudoQtTexts()
    with pseudo.pseudo_offered():
        window_language.use("")
        if request.param == pseudo.CODE:
            application.installTranslator(qt_texts)
        yield request.param
    application.removeTranslator(qt_texts)
    monkeypatch.setenv("REPARTEE_LANGUAGE", "en")
    window_language.use("")
    formatting.use_formats_of("en")


class Visit:
    """A walk through the scenes of an app; collects the faults that it sees."""

    def __init__(self, app: AppHarness, code: str, size: str) -> None:
        self._app, self._code, self._size = app, code, size
        self.faults: dict[str, str] = {}
        self.seen: set[type] = set()
        self._texts: set[str] = set()  # that were checked
        self._read: set[QWidget] = set()  # windows whose hidden widgets were read, too

    async def look(self, name: str) -> None:
        """Look at all visible windows."""
        room = SIZES[self._size]
        for window in self._windows():
            if not isinstance(window, QMenu):
                window.resize(window.size().boundedTo(room))
        await laid_out(self._app.window)
        for number, window in enumerate(self._windows()):
            shown = shown_widgets(window)
            self.seen.update(map(type, shown))
            if PICTURES:
                self._keep(window, f"{name}-{number}" if number else name)
            if self._code == pseudo.CODE:
                is_new = window not in self._read
                self._read.add(window)
                self._check_translated(name, window, None if is_new else shown)
            if isinstance(window, QMessageBox) and any(
                window.buttonRole(button) is QMessageBox.ButtonRole.DestructiveRole
                for button in window.findChildren(QPushButton)
                if button.isDefault()
            ):
                self._found(name, "Enter presses a destructive button")
            if isinstance(window, QT_DIALOGS):
                continue  # Qt lays them out
            # Menus and the quick prompt adapt to the screen, which is larger here.
            if not isinstance(window, QMenu | QuickPrompt) and not _fits(window, room):
                self._found(name, f"{type(window).__name__} is {window.size().toTuple()}")
            if isinstance(window, QMenu):
                self._check_menu(name, window)
                if window.height() > room.height():
                    continue  # it scrolls
            for fault in layout_faults(window, shown):
                self._found(name, fault)

    def _check_menu(self, name: str, menu: QMenu) -> None:
        if menu.layoutDirection() is not QApplication.layoutDirection():
            self._found(name, "a menu begins at the other side")

    def check_hidden(self) -> None:
        """Check the texts of all widgets, also of those that no scene has shown."""
        for window in self._read:
            if isValid(window):
                self._check_translated("hidden", window)

    def _check_translated(
        self, name: str, window: QWidget, widgets: list[QWidget] | None = None
    ) -> None:
        """Check the texts of widgets, by default of all widgets of the window."""
        texts = set(_checked_texts(window, widgets)) - self._texts
        self._texts |= texts
        for text in texts:
            rest = {text, DATA.sub("", text)}
            if len(untranslated(rest)) == len(rest) and not DATA.fullmatch(text):
                self._found(name, f"not translated: {text!r}")

    def _windows(self) -> list[QWidget]:
        return visible_windows(self._app.window)

    def _found(self, scene: str, fault: str) -> None:
        self.faults.setdefault(fault, scene)

    def _keep(self, window: QWidget, name: str) -> None:
        folder = Path(PICTURES) / f"{self._code}-{self._size}"
        folder.mkdir(parents=True, exist_ok=True)
        window.grab().save(str(folder / f"{name}.png"))


def _fits(window: QWidget, room: QSize) -> bool:
    return window.width() <= room.width() and window.height() <= room.height()


def _checked_texts(window: QWidget, widgets: list[QWidget] | None) -> Iterator[str]:
    if isinstance(window, QT_DIALOGS):  # the rest is Qt's own
        yield window.windowTitle()
        filters = window.nameFilters() if isinstance(window, QFileDialog) else []
        yield from (re.sub(r" \([*. \w]+\)$", "", f) for f in filters if f not in QT_FILTERS)
    else:
        families = _font_families()  # the names that the choice of a font lists
        texts = texts_of(window) if widgets is None else texts_of_widgets(widgets)
        yield from (text for text in texts if text not in families)


@cache
def _font_families() -> frozenset[str]:
    return frozenset(QFontDatabase.families())


_WINDOW_CODE = re.compile(r"desktop_app\.(\w+\.ui|app|composer|transcript|widgets)\.")


def _classes_of_ui() -> set[type]:
    """Return the product's classes of widgets."""
    for module in pkgutil.walk_packages(desktop_app.__path__, "desktop_app."):
        if _WINDOW_CODE.match(module.name):
            importlib.import_module(module.name)
    found, waiting = set(), [QWidget]
    while waiting:
        for cls in waiting.pop().__subclasses__():
            waiting.append(cls)
            if _WINDOW_CODE.match(cls.__module__):
                found.add(cls)
    return found


@pytest.fixture
def screen_reader() -> Iterator[None]:
    QAccessible.setActive(True)
    yield
    QAccessible.setActive(False)


@pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)  # of menus
@pytest.mark.usefixtures("screen_reader")
@pytest.mark.parametrize(("language", "size"), WALKS, indirect=["language"])
async def test_every_window_is_translated_whole_and_has_one_focus(language: str, size: str) -> None:
    faults: dict[str, str] = {}
    seen: set[type] = set()
    async with AppHarness() as app:
        app.window.resize(SIZES[size])
        visit = Visit(app, language, size)
        await scenes.empty_state(app, visit.look)
        faults |= visit.faults
        seen |= visit.seen
        await scenes.fill(app.backend)
    async with AppHarness(environment=KEYED) as app:
        app.window.resize(SIZES[size])
        visit = Visit(app, language, size)
        audit = FocusAudit()
        install_roles(app.window)

        async def look(scene: str) -> None:
            await visit.look(scene)
            await audit.look(scene)

        for scene in scenes.SCENES:
            await scene(app, look)
        visit.check_hidden()
        faults |= visit.faults
        seen |= visit.seen
    listed = "\n".join(sorted(f"{scene}: {fault}" for fault, scene in faults.items()))
    assert not listed, listed
    assert not audit.faults, "\n".join(sorted(audit.faults))
    assert {"delete-project", "delete-prompt", "remove-attachment"} <= audit.deleting
    if size == "small":  # its panes are drawers, too
        missing = {c.__name__ for c in _classes_of_ui() - seen if not c.__subclasses__()}
        assert not ", ".join(sorted(missing - UNSEEN))


@pytest.mark.slow
@pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)  # of menus
async def test_every_window_shows_text_of_twice_the_size_whole() -> None:
    async with AppHarness() as app:
        faults = await _faults_of(app, scenes.empty_state)
        await scenes.fill(app.backend)
    async with AppHarness(environment=KEYED) as app:
        faults |= await _faults_of(app, *scenes.SCENES)
    listed = "\n".join(sorted(f"{scene}: {fault}" for fault, scene in faults.items()))
    assert not listed, listed


async def _faults_of(app: AppHarness, *walks: scenes.Scene) -> dict[str, str]:
    app.theme.set_look(app.theme.look._replace(text_size=200))
    await until(app.window.updatesEnabled)
    app.window.resize(SIZES["doubled"])
    visit = Visit(app, "en", "doubled")
    for walk in walks:
        await walk(app, visit.look)
    return visit.faults
