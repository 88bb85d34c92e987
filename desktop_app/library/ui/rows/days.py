"""The current day, and its change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from PySide6.QtCore import QObject, QTimer, Signal

from desktop_app.i18n import formatting


def short_day_text(time: datetime) -> str:
    """Return a short date: "Nov 14", or "Nov 14, 2023" in another year."""
    day = time.astimezone().date()
    is_this_year = day.year == today().year
    return formatting.short_day(day) if is_this_year else formatting.short_date(day)


def today() -> date:
    """Return the current day in the local time zone."""
    return datetime.now(UTC).astimezone().date()


def midnight(day: date) -> datetime:
    """Return the start of a day in the local time zone."""
    return datetime(day.year, day.month, day.day).astimezone()


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
