"""What the user does before the session is there: text is typed, all else waits for the session.

Drags are refused until then, as their data ends with the drop.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QWindow
from PySide6.QtWidgets import QWidget

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

    Signals:
        began(): at each use.
    """

    began = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._handle: QWindow | None = window.windowHandle()  # None for a hidden window
        self._waiting: list[QEvent] = []
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
        for event in self._waiting:
            if isinstance(event, QKeyEvent):
                keys.append(event)
                if not _is_run(keys, actions):
                    for key in keys:
                        QCoreApplication.sendEvent(handle, key)
                    keys.clear()
            elif event.type() == QEvent.Type.Close:
                self._window.close()
            else:
                QCoreApplication.sendEvent(handle, event)


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
