"""Reports on spending and performance, read from the sums of days and of slots."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from desktop_app.domain.spending.cost import Usage
from desktop_app.domain.spending.spending_report import (
    TIME_GROUPINGS,
    Grouping,
    SpendingReport,
    SpendingRow,
    SpendingSum,
)
from desktop_app.storage.spending.daily_sums import CallSums
from desktop_app.storage.spending.spending_sums import lines_of

_MONTHS_REPORTED: Final = 12
_DAY: Final = timedelta(days=1)
_KEYS: Final = {
    Grouping.DAY: "day",
    Grouping.MONTH: "substr(day, 1, 7)",
    Grouping.MODEL: "model",
    Grouping.PROVIDER: "provider_id",
    Grouping.PURPOSE: "purpose",
    Grouping.EFFORT: "effort",
    Grouping.TIER: "tier",
    Grouping.OUTCOME: "outcome",
}


def grouped_rows(
    connection: sqlite3.Connection, by: Grouping, since: date | None = None
) -> list[SpendingRow]:
    """Return the spending of each group of calls: see `Ledger.group_spending`."""
    groups: defaultdict[str, CallSums] = defaultdict(CallSums)
    first_day = "" if since is None else since.isoformat()
    sql = f"SELECT {_KEYS[by]} AS name, * FROM ledger_days WHERE day >= ?"  # noqa: S608 - constants
    for row in connection.execute(sql, (first_day,)):
        groups[row[0]].add_row(row)
    rows = [SpendingRow(key, sums.spent, sums.performance) for key, sums in groups.items()]
    if by in TIME_GROUPINGS:
        return sorted(rows, key=lambda row: row.key)
    return sorted(rows, key=lambda row: (-row.spent.cost, row.key))


def report_of(connection: sqlite3.Connection, at: datetime) -> SpendingReport:
    """Return the spending of the last twelve months, of this month by day, and of today.

    Today is the local day of `at`.
    """
    today = at.astimezone().date()
    months = [today.replace(day=1)]
    while len(months) < _MONTHS_REPORTED:
        months.append((months[-1] - _DAY).replace(day=1))
    days = [today - n * _DAY for n in range(today.day)]
    by_day: defaultdict[str, SpendingSum] = defaultdict(SpendingSum)
    by_month: defaultdict[str, SpendingSum] = defaultdict(SpendingSum)
    sql = """SELECT day, cost, calls, uncounted, input_tokens, cached_tokens, output_tokens,
        reasoning_tokens FROM ledger_days WHERE day >= ?"""
    for day, cost, calls, uncounted, *tokens in connection.execute(sql, (str(months[-1]),)):
        spent = SpendingSum(calls, uncounted, Usage(*tokens), Decimal(cost))
        by_day[day] += spent
        by_month[day[:7]] += spent
    return SpendingReport(
        today=lines_of(connection, today, today),
        month=lines_of(connection, months[0], today),
        months=tuple((month, by_month[f"{month:%Y-%m}"]) for month in months),
        days=tuple((day, by_day[str(day)]) for day in days),
    )
