"""The current date and time, here or in another time zone."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from desktop_app.domain.tools.tool import ToolError


def date_time(zone: str | None, moment: datetime | None = None) -> str:
    """Return date, time, weekday and calendar week in a time zone, by default this computer's.

    Args:
        moment: tests replace the current time.

    Raises:
        ToolError: there is no such zone.
    """
    at = moment or datetime.now(UTC)
    try:
        here = at.astimezone(ZoneInfo(zone)) if zone else at.astimezone()
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise ToolError("There is no such time zone. Use a name such as Europe/Berlin.") from exc
    year, week, _ = here.isocalendar()
    named = zone or here.tzname() or "local time"
    return f"{here.isoformat(timespec='seconds')} ({named})\n{here:%A}, week {week} of {year}"
