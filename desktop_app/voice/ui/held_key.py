"""The key that is held while one dictates, and its repetitions, which are no text.

For each repetition, X11 sends a release and a press of the same millisecond. Qt marks both as
repeated only if the press is in its queue already: on a busy computer every tenth pair is not.
"""

from __future__ import annotations

import time
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

_REPETITION_MS: Final = 10
"""Between the timestamps of a release and a press that are one repetition."""
_SETTLED_MS: Final = 100
"""After which no press of the same repetition arrives any more, also on a busy computer."""
_MODIFIERS: Final = (
    *(Qt.Key.Key_Control, Qt.Key.Key_Shift, Qt.Key.Key_Alt, Qt.Key.Key_Meta),
    *(Qt.Key.Key_AltGr, Qt.Key.Key_Super_L, Qt.Key.Key_Super_R),
)


class HeldKey(QObject):
    """The key that was pressed in an editor just now; it deletes itself once the key is up.

    Signals:
        released(float): the key or its modifier was let go; how long it was held, in seconds.
    """

    released = Signal(float)

    def __init__(self, editor: QWidget) -> None:
        super().__init__(editor)
        self._editor = editor
        self._pressed_at = self._released_at = time.monotonic()
        self._released_key = -1
        self._release_timestamp = 0
        self._has_told = False
        self._settled = QTimer(self, singleShot=True, interval=_SETTLED_MS)
        self._settled.timeout.connect(self.end)
        editor.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Consume the key until it is up."""
        if event.type() is QEvent.Type.FocusOut:  # the release goes elsewhere
            self._released_at = time.monotonic()
            self.end()
        if not isinstance(event, QKeyEvent):
            return False
        if event.key() in _MODIFIERS:
            if event.type() is QEvent.Type.KeyRelease and not event.isAutoRepeat():
                self._released_at = time.monotonic()
                self._tell()
            return False
        if event.type() is QEvent.Type.KeyRelease:
            if not event.isAutoRepeat():
                self._released_at = time.monotonic()
                self._released_key = event.key()
                self._release_timestamp = event.timestamp()
                self._settled.start()
            return True
        at, same_key = event.timestamp(), event.key() == self._released_key
        is_torn = same_key and 0 < at <= self._release_timestamp + _REPETITION_MS
        if not (event.isAutoRepeat() or is_torn):
            return False
        if event.type() is QEvent.Type.KeyPress:  # before it comes the question about shortcuts
            self._settled.stop()
        event.accept()
        return True

    def end(self) -> None:
        """Tell that the key is up, and consume no more."""
        self._settled.stop()
        self._editor.removeEventFilter(self)
        self.deleteLater()
        self._tell()

    def _tell(self) -> None:
        if not self._has_told:
            self._has_told = True
            self.released.emit(self._released_at - self._pressed_at)
