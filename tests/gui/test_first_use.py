"""What the first question does not need is loaded in the first pause, or after some idle time."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QSignalSpy, QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from desktop_app.app.startup.early_window import FirstUse
from tests.helpers.widgets import timer_of

NEVER_MS = 1_000_000


def test_a_pause_after_keys_is_reported_once(qtbot: QtBot) -> None:
    window = QLineEdit()
    qtbot.addWidget(window)
    window.show()
    handle = window.windowHandle()
    assert handle is not None
    first_use = FirstUse(window, handle, NEVER_MS)
    pauses, uses = QSignalSpy(first_use.paused), QSignalSpy(first_use.used)
    assert uses.count() == 0
    QTest.keyClick(handle, Qt.Key.Key_A)
    assert window.text() == "a"
    assert (uses.count(), pauses.count()) == (1, 0)
    qtbot.waitUntil(lambda: pauses.count() == 1)
    QTest.keyClick(handle, Qt.Key.Key_B)
    assert window.text() == "ab"
    assert not timer_of(first_use).isActive()
    assert uses.count() == 1


def test_a_window_that_nobody_uses_is_idle_for_some_time(qtbot: QtBot) -> None:
    window = QLineEdit()
    qtbot.addWidget(window)
    pauses = QSignalSpy(FirstUse(window, None, 1).paused)
    qtbot.waitUntil(lambda: pauses.count() == 1)
    window.show()
    handle = window.windowHandle()
    assert handle is not None
    first_use = FirstUse(window, handle, 1)
    pauses, uses = QSignalSpy(first_use.paused), QSignalSpy(first_use.used)
    qtbot.waitUntil(lambda: pauses.count() == 1)
    assert uses.count() == 0
    QTest.keyClick(handle, Qt.Key.Key_A)
    assert (uses.count(), pauses.count()) == (1, 1)
