"""The focus of one window after another; test_every_window.py looks at it in every scene."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QMessageBox,
    QPushButton,
    QWidget,
)

from desktop_app.collections.ui.collections_controller import CollectionsController
from tests.gui.app import scenes
from tests.gui.app.app_harness import KEYED, AppHarness, until
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


async def test_a_second_enter_does_not_interrupt_the_reading_of_files(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"letter{number}.txt").write_text(f"Letter {number}.")
    async with AppHarness(environment=KEYED) as app:
        page = await scenes.projects_page(app, "Letters")
        controller = app.controllers.of(CollectionsController)
        button = find(page, QPushButton, "add-folder")
        button.setFocus()
        dialog = QDialog(app.window)  # as the one that chooses the folder
        dialog.show()
        dialog.activateWindow()
        await until(dialog.isActiveWindow)
        controller.add_to_project(page.current_id, [tmp_path])
        dialog.close()
        app.window.activateWindow()
        refresh = find(page, QPushButton, "refresh-files")
        await until(lambda: controller.is_busy and refresh.isVisible())
        assert button.hasFocus()
        refresh.setFocus()
        app.press(Qt.Key.Key_Return)
        assert refresh.hasFocus()
        await until(lambda: [state.ready for state in controller.states.values()] == [40])


async def test_the_user_can_go_to_a_button_that_deletes_and_come_back_to_it() -> None:
    async with AppHarness(environment=KEYED) as app:
        page = await scenes.projects_page(app, "Letters")
        delete = find(page, QPushButton, "delete-project")
        before = find(page, QPushButton, "project-settings")
        before.setFocus()
        await until(before.hasFocus)  # not before the window is active
        QTest.keyClick(before, Qt.Key.Key_Tab)
        assert delete.hasFocus()
        dialog = QDialog(app.window)
        dialog.show()
        dialog.activateWindow()
        await until(dialog.isActiveWindow)
        dialog.close()
        app.window.activateWindow()
        await until(delete.hasFocus)


async def test_a_button_of_a_message_box_is_disabled_and_enabled() -> None:
    async with AppHarness() as app:
        box = QMessageBox(app.window)
        cancel = box.addButton(QMessageBox.StandardButton.Cancel)
        box.open()
        # Qt does this with the button at the row's beginning, whenever it lays the row out.
        find(box, QDialogButtonBox, "qt_msgbox_buttonbox").setFocusProxy(cancel)
        await until(cancel.hasFocus)
        cancel.setEnabled(False)
        assert not isinstance(box.focusWidget(), QPushButton)
        cancel.setEnabled(True)
        assert cancel.hasFocus()
        box.close()
