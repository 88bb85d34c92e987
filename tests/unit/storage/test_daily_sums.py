"""The sums of a day's calls."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from desktop_app.domain.spending.cost import Usage
from desktop_app.domain.spending.spending_report import CallPerformance, SpendingSum
from desktop_app.storage.conversations.row_conversion import to_micros
from desktop_app.storage.database.schema import migrate
from desktop_app.storage.database.sqlite_connection import connect_in_memory
from desktop_app.storage.spending.daily_sums import CallSums, add_to_day
from desktop_app.storage.spending.spending_sums import LedgerEntry

NOON = to_micros(datetime(2026, 3, 4, 12, tzinfo=UTC))
TOKENS = (1, 20, 300, 4000)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(connect_in_memory()) as connection:
        migrate(connection)
        yield connection


def stored(connection: sqlite3.Connection) -> CallSums:
    """Return the sums of all rows of the table."""
    sums = CallSums()
    for row in connection.execute("SELECT * FROM ledger_days"):
        sums.add_row(row)
    return sums


def test_calls_add_up() -> None:
    sums = CallSums()
    sums.add_call(TOKENS, "0.25", None)
    sums.add_call((5, 5, 5, 5), None, CallPerformance(retries=2))
    sums.add_call((0, 0, 0, 0), "0", CallPerformance(retries=1, duration_s=4.0))
    assert sums.spent == SpendingSum(3, 1, Usage(6, 25, 305, 4005), Decimal("0.25"))
    performance = sums.performance
    assert performance.retries == 3
    assert performance.p50_s == pytest.approx(4, rel=0.02)
    assert performance.p50_first_token_s is None
    assert performance.tokens_per_s is None


@pytest.mark.parametrize(
    ("output", "duration_s", "speed"), [(30, 5.0, 10.0), (0, 5.0, None), (30, 2.0, None)]
)
def test_speed_counts_from_the_first_token(
    output: int, duration_s: float, speed: float | None
) -> None:
    sums = CallSums()
    call = CallPerformance(first_token_s=2.0, duration_s=duration_s)
    sums.add_call((9, 0, output, 0), "0", call)
    performance = sums.performance
    assert performance.p50_first_token_s == pytest.approx(2, rel=0.02)
    assert performance.p50_s == pytest.approx(duration_s, rel=0.02)
    assert performance.tokens_per_s == speed
    assert performance.p50_tokens_per_s == (speed and pytest.approx(speed, rel=0.02))


def test_calls_of_a_day_are_stored_together(connection: sqlite3.Connection) -> None:
    slow = CallPerformance("low", "flex", "failed", 1, 2.0, 5.0)
    for _ in range(2):
        add_to_day(connection, LedgerEntry(NOON, "p", "m", "answer", *TOKENS, "0.5"), slow)
    add_to_day(connection, LedgerEntry(NOON, "p", "m", "answer", *TOKENS, None), None)
    rows = connection.execute(
        "SELECT day, effort, tier, outcome, calls, uncounted FROM ledger_days ORDER BY calls"
    )
    assert [tuple(row) for row in rows] == [
        ("2026-03-04", "", "", "", 1, 1),
        ("2026-03-04", "low", "flex", "failed", 2, 0),
    ]
    sums = stored(connection)
    assert sums.spent == SpendingSum(3, 1, Usage(3, 60, 900, 12_000), Decimal(1))
    performance = sums.performance
    assert (performance.failed, performance.retries) == (2, 2)
    assert performance.tokens_per_s == 100
    assert performance.p50_s == pytest.approx(5, rel=0.02)
