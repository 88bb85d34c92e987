"""Counts down to the next retry, second by second.

One timer serves all countdowns and fires when a figure changes: it is idle while nothing waits.
"""

from __future__ import annotations

import math
import time

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from desktop_app.domain.answering.answer_status import Status, status_text


class RetryCountdown(QObject):
    """The countdowns of several waits, each under its key.

    Signals:
        ticked(str, str): a key, and the sentence to show now.
    """

    ticked = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        # Key -> the time of the retry, and the status that its sentence names.
        self._waits: dict[str, tuple[float, Status | None]] = {}
        self._timer = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def start(self, key: str, seconds: float, status: Status | None) -> str:
        """Count down from `seconds`; return the first sentence to show."""
        deadline = time.monotonic() + seconds
        self._waits[key] = (deadline, status)
        self._schedule(time.monotonic())
        return status_text(status, seconds)

    def stop(self, key: str) -> None:
        """Stop the countdown of this key."""
        self._waits.pop(key, None)
        if not self._waits:
            self._timer.stop()

    def _tick(self) -> None:
        now = time.monotonic()
        for key, (deadline, status) in list(self._waits.items()):
            if deadline <= now:
                del self._waits[key]
            self.ticked.emit(key, status_text(status, max(deadline - now, 0)))
        self._schedule(now)

    def _schedule(self, now: float) -> None:
        """Set the timer to the moment when the next figure changes.

        A figure is a remaining time, rounded up to seconds, so it changes at each whole second.
        """
        if self._waits:
            remaining_times = (deadline - now for deadline, _ in self._waits.values())
            next_change_s = min(
                remaining_s - max(math.ceil(remaining_s) - 1, 0) for remaining_s in remaining_times
            )
            self._timer.start(max(math.ceil(next_change_s * 1000), 1))
