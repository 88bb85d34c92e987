"""The ledger's sums for each quarter of an hour, by provider, model and purpose.

A quarter of an hour, because the clocks of all time zones differ by whole quarters: any local day
or month is a whole number of them. So a month is read in milliseconds however many calls it had.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, TypeVar

from desktop_app.domain.cost import Usage
from desktop_app.domain.spending import EXACT, SpendingLine, SpendingReport, Spent
from desktop_app.storage.rows import from_micros, to_micros

SLOT_MICROS: Final = 15 * 60 * 1_000_000
MONTHS_REPORTED: Final = 12

_K = TypeVar("_K")


def day_of(connection: sqlite3.Connection, at: datetime, provider_id: str | None) -> Spent:
    """The local day of `at`, of one provider or of all."""
    day = at.astimezone().date()
    return _sum_of(_slots(connection, *_local_span(day, day + timedelta(days=1)), provider_id))


def month_of(connection: sqlite3.Connection, at: datetime, provider_id: str | None) -> Spent:
    """The local month of `at`, of one provider or of all."""
    first = at.astimezone().date().replace(day=1)
    return _sum_of(_slots(connection, *_local_span(first, _next_month(first)), provider_id))


def fill_slots(connection: sqlite3.Connection) -> None:
    """Sum up the entries that were written before there were sums."""
    sql = f"""SELECT at / {SLOT_MICROS} AS slot, provider_id, model, purpose, input_tokens,
        cached_tokens, output_tokens, reasoning_tokens, coalesce(cost, '0') AS cost,
        1 AS calls, cost IS NULL AS uncounted FROM ledger"""  # noqa: S608 - our own number
    names = ("slot", "provider_id", "model", "purpose")
    sums = _grouped(connection.execute(sql), lambda row: tuple(row[name] for name in names))
    connection.executemany(
        "INSERT INTO ledger_slots VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (*key, spent.calls, spent.uncounted, *token_counts(spent.usage), str(spent.cost))
            for key, spent in sums.items()
        ),
    )


# ---------------------------------------------------------------------------- writing

_TAKE = """SELECT cost FROM ledger_slots
    WHERE slot = ? AND provider_id = ? AND model = ? AND purpose = ?"""
_PUT = """INSERT INTO ledger_slots VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (slot, provider_id, model, purpose) DO UPDATE SET
        calls = calls + 1,
        uncounted = uncounted + excluded.uncounted,
        input_tokens = input_tokens + excluded.input_tokens,
        cached_tokens = cached_tokens + excluded.cached_tokens,
        output_tokens = output_tokens + excluded.output_tokens,
        reasoning_tokens = reasoning_tokens + excluded.reasoning_tokens,
        cost = excluded.cost"""


def add_to_slot(connection: sqlite3.Connection, entry: tuple[object, ...]) -> None:
    """Take in one entry: time, provider, model, purpose, four counts of tokens, cost."""
    at, *names, cost = entry
    key = (int(str(at)) // SLOT_MICROS, *names[:3])
    known = connection.execute(_TAKE, key).fetchone()
    before = Decimal(known[0]) if known else Decimal(0)
    total = before if cost is None else EXACT.add(before, Decimal(str(cost)))
    connection.execute(_PUT, (*key, int(cost is None), *names[3:], str(total)))


def token_counts(usage: Usage) -> tuple[int, int, int, int]:
    """A usage in the order of the columns."""
    counts = (usage.input_tokens, usage.cached_tokens)
    return (*counts, usage.output_tokens, usage.reasoning_tokens)


# ---------------------------------------------------------------------------- reading


def _slots(
    connection: sqlite3.Connection, start: int, end: int, provider_id: str | None = None
) -> Iterable[sqlite3.Row]:
    sql = """SELECT * FROM ledger_slots WHERE slot >= ? AND slot < ?
        AND (?3 IS NULL OR provider_id = ?3)"""
    return connection.execute(sql, (start, end, provider_id))


def _local_span(first: date, end: date) -> tuple[int, int]:
    """The slots from the beginning of one local day to that of another."""
    return _slot_of(first), _slot_of(end)


def _slot_of(day: date) -> int:
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - local time on purpose
    return to_micros(midnight.astimezone()) // SLOT_MICROS


def _next_month(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)


def _spent(row: sqlite3.Row) -> Spent:
    usage = Usage(
        row["input_tokens"], row["cached_tokens"], row["output_tokens"], row["reasoning_tokens"]
    )
    return Spent(row["calls"], row["uncounted"], usage, Decimal(row["cost"]))


def _sum_of(rows: Iterable[sqlite3.Row]) -> Spent:
    return _grouped(rows, lambda _: None).get(None, Spent())


def _grouped(rows: Iterable[sqlite3.Row], key: Callable[[sqlite3.Row], _K]) -> dict[_K, Spent]:
    sums: dict[_K, Spent] = defaultdict(Spent)
    for row in rows:
        group = key(row)
        sums[group] = sums[group] + _spent(row)
    return sums


def report_of(connection: sqlite3.Connection, at: datetime) -> SpendingReport:
    """All that was spent, seen from `at`."""
    today = at.astimezone().date()
    this_month = today.replace(day=1)
    months = [this_month]
    while len(months) < MONTHS_REPORTED:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    end = _slot_of(today + timedelta(days=1))
    begin = _slot_of(this_month)
    by_month = _grouped(
        _slots(connection, _slot_of(months[-1]), end), lambda row: _date_of(row).replace(day=1)
    )
    by_day = _grouped(_slots(connection, begin, end), _date_of)
    days = [today - timedelta(days=n) for n in range(today.day)]
    return SpendingReport(
        today=_lines(_slots(connection, _slot_of(today), end)),
        month=_lines(_slots(connection, begin, end)),
        months=tuple((month, by_month.get(month, Spent())) for month in months),
        days=tuple((day, by_day.get(day, Spent())) for day in days),
    )


def _date_of(row: sqlite3.Row) -> date:
    return from_micros(row["slot"] * SLOT_MICROS).astimezone().date()


def _lines(rows: Iterable[sqlite3.Row]) -> tuple[SpendingLine, ...]:
    groups = _grouped(rows, lambda row: (row["provider_id"], row["model"], row["purpose"]))
    lines = (SpendingLine(*key, spent) for key, spent in groups.items())
    return tuple(sorted(lines, key=lambda x: (-x.spent.cost, x.provider_id, x.model, x.purpose)))
