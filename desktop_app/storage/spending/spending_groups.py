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
    """What the rows of a report are about."""

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
    counts: list[int] = field(default_factory=lambda: [0] * 8)
    cost: Decimal = Decimal(0)
    first: list[float] = field(default_factory=list)
    durations: list[float] = field(default_factory=list)
    streamed_tokens: int = 0
    streamed_s: float = 0.0


def grouped_rows(connection: sqlite3.Connection, by: Grouping) -> list[SpendingRow]:
    """Return all calls of the ledger, grouped; times in order, other groups by cost."""
    # A time takes the start of its hour, so that few local days are computed.
    key = f"at / {3600 * _MICROS}" if by in _TIMES else _COLUMNS[by]
    # The column is a constant of this module.
    sql = f"""SELECT {key}, cost, input_tokens, cached_tokens, output_tokens, reasoning_tokens,
        coalesce(outcome, '') = 'failed', coalesce(retries, 0), first_token_s, duration_s
        FROM ledger"""  # noqa: S608
    groups: dict[object, _Group] = defaultdict(_Group)
    for found, cost, *counts, first, duration in connection.execute(sql):
        group = groups[found]
        amounts = (1, int(cost is None), *counts)
        group.counts = [a + b for a, b in zip(group.counts, amounts, strict=True)]
        if cost is not None:
            group.cost = EXACT.add(group.cost, Decimal(cost))
        if duration is not None:
            group.durations.append(duration)
            if first is not None and duration > first:
                group.first.append(first)
                group.streamed_tokens += counts[2]
                group.streamed_s += duration - first
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
        total.counts = [a + b for a, b in zip(total.counts, group.counts, strict=True)]
        total.cost = EXACT.add(total.cost, group.cost)
        total.first += group.first
        total.durations += group.durations
        total.streamed_tokens += group.streamed_tokens
        total.streamed_s += group.streamed_s
    calls, uncounted, *tokens, failed, retries = total.counts
    return SpendingRow(
        key,
        Spent(calls, uncounted, Usage(*tokens), total.cost),
        failed,
        retries,
        percentile(total.first, 50),
        percentile(total.first, 95),
        percentile(total.durations, 50),
        total.streamed_tokens / total.streamed_s if total.streamed_s else None,
    )
