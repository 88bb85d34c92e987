"""Holds: what running calls may cost, counted against a monthly limit until they end.

They are in the store, because ten questions at once, from a window and from commands, must not
exceed a limit with room for one. Check and holds are one transaction. The holds of a killed process
become calls of estimated cost in the ledger if they name a model.

Each hold has two amounts: what such a call usually costs, which is shown and counts if the process
is killed, and what it may cost at most. Of all calls that run at the same time, only one may need
more than the room: so the month's spending exceeds a limit by at most one answer.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.bounds import BAD_VALUE, checked_money
from desktop_app.domain.cost import CallCost
from desktop_app.domain.spending_report import MonthSpending
from desktop_app.spending.ledger import (
    from_nanos,
    month_of,
    others_as_of,
    record_lost_calls,
    to_nanos,
)
from desktop_app.storage.database import Database
from desktop_app.storage.process_identity import is_alive, this_process
from desktop_app.storage.row_conversion import to_micros


class HeldCall(NamedTuple):
    """A call whose cost is to be held.

    Attributes:
        cost: None if it is unknown.
        model: "" if the call gets another hold with the model, or may outlive this process, as a
            batch does. Such a hold is not counted if this process is killed.
        message_id: of the answer if a later process may resume it; else None.
    """

    profile: ProviderProfile
    cost: CallCost | None
    model: str = ""
    purpose: str = ""
    message_id: str | None = None


class NoRoom(NamedTuple):
    """The calls that a limit has no room for.

    Attributes:
        running_most: US dollars that the calls under way may cost.
    """

    calls: Sequence[HeldCall]
    month: MonthSpending
    running_most: Decimal


class _Running(NamedTuple):
    """The US dollars of a running call: usually, and at most."""

    usual: Decimal
    most: Decimal

    @property
    def excess(self) -> Decimal:
        return self.most - self.usual


class SpendingHolds:
    """Holds by provider. All methods raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def place(self, calls: Sequence[HeldCall], at: datetime) -> list[int] | NoRoom:
        """Hold the costs of all calls if the month of `at` has room for them, else of none.

        Returns:
            The ids of the holds, in order, or the calls of a provider whose limit has no room.
        """

        def hold(connection: sqlite3.Connection) -> list[int] | NoRoom:
            record_lost_calls(connection)
            by_limit: dict[frozenset[str], list[HeldCall]] = {}
            for call in calls:
                if call.profile.monthly_cap is not None and call.cost is not None:
                    by_limit.setdefault(frozenset(call.profile.ids_under_cap), []).append(call)
            for limited in by_limit.values():
                if refusal := _refusal(connection, limited, at):
                    return refusal
            return [_insert(connection, call, at) for call in calls]

        return await self._database.write(hold)

    async def raise_to(self, hold_id: int, cost: CallCost) -> None:
        """Replace the amounts of a hold by larger ones."""
        sql = "UPDATE spending_holds SET amount = ?, most = ? WHERE id = ?"
        await self._database.execute(sql, to_nanos(cost.usual), to_nanos(cost.most), hold_id)

    async def release(self, hold_id: int) -> None:
        """Release a hold after its call has ended and is in the ledger."""
        await self._database.execute("DELETE FROM spending_holds WHERE id = ?", hold_id)

    async def month(
        self, provider_ids: tuple[str, ...], cap: Decimal | None, at: datetime
    ) -> MonthSpending:
        """Return the spending and holds of the month of `at`; `cap` is None without a limit."""

        def read(connection: sqlite3.Connection) -> MonthSpending:
            return _month(connection, provider_ids, cap, at, _running(connection, provider_ids))

        return await self._database.read(read)


def _refusal(
    connection: sqlite3.Connection, calls: Sequence[HeldCall], at: datetime
) -> NoRoom | None:
    """Return None if a limit has room for calls under it.

    All calls, those under way too, may have their longest answers, except the one that may exceed
    its usual cost by most.
    """
    profile = calls[0].profile
    cap = profile.monthly_cap
    assert cap is not None
    running = _running(connection, profile.ids_under_cap)
    month = _month(connection, profile.ids_under_cap, cap, at, running)
    asked = [_Running(c.cost.usual, c.cost.most) for c in calls if c.cost is not None]
    together = [*running, *asked]
    needed = sum((each.most for each in together), Decimal(0))
    needed -= max(each.excess for each in together)
    if month.spent + needed <= cap:
        return None
    return NoRoom(calls, month, sum((each.most for each in running), Decimal(0)))


def _insert(connection: sqlite3.Connection, call: HeldCall, at: datetime) -> int:
    usual, most = (call.cost.usual, call.cost.most) if call.cost else (Decimal(0), Decimal(0))
    sql = """INSERT INTO spending_holds (provider_id, amount, owner_pid, owner_started, at, model,
        purpose, most, message_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
    row = (
        *(call.profile.id, to_nanos(usual), *this_process(), to_micros(at)),
        *(call.model, call.purpose, to_nanos(most), call.message_id),
    )
    hold_id = connection.execute(sql, row).lastrowid
    assert hold_id is not None
    return hold_id


def _month(
    connection: sqlite3.Connection,
    provider_ids: tuple[str, ...],
    cap: Decimal | None,
    at: datetime,
    running: Sequence[_Running],
) -> MonthSpending:
    """Return the spending and holds of the month of `at`, of all `provider_ids` together."""
    spent = month_of(connection, at, provider_ids)
    return MonthSpending(
        spent=spent.cost,
        held=sum((each.usual for each in running), Decimal(0)),
        uncounted=spent.uncounted,
        cap=cap,
        estimated=spent.estimated,
        as_of=others_as_of(connection, at, provider_ids),
    )


def _running(connection: sqlite3.Connection, provider_ids: Sequence[str]) -> list[_Running]:
    """Return the costs of the calls and batches under way."""
    running = []
    for provider_id in provider_ids:
        sql = "SELECT * FROM spending_holds WHERE provider_id = ?"
        for row in connection.execute(sql, (provider_id,)):
            if is_alive(row["owner_pid"], row["owner_started"]):
                usual = from_nanos(row["amount"])
                running.append(_Running(usual, max(usual, from_nanos(row["most"]))))
        # Batches run at the provider even if their owner has ended.
        sql = "SELECT held FROM batch_jobs WHERE provider_id = ? AND held IS NOT NULL"
        for row in connection.execute(sql, (provider_id,)):
            try:
                held = checked_money(row["held"])
            except BAD_VALUE:  # a damaged row costs itself only
                continue
            running.append(_Running(held, held))
    return running
