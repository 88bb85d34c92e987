"""Windows that come to the front."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from desktop_app.widgets.windows import bring_to_front

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def test_a_minimized_window_is_restored(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.showMaximized()
    window.setWindowState(window.windowState() | window.windowState().WindowMinimized)
    bring_to_front(window)
    assert not window.isMinimized()
    assert window.isMaximized()


def test_a_hidden_window_is_shown(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    bring_to_front(window)
    assert window.isVisible()
