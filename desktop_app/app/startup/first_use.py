"""The moment from which the window loads what neither its content nor a first question needs."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtGui import QWindow

IDLE_MS: Final = 3_000
_PAUSE_MS: Final = 300  # longer than between the keys of a word
_USES: Final = frozenset(
    (
        QEvent.Type.KeyPress,
        QEvent.Type.MouseMove,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.Wheel,
        QEvent.Type.TouchBegin,
        QEvent.Type.DragEnter,
    )
)


class FirstUse(QObject):
    """The watch for the first use of a window, and the first pause in it or some time without use.

    Signals:
        used(): once, at the first use.
        paused(): once.
    """

    used = Signal()
    paused = Signal()

    def __init__(self, parent: QObject, handle: QWindow | None, idle_ms: int) -> None:
        super().__init__(parent)
        self._was_used = False
        self._has_paused = False
        self._timer = QTimer(self, singleShot=True, interval=idle_ms)
        self._timer.timeout.connect(self._pause)
        self._timer.start()
        if handle is not None:
            handle.installEventFilter(self)

    def _pause(self) -> None:
        self._has_paused = True
        self.paused.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() not in _USES:
            return False
        if not self._was_used:
            self._was_used = True
            self.used.emit()
        if self._has_paused:
            watched.removeEventFilter(self)
        else:
            self._timer.start(_PAUSE_MS)
        return False
