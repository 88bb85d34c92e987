"""Spell checking in both prompts, with the system's own dictionaries."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QTextCharFormat, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QPlainTextEdit, QWidget

from desktop_app.composer import dictionaries, spelling
from desktop_app.settings.schema import SPELLING, SPELLING_LANGUAGES
from desktop_app.texts.ui.texts_controller import TextsController
from desktop_app.widgets.text.foreign_text import PlainLabel
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.menus import entry_text

# Offscreen, an open menu cannot hold the keyboard.
pytestmark = pytest.mark.qt_log_ignore("grabbing the keyboard")


@pytest.fixture(autouse=True)
def _english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCHANT_CONFIG_DIR", str(tmp_path / "enchant"))
    monkeypatch.setattr(spelling, "PAUSE_MS", 0)


def marked(text: QPlainTextEdit) -> list[str]:
    """Return the underlined words."""
    found, block = [], text.document().begin()
    while block.isValid():
        for mark in block.layout().formats():
            if mark.format.underlineStyle() != QTextCharFormat.UnderlineStyle.SpellCheckUnderline:
                continue
            units = block.text().encode("utf-16-le")
            word = units[2 * mark.start : 2 * (mark.start + mark.length)].decode("utf-16-le")
            found.append(word)
        block = block.next()
    return found


def open_menu() -> list[str]:
    """Return the entries of the open menu."""
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return [entry_text(action) for action in menu.actions() if action.text()]


def choose(name: str) -> None:
    """Choose the first entry of this name in the open menu, by keyboard."""
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    action = next(a for a in menu.actions() if a.objectName() == name)
    menu.setActiveAction(action)
    QTest.keyClick(menu, Qt.Key.Key_Return)


def press_menu_key(widget: QWidget) -> None:
    reason = QContextMenuEvent.Reason.Keyboard
    at = QPoint(3, 3)
    QCoreApplication.sendEvent(widget, QContextMenuEvent(reason, at, widget.mapToGlobal(at)))


async def begin(app: AppHarness, text: str) -> None:
    await app.session.check_spelling()
    app.text.setPlainText(text)
    app.text.setFocus()


async def popup() -> None:
    await until(lambda: QApplication.activePopupWidget() is not None)


async def test_misspelled_words_are_underlined_and_corrected() -> None:
    async with AppHarness() as app:
        # The menu key offers suggestions and f7 goes to the next word.
        await begin(app, "the wrld turns")
        await until(lambda: marked(app.text) == ["wrld"])
        cursor = app.text.textCursor()
        cursor.setPosition(6)
        app.text.setTextCursor(cursor)
        press_menu_key(app.text)
        await popup()
        assert "world" in open_menu()
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        world = next(a for a in menu.actions() if entry_text(a) == "world")
        menu.setActiveAction(world)
        QTest.keyClick(menu, Qt.Key.Key_Return)
        assert app.text.toPlainText() == "the world turns"
        app.text.undo()
        assert app.text.toPlainText() == "the wrld turns"
        await begin(app, "wrld\n" + "fine words\n" * 300 + "theese")
        for word in ("wrld", "theese", "wrld"):
            app.session.actions["prompt.spelling"].trigger()
            await popup()
            assert app.text.textCursor().selectedText() == word
            menu = QApplication.activePopupWidget()
            assert menu is not None
            menu.close()
        app.text.setPlainText("fine")
        app.session.actions["prompt.spelling"].trigger()
        await until(
            lambda: any(
                label.text() == "No misspelled words found"
                for label in app.window.findChildren(PlainLabel)
            )
        )

        # Misspelled words outside of code are underlined as the settings say.
        await app.start_over()
        await begin(app, "😀 The wrld\n```\nthiss\n```\n`thatt` and theese words")
        await until(lambda: marked(app.text) == ["wrld", "theese"])
        app.text.insertPlainText("abc ")  # at the start
        assert marked(app.text) == ["wrld", "theese"]  # at once, at their new places
        app.text.clear()
        app.type("theese wrld")
        await until(lambda: marked(app.text) == ["theese"])
        app.type(" ")  # a word is marked once the cursor leaves it
        await until(lambda: marked(app.text) == ["theese", "wrld"])
        # A text beside the conversation is checked where it is seen, and F7 goes on there.
        texts = app.state.of(TextsController)
        await texts.open_text(
            "Tides", "The **wrld** theese\n```\nthiss\n```\n" + "and\n" * 300 + "enmd"
        )
        text = texts.pane.editor
        text.setFocus()
        await until(lambda: marked(text) == ["wrld", "theese"])
        app.session.actions["prompt.spelling"].trigger()
        await popup()
        assert text.textCursor().selectedText() == "wrld"
        choose("suggestion")
        assert "**wrld**" not in text.toPlainText()
        await until(lambda: marked(text) == ["theese"])
        text.moveCursor(QTextCursor.MoveOperation.End)
        text.insertPlainText(" ")
        await until(lambda: marked(text)[-1:] == ["enmd"])
        texts.toggle()
        await begin(app, "the wrld turns")
        await until(lambda: marked(app.text) == ["wrld"])
        app.window.settings.pages.change(SPELLING, False)
        await app.written()
        assert marked(app.text) == []
        app.window.settings.pages.change(SPELLING, True)
        # Klingon has no dictionary.
        app.window.settings.pages.change(SPELLING_LANGUAGES, "tlh")
        await app.settled()
        assert marked(app.text) == []


@pytest.mark.parametrize("name", ["add-word", "ignore-word"])
async def test_the_menu_adds_or_ignores_a_word(name: str, tmp_path: Path) -> None:
    async with AppHarness() as app:
        await begin(app, "the wrld wrld")
        await until(lambda: marked(app.text) == ["wrld", "wrld"])
        app.session.actions["prompt.spelling"].trigger()
        await popup()
        assert app.text.textCursor().selectedText() == "wrld"
        choose(name)
        assert marked(app.text) == []
        await app.settled()
    own = list((tmp_path / "enchant").glob("*.dic"))
    assert any("wrld" in path.read_text() for path in own) is (name == "add-word")


async def test_the_setting_names_the_packages_of_a_missing_library(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dictionaries, "LIBRARY", "libnowhere.so.9")

    async with AppHarness() as app:
        await begin(app, "the wrld turns")
        app.window.outer_panes.show_settings(True)
        app.window.settings.show_page("answer")
        notes = [label.text() for label in app.window.settings.findChildren(PlainLabel)]
        assert any("libenchant-2-2 hunspell-en-us" in note for note in notes)
        switch = app.window.settings.findChild(QWidget, SPELLING)
        assert switch is not None
        assert not switch.isEnabled()
        press_menu_key(app.text)
        await popup()
        assert "world" not in open_menu()
