"""Buttons of dialogs: their keys and their font."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QLineEdit

from desktop_app.widgets.boxes import column_of
from desktop_app.widgets.buttons.dialog_button import delete_button, dialog_button

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from desktop_app.widgets.text.foreign_text import PlainButton


@pytest.mark.parametrize("create", [dialog_button, delete_button])
@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space])
def test_enter_presses_the_button_with_the_focus_and_none_from_a_field(
    qtbot: QtBot, create: Callable[[str, str], PlainButton], key: Qt.Key
) -> None:
    dialog, field = QDialog(), QLineEdit()
    button, default = create("Delete", "delete"), dialog_button("Send", "send")
    default.setDefault(True)
    pressed: list[str] = []
    button.clicked.connect(lambda: pressed.append("button"))
    default.clicked.connect(lambda: pressed.append("default"))
    column_of(field, button, default, parent=dialog)
    qtbot.addWidget(dialog)
    with qtbot.waitExposed(dialog):
        dialog.show()
    button.setFocus()
    qtbot.keyClick(button, key)
    assert pressed == ["button"]
    field.setFocus()
    qtbot.keyClick(field, key)
    assert "button" not in pressed[1:]
