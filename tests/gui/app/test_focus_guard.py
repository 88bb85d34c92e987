"""The focus of controls that are disabled or hidden: it never passes to one that deletes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QMenu, QPushButton, QWidget

from desktop_app.app.window.command_palette import CommandPalette
from desktop_app.collections.ui.collections_dialog import CollectionsPage
from tests.gui.app import scenes
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.translated_texts import QT_DIALOGS
from tests.helpers.widgets import find

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


WALKED: Final = (  # others end when their focus goes: a name being typed, a popup
    scenes.composer,
    scenes.presets,
    scenes.collections,
    scenes.models,
    scenes.servers,
    scenes.settings,
)


def buttons_of(window: QWidget) -> list[QAbstractButton]:
    """Return the buttons of a window that can have the focus."""
    palettes = window.findChildren(CommandPalette)  # keep the focus in themselves
    return [
        button
        for button in window.findChildren(QAbstractButton)
        if button.isVisible()
        and button.isEnabled()
        and button.window() is window
        and button.focusPolicy() & Qt.FocusPolicy.TabFocus
        and not any(palette.isAncestorOf(button) for palette in palettes)
    ]


def deleting_after(button: QAbstractButton, lose: Callable[[bool], object]) -> str:
    """Disable or hide a focused button; return the name of the deleting button that has it then."""
    button.setFocus(Qt.FocusReason.TabFocusReason)
    if not button.hasFocus():
        return ""
    lose(False)
    focused = QApplication.focusWidget()
    lose(True)
    if focused is not None and focused.property("deletes"):
        return f"{button.objectName()} → {focused.objectName()}"
    return ""


@pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)  # of menus
async def test_no_button_passes_its_focus_to_one_that_deletes() -> None:
    found: set[str] = set()
    deleting: set[str] = set()

    async def look(_scene: str) -> None:
        await asyncio.sleep(0)
        for window in QApplication.topLevelWidgets():
            if not window.isVisible() or isinstance(window, (QMenu, *QT_DIALOGS)):
                continue
            window.activateWindow()
            former = window.focusWidget()
            for button in buttons_of(window):
                if button.property("deletes"):
                    deleting.add(button.objectName())
                for lose in (button.setEnabled, button.setVisible):
                    found.add(deleting_after(button, lose))
            if former is not None:
                former.setFocus()

    async with AppHarness() as app:
        await scenes.fill(app.backend)
    async with AppHarness(environment=scenes.KEYED) as app:
        for scene in WALKED:
            await scene(app, look)
    assert found == {""}
    assert {"delete-collection", "delete-preset", "remove-attachment"} <= deleting


async def test_a_dialog_that_chose_a_folder_leaves_the_focus_where_enter_asks(
    tmp_path: Path,
) -> None:
    for number in range(10):
        (tmp_path / f"letter{number}.txt").write_text(f"Letter {number}.")
    async with AppHarness(environment=scenes.KEYED) as app:
        controller = app.controllers.collections
        controller.create([])
        page = await scenes.dialog_of(CollectionsPage)
        await until(lambda: bool(page.current_id) and page.isVisible())
        page.add_folder_button.setFocus()
        dialog = QDialog(app.window)
        dialog.show()
        dialog.activateWindow()
        await until(dialog.isActiveWindow)
        controller.add(page.current_id, [tmp_path])
        dialog.close()
        app.window.activateWindow()
        await until(lambda: not controller.is_busy and page.ask_button.isEnabled())
        await until(page.ask_button.hasFocus)


async def test_the_user_can_go_to_a_button_that_deletes_and_come_back_to_it() -> None:
    async with AppHarness(environment=scenes.KEYED) as app:
        app.controllers.collections.create([])
        page = await scenes.dialog_of(CollectionsPage)
        await until(lambda: bool(page.current_id))
        delete = find(page, QPushButton, "delete-collection")
        page.refresh_button.setFocus()
        QTest.keyClick(page.refresh_button, Qt.Key.Key_Tab)
        assert delete.hasFocus()
        dialog = QDialog(app.window)
        dialog.show()
        dialog.activateWindow()
        await until(dialog.isActiveWindow)
        dialog.close()
        app.window.activateWindow()
        await until(delete.hasFocus)
