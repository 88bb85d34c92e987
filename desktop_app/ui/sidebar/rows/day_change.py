"""The change of the day, after which the groups of the conversation list are out of date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from PySide6.QtCore import QObject, QTimer, Signal

from desktop_app.ui.sidebar.rows.date_groups import midnight, today


class DayChange(QObject):
    """A timer that reports that a new day has begun.

    Signals:
        reported(): midnight has passed, or `report` was called.
    """

    reported = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.report)
        self._start_timer()

    def report(self) -> None:
        """Emit `reported` now; call it after the computer wakes, because midnight may be over."""
        self._start_timer()
        self.reported.emit()

    def _start_timer(self) -> None:
        """Start the timer that ends one second after midnight."""
        remaining = midnight(today() + timedelta(days=1)) - datetime.now(UTC)
        self._timer.start(int(remaining.total_seconds() * 1000) + 1000)
