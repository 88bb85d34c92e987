"""Every command by name: the palette of the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton

from desktop_app.app.chat.available_models import AvailableModels
from desktop_app.ui.composer.choice_view import ModelEntry
from desktop_app.ui.window.command_palette import CommandPalette
from tests.gui.app.desk import Desk, until
from tests.helpers.widgets import find

if TYPE_CHECKING:
    import pytest

CTRL = Qt.KeyboardModifier.ControlModifier


def palette(desk: Desk) -> CommandPalette:
    desk.press(Qt.Key.Key_K, CTRL)
    return find(desk.window, CommandPalette, "command-palette")


def titles(shown: CommandPalette) -> list[str]:
    return [shown.model.index(row, 0).data() for row in range(shown.model.rowCount())]


async def test_every_action_is_in_the_palette_and_a_few_letters_run_it() -> None:
    async with Desk() as desk:
        shown = palette(desk)
        offered = len(desk.session.actions) - 1
        assert shown.isVisible()
        assert len(titles(shown)) > offered  # settings and models, too
        QTest.keyClicks(shown.field, "hide settings")
        assert titles(shown) == ["Show or hide settings"]
        desk.press(Qt.Key.Key_Return)
        assert not shown.isVisible()
        await until(lambda: desk.window.settings.isVisible())


async def test_the_word_library_finds_what_is_done_with_it() -> None:
    async with Desk() as desk:
        shown = palette(desk)
        QTest.keyClicks(shown.field, "library")
        assert {"Import conversations…", "Backups, import, and export"} <= {*titles(shown)}


async def test_escape_restores_the_focus() -> None:
    async with Desk() as desk:
        desk.type("half a question")
        shown = palette(desk)
        QTest.keyClicks(shown.field, "no such thing")
        assert titles(shown) == []
        desk.press(Qt.Key.Key_Return)  # nothing to run, and nothing is sent
        assert shown.isVisible()
        desk.press(Qt.Key.Key_Escape)
        assert not shown.isVisible()
        assert QApplication.focusWidget() is desk.text
        assert desk.text.toPlainText() == "half a question"
        assert desk.stage.turns == []


async def test_a_shortcut_that_moves_the_focus_closes_the_palette() -> None:
    async with Desk() as desk:
        await desk.ask_and_answer("One", "1")
        shown = palette(desk)
        desk.press(Qt.Key.Key_N, CTRL)
        await until(lambda: not shown.isVisible())
        assert QApplication.focusWidget() is desk.text


async def test_arrow_keys_select_rows_and_a_second_ctrl_k_closes_the_palette() -> None:
    async with Desk() as desk:
        shown = palette(desk)
        desk.press(Qt.Key.Key_Down)
        desk.press(Qt.Key.Key_Down)
        assert shown.view.currentIndex().row() == 2
        assert shown.view.selectedIndexes() == [shown.view.currentIndex()]
        desk.press(Qt.Key.Key_K, CTRL)
        assert not shown.isVisible()
        assert titles(shown) == []  # nothing hidden is left for a screen reader


async def test_conversations_settings_and_prompts_are_in_the_same_field() -> None:
    async with Desk() as desk:
        first = await desk.ask_and_answer("Letters to a client", "Dear client")
        desk.session.actions["conversation.new"]()
        shown = palette(desk)
        QTest.keyClicks(shown.field, "letters")
        await until(lambda: "Letters to a client" in titles(shown))
        desk.press(Qt.Key.Key_Return)
        await until(lambda: desk.open_id == first)
        shown = palette(desk)
        QTest.keyClicks(shown.field, "theme")
        assert titles(shown)[0] == "Theme"
        desk.press(Qt.Key.Key_Return)
        focused = QApplication.focusWidget()
        assert focused is not None
        assert desk.window.settings.isAncestorOf(focused)
        shown = palette(desk)
        QTest.keyClicks(shown.field, "smollm")
        assert any("SmolLM2" in title for title in titles(shown))
        desk.press(Qt.Key.Key_Escape)
        await desk.written()
        assert desk.setting("palette.uses")


async def test_the_last_chosen_row_is_first_next_time() -> None:
    async with Desk() as desk:
        shown = palette(desk)
        await desk.written()
        QTest.keyClicks(shown.field, "show all conv")
        desk.press(Qt.Key.Key_Return)
        shown = palette(desk)
        assert titles(shown)[0] == "Show all conversations"
        QTest.keyClicks(shown.field, "show")
        assert titles(shown)[0] == "Show all conversations"
        desk.press(Qt.Key.Key_Escape)
        await desk.written()


async def test_parts_of_the_settings_without_a_value_are_found() -> None:
    async with Desk() as desk:
        shown = palette(desk)
        QTest.keyClicks(shown.field, "api key")
        desk.press(Qt.Key.Key_Return)
        await until(lambda: (at := QApplication.focusWidget()) and at.objectName() == "key")
        shown = palette(desk)
        QTest.keyClicks(shown.field, "delete everything")
        desk.press(Qt.Key.Key_Return)
        section = find(desk.window, QToolButton, "delete-everything")
        await until(section.isVisible)
        assert section.isChecked()
        shown = palette(desk)
        QTest.keyClicks(shown.field, "pro")
        assert titles(shown)[0] == "Use Pro"
        desk.press(Qt.Key.Key_Escape)


async def test_a_palette_opened_twice_lists_a_collection_once() -> None:
    async with Desk() as desk:
        await desk.backend.collections.create("Contracts")
        palette(desk)
        palette(desk)
        shown = palette(desk)
        await desk.settled()
        QTest.keyClicks(shown.field, "contracts")
        assert titles(shown) == ["Contracts"]


async def test_models_of_the_same_name_have_a_row_each(monkeypatch: pytest.MonkeyPatch) -> None:
    same = tuple(ModelEntry("lab", "Lab", f"v{number}", "House model", None) for number in (1, 2))
    monkeypatch.setattr(AvailableModels, "models", same)
    async with Desk() as desk:
        shown = palette(desk)
        QTest.keyClicks(shown.field, "house model")
        assert titles(shown) == ["Lab: House model"] * 2
        desk.press(Qt.Key.Key_Escape)
