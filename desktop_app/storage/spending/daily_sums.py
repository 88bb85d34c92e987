"""The ledger's sums for each day, by everything that a report can be grouped by.

The day is that of the call in the local time zone. It stays if the time zone changes later. The
durations of calls are kept as histograms, so that a report never reads the calls themselves.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final

from desktop_app.domain.spending.cost import Usage
from desktop_app.domain.spending.spending_report import (
    EXACT_CONTEXT,
    CallPerformance,
    GroupPerformance,
    SpendingSum,
)
from desktop_app.domain.statistics import Histogram
from desktop_app.storage.spending.spending_sums import SLOT_MICROS, LedgerEntry

_KEY: Final = ("day", "provider_id", "model", "purpose", "effort", "tier", "outcome")
_FAILED: Final = "failed"

_Tokens = tuple[int, int, int, int]
"""The counts of input, cached input, output and reasoning tokens, as in `Usage`."""


@dataclass
class CallSums:
    """The sums of a group of calls.

    Attributes:
        uncounted: the number of calls of unknown cost.
        usage: the tokens, in the order of the fields of `Usage`.
        cost: in US dollars.
        failed: the number of failed calls. Only `add_row` counts them: the calls of a row have the
            same outcome. It is a part of the key of a row, so `values` has no column for it.
        streamed_tokens, streamed_s: the output after the first token, and the seconds it took.
        first_token_times, durations: the seconds until the first token and until the end.
        speeds: the tokens per second after the first token.
    """

    calls: int = 0
    uncounted: int = 0
    usage: _Tokens = (0, 0, 0, 0)
    cost: Decimal = Decimal(0)
    failed: int = 0
    retries: int = 0
    streamed_tokens: int = 0
    streamed_s: float = 0.0
    first_token_times: Histogram = field(default_factory=Histogram)
    durations: Histogram = field(default_factory=Histogram)
    speeds: Histogram = field(default_factory=Histogram)

    def add_call(
        self, tokens: _Tokens, cost: str | None, performance: CallPerformance | None
    ) -> None:
        """Add a call."""
        self.calls += 1
        if cost is None:  # unknown
            self._add_spent(uncounted=1, tokens=tokens, cost=Decimal(0))
        else:
            self._add_spent(uncounted=0, tokens=tokens, cost=Decimal(cost))
        if performance is None:
            return
        self.retries += performance.retries
        if performance.duration_s is None:
            return
        self.durations.add(performance.duration_s)
        if performance.first_token_s is None:
            return
        self.first_token_times.add(performance.first_token_s)
        _, _, output_tokens, _ = tokens
        seconds = performance.duration_s - performance.first_token_s
        # An answer that came in one piece has no speed.
        if output_tokens and seconds > 0:
            self.streamed_tokens += output_tokens
            self.streamed_s += seconds
            self.speeds.add(output_tokens / seconds)

    def add_row(self, row: sqlite3.Row) -> None:
        """Add a row of `ledger_days`."""
        self.calls += row["calls"]
        tokens = (
            row["input_tokens"],
            row["cached_tokens"],
            row["output_tokens"],
            row["reasoning_tokens"],
        )
        self._add_spent(row["uncounted"], tokens, Decimal(row["cost"]))
        if row["outcome"] == _FAILED:
            self.failed += row["calls"]
        self.retries += row["retries"]
        self.streamed_tokens += row["streamed_tokens"]
        self.streamed_s += row["streamed_s"]
        self.first_token_times += Histogram.from_bytes(row["first_tokens"])
        self.durations += Histogram.from_bytes(row["durations"])
        self.speeds += Histogram.from_bytes(row["speeds"])

    def _add_spent(self, uncounted: int, tokens: _Tokens, cost: Decimal) -> None:
        self.uncounted += uncounted
        total = self.usage
        self.usage = (
            total[0] + tokens[0],
            total[1] + tokens[1],
            total[2] + tokens[2],
            total[3] + tokens[3],
        )
        self.cost = EXACT_CONTEXT.add(self.cost, cost)

    def values(self) -> tuple[Any, ...]:
        """Return the columns of `ledger_days` that follow the key."""
        counts = (self.calls, self.uncounted, *self.usage, str(self.cost), self.retries)
        times = (self.first_token_times, self.durations, self.speeds)
        packed_histograms = (histogram.to_bytes() for histogram in times)
        return (*counts, self.streamed_tokens, self.streamed_s, *packed_histograms)

    @property
    def spent(self) -> SpendingSum:
        """Return the sums of money and tokens."""
        return SpendingSum(
            calls=self.calls, uncounted=self.uncounted, usage=Usage(*self.usage), cost=self.cost
        )

    @property
    def performance(self) -> GroupPerformance:
        """Return the failures, retries and times of the calls."""
        tokens_per_s = None
        if self.streamed_s:
            tokens_per_s = self.streamed_tokens / self.streamed_s
        return GroupPerformance(
            failed=self.failed,
            retries=self.retries,
            p50_first_token_s=self.first_token_times.percentile(50),
            p95_first_token_s=self.first_token_times.percentile(95),
            p50_s=self.durations.percentile(50),
            tokens_per_s=tokens_per_s,
            p50_tokens_per_s=self.speeds.percentile(50),
            p95_tokens_per_s=self.speeds.percentile(95),
        )


_COLUMN_COUNT: Final = len(_KEY) + len(CallSums().values())
_UPSERT_DAY: Final = f"INSERT OR REPLACE INTO ledger_days VALUES ({', '.join('?' * _COLUMN_COUNT)})"  # noqa: S608
_SELECT_DAY: Final = (
    f"SELECT * FROM ledger_days WHERE {' AND '.join(f'{name} = ?' for name in _KEY)}"  # noqa: S608
)

_SELECT_ENTRIES: Final = f"""SELECT at / {SLOT_MICROS}, provider_id, model, purpose,
    coalesce(effort, ''), coalesce(tier, ''), coalesce(outcome, ''), input_tokens, cached_tokens,
    output_tokens, reasoning_tokens, cost, coalesce(retries, 0), first_token_s, duration_s
    FROM ledger"""  # noqa: S608 - our own number


def add_to_day(
    connection: sqlite3.Connection, entry: LedgerEntry, performance: CallPerformance | None
) -> None:
    """Add a call to the sums of its day."""
    if performance is None:
        performance = CallPerformance()
    key = (
        _day_of(entry.slot),
        *entry.names,  # the provider, model and purpose
        performance.effort,
        performance.tier,
        performance.outcome,
    )
    sums = CallSums()
    sums.add_call(entry.tokens, entry.cost, performance)
    _add_to_stored(connection, key, sums)


def fill_days(connection: sqlite3.Connection) -> None:
    """Sum up all entries of the ledger into the empty table of days."""
    day_of = cache(_day_of)  # many calls share a slot
    days: defaultdict[tuple[str, ...], CallSums] = defaultdict(CallSums)
    for entry in connection.execute(_SELECT_ENTRIES):
        # The key of the sums, the tokens and the cost, and the times.
        slot, *names = entry[:7]
        cost, retries, first_token_s, duration_s = entry[11:]
        performance = CallPerformance(
            retries=retries, first_token_s=first_token_s, duration_s=duration_s
        )
        days[day_of(slot), *names].add_call(entry[7:11], cost, performance)
    for key, sums in days.items():
        _add_to_stored(connection, key, sums)


def _add_to_stored(connection: sqlite3.Connection, key: tuple[str, ...], sums: CallSums) -> None:
    if stored_row := connection.execute(_SELECT_DAY, key).fetchone():
        sums.add_row(stored_row)
    connection.execute(_UPSERT_DAY, (*key, *sums.values()))


def _day_of(slot: int) -> str:
    """Return the local day of a slot, in ISO format."""
    start = datetime.fromtimestamp(slot * SLOT_MICROS // 1_000_000)  # noqa: DTZ006
    return start.date().isoformat()
