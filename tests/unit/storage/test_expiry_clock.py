"""The time by which stored things expire: no single leap of the clock moves it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from desktop_app.storage.expiry_clock import expiry_time_at

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def believed(days: Sequence[float]) -> float:
    """Return the day that is believed after the program was used on these days."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT)")
        for day in days:
            time = expiry_time_at(connection, START + timedelta(days=day))
        return (time - START) / timedelta(days=1)


@pytest.mark.parametrize(
    ("days", "day"),
    [
        ([-1, 0, 0.25, 1, 2.5], 2.5),  # every day
        ([-1, 0, 7, 14, 21], 14),  # once a week: a use later
        ([-1, 0, 20], 0),
        ([-1, 0, 20, 20.5, 20.75], 0),  # on the same day
        ([-1, 0, 20, 21], 21),
        ([-1, 0, 40, 0.5], 0.5),  # a wrong clock that was set right
        ([-1, 0, 40, 0.5, 40, 1.5], 1.5),
        ([-1, 0, -40], -40),  # set back
        ([-1, 0, -40, 0.5, 1.5], 1.5),
    ],
)
def test_a_time_is_believed_after_a_short_gap_or_a_later_use(
    days: Sequence[float], day: float
) -> None:
    assert believed(days) == pytest.approx(day, abs=1e-6)
