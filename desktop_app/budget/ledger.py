"""The ledger of spending. Entries stay when their conversation is deleted.

Amounts are stored as whole nano-dollars, rounded up, so that SQLite adds them without an error.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from copy import copy
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING, Any, Final

from desktop_app.domain.bounds import LATEST_TIME, MAX_COUNT, MAX_SECONDS
from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.cost import TypicalAnswer, Usage
from desktop_app.domain.errors import StorageError
from desktop_app.domain.spending_report import (
    TIME_GROUPINGS,
    Call,
    CallPerformance,
    Grouping,
    GroupPerformance,
    SpendingRow,
    SpendingSum,
)
from desktop_app.domain.statistics import percentile
from desktop_app.storage.database import Databases
from desktop_app.storage.process_identity import is_alive
from desktop_app.storage.row_conversion import from_micros, to_micros
from desktop_app.storage.sqlite_connection import any_text

if TYPE_CHECKING:
    from desktop_app.budget.budget import Hold

_NANOS: Final = 1_000_000_000
_MAX_NANOS: Final = 10**15
"""A million dollars; the sum of thousands of such amounts still fits a column."""
_MAX_RECENT_CALLS: Final = 2_000
_MIN_CALLS_FOR_MEDIAN: Final = 3
_DAY: Final = timedelta(days=1)
# "" for a damaged time.
_DAY_SQL: Final = "coalesce(date(at / 1000000, 'unixepoch', 'localtime'), '')"
_KEYS: Final = {
    Grouping.DAY: _DAY_SQL,
    Grouping.MONTH: f"substr({_DAY_SQL}, 1, 7)",
    Grouping.MODEL: "model",
    Grouping.PROVIDER: "provider_id",
    Grouping.PURPOSE: "purpose",
    Grouping.EFFORT: "effort",
    Grouping.TIER: "tier",
    Grouping.OUTCOME: "outcome",
}
# An answer that came in one piece has no speed.
_SPEED: Final = """CASE WHEN output_tokens > 0 AND duration_s > first_token_s
    THEN output_tokens / (duration_s - first_token_s) END"""
_SUMS: Final = """count(*), count(*) - count(cost), coalesce(sum(input_tokens), 0),
    coalesce(sum(cached_tokens), 0), coalesce(sum(output_tokens), 0),
    coalesce(sum(reasoning_tokens), 0), coalesce(sum(cost), 0),
    coalesce(sum(is_estimated <> 0), 0)"""
_COUNTS: Final = ", ".join(
    f"min(max({name}, 0), {MAX_COUNT}) AS {name}"
    for name in ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "retries")
)
_SECONDS: Final = ", ".join(
    f"CASE WHEN {name} BETWEEN 0 AND {MAX_SECONDS} THEN {name} END AS {name}"
    for name in ("first_token_s", "duration_s")
)
_LATEST: Final = to_micros(LATEST_TIME)
_SOUND: Final = f"""(SELECT id, at, provider_id, model, purpose, conversation_id, message_id,
    effort, tier, outcome, is_estimated, {_COUNTS}, {_SECONDS},
    CASE WHEN cost BETWEEN 0 AND {_MAX_NANOS} THEN cost END AS cost
    FROM ledger WHERE at BETWEEN 0 AND {_LATEST})"""  # noqa: S608 - our own expressions
"""The ledger, without damaged figures of restored rows: one of them must not end every sum."""


def to_nanos(amount: Decimal) -> int:
    """Return US dollars as nano-dollars, rounded up, and limited to a million dollars."""
    return min(int((amount * _NANOS).to_integral_value(ROUND_CEILING)), _MAX_NANOS)


def from_nanos(nanos: int) -> Decimal:
    """Return nano-dollars as US dollars; 0 for a damaged amount, which `to_nanos` never returns."""
    return Decimal(nanos) / _NANOS if 0 <= nanos <= _MAX_NANOS else Decimal(0)


class Ledger:
    """All calls, paid or free. All methods raise StorageError."""

    def __init__(self, databases: Databases) -> None:
        self._databases = databases
        self._listeners: list[Callable[[str], None]] = []
        self._also: Callable[[sqlite3.Connection], object] = lambda _connection: None

    def alongside(self, write: Callable[[sqlite3.Connection], object]) -> Ledger:
        """Return the ledger for a call that is written in one transaction with its result.

        A kill in between would lose the cost of a result that is kept, or the other way round.
        """
        ledger = copy(self)
        ledger._also = write
        return ledger

    def listen(self, listener: Callable[[str], None]) -> None:
        """Have `add` and `notify` call `listener` with the id of the calls' provider."""
        self._listeners.append(listener)

    async def add(self, call: Call, hold: Hold | None = None) -> None:
        """Add a call in place of what it holds: a kill in between would count both.

        The entry on disk does not name a temporary conversation.
        """
        database = self._databases.for_conversation(call.conversation_id)
        disk = self._databases.disk
        nameless = call._replace(conversation_id=None, message_id=None)
        on_disk = call if database is disk else nameless
        await self._write_ended(lambda c: insert_call(c, on_disk), hold)
        if database is not disk:  # the disk comes first: if it is full, the caller repeats both
            with suppress(StorageError):  # a repeat would bill the call twice
                await database.write(lambda c: insert_call(c, call))
        self.notify(call.provider_id)

    async def add_resumed(self, call: Call, hold: Hold | None = None) -> None:
        """Add the call of an answer that an earlier process began, in place of its lost call.

        One transaction does both, because the hold of that process may not be a lost call yet.
        """

        def replace(connection: sqlite3.Connection) -> None:
            record_lost_calls(connection)
            sql = """DELETE FROM ledger WHERE message_id = ? AND outcome = ?
                AND (is_estimated <> 0 OR cost IS NULL) RETURNING cost"""
            lost = connection.execute(sql, (call.message_id, MessageStatus.INTERRUPTED.value))
            insert_call(connection, _with_lost_cost(call, [row[0] for row in lost.fetchall()]))

        await self._write_ended(replace, hold)
        self.notify(call.provider_id)

    async def _write_ended(
        self, write: Callable[[sqlite3.Connection], None], hold: Hold | None
    ) -> None:
        """Write the entry of a call that has ended, and release what it holds."""
        with nullcontext(()) if hold is None else hold.ending() as ids:

            def write_both(connection: sqlite3.Connection) -> None:
                write(connection)
                if hold is not None:  # else these are fees of a call that goes on
                    self._also(connection)
                connection.executemany(
                    "DELETE FROM spending_holds WHERE id = ?", [(hold_id,) for hold_id in ids]
                )

            await self._databases.disk.write(write_both)

    def notify(self, provider_id: str) -> None:
        """Tell the listeners that calls to a provider were added."""
        for listener in self._listeners:
            listener(provider_id)

    async def spent_in_month(self, at: datetime, *provider_ids: str) -> SpendingSum:
        """Return the spending in the local month of `at`; without providers, that of all."""
        return await self._databases.disk.read(lambda c: month_of(c, at, provider_ids))

    async def conversation_spending(self, conversation_id: str) -> SpendingSum:
        return await self._spent_in(conversation_id)

    async def utility_cost(self, conversation_id: str) -> Decimal:
        """Return the US dollars spent in a conversation on titles and compactions.

        Calls of unknown cost are left out.
        """
        condition = " AND purpose IN ('title', 'compaction')"
        return (await self._spent_in(conversation_id, condition)).cost

    async def answer_spending(self, conversation_id: str, message_id: str) -> SpendingSum:
        """Return the spending on an answer, including the calls that prepared it."""
        return await self._spent_in(conversation_id, " AND message_id = ?", message_id)

    async def _spent_in(
        self, conversation_id: str, condition: str = "", *values: str
    ) -> SpendingSum:
        database = self._databases.for_conversation(conversation_id)
        where = f"conversation_id = ?{condition}"
        return await database.read(lambda c: _sum(c, where, conversation_id, *values))

    async def typical_answers(self, provider_id: str) -> dict[tuple[str, str], TypicalAnswer]:
        """Return the medians of a provider's recent complete answers, by model and effort.

        The effort is "" for none. Models and efforts with fewer than three answers are left out.
        """
        sql = f"""SELECT model, effort, duration_s, output_tokens FROM {_SOUND}
            WHERE provider_id = ? AND purpose = 'answer' AND outcome = 'complete'
            ORDER BY id DESC LIMIT ?"""  # noqa: S608 - our own expressions
        rows = await self._databases.disk.rows(sql, provider_id, _MAX_RECENT_CALLS)
        by_choice: defaultdict[tuple[str, str], list[sqlite3.Row]] = defaultdict(list)
        for row in rows:
            by_choice[row["model"], row["effort"]].append(row)
        return {
            key: TypicalAnswer(_median(calls, "duration_s"), int(tokens) if tokens else None)
            for key, calls in by_choice.items()
            for tokens in (_median(calls, "output_tokens"),)
        }

    async def group_spending(self, by: Grouping, since: date | None = None) -> list[SpendingRow]:
        """Return the spending of each group of calls.

        Days and months are in order of time; other groups begin with the most expensive.

        Args:
            since: the first local day; None for all calls.
        """
        await self.settle_lost_calls()

        def read(connection: sqlite3.Connection) -> list[SpendingRow]:
            with any_text(connection):
                return _grouped_rows(connection, by, since)

        return await self._databases.disk.read(read)

    async def settle_lost_calls(self) -> None:
        """Replace the holds of processes that were killed by calls. Raises StorageError."""
        disk = self._databases.disk
        if await disk.read(_dead_holds):
            await disk.write(record_lost_calls)


def _median(rows: Sequence[sqlite3.Row], column: str) -> float | None:
    """Return the median of a column's positive values; None of fewer than three."""
    values = [row[column] for row in rows if row[column]]
    return percentile(values, 50) if len(values) >= _MIN_CALLS_FOR_MEDIAN else None


def insert_call(connection: sqlite3.Connection, call: Call) -> None:
    """Add a call in the caller's transaction."""
    sql = """INSERT INTO ledger (at, provider_id, model, purpose, input_tokens, cached_tokens,
        output_tokens, reasoning_tokens, cost, conversation_id, message_id,
        effort, tier, outcome, retries, first_token_s, duration_s, is_estimated)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
    usage = call.usage
    values = (
        *(to_micros(call.at), call.provider_id, call.model, call.purpose),
        *(usage.input_tokens, usage.cached_tokens, usage.output_tokens, usage.reasoning_tokens),
        *(None if call.cost is None else to_nanos(call.cost), call.conversation_id),
        *(call.message_id, *(call.performance or CallPerformance()), call.is_estimated),
    )
    connection.execute(sql, values)


def _with_lost_cost(call: Call, lost: Sequence[int | None]) -> Call:
    """Return a resumed call with at least the cost of its lost calls, unless its own is certain."""
    is_interrupted = call.performance and call.performance.outcome == MessageStatus.INTERRUPTED
    if not lost or not (call.cost is None or call.is_estimated or is_interrupted):
        return call
    counted = max(call.cost or Decimal(0), *(from_nanos(cost or 0) for cost in lost))
    return call._replace(cost=counted or None, is_estimated=bool(counted))


def record_lost_calls(connection: sqlite3.Connection) -> None:
    """Turn the holds of dead processes into calls that cost what was held, as an estimate.

    A call of unknown cost held nothing, and its cost stays unknown. Holds without a model, which
    are not for a single call, are only deleted.
    """
    performance = CallPerformance(outcome=MessageStatus.INTERRUPTED.value)
    for row in _dead_holds(connection):
        if row["model"]:
            names = (row["provider_id"], row["model"], row["purpose"])
            held = from_nanos(row["amount"])
            call = Call(
                from_micros(min(max(row["at"], 0), _LATEST)),
                *names,
                Usage(),
                held or None,
                message_id=row["message_id"],
                performance=performance,
                is_estimated=bool(held),
            )
            insert_call(connection, call)
        connection.execute("DELETE FROM spending_holds WHERE id = ?", (row["id"],))


def _dead_holds(connection: sqlite3.Connection) -> list[sqlite3.Row]:
    rows = connection.execute("SELECT * FROM spending_holds").fetchall()
    return [row for row in rows if not is_alive(row["owner_pid"], row["owner_started"])]


def month_of(
    connection: sqlite3.Connection, at: datetime, provider_ids: Sequence[str]
) -> SpendingSum:
    """Return the spending in the local month of `at`; without providers, that of all."""
    condition, values = _in_month(at, provider_ids)
    return _sum(connection, condition, *values)


def others_as_of(
    connection: sqlite3.Connection, at: datetime, provider_ids: Sequence[str]
) -> datetime | None:
    """Return when this month's calls of other computers were received; None if there are none."""
    condition, values = _in_month(at, provider_ids)
    # A call's origin begins with the id of its computer.
    sql = f"""SELECT json_extract(state, '$.at') FROM sync_device WHERE EXISTS (SELECT 1
        FROM ledger WHERE {condition} AND instr(origin, sync_device.id) = 0)"""  # noqa: S608
    row = connection.execute(sql, values).fetchone()
    return from_micros(row[0]) if row is not None and row[0] else None


def _in_month(at: datetime, provider_ids: Sequence[str]) -> tuple[str, tuple[str | int, ...]]:
    """Return the condition of the local month of `at`, and its values."""
    first = at.astimezone().date().replace(day=1)
    next_first = (first + 32 * _DAY).replace(day=1)
    condition = "at >= ? AND at < ?"
    if provider_ids:
        condition += f" AND provider_id IN ({', '.join('?' * len(provider_ids))})"
    return condition, (_midnight(first), _midnight(next_first), *provider_ids)


def _grouped_rows(
    connection: sqlite3.Connection, by: Grouping, since: date | None
) -> list[SpendingRow]:
    start = 0 if since is None else _midnight(since)
    performances = _performances(connection, _KEYS[by], start)
    sums = _sums_by(connection, (_KEYS[by],), "at >= ?", start)
    rows = [SpendingRow(key, spent, performances[key]) for (key,), spent in sums.items()]
    if by in TIME_GROUPINGS:
        return sorted(rows, key=lambda row: row.key)
    return sorted(rows, key=lambda row: (-row.spent.cost, row.key))


def _performances(
    connection: sqlite3.Connection, key: str, start: int
) -> dict[str, GroupPerformance]:
    """Return the failures, retries and times of each group of calls."""
    first_tokens: defaultdict[str, list[float]] = defaultdict(list)
    durations: defaultdict[str, list[float]] = defaultdict(list)
    speeds: defaultdict[str, list[float]] = defaultdict(list)
    sql = f"""SELECT {key}, first_token_s, duration_s, {_SPEED} FROM {_SOUND}
        WHERE at >= ? AND duration_s IS NOT NULL"""  # noqa: S608 - our own expressions
    for name, first_token_s, duration_s, speed in connection.execute(sql, (start,)):
        durations[name].append(duration_s)
        if first_token_s is not None:
            first_tokens[name].append(first_token_s)
        if speed is not None:
            speeds[name].append(speed)
    sql = f"""SELECT {key}, sum(outcome = 'failed'), sum(retries),
        sum(output_tokens) FILTER (WHERE {_SPEED} > 0)
        / sum(duration_s - first_token_s) FILTER (WHERE {_SPEED} > 0)
        FROM {_SOUND} WHERE at >= ? GROUP BY 1"""  # noqa: S608 - our own expressions
    return {
        name: GroupPerformance(
            failed=failed,
            retries=retries,
            p50_first_token_s=percentile(first_tokens[name], 50),
            p95_first_token_s=percentile(first_tokens[name], 95),
            p50_s=percentile(durations[name], 50),
            tokens_per_s=tokens_per_s,
            p50_tokens_per_s=percentile(speeds[name], 50),
            p95_tokens_per_s=percentile(speeds[name], 95),
        )
        for name, failed, retries, tokens_per_s in connection.execute(sql, (start,))
    }


def _sum(connection: sqlite3.Connection, condition: str, *values: str | int) -> SpendingSum:
    return next(iter(_sums_by(connection, (), condition, *values).values()))


def _sums_by(
    connection: sqlite3.Connection, keys: Sequence[str], condition: str, *values: str | int
) -> dict[tuple[Any, ...], SpendingSum]:
    """Return sums of the calls that meet a condition, by the values of some expressions."""
    # The expressions and conditions are constants of this module.
    sql = f"SELECT {', '.join((_SUMS, *keys))} FROM {_SOUND} WHERE {condition}"  # noqa: S608
    if keys:
        sql += f" GROUP BY {', '.join(keys)}"
    sums = {}
    for calls, uncounted, *rest in connection.execute(sql, values):
        tokens, cost, estimated, key = rest[:4], rest[4], rest[5], rest[6:]
        # A sum may exceed the limit of a single amount.
        usd = Decimal(cost) / _NANOS
        sums[tuple(key)] = SpendingSum(calls, uncounted, Usage(*tokens), usd, estimated)
    return sums


def _midnight(day: date) -> int:
    """Return the start of a local day in microseconds."""
    return to_micros(datetime(day.year, day.month, day.day).astimezone())
