"""Every command by name: the palette of the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton

from desktop_app.app.library.navigator import Navigator
from desktop_app.commands.command import COMMANDS
from desktop_app.ui.composer.choice.choice_view import ModelEntry
from desktop_app.ui.transcript.viewport.transcript_surface import FocusFrame
from desktop_app.ui.window.command_palette import CommandPalette
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.widgets import find

if TYPE_CHECKING:
    import pytest

CTRL = Qt.KeyboardModifier.ControlModifier


def open_palette(app: AppHarness) -> CommandPalette:
    app.press(Qt.Key.Key_K, CTRL)
    return find(app.window, CommandPalette, "command-palette")


def titles(shown: CommandPalette) -> list[str]:
    return [shown.model.index(row, 0).data() for row in range(shown.model.rowCount())]


async def test_every_action_is_in_the_palette_and_a_few_letters_run_it() -> None:
    async with AppHarness() as app:
        shown = open_palette(app)
        assert shown.isVisible()
        actions = {command.title for command in COMMANDS if command.id in app.session.actions}
        assert actions - {"Show all commands"} < set(titles(shown))  # settings and models, too
        QTest.keyClicks(shown.field, "show hide sett")
        assert titles(shown) == ["Show or hide settings"]
        app.press(Qt.Key.Key_Return)
        assert not shown.isVisible()
        await until(lambda: app.window.settings.isVisible())


async def test_keys_pressed_during_the_start_reach_the_palette(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load = Navigator.load

    async def press_and_load(navigator: Navigator) -> None:
        app.window.activateWindow()
        await until(app.window.isActiveWindow)
        app.type("A question")
        app.text.moveCursor(QTextCursor.MoveOperation.Start)
        app.press(Qt.Key.Key_K, CTRL)
        QTest.keyClicks(QApplication.focusWidget() or app.window, "hide sett")
        await load(navigator)
        app.press(Qt.Key.Key_Return)

    monkeypatch.setattr(Navigator, "load", press_and_load)
    app = AppHarness()
    async with app:
        assert app.text.toPlainText() == "A question"
        await until(app.window.settings.isVisible)
        assert app.providers.turns == []
        assert open_palette(app).isVisible()  # the keys are bound only once


async def test_the_word_library_finds_what_is_done_with_it() -> None:
    async with AppHarness() as app:
        shown = open_palette(app)
        QTest.keyClicks(shown.field, "library")
        assert {"Import conversations…", "Backups, import, and export"} <= {*titles(shown)}


async def test_a_setting_is_found_by_its_values() -> None:
    async with AppHarness() as app:
        shown = open_palette(app)
        for value in ("dark", "high contrast"):
            shown.field.clear()
            QTest.keyClicks(shown.field, value)
            assert titles(shown)[:1] == ["Theme"]


async def test_escape_restores_the_focus() -> None:
    async with AppHarness() as app:
        app.type("half a question")
        shown = open_palette(app)
        QTest.keyClicks(shown.field, "no such thing")
        assert titles(shown) == []
        app.press(Qt.Key.Key_Return)  # nothing to run, and nothing is sent
        assert shown.isVisible()
        app.press(Qt.Key.Key_Escape)
        assert not shown.isVisible()
        assert QApplication.focusWidget() is app.text
        assert app.text.toPlainText() == "half a question"
        assert app.providers.turns == []


async def test_a_command_acts_on_the_message_that_shows_the_focus_again() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Question", "Words")
        view, act = app.window.transcript, app.session.actions
        act["message.previous"]()
        answer, frame = app.state.current.path[-1].id, view.findChild(FocusFrame)
        assert frame is not None
        assert frame.isVisible()
        shown = open_palette(app)
        assert not frame.isVisible()
        QTest.keyClicks(shown.field, "previous version")
        app.press(Qt.Key.Key_Return)
        assert app.said == "This message has no other versions."
        assert frame.isVisible()
        view.setFocus(Qt.FocusReason.MouseFocusReason)
        app.text.setFocus()
        view.setFocus(Qt.FocusReason.MouseFocusReason)  # without a painted caret
        assert view.focus_navigator.focused_message_id() == answer


async def test_a_shortcut_that_moves_the_focus_closes_the_palette() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("One", "1")
        shown = open_palette(app)
        app.press(Qt.Key.Key_N, CTRL)
        await until(lambda: not shown.isVisible())
        assert QApplication.focusWidget() is app.text


async def test_arrow_keys_select_rows_and_a_second_ctrl_k_closes_the_palette() -> None:
    async with AppHarness() as app:
        shown = open_palette(app)
        app.press(Qt.Key.Key_Down)
        app.press(Qt.Key.Key_Down)
        assert shown.view.currentIndex().row() == 2
        assert shown.view.selectedIndexes() == [shown.view.currentIndex()]
        app.press(Qt.Key.Key_K, CTRL)
        assert not shown.isVisible()
        assert titles(shown) == []  # nothing hidden is left for a screen reader


async def test_conversations_settings_and_prompts_are_in_the_same_field() -> None:
    async with AppHarness() as app:
        first = await app.ask_and_answer("Letters to a client", "Dear client")
        app.session.actions["conversation.new"]()
        shown = open_palette(app)
        QTest.keyClicks(shown.field, "letters")
        await until(lambda: "Letters to a client" in titles(shown))
        app.press(Qt.Key.Key_Return)
        await until(lambda: app.open_id == first)
        shown = open_palette(app)
        QTest.keyClicks(shown.field, "theme")
        assert titles(shown)[0] == "Theme"
        app.press(Qt.Key.Key_Return)
        focused = QApplication.focusWidget()
        assert focused is not None
        assert app.window.settings.isAncestorOf(focused)
        shown = open_palette(app)
        QTest.keyClicks(shown.field, "smollm")
        assert any("SmolLM2" in title for title in titles(shown))
        app.press(Qt.Key.Key_Escape)
        await app.written()
        assert app.setting("palette.uses")


async def test_the_last_chosen_row_is_first_next_time() -> None:
    async with AppHarness() as app:
        shown = open_palette(app)
        await app.written()
        QTest.keyClicks(shown.field, "show all conv")
        app.press(Qt.Key.Key_Return)
        shown = open_palette(app)
        assert titles(shown)[0] == "Show all conversations"
        QTest.keyClicks(shown.field, "show")
        assert titles(shown)[0] == "Show all conversations"
        app.press(Qt.Key.Key_Escape)
        await app.written()


async def test_the_first_row_for_settings_shows_them_and_never_hides_them() -> None:
    async with AppHarness() as app:
        for _ in range(2):
            shown = open_palette(app)
            QTest.keyClicks(shown.field, "settings")
            assert titles(shown)[0] == "Settings"
            app.press(Qt.Key.Key_Return)
            await until(app.window.settings.isVisible)
            focused = QApplication.focusWidget()
            assert focused is not None
            assert app.window.settings.isAncestorOf(focused)


async def test_parts_of_the_settings_without_a_value_are_found() -> None:
    async with AppHarness() as app:
        shown = open_palette(app)
        QTest.keyClicks(shown.field, "api key")
        app.press(Qt.Key.Key_Return)
        await until(lambda: (at := QApplication.focusWidget()) and at.objectName() == "key")
        shown = open_palette(app)
        QTest.keyClicks(shown.field, "delete everything")
        app.press(Qt.Key.Key_Return)
        section = find(app.window, QToolButton, "delete-everything")
        await until(section.isVisible)
        assert section.isChecked()
        shown = open_palette(app)
        QTest.keyClicks(shown.field, "pro")
        assert titles(shown)[0] == "Use Pro"
        app.press(Qt.Key.Key_Escape)


async def test_a_palette_opened_twice_lists_a_collection_once() -> None:
    async with AppHarness() as app:
        await app.backend.collections.create("Contracts")
        open_palette(app)
        open_palette(app)
        shown = open_palette(app)
        await app.settled()
        QTest.keyClicks(shown.field, "contracts")
        assert titles(shown) == ["Contracts"]


async def test_models_of_the_same_name_have_a_row_each(monkeypatch: pytest.MonkeyPatch) -> None:
    same = tuple(ModelEntry("lab", "Lab", f"v{number}", "House model", None) for number in (1, 2))
    async with AppHarness() as app:
        monkeypatch.setattr(app.controllers.composer.choices, "models", same)
        shown = open_palette(app)
        QTest.keyClicks(shown.field, "house model")
        assert titles(shown) == ["Lab: House model"] * 2
        app.press(Qt.Key.Key_Escape)
