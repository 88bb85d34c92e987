"""F1 opens the help at the section for the focused part of the window."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QToolButton

from desktop_app.ui.help.help_place import HelpPlace
from desktop_app.ui.help.help_window import HelpWindow
from desktop_app.ui.quick.quick_prompt import QuickPrompt
from desktop_app.ui.spending.spending_view import SpendingView
from tests.gui.app.desk import Desk, until
from tests.helpers.widgets import find


def _windows() -> list[HelpWindow]:
    return [each for each in QApplication.topLevelWidgets() if isinstance(each, HelpWindow)]


async def _opened(desk: Desk, *, at: str) -> HelpWindow:
    place = HelpPlace.parse(at)
    await until(lambda: [each.place for each in _windows() if each.isVisible()] == [place])
    return _windows()[0]


async def test_f1_opens_the_section_of_the_focus() -> None:
    async with Desk() as desk:
        desk.text.setFocus()
        desk.press(Qt.Key.Key_F1)
        shown = await _opened(desk, at="getting-started#ask")
        shown.close()

        desk.window.activateWindow()
        await until(desk.window.isActiveWindow)
        desk.window.search()
        desk.press(Qt.Key.Key_F1)
        assert await _opened(desk, at="conversations#search") is shown
        shown.close()

        desk.window.activateWindow()
        await until(desk.window.isActiveWindow)
        desk.window.show_settings(True)
        desk.window.settings.show_page("keys")
        desk.click("help-button")
        await _opened(desk, at="keyboard#change")
        desk.window.settings.help_requested.emit("")  # as the link in About
        await _opened(desk, at="getting-started")


async def test_f1_works_in_a_dialog() -> None:
    async with Desk() as desk:
        desk.session.actions["spending.show"]()
        await until(lambda: bool(desk.window.findChildren(SpendingView)))
        view = find(desk.window, SpendingView, "spending")
        await until(lambda: view.isActiveWindow() and QApplication.focusWidget() is not None)
        desk.press(Qt.Key.Key_F1)
        shown = await _opened(desk, at="money#spending")
        shown.go_to(HelpPlace("keyboard"))
        QTest.mouseClick(find(view, QToolButton, "help-button"), Qt.MouseButton.LeftButton)
        await _opened(desk, at="money#spending")


@pytest.mark.parametrize(
    ("command", "place"),
    [
        ("batch.show", "documents#batch"),
        ("collections.show", "documents#collections"),
        ("prompts.manage", "conversations#prompts"),
    ],
)
async def test_the_question_mark_of_a_dialog_opens_its_section(command: str, place: str) -> None:
    async with Desk() as desk:
        desk.session.actions[command]()
        await until(lambda: isinstance(QApplication.activeWindow(), QDialog))
        dialog = QApplication.activeWindow()
        assert dialog is not None
        await until(lambda: bool(dialog.property("has-dialog-shortcuts")))
        QTest.mouseClick(find(dialog, QToolButton, "help-button"), Qt.MouseButton.LeftButton)
        await _opened(desk, at=place)


async def test_the_help_names_the_users_shortcut_and_follows_its_own() -> None:
    async with Desk() as desk:
        desk.session.actions["help.open"]()
        await until(lambda: bool(_windows()))
        shown = _windows()[0]
        shown.go_to(HelpPlace("keyboard", "common"))
        assert "Ctrl+Shift+F" in shown.text.toPlainText()
        await desk.state.values.set("keys.list.search", "Ctrl+J")
        await until(lambda: "Ctrl+J" in shown.text.toPlainText())
        assert shown.place == HelpPlace("keyboard", "common")
        assert "Ctrl+Shift+F" not in shown.text.toPlainText()


async def test_the_size_is_remembered() -> None:
    async with Desk() as desk:
        desk.session.actions["help.open"]()
        await until(lambda: bool(_windows()))
        _windows()[0].resize(700, 420)
    async with Desk() as desk:
        desk.session.actions["help.open"]()
        await until(lambda: bool(_windows()))
        shown = _windows()[0]
        assert (shown.width(), shown.height()) == (700, 420)


async def test_f1_works_in_the_quick_prompt() -> None:
    async with Desk() as desk:
        desk.session.actions["quick.open"]()
        await until(lambda: isinstance(QApplication.activeWindow(), QuickPrompt))
        await until(lambda: QApplication.focusWidget() is not None)
        desk.press(Qt.Key.Key_F1)
        await _opened(desk, at="quick-prompt#open")
