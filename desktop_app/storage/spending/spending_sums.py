"""The ledger's sums for each quarter of an hour, by provider, model and purpose.

Time zones differ by whole quarters of an hour, so any local day or month consists of whole slots.
A month is therefore read in milliseconds, however many calls it had.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

from desktop_app.domain.spending.cost import Usage
from desktop_app.domain.spending.spending_report import EXACT_CONTEXT, SpendingLine, SpendingSum
from desktop_app.storage.conversations.row_conversion import to_micros

SLOT_MICROS: Final = 15 * 60 * 1_000_000

_DAY: Final = timedelta(days=1)
_NAME_COLUMNS: Final = ("provider_id", "model", "purpose")
_Key = tuple[Any, ...]


class LedgerEntry(NamedTuple):
    """A call, in the order of the ledger's columns.

    Attributes:
        at: in microseconds since 1970.
        cost: in US dollars; None if unknown.
    """

    at: int
    provider_id: str
    model: str
    purpose: str
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int
    cost: str | None

    @property
    def slot(self) -> int:
        """Return the number of the quarter of an hour since 1970."""
        return self.at // SLOT_MICROS

    @property
    def names(self) -> tuple[str, str, str]:
        """Return the provider, the model and the purpose."""
        return self[1:4]

    @property
    def tokens(self) -> tuple[int, int, int, int]:
        """Return the token counts in the order of the columns."""
        return self[4:8]


def month_of(connection: sqlite3.Connection, at: datetime, provider_id: str | None) -> SpendingSum:
    """Return the spending of the local month of `at`, of one provider or, with None, of all."""
    first_day = at.astimezone().date().replace(day=1)
    span = (_slot_of(first_day), _slot_of(_next_month(first_day)), provider_id)
    sums = _sums_by(connection, _SLOTS_IN_RANGE, span, names=())  # one sum, or none
    return sums.get((), SpendingSum())


def fill_slots(connection: sqlite3.Connection) -> None:
    """Sum up all entries of the ledger into the empty table of slots."""
    entries = f"""(SELECT at / {SLOT_MICROS} AS slot, *, 1 AS calls, cost IS NULL AS uncounted
        FROM ledger)"""  # noqa: S608 - our own number
    sums = _sums_by(connection, entries, (), ("slot", *_NAME_COLUMNS))
    connection.executemany(
        "INSERT INTO ledger_slots VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (*key, spent.calls, spent.uncounted, *token_counts(spent.usage), str(spent.cost))
            for key, spent in sums.items()
        ),
    )


_SELECT = """SELECT cost FROM ledger_slots
    WHERE slot = ? AND provider_id = ? AND model = ? AND purpose = ?"""
_UPSERT = """INSERT INTO ledger_slots VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (slot, provider_id, model, purpose) DO UPDATE SET
        calls = calls + 1,
        uncounted = uncounted + excluded.uncounted,
        input_tokens = input_tokens + excluded.input_tokens,
        cached_tokens = cached_tokens + excluded.cached_tokens,
        output_tokens = output_tokens + excluded.output_tokens,
        reasoning_tokens = reasoning_tokens + excluded.reasoning_tokens,
        cost = excluded.cost"""


def add_to_slot(connection: sqlite3.Connection, entry: LedgerEntry) -> None:
    """Add a call to the sums of its slot."""
    key = (entry.slot, *entry.names)
    row = connection.execute(_SELECT, key).fetchone()
    old_cost = Decimal(row[0]) if row else Decimal(0)
    total = old_cost
    uncounted = 1
    if entry.cost is not None:
        total = EXACT_CONTEXT.add(old_cost, Decimal(entry.cost))
        uncounted = 0
    connection.execute(_UPSERT, (*key, uncounted, *entry.tokens, str(total)))


def token_counts(usage: Usage) -> tuple[int, int, int, int]:
    """Return the token counts of a usage in the order of the columns."""
    return (usage.input_tokens, usage.cached_tokens, usage.output_tokens, usage.reasoning_tokens)


_SLOTS_IN_RANGE = "ledger_slots WHERE slot >= ?1 AND slot < ?2 AND (?3 IS NULL OR provider_id = ?3)"


def lines_of(
    connection: sqlite3.Connection, first_day: date, last_day: date
) -> tuple[SpendingLine, ...]:
    """Return the spending from `first_day` to `last_day`, by provider, model and purpose.

    The most expensive line comes first.
    """
    span = (_slot_of(first_day), _slot_of(last_day + _DAY), None)
    groups = _sums_by(connection, _SLOTS_IN_RANGE, span, _NAME_COLUMNS)
    lines = [
        SpendingLine(provider_id, model, purpose, spent)
        for (provider_id, model, purpose), spent in groups.items()
    ]
    return tuple(sorted(lines, key=lambda x: (-x.spent.cost, x.provider_id, x.model, x.purpose)))


def _sums_by(
    connection: sqlite3.Connection, source: str, values: _Key, names: tuple[str, ...]
) -> dict[_Key, SpendingSum]:
    """Return the sums of rows by the values of the columns `names`.

    SQLite adds the integers. Amounts of money, which it would add as floating point, are added
    here.

    Args:
        source: the FROM clause, without FROM; `values` are its parameters.
    """
    columns = "".join(f"{name}, " for name in names)
    costs: dict[_Key, Decimal] = defaultdict(Decimal)
    # The names and the source are constants of this module.
    sql = f"SELECT {columns}cost FROM {source}"  # noqa: S608
    for *key, cost in connection.execute(sql, values):
        if cost is not None:
            group = tuple(key)
            costs[group] = EXACT_CONTEXT.add(costs[group], Decimal(cost))
    group_by = f" GROUP BY {columns[:-2]}" if names else ""
    sql = f"""SELECT {columns}sum(calls), sum(uncounted), sum(input_tokens), sum(cached_tokens),
        sum(output_tokens), sum(reasoning_tokens) FROM {source}{group_by}"""  # noqa: S608
    sums: dict[_Key, SpendingSum] = {}
    for row in connection.execute(sql, values):
        *key, calls, uncounted = row[:-4]
        if calls:  # without GROUP BY, there is a row even if nothing matches
            group = tuple(key)
            sums[group] = SpendingSum(calls, uncounted, Usage(*row[-4:]), costs[group])
    return sums


def _slot_of(day: date) -> int:
    """Return the number of the first slot of a local day."""
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - local time on purpose
    return to_micros(midnight.astimezone()) // SLOT_MICROS


def _next_month(first_day: date) -> date:
    return (first_day + 32 * _DAY).replace(day=1)
