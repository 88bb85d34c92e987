"""The focus of one window after another; test_every_window.py looks at it in every scene."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QPushButton, QWidget

from desktop_app.collections.ui.collections_controller import CollectionsController
from desktop_app.collections.ui.collections_dialog import CollectionsPage
from tests.gui.app import scenes
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.widgets import find

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_palette_passes_its_focus_on_when_it_is_hidden() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Hi", "Hello.")
        palette = await app.search("Hello")
        palette.filters.attachment_button.setFocus()
        palette.filters.order_button.setEnabled(False)
        QTest.keyClick(palette.filters.attachment_button, Qt.Key.Key_Tab)
        assert palette.field.hasFocus()
        palette.filters.attachment_button.setFocus()
        palette.hide()
        focused: QWidget | None = QApplication.focusWidget()  # PySide's types forget None
        assert focused is None or focused.isVisible()


async def test_a_dialog_that_chose_a_folder_leaves_the_focus_where_enter_asks(
    tmp_path: Path,
) -> None:
    for number in range(10):
        (tmp_path / f"letter{number}.txt").write_text(f"Letter {number}.")
    async with AppHarness(environment=scenes.KEYED) as app:
        controller = app.controllers.of(CollectionsController)
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
        app.controllers.of(CollectionsController).create([])
        page = await scenes.dialog_of(CollectionsPage)
        await until(lambda: bool(page.current_id) and page.isVisible())
        delete = find(page, QPushButton, "delete-collection")
        page.refresh_button.setFocus()
        await until(page.refresh_button.hasFocus)  # not before the window is active
        QTest.keyClick(page.refresh_button, Qt.Key.Key_Tab)
        assert delete.hasFocus()
        dialog = QDialog(app.window)
        dialog.show()
        dialog.activateWindow()
        await until(dialog.isActiveWindow)
        dialog.close()
        app.window.activateWindow()
        await until(delete.hasFocus)
