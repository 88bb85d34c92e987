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
# The first two are fields of `SpendingSum`, the others those of `Usage`, in its order.
_SUMMED_COLUMNS: Final = (
    "calls",
    "uncounted",
    "input_tokens",
    "cached_tokens",
    "output_tokens",
    "reasoning_tokens",
)
_Key = tuple[Any, ...]
"""The values of the columns that a sum is grouped by; () for the sum of all rows."""
_SLOTS_IN_RANGE: Final = """ledger_slots
    WHERE slot >= ?1 AND slot < ?2 AND (?3 IS NULL OR provider_id = ?3)"""
# In ledger_slots, `uncounted` is the number of calls of unknown cost; `cost` is that of the others.
_INSERT_SLOT: Final = """INSERT INTO ledger_slots (
        slot, provider_id, model, purpose, calls, uncounted,
        input_tokens, cached_tokens, output_tokens, reasoning_tokens, cost
    ) VALUES (
        :slot, :provider_id, :model, :purpose, :calls, :uncounted,
        :input_tokens, :cached_tokens, :output_tokens, :reasoning_tokens, :cost
    )"""
# The new row has the new total of the costs, because SQLite would add them as floating point.
_ADD_TO_SLOT: Final = f"""{_INSERT_SLOT}
    ON CONFLICT (slot, provider_id, model, purpose) DO UPDATE SET
        calls = calls + excluded.calls,
        uncounted = uncounted + excluded.uncounted,
        input_tokens = input_tokens + excluded.input_tokens,
        cached_tokens = cached_tokens + excluded.cached_tokens,
        output_tokens = output_tokens + excluded.output_tokens,
        reasoning_tokens = reasoning_tokens + excluded.reasoning_tokens,
        cost = excluded.cost"""
_COST_OF_SLOT: Final = """SELECT cost FROM ledger_slots
    WHERE slot = ? AND provider_id = ? AND model = ? AND purpose = ?"""


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
    # Without columns to group by, all rows are one group, whose key is empty.
    sums = _sums_by(connection, _SLOTS_IN_RANGE, span, names=())
    return sums.get((), SpendingSum())


def fill_slots(connection: sqlite3.Connection) -> None:
    """Sum up all entries of the ledger into the empty table of slots."""
    # `_sums_by` needs the columns of ledger_slots. Each entry is shown to it as a slot of one call.
    entries = f"""(SELECT at / {SLOT_MICROS} AS slot, *, 1 AS calls, cost IS NULL AS uncounted
        FROM ledger)"""  # noqa: S608 - our own number
    sums = _sums_by(connection, entries, (), ("slot", *_NAME_COLUMNS))
    rows = []
    for (slot, provider_id, model, purpose), spent in sums.items():
        row = {
            "slot": slot,
            "provider_id": provider_id,
            "model": model,
            "purpose": purpose,
            "calls": spent.calls,
            "uncounted": spent.uncounted,
            "input_tokens": spent.usage.input_tokens,
            "cached_tokens": spent.usage.cached_tokens,
            "output_tokens": spent.usage.output_tokens,
            "reasoning_tokens": spent.usage.reasoning_tokens,
            "cost": str(spent.cost),
        }
        rows.append(row)
    connection.executemany(_INSERT_SLOT, rows)


def add_to_slot(connection: sqlite3.Connection, entry: LedgerEntry) -> None:
    """Add a call to the sums of its slot."""
    row = connection.execute(_COST_OF_SLOT, (entry.slot, *entry.names)).fetchone()
    old_cost = Decimal(row[0]) if row else Decimal(0)
    total_cost = old_cost
    uncounted = 1
    if entry.cost is not None:
        total_cost = EXACT_CONTEXT.add(old_cost, Decimal(entry.cost))
        uncounted = 0
    new_row = {
        **entry._asdict(),
        "slot": entry.slot,
        "calls": 1,
        "uncounted": uncounted,
        "cost": str(total_cost),
    }
    connection.execute(_ADD_TO_SLOT, new_row)


def token_counts(usage: Usage) -> tuple[int, int, int, int]:
    """Return the token counts of a usage in the order of the columns."""
    return (usage.input_tokens, usage.cached_tokens, usage.output_tokens, usage.reasoning_tokens)


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
    connection: sqlite3.Connection,
    source: str,
    parameters: tuple[int | str | None, ...],
    names: tuple[str, ...],
) -> dict[_Key, SpendingSum]:
    """Return the sums of rows by the values of the columns `names`.

    SQLite adds the integers. Amounts of money, which it would add as floating point, are added
    here.

    Args:
        source: the FROM clause, without FROM; it yields the columns of ledger_slots.
        parameters: the values of the parameters in `source`.
        names: the columns to group by; if there are none, all rows are one group.
    """
    costs: dict[_Key, Decimal] = defaultdict(Decimal)
    # The names and the source are constants of this module.
    sql = f"SELECT {', '.join(['cost', *names])} FROM {source}"  # noqa: S608
    for cost, *key_values in connection.execute(sql, parameters):
        if cost is not None:
            key = tuple(key_values)
            costs[key] = EXACT_CONTEXT.add(costs[key], Decimal(cost))
    summed_columns = [f"sum({name})" for name in _SUMMED_COLUMNS]
    sql = f"SELECT {', '.join([*summed_columns, *names])} FROM {source}"  # noqa: S608
    if names:
        sql += f" GROUP BY {', '.join(names)}"
    sums: dict[_Key, SpendingSum] = {}
    for row in connection.execute(sql, parameters):
        calls, uncounted, *tokens = row[: len(_SUMMED_COLUMNS)]
        key = tuple(row[len(_SUMMED_COLUMNS) :])
        if calls:  # without GROUP BY, SQLite returns a row even if nothing matches
            sums[key] = SpendingSum(calls, uncounted, Usage(*tokens), costs[key])
    return sums


def _slot_of(day: date) -> int:
    """Return the number of the first slot of a local day."""
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - local time on purpose
    return to_micros(midnight.astimezone()) // SLOT_MICROS


def _next_month(first_day: date) -> date:
    return (first_day + 32 * _DAY).replace(day=1)
