"""Spending and performance, grouped by time, model, provider, purpose or effort.

Sums come from `ledger_slots`, which has few rows. How calls went is read from the calls themselves.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Final

from desktop_app.domain.spending.cost import Usage
from desktop_app.domain.spending.spending_report import (
    EXACT,
    TIMES,
    Grouping,
    GroupPerformance,
    SpendingRow,
    Spent,
)
from desktop_app.domain.statistics import percentile
from desktop_app.storage.spending.spending_sums import SLOT_MICROS, slot_of

_COLUMNS: Final = {
    Grouping.DAY: "slot",
    Grouping.MONTH: "slot",
    Grouping.MODEL: "model",
    Grouping.PROVIDER: "provider_id",
    Grouping.PURPOSE: "purpose",
    Grouping.EFFORT: "coalesce(effort, '')",
}
# The calls themselves, with the columns of `ledger_slots`.
_CALLS: Final = f"""(SELECT at / {SLOT_MICROS} AS slot, *, 1 AS calls, cost IS NULL AS uncounted
    FROM ledger WHERE at >= ?1 * {SLOT_MICROS})"""  # noqa: S608 - our own number


@dataclass
class _Calls:
    failed: int = 0
    retries: int = 0
    streamed: int = 0
    streamed_s: float = 0.0
    first: list[float] = field(default_factory=list)
    durations: list[float] = field(default_factory=list)


def grouped_rows(
    connection: sqlite3.Connection,
    by: Grouping,
    since: date | None = None,
    *,
    with_performance: bool = True,
) -> list[SpendingRow]:
    """Return the calls from a local day on, grouped; times in order, other groups by cost."""
    first_slot = 0 if since is None else slot_of(since)
    name = _name_of(by)
    sums = _sums(connection, by, first_slot, name)
    went = _performance(connection, by, first_slot, name) if with_performance else {}
    none = GroupPerformance() if with_performance else None
    rows = [SpendingRow(key, spent, went.get(key, none)) for key, spent in sums.items()]
    if by in TIMES:
        return sorted(rows, key=lambda row: row.key)
    return sorted(rows, key=lambda row: (-row.spent.cost, row.key))


def _name_of(by: Grouping) -> Callable[[object], str]:
    """Return the function that names a group by its key in SQL."""
    if by not in TIMES:
        return str
    length = 10 if by is Grouping.DAY else 7

    @cache
    def named(slot: object) -> str:
        start = datetime.fromtimestamp(int(str(slot)) * SLOT_MICROS // 1_000_000)  # noqa: DTZ006
        return start.date().isoformat()[:length]

    return named


def _sums(
    connection: sqlite3.Connection, by: Grouping, first_slot: int, name: Callable[[object], str]
) -> dict[str, Spent]:
    key, source = _COLUMNS[by], "ledger_slots"
    if by is Grouping.EFFORT:
        source = _CALLS
    counts: dict[str, tuple[int, ...]] = {}
    # The names are constants of this module. SQLite adds the integers.
    sql = f"""SELECT {key}, sum(calls), sum(uncounted), sum(input_tokens), sum(cached_tokens),
        sum(output_tokens), sum(reasoning_tokens) FROM {source} WHERE slot >= ?1
        GROUP BY 1"""  # noqa: S608
    for found, *more in connection.execute(sql, (first_slot,)):
        named = name(found)
        known = counts.get(named)
        counts[named] = (
            tuple(more) if known is None else tuple(a + b for a, b in zip(known, more, strict=True))
        )
    # It would add amounts of money as floating point.
    costs: dict[str, Decimal] = defaultdict(Decimal)
    sql = f"SELECT {key}, cost FROM {source} WHERE slot >= ?1 AND cost IS NOT NULL"  # noqa: S608
    for found, cost in connection.execute(sql, (first_slot,)):
        named = name(found)
        costs[named] = EXACT.add(costs[named], Decimal(cost))
    return {
        named: Spent(calls, uncounted, Usage(*usage), costs[named])
        for named, (calls, uncounted, *usage) in counts.items()
        if calls
    }


def _performance(
    connection: sqlite3.Connection, by: Grouping, first_slot: int, name: Callable[[object], str]
) -> dict[str, GroupPerformance]:
    groups: dict[str, _Calls] = defaultdict(_Calls)
    sql = f"""SELECT {_COLUMNS[by]}, outcome, coalesce(retries, 0), output_tokens, first_token_s,
        duration_s FROM {_CALLS} WHERE outcome IS NOT NULL"""  # noqa: S608
    for found, outcome, retries, tokens, first, duration in connection.execute(sql, (first_slot,)):
        group = groups[name(found)]
        group.failed += outcome == "failed"
        group.retries += retries
        if duration is None:
            continue
        group.durations.append(duration)
        if first is not None:
            group.first.append(first)
            if first < duration:
                group.streamed += tokens
                group.streamed_s += duration - first
    return {key: _went(group) for key, group in groups.items()}


def _went(group: _Calls) -> GroupPerformance:
    return GroupPerformance(
        group.failed,
        group.retries,
        percentile(group.first, 50),
        percentile(group.first, 95),
        percentile(group.durations, 50),
        group.streamed / group.streamed_s if group.streamed_s else None,
    )
