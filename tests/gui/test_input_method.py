"""Input methods: found, with their window at the cursor and nothing painted below their text."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QGuiApplication, QInputMethodEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget

from desktop_app.widgets import input_method
from desktop_app.widgets.text.foreign_text import PlainTextField

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def compose(field: QWidget, preedit: str, commit: str = "") -> None:
    event = QInputMethodEvent(preedit, [])
    event.setCommitString(commit)
    QGuiApplication.sendEvent(field, event)


@pytest.mark.parametrize(
    ("module", "modules", "expected"),
    [
        ("fcitx", "", "fcitx;ibus"),
        ("fcitx5", "", "fcitx5;ibus"),
        ("fcitx", "wayland;fcitx", "wayland;fcitx;ibus"),
        ("fcitx", "wayland;fcitx;ibus", "wayland;fcitx;ibus"),
        ("ibus", "", ""),
        ("", "", ""),
    ],
)
def test_fcitx_is_reached_as_ibus(
    module: str, modules: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QT_IM_MODULE", module)
    monkeypatch.setenv("QT_IM_MODULES", modules)
    input_method.find_fcitx()
    assert os.environ["QT_IM_MODULES"] == expected


@pytest.mark.parametrize("kind", [PlainTextField, QLineEdit])
def test_candidates_are_at_the_cursor_of_a_field_whose_surroundings_moved(
    kind: type[QWidget], qtbot: QtBot
) -> None:
    window, card, field = QWidget(), QWidget(), kind()
    window.resize(400, 400)
    card.setParent(window)
    QVBoxLayout(card).addWidget(field)
    window.show()
    with qtbot.waitActive(window):
        window.activateWindow()
    field.setFocus()
    method = QGuiApplication.inputMethod()
    input_method.follow_cursor()
    try:
        card.move(0, 200)
        compose(field, "に")
        in_field = QRectF(field.inputMethodQuery(Qt.InputMethodQuery.ImCursorRectangle))
        assert method.cursorRectangle().topLeft() == field.mapTo(window, in_field.topLeft())
    finally:
        method.cursorRectangleChanged.disconnect(input_method._tell_place)
        window.close()


def test_the_placeholder_gives_way_to_composed_text(qapp: QApplication) -> None:
    field = PlainTextField()
    field.setPlaceholderText("Ask")
    compose(field, "に")
    assert field.placeholderText() == ""
    compose(field, "にほ")
    compose(field, "", "日本")
    assert (field.placeholderText(), field.toPlainText()) == ("Ask", "日本")
