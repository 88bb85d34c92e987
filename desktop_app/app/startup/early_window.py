"""What the user does before the session is there: text is typed, all else waits for the session.

Drags are refused until then, as their data ends with the drop.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSocketNotifier, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QWindow
from PySide6.QtWidgets import QAbstractButton, QWidget
from shiboken6 import isValid

from desktop_app.widgets.windows import is_session_ending

_WAITING: Final = frozenset(
    (
        QEvent.Type.KeyPress,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseButtonRelease,
        QEvent.Type.MouseButtonDblClick,
        QEvent.Type.ContextMenu,
        QEvent.Type.Close,
    )
)
_REFUSED: Final = frozenset((QEvent.Type.DragEnter, QEvent.Type.DragMove, QEvent.Type.Drop))
_USES: Final = (
    _WAITING | _REFUSED | {QEvent.Type.MouseMove, QEvent.Type.Wheel, QEvent.Type.TouchBegin}
)
_COMMAND_MODIFIERS: Final = (
    Qt.KeyboardModifier.ControlModifier
    | Qt.KeyboardModifier.AltModifier
    | Qt.KeyboardModifier.MetaModifier
)
_EDITING_KEYS: Final = frozenset(
    (
        Qt.Key.Key_Backspace,
        Qt.Key.Key_Delete,
        Qt.Key.Key_Left,
        Qt.Key.Key_Right,
        Qt.Key.Key_Home,
        Qt.Key.Key_End,
    )
)
_MODIFIER_KEYS: Final = frozenset(
    (Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_AltGr, Qt.Key.Key_Meta)
)


class EarlyUse(QObject):
    """The use of a window whose session is still to be loaded.

    Args:
        former: of a window that this one replaces; its keys and clicks wait here.

    Signals:
        began(): at each use.
    """

    began = Signal()

    def __init__(self, window: QWidget, former: EarlyUse | None = None) -> None:
        super().__init__(window)
        self._window = window
        self._handle: QWindow | None = window.windowHandle()  # None for a hidden window
        self._calls: tuple[socket.socket, QSocketNotifier] | None = None
        # Events, and buttons with their state before the press.
        self._waiting: list[QEvent | tuple[QAbstractButton, bool]] = []
        if former is not None:
            self._waiting += [each for each in former._waiting if isinstance(each, QEvent)]
        if self._handle is not None:
            self._handle.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() not in _USES or (event.type() == QEvent.Type.Close and is_session_ending()):
            return False
        self.began.emit()
        if event.type() in _REFUSED:
            event.ignore()
            return True
        if event.type() not in _WAITING or self._passes(event):
            return False
        self._waiting.append(event.clone())
        event.setAccepted(event.type() != QEvent.Type.Close)
        return True

    def watch_buttons(self) -> None:
        """Have presses of assistive technology wait, too, which come without an event."""
        for button in self._window.findChildren(QAbstractButton):
            button.pressed.connect(partial(self._keep_press, button))

    def _keep_press(self, button: QAbstractButton) -> None:
        if self._handle is not None:
            self._waiting.append((button, button.isChecked()))
            button.blockSignals(True)  # no `clicked` follows
            self.began.emit()

    def watch_calls(self, path: Path) -> None:
        """Notice the first call of a later start, which tries again until the session replies."""
        if sys.platform == "win32":
            return
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            path.unlink(missing_ok=True)
            listener.bind(str(path))
            path.chmod(0o600)
            listener.listen()
        except OSError:  # the session reports it
            listener.close()
            return
        self._calls = listener, QSocketNotifier(listener.fileno(), QSocketNotifier.Type.Read, self)
        self._calls[1].activated.connect(self._on_call)

    def _on_call(self) -> None:
        self.ignore_calls()
        self.began.emit()

    def ignore_calls(self) -> None:
        """Leave calls to the session."""
        if self._calls is not None:
            listener, notifier = self._calls
            notifier.setEnabled(False)
            listener.close()
            self._calls = None

    def _passes(self, event: QEvent) -> bool:
        """Return True for a key that writes or changes text, if nothing before it waits."""
        if not isinstance(event, QKeyEvent):
            return False
        if event.key() in _MODIFIER_KEYS:
            return True
        is_text = bool(event.text()) and event.text().isprintable()
        is_command = bool(event.modifiers() & _COMMAND_MODIFIERS)
        return not (self._waiting or is_command) and (is_text or event.key() in _EDITING_KEYS)

    def repeat(self, actions: Iterable[QAction]) -> None:
        """Do now what has waited; keys run the action that has them as its shortcut."""
        handle, self._handle = self._handle, None
        if handle is None:
            return
        handle.removeEventFilter(self)
        keys: list[QKeyEvent] = []
        waiting, self._waiting = self._waiting, []
        for event in waiting:
            if isinstance(event, tuple):
                _press(*event)
            elif isinstance(event, QKeyEvent):
                keys.append(event)
                if not _is_run(keys, actions):
                    for key in keys:
                        QCoreApplication.sendEvent(handle, key)
                    keys.clear()
            elif event.type() == QEvent.Type.Close:
                self._window.close()
            else:
                QCoreApplication.sendEvent(handle, event)


def _press(button: QAbstractButton, was_checked: bool) -> None:
    if isValid(button):
        button.blockSignals(False)
        if not button.isDown():  # else Qt's own click follows within 100 ms
            button.setChecked(was_checked)
            button.click()


def _is_run(keys: list[QKeyEvent], actions: Iterable[QAction]) -> bool:
    """Run the action of these keys; return False if no action has them, or begins with them."""
    pressed = QKeySequence(*(each.keyCombination().toCombined() for each in keys))
    match = QKeySequence.SequenceMatch
    for action in actions:
        for shortcut in action.shortcuts():
            result = pressed.matches(shortcut)
            if result == match.ExactMatch:
                keys.clear()
                action.trigger()
            if result != match.NoMatch:
                return True
    return False
