"""Spending and performance, grouped by time, model, provider, purpose or effort."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from desktop_app.domain.spending.cost import Usage
from desktop_app.domain.spending.spending_report import EXACT, Spent
from desktop_app.domain.statistics import percentile

_MICROS: Final = 1_000_000


class Grouping(StrEnum):
    """The subject of each row of a report."""

    DAY = "day"
    MONTH = "month"
    MODEL = "model"
    PROVIDER = "provider"
    PURPOSE = "purpose"
    EFFORT = "effort"


_TIMES: Final = (Grouping.DAY, Grouping.MONTH)
_COLUMNS: Final = {
    Grouping.MODEL: "model",
    Grouping.PROVIDER: "provider_id",
    Grouping.PURPOSE: "purpose",
    Grouping.EFFORT: "coalesce(effort, '')",
}


@dataclass(frozen=True)
class SpendingRow:
    """The spending of a group, and how its measured calls went.

    Attributes:
        failed: calls whose answer failed.
        p50_first_token_s, p95_first_token_s, p50_s: None if no call was measured.
        tokens_per_s: output tokens per second after the first; None if no call was measured.
    """

    key: str
    spent: Spent
    failed: int = 0
    retries: int = 0
    p50_first_token_s: float | None = None
    p95_first_token_s: float | None = None
    p50_s: float | None = None
    tokens_per_s: float | None = None


@dataclass
class _Group:
    counts: tuple[int, ...] = (0,) * 9
    streamed_s: float = 0.0
    cost: Decimal = Decimal(0)
    first: list[float] = field(default_factory=list)
    durations: list[float] = field(default_factory=list)


def grouped_rows(connection: sqlite3.Connection, by: Grouping) -> list[SpendingRow]:
    """Return all calls of the ledger, grouped; times in order, other groups by cost."""
    # A time takes the start of its hour, so that few local days are computed.
    key = f"at / {3600 * _MICROS}" if by in _TIMES else _COLUMNS[by]
    groups: dict[object, _Group] = {}
    streamed = "first_token_s < duration_s"
    # The columns are constants of this module. SQLite adds the integers.
    sql = f"""SELECT {key}, count(*), sum(cost IS NULL), sum(input_tokens), sum(cached_tokens),
        sum(output_tokens), sum(reasoning_tokens), sum(coalesce(outcome, '') = 'failed'),
        sum(coalesce(retries, 0)), coalesce(sum(output_tokens) FILTER (WHERE {streamed}), 0),
        coalesce(sum(duration_s - first_token_s) FILTER (WHERE {streamed}), 0.0)
        FROM ledger GROUP BY 1"""  # noqa: S608
    for found, *counts, seconds in connection.execute(sql):
        groups[found] = _Group(tuple(counts), seconds)
    # It would add amounts of money as floating point. Many calls cost the same.
    sql = f"""SELECT {key}, cost, count(*) FROM ledger WHERE cost IS NOT NULL
        GROUP BY 1, 2"""  # noqa: S608
    for found, cost, count in connection.execute(sql):
        amount = EXACT.multiply(Decimal(cost), Decimal(count))
        groups[found].cost = EXACT.add(groups[found].cost, amount)
    sql = f"""SELECT {key}, first_token_s, duration_s FROM ledger
        WHERE duration_s IS NOT NULL"""  # noqa: S608
    for found, first, duration in connection.execute(sql):
        group = groups[found]
        group.durations.append(duration)
        if first is not None:
            group.first.append(first)
    if by in _TIMES:
        return _by_time(groups, by)
    rows = [_row(str(found), [group]) for found, group in groups.items()]
    return sorted(rows, key=lambda row: (-row.spent.cost, row.key))


def _by_time(groups: dict[object, _Group], by: Grouping) -> list[SpendingRow]:
    gathered: dict[date, list[_Group]] = defaultdict(list)
    for hour, group in groups.items():
        day = datetime.fromtimestamp(int(str(hour)) * 3600).date()  # noqa: DTZ006 - the local day
        gathered[day if by is Grouping.DAY else day.replace(day=1)].append(group)
    length = 10 if by is Grouping.DAY else 7
    return [_row(day.isoformat()[:length], gathered[day]) for day in sorted(gathered)]


def _row(key: str, groups: Iterable[_Group]) -> SpendingRow:
    total = _Group()
    for group in groups:
        total.counts = tuple(a + b for a, b in zip(total.counts, group.counts, strict=True))
        total.streamed_s += group.streamed_s
        total.cost = EXACT.add(total.cost, group.cost)
        total.first += group.first
        total.durations += group.durations
    calls, uncounted, *tokens, failed, retries, streamed = total.counts
    return SpendingRow(
        key,
        Spent(calls, uncounted, Usage(*tokens), total.cost),
        failed,
        retries,
        percentile(total.first, 50),
        percentile(total.first, 95),
        percentile(total.durations, 50),
        streamed / total.streamed_s if total.streamed_s else None,
    )
