"""What is done before the session is there happens then, in its order; text is typed at once."""

from functools import partial

from PySide6.QtCore import QCoreApplication, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import (
    QAccessible,
    QAction,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeySequence,
)
from PySide6.QtTest import QSignalSpy, QTest
from PySide6.QtWidgets import QLineEdit, QPushButton, QToolButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from desktop_app.app.startup.early_window import EarlyWindow

Key, CONTROL = Qt.Key, Qt.KeyboardModifier.ControlModifier
NO_KEY = Qt.KeyboardModifier.NoModifier


def test_keys_and_clicks_wait_for_the_session(qtbot: QtBot) -> None:
    window = QWidget()
    field, button = QLineEdit(), QPushButton("open")
    done: list[str] = []
    layout = QVBoxLayout(window)
    layout.addWidget(field)
    layout.addWidget(button)
    qtbot.addWidget(window)
    window.show()
    field.setFocus()
    actions = [QAction("search"), QAction("spending"), QAction("other")]
    for action, keys in zip(actions, ("Ctrl+K", "Ctrl+G, Ctrl+S", "Ctrl+G, Ctrl+T"), strict=True):
        action.setShortcuts([QKeySequence(keys)])
        action.triggered.connect(partial(done.append, action.text()))

    def enter() -> None:
        done.append(field.text())
        field.clear()

    field.returnPressed.connect(enter)
    button.clicked.connect(lambda: done.append("clicked"))

    early = EarlyWindow(window)
    uses = QSignalSpy(early.began)
    handle = window.windowHandle()
    assert handle is not None
    for key in (Key.Key_H, Key.Key_X, Key.Key_Backspace, Key.Key_I):
        QTest.keyClick(handle, key)
    assert field.text() == "hi"
    QTest.keyClick(handle, Key.Key_Return)
    QTest.keyClick(handle, Key.Key_Y)
    place = button.mapTo(window, button.rect().center())
    QTest.mouseClick(handle, Qt.MouseButton.LeftButton, NO_KEY, place)
    for key in (Key.Key_K, Key.Key_G, Key.Key_S):
        QTest.keyClick(handle, key, CONTROL)
    window.close()
    assert uses.count() >= 8
    assert (field.text(), done, window.isVisible()) == ("hi", [], True)

    early.hand_over(actions)
    assert (field.text(), done) == ("y", ["hi", "clicked", "search", "spending"])
    assert not window.isVisible()
    early.hand_over(actions)
    assert len(done) == 4


def test_a_drag_is_refused_until_the_session_takes_its_drop(qtbot: QtBot) -> None:
    window = DropTarget()
    qtbot.addWidget(window)
    window.show()
    early = EarlyWindow(window)
    uses = QSignalSpy(early.began)
    handle = window.windowHandle()
    assert handle is not None
    data = QMimeData()
    data.setUrls([QUrl("file:///tmp/a.pdf")])
    how = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, NO_KEY)
    enter, drop = QDragEnterEvent(QPoint(9, 9), *how), QDropEvent(QPointF(9, 9), *how)
    early_move, move = QDragMoveEvent(QPoint(9, 9), *how), QDragMoveEvent(QPoint(9, 9), *how)
    for event in (enter, early_move):
        QCoreApplication.sendEvent(handle, event)
        assert not event.isAccepted()
    assert uses.count()
    early.hand_over([])
    for event in (move, drop):
        QCoreApplication.sendEvent(handle, event)
        assert event.isAccepted()
    assert window.names == ["a.pdf"]


class DropTarget(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.setAcceptDrops(True)
        self.names: list[str] = []

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.names += [url.fileName() for url in event.mimeData().urls()]


def test_a_press_of_assistive_technology_waits_in_its_order(qtbot: QtBot) -> None:
    window = QWidget()
    layout = QVBoxLayout(window)
    done: list[str] = []
    buttons = QPushButton("push"), QToolButton(text="tool"), QToolButton(text="toggle")
    for button in buttons:
        layout.addWidget(button)
        button.clicked.connect(partial(done.append, button.text()))
    toggle = buttons[2]
    toggle.setCheckable(True)
    qtbot.addWidget(window)
    window.show()
    early = EarlyWindow(window)
    early.watch_buttons()
    uses = QSignalSpy(early.began)
    for button in reversed(buttons):
        interface = QAccessible.queryAccessibleInterface(button).actionInterface()
        interface.doAction("Press" if "Press" in interface.actionNames() else "Toggle")
    qtbot.waitUntil(lambda: not buttons[0].isDown())  # Qt presses it for 0.1 s
    handle = window.windowHandle()
    assert handle is not None
    action = QAction("key", window, shortcut=QKeySequence("Ctrl+E"))
    action.triggered.connect(partial(done.append, action.text()))
    QTest.keyClick(handle, Key.Key_E, CONTROL)
    assert uses.count() >= 3
    assert not done
    early.hand_over([action])
    assert done == ["toggle", "tool", "push", "key"]
    assert toggle.isChecked()
    toggle.click()
    assert done[4:] == ["toggle"]
    assert not toggle.isChecked()
