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
    """The watch for the first pause in the use of a window, or for some time without use.

    Signals:
        paused(): once.
    """

    paused = Signal()

    def __init__(self, parent: QObject, handle: QWindow | None, idle_ms: int) -> None:
        super().__init__(parent)
        self._handle = handle  # None for a hidden window
        self._timer = QTimer(self, singleShot=True, interval=idle_ms)
        self._timer.timeout.connect(self._pause)
        self._timer.start()
        if handle is not None:
            handle.installEventFilter(self)

    def _pause(self) -> None:
        if self._handle is not None:
            self._handle.removeEventFilter(self)
        self.paused.emit()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() in _USES:
            self._timer.start(_PAUSE_MS)
        return False
