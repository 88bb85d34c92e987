"""Groups of the conversation list by date, relative to today, and the change of the day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr

# In their order in the list. MONTHS + n is the month n months ago.
PINNED, FOLDERS, TODAY, YESTERDAY, WEEK, MONTHS = range(6)
_LABELS: Final = {
    PINNED: N_("Pinned"),
    FOLDERS: N_("Folders"),
    TODAY: N_("Today"),
    YESTERDAY: N_("Yesterday"),
    WEEK: N_("Previous 7 days"),
}
# Conversations older than a hundred years are in one group.
_MAX_MONTHS_AGO: Final = 1200


class DateGroups:
    """The groups of the list by date, relative to a day."""

    def __init__(self, today: date) -> None:
        self.today = today

    def group(self, timestamp: float) -> int:
        """Return the group of a time: `TODAY` to `WEEK`, or `MONTHS` and more."""
        day = datetime.fromtimestamp(timestamp, UTC).astimezone().date()
        days_ago = (self.today - day).days
        if days_ago <= 7:
            return TODAY if days_ago <= 0 else YESTERDAY if days_ago == 1 else WEEK
        months_ago = (self.today.year - day.year) * 12 + self.today.month - day.month
        return MONTHS + min(months_ago, _MAX_MONTHS_AGO)

    def label(self, group: int) -> str:
        """Return the heading of a group."""
        if group < MONTHS:
            return tr(_LABELS[group])
        return formatting.month(self._month(group - MONTHS))

    def _month(self, months_ago: int) -> date:
        """Return the first day of the month `months_ago` months before this one."""
        year, month = divmod(self.today.year * 12 + self.today.month - 1 - months_ago, 12)
        return date(year, month + 1, 1)


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
