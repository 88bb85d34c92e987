"""Dialogs of the main window are sheets in it: no second window, keys and focus stay in them."""

from __future__ import annotations

import asyncio

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QWidget

from desktop_app.widgets.sheet import open_dialogs
from tests.gui.app.app_harness import AppHarness, until


def sheet() -> QDialog:
    (dialog,) = open_dialogs()
    return dialog


@pytest.mark.parametrize("command", ["repeat.new", "tools.form"])
async def test_a_dialog_is_a_sheet_that_keeps_keys_and_focus(command: str) -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Hi", "Hello.")
        windows = [w for w in QApplication.topLevelWidgets() if w.isVisible()]
        opened_id = app.open_id
        for size in ((1280, 800), (640, 480)):
            app.window.resize(*size)
            app.text.setFocus()
            app.session.actions[command].trigger()
            await until(lambda: any(open_dialogs()))
            assert [w for w in QApplication.topLevelWidgets() if w.isVisible()] == windows
            shown = sheet()
            assert app.window.rect().contains(
                shown.rect().translated(shown.mapTo(app.window, shown.rect().topLeft()))
            )
            # Tab goes round within, both ways.
            seen = []
            for backwards in (False, True):
                for _ in range(40):
                    focused = QApplication.focusWidget()
                    assert focused is not None
                    assert shown.isAncestorOf(focused)
                    seen.append(focused)
                    key = Qt.Key.Key_Backtab if backwards else Qt.Key.Key_Tab
                    QTest.keyClick(focused, key)
            assert len({*seen}) > 2
            # The window's commands have no keys.
            QTest.keyClick(
                QApplication.focusWidget(), Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier
            )
            assert app.open_id == opened_id
            field: QWidget = next(iter(shown.findChildren(QLineEdit)), shown)
            QTest.keyClick(field, Qt.Key.Key_Escape)
            await until(lambda: not any(open_dialogs()))
            await until(app.text.hasFocus)
        app.press(Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
        await until(lambda: app.open_id != opened_id)
        await asyncio.sleep(0)
