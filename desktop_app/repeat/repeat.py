"""A prompt that is asked every day, weekday, week or month."""

from __future__ import annotations

import calendar
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Final

from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.value import Value
from desktop_app.i18n.translation import N_

_SATURDAY: Final = 5
_LONGEST_SHORT_MONTH: Final = 28
_LONGEST_GAP: Final = timedelta(days=33)


class Every(StrEnum):
    """How often a prompt is asked."""

    DAY = "day"
    WEEKDAY = "weekday"
    WEEK = "week"
    MONTH = "month"


EVERY_LABELS: Final = {
    Every.DAY: N_("Every day"),
    Every.WEEKDAY: N_("Monday to Friday"),
    Every.WEEK: N_("Every week"),
    Every.MONTH: N_("Every month"),
}


class Repeat(Value, frozen=True):
    """A prompt, and when it is asked.

    Attributes:
        start: the first time, on the clock of this computer, as `2026-11-30T08:00`. It also says
            on which day of the week or the month. A shorter month has its last day instead.
        since: when it was asked last, or added: occurrences after that are due.
        error: why it could not be asked the last time.
        paused: True if it is not asked until the user resumes it.
    """

    id: str
    prompt: str
    every: Every
    start: str
    choice: ModelChoice
    folder_id: str
    since: datetime
    error: ErrorNote | None = None
    paused: bool = False

    def next_time(self, zone: tzinfo | None = None) -> datetime:
        """Return the first occurrence after `since`.

        It is computed again each time, so it follows the clock of the place where the user is. A
        time that the clock skips in spring is an hour later, one that it shows twice is the first.

        Args:
            zone: None for the time zone of this computer.
        """
        start = datetime.fromisoformat(self.start)
        day = max(start.date(), self.since.astimezone(zone).date())
        while True:
            if self._falls_on(day, start):
                local = datetime.combine(day, start.time(), zone)
                moment = local.astimezone(UTC)
                if moment > self.since:
                    return moment
            day += timedelta(days=1)

    def latest_time(self, moment: datetime, zone: tzinfo | None = None) -> datetime:
        """Return the last occurrence until `moment`; `moment` itself if there was none lately."""
        found = moment
        since = moment - _LONGEST_GAP
        while (following := replace(self, since=since).next_time(zone)) <= moment:
            found = since = following
        return found

    def _falls_on(self, day: date, start: datetime) -> bool:
        match self.every:
            case Every.DAY:
                return True
            case Every.WEEKDAY:
                return day.weekday() < _SATURDAY
            case Every.WEEK:
                return day.weekday() == start.weekday()
            case Every.MONTH:
                return day.day == min(start.day, calendar.monthrange(day.year, day.month)[1])

    def calendar_lines(self) -> list[str]:
        """Return the occurrences as systemd's OnCalendar: see systemd.time(7).

        They may have more, because only `next_time` decides.
        """
        start = datetime.fromisoformat(self.start)
        time = f"{start:%H:%M:%S}"
        match self.every:
            case Every.DAY:
                return [f"*-*-* {time}"]
            case Every.WEEKDAY:
                return [f"Mon..Fri *-*-* {time}"]
            case Every.WEEK:
                name = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[start.weekday()]
                return [f"{name} *-*-* {time}"]
            case Every.MONTH:
                lines = [f"*-*-{start.day:02} {time}"]
                is_in_each = start.day <= _LONGEST_SHORT_MONTH
                return lines if is_in_each else [*lines, f"*-*~01 {time}"]  # the last day
