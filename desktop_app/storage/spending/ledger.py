"""The ledger of spending. Entries stay when their conversation is deleted.

Sums use Decimals of the stored amounts, so that nothing is rounded.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.spending.cost import Usage
from desktop_app.domain.spending.spending_report import (
    EXACT_CONTEXT,
    Call,
    CallPerformance,
    Grouping,
    SpendingReport,
    SpendingRow,
    SpendingSum,
)
from desktop_app.domain.statistics import percentile
from desktop_app.storage.conversations.row_conversion import to_micros
from desktop_app.storage.database.database import Databases
from desktop_app.storage.database.process_identity import is_alive
from desktop_app.storage.spending.daily_sums import add_to_day
from desktop_app.storage.spending.spending_sums import (
    LedgerEntry,
    add_to_slot,
    month_of,
    token_counts,
)

_MAX_RECENT_CALLS: Final = 2_000
_MIN_CALLS_FOR_MEDIAN: Final = 3


class Ledger:
    """All calls, paid or free. All methods raise StorageError."""

    def __init__(self, databases: Databases) -> None:
        self._databases = databases
        self._listeners: list[Callable[[str], None]] = []

    def listen(self, listener: Callable[[str], None]) -> None:
        """Have `add` and `notify` call `listener` with the id of the calls' provider."""
        self._listeners.append(listener)

    async def add(self, call: Call) -> None:
        """Add a call. The entry on disk does not name a temporary conversation."""
        amount = None if call.cost is None else str(call.cost)  # as text, so that it stays exact
        names = (call.provider_id, call.model, call.purpose)
        entry = LedgerEntry(to_micros(call.at), *names, *token_counts(call.usage), amount)
        ids = (call.conversation_id, call.message_id)
        performance = call.performance
        database = self._databases.for_conversation(call.conversation_id)
        disk = self._databases.disk
        if database is not disk:  # the disk comes first: if it is full, the caller repeats both
            await disk.write(lambda c: insert_call(c, entry, performance=performance))
        await database.write(lambda c: insert_call(c, entry, ids, performance))
        self.notify(call.provider_id)

    def notify(self, provider_id: str) -> None:
        """Tell the listeners that calls to a provider were added."""
        for listener in self._listeners:
            listener(provider_id)

    async def spent_in_month(self, at: datetime, provider_id: str | None = None) -> SpendingSum:
        """Return the spending in the local month of `at`; with None, that of all providers."""
        return await self._databases.disk.read(lambda c: month_of(c, at, provider_id))

    async def conversation_cost(self, conversation_id: str) -> Decimal:
        """Return the US dollars spent in a conversation, without calls of unknown cost."""
        sql = "SELECT cost FROM ledger WHERE conversation_id = ? AND cost IS NOT NULL"
        return await self._sum_costs(sql, conversation_id)

    async def has_unknown_cost(self, conversation_id: str) -> bool:
        """Return True if the cost of a call in a conversation is unknown."""
        sql = "SELECT 1 FROM ledger WHERE conversation_id = ? AND cost IS NULL LIMIT 1"
        database = self._databases.for_conversation(conversation_id)
        return await database.row(sql, conversation_id) is not None

    async def median_seconds(self, provider_id: str) -> dict[tuple[str, str], float]:
        """Return the median seconds that a provider's recent answers took, by model and effort.

        The effort is "" for none. Models and efforts with fewer than three complete answers are
        left out.
        """
        sql = """SELECT model, coalesce(effort, '') AS effort, duration_s FROM ledger
            WHERE provider_id = ? AND purpose = 'answer' AND outcome = 'complete'
            AND duration_s IS NOT NULL ORDER BY rowid DESC LIMIT ?"""
        rows = await self._databases.disk.rows(sql, provider_id, _MAX_RECENT_CALLS)
        seconds_by_choice: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
        for row in rows:
            seconds_by_choice[row["model"], row["effort"]].append(row["duration_s"])
        return {
            key: median
            for key, seconds in seconds_by_choice.items()
            if len(seconds) >= _MIN_CALLS_FOR_MEDIAN
            and (median := percentile(seconds, 50)) is not None
        }

    async def utility_cost(self, conversation_id: str) -> Decimal:
        """Return the US dollars spent in a conversation on titles and compactions.

        Calls of unknown cost are left out.
        """
        sql = """SELECT cost FROM ledger WHERE conversation_id = ? AND cost IS NOT NULL
            AND purpose IN ('title', 'compaction')"""
        return await self._sum_costs(sql, conversation_id)

    async def _sum_costs(self, sql: str, conversation_id: str) -> Decimal:
        database = self._databases.for_conversation(conversation_id)
        rows = await database.rows(sql, conversation_id)
        total = Decimal(0)
        for row in rows:
            total = EXACT_CONTEXT.add(total, Decimal(row["cost"]))
        return total

    async def answer_spending(self, conversation_id: str, message_id: str) -> SpendingSum:
        """Return the spending on an answer, including the calls that prepared it."""
        sql = """SELECT input_tokens, cached_tokens, output_tokens, reasoning_tokens, cost
            FROM ledger WHERE conversation_id = ? AND message_id = ?"""
        database = self._databases.for_conversation(conversation_id)
        rows = await database.rows(sql, conversation_id, message_id)
        spent = SpendingSum()
        for *tokens, cost in rows:
            spent += SpendingSum(
                calls=1,
                uncounted=1 if cost is None else 0,
                usage=Usage(*tokens),
                cost=Decimal(cost or 0),
            )
        return spent

    async def first_token_seconds(self, conversation_id: str) -> dict[str, float]:
        """Return the seconds until the first text of a conversation's answers, by message id."""
        sql = """SELECT message_id, min(first_token_s) FROM ledger
            WHERE conversation_id = ? AND first_token_s IS NOT NULL GROUP BY message_id"""
        database = self._databases.for_conversation(conversation_id)
        rows = await database.rows(sql, conversation_id)
        return {row[0]: row[1] for row in rows}

    async def group_spending(self, by: Grouping, since: date | None = None) -> list[SpendingRow]:
        """Return the spending of each group of calls.

        Days and months are in order of time; other groups begin with the most expensive.

        Args:
            since: the first local day; None for all calls.
        """
        from desktop_app.storage.spending.spending_groups import grouped_rows  # only for charts

        await self._record_lost_calls()
        return await self._databases.disk.read(lambda c: grouped_rows(c, by, since))

    async def report(self, at: datetime) -> SpendingReport:
        """Return the spending of the last twelve months, as seen at `at`."""
        from desktop_app.storage.spending.spending_groups import report_of  # only for tables

        await self._record_lost_calls()
        return await self._databases.disk.read(lambda c: report_of(c, at))

    async def _record_lost_calls(self) -> None:
        disk = self._databases.disk
        if await disk.read(_dead_holds):
            await disk.write(record_lost_calls)


def record_lost_calls(connection: sqlite3.Connection) -> None:
    """Turn the holds of dead processes into calls of unknown cost.

    Holds without a model, which are not for a single call, are only deleted.
    """
    performance = CallPerformance(outcome=MessageStatus.INTERRUPTED.value)
    for row in _dead_holds(connection):
        if row["model"]:
            entry = LedgerEntry(
                at=row["at"],
                provider_id=row["provider_id"],
                model=row["model"],
                purpose=row["purpose"],
                input_tokens=0,
                cached_tokens=0,
                output_tokens=0,
                reasoning_tokens=0,
                cost=None,
            )
            insert_call(connection, entry, performance=performance)
        connection.execute("DELETE FROM spending_holds WHERE id = ?", (row["id"],))


def _dead_holds(connection: sqlite3.Connection) -> list[sqlite3.Row]:
    rows = connection.execute("SELECT * FROM spending_holds").fetchall()
    return [row for row in rows if not is_alive(row["owner_pid"], row["owner_started"])]


def insert_call(
    connection: sqlite3.Connection,
    entry: LedgerEntry,
    ids: tuple[str | None, str | None] = (None, None),
    performance: CallPerformance | None = None,
) -> None:
    """Add a call in the caller's transaction; `ids` are the conversation's and the message's."""
    sql = """INSERT INTO ledger (at, provider_id, model, purpose, input_tokens, cached_tokens,
        output_tokens, reasoning_tokens, cost, conversation_id, message_id,
        effort, tier, outcome, retries, first_token_s, duration_s)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
    # One value for each of the six fields of a CallPerformance.
    details = (None,) * 6 if performance is None else performance
    connection.execute(sql, (*entry, *ids, *details))
    add_to_slot(connection, entry)
    add_to_day(connection, entry, performance)
