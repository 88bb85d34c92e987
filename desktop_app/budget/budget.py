"""The monthly spending cap of a provider, checked before each paid call.

    async with await budget.hold(profile, cost, model, purpose):
        …                           the call, and its line in the ledger

The cost of a call is held from the check until the call ends, so that calls in progress count too.
A running answer is never stopped; only the next call is refused. If a process is killed, its holds
with a model become calls of estimated cost. Nothing is held if the call is free.

Holds are in the store, because ten questions at once, from a window and from commands, must not
exceed a limit with room for one. Check and holds are one transaction.

Each hold has two amounts: what such a call usually costs, which is shown and counts if the process
is killed, and what it may cost at most. Of all calls that run at the same time, only one may need
more than the room: so the month's spending exceeds a limit by at most one answer.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from copy import copy
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple, Self

from desktop_app.budget.ledger import (
    Ledger,
    from_nanos,
    month_of,
    others_as_of,
    record_lost_calls,
    to_nanos,
)
from desktop_app.domain import errors, hints
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.bounds import BAD_VALUE, checked_money
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.cost import CallCost, Price
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.spending_report import MonthSpending
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_
from desktop_app.providers.ports import Gateway
from desktop_app.settings.settings_store import SettingsStore
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


class _NoRoomError(Exception):
    """A limit has no room for calls; nothing is written."""

    def __init__(self, no_room: NoRoom) -> None:
        super().__init__()
        self.no_room = no_room


def _nothing(_connection: sqlite3.Connection) -> None:
    pass


Write = Callable[[sqlite3.Connection], object]


class SpendingHolds:
    """Holds by provider. All methods raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def place(
        self, calls: Sequence[HeldCall], at: datetime, also: Write = _nothing
    ) -> list[int] | NoRoom:
        """Hold the costs of all calls if the month of `at` has room for them, else of none.

        Args:
            also: is written before, unless there is no room.

        Returns:
            The ids of the holds, in order, or the calls of a provider whose limit has no room.
        """
        ids: list[int] = []

        def hold(connection: sqlite3.Connection) -> list[int]:
            also(connection)
            record_lost_calls(connection)
            by_limit: dict[frozenset[str], list[HeldCall]] = {}
            for call in calls:
                if call.profile.monthly_cap is not None and call.cost is not None:
                    by_limit.setdefault(frozenset(call.profile.ids_under_cap), []).append(call)
            for limited in by_limit.values():
                if refusal := _refusal(connection, limited, at):
                    raise _NoRoomError(refusal)
            ids[:] = [_insert(connection, call, at) for call in calls]
            return ids

        def release(connection: sqlite3.Connection) -> None:
            rows = [(hold_id,) for hold_id in ids]
            connection.executemany("DELETE FROM spending_holds WHERE id = ?", rows)

        try:
            return await self._database.write(hold)
        except _NoRoomError as refused:
            return refused.no_room
        except asyncio.CancelledError:  # it is written all the same, but nothing is sent
            with suppress(errors.StorageError):  # then it ends with this process
                await asyncio.shield(self._database.write(release))
            raise

    async def raise_to(self, hold_id: int, cost: CallCost) -> None:
        """Replace the amounts of a hold by larger ones."""
        sql = "UPDATE spending_holds SET amount = ?, most = ? WHERE id = ?"
        await self._database.execute(sql, to_nanos(cost.usual), to_nanos(cost.most), hold_id)

    async def write(self, write: Write) -> None:
        await self._database.write(write)

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
        sql = "SELECT held FROM table_batches WHERE provider_id = ? AND held IS NOT NULL"
        for row in connection.execute(sql, (provider_id,)):
            try:
                held = checked_money(row["held"])
            except BAD_VALUE:  # a damaged row costs itself only
                continue
            running.append(_Running(held, held))
    return running


# The beginnings of keys. WARNED_KEY is followed by a provider's id; UNPRICED_KEY by a provider's id
# and a model's.
WARNED_KEY = "spending.warned."
UNPRICED_KEY = "spending.unpriced."
NEAR_LIMIT = N_(
    "You’ve spent {spent} of your {limit} monthly limit for {provider}. Messages that exceed it "
    "aren’t sent."
)
"""The warning that a month's spending is near its cap."""


class Hold:
    """The amounts that a call holds of a cap, perhaps none.

    Attributes:
        cost: of the call whose amounts are held, or were held last; None if it is unknown.
    """

    def __init__(
        self,
        storage: SpendingHolds | None = None,
        hold_id: int | None = None,
        cost: CallCost | None = None,
    ) -> None:
        self._held = [] if storage is None or hold_id is None else [(storage, hold_id)]
        self.cost = cost

    @property
    def is_active(self) -> bool:
        return bool(self._held)

    def take_over(self, other: Hold) -> None:
        """Hold the amounts of `other`, whose call is the next; it holds nothing from now on."""
        self._held += other._held
        self.cost = other.cost
        other._held = []

    async def raise_to(self, price: Price, output_tokens: int) -> None:
        """Hold as much as an answer costs that has `output_tokens` so far. Raises StorageError."""
        if self.cost is None or not self._held:
            return
        cost = self.cost.at_least(price, output_tokens)
        if cost != self.cost:
            storage, hold_id = self._held[-1]
            self.cost = cost
            await storage.raise_to(hold_id, cost)

    async def lower_by(self, amount: Decimal) -> None:
        """Hold less: a part of what is held for many calls gets a hold of its own."""
        if self.cost is not None and self._held:
            await self._held[-1][0].write(self.lowering(amount))
            self.lowered(amount)

    def lowering(self, amount: Decimal) -> Write:
        """Return what lowers the amount in the caller's transaction; then call `lowered`."""
        sql = """UPDATE spending_holds
            SET amount = max(0, amount - ?1), most = max(0, most - ?1) WHERE id = ?2"""
        held = self._held[-1:] if self.cost is not None else []
        rows = [(to_nanos(amount), hold_id) for _, hold_id in held]
        return lambda connection: connection.executemany(sql, rows)

    def lowered(self, amount: Decimal) -> None:
        if self.cost is not None and self._held:
            self.cost = CallCost.fixed(max(self.cost.usual - amount, Decimal(0)))

    @contextmanager
    def ending(self) -> Iterator[Sequence[int]]:
        """Give the ids of the amounts to a transaction that releases them.

        They are held no longer from now on, not only after it: then another call may have an id.
        """
        held, self._held = self._held, []
        try:
            yield [hold_id for _, hold_id in held]
        except errors.StorageError:
            self._held += held
            raise

    async def release(self) -> None:
        """Release the amounts of a call that was not recorded, unless they were released.

        If that fails, an amount counts until the next release, or until this process ends.
        """
        failed = []
        while self._held:
            storage, hold_id = self._held.pop()  # at once: a call meanwhile has the others
            try:
                await storage.release(hold_id)
            except errors.StorageError:
                failed.append((storage, hold_id))
        self._held += failed

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.release()


class Budget:
    """Check of calls against the monthly caps of their providers.

    Args:
        allows_unpriced: models of unknown price may be used in spite of a cap.
    """

    def __init__(
        self, holds: SpendingHolds, storage: SettingsStore, *, allows_unpriced: bool = False
    ) -> None:
        self._holds = holds
        self._storage = storage
        self._allows_unpriced = allows_unpriced
        self._also: Write | None = None

    def alongside(self, write: Write) -> Budget:
        """Return the budget for calls whose costs are held in one transaction with a mark of them.

        A kill in between would leave one without the other. If there is no room for the costs,
        nothing is written.
        """
        budget = copy(self)
        budget._also = write
        return budget

    @staticmethod
    def needs_cost(profile: ProviderProfile, is_price_known: bool) -> bool:
        """Return True if a call's cost counts against a cap, and so must be estimated."""
        return profile.monthly_cap is not None and is_price_known

    async def require_price(
        self, profile: ProviderProfile, model: ModelInfo, price: Price | None
    ) -> None:
        """Raise if a model of unknown price would escape the provider's cap.

        The user is asked once for each model: see `allow_unpriced`.

        Raises:
            UnpricedModelError: the user has not agreed.
            StorageError: the store cannot be read.
        """
        if profile.monthly_cap is None or price is not None or self._allows_unpriced:
            return
        if _unpriced_key(profile, model.id) not in await self._storage.all():
            raise errors.UnpricedModelError(
                N_("{model} has no price, so {provider}’s limit can’t count it."),
                hint=hints.ENTER_PRICE,
                model=model.name,
                provider=profile.short_name,
            )

    async def allow_unpriced(self, profile: ProviderProfile, model_id: str) -> None:
        """Record the consent to use a model of unknown price. Raises StorageError."""
        await self._storage.set(_unpriced_key(profile, model_id), True)

    async def hold(
        self, profile: ProviderProfile, cost: CallCost | None, model: str = "", purpose: str = ""
    ) -> Hold:
        """Hold the cost of one call until it has ended: see `hold_all`."""
        [hold] = await self.hold_all([HeldCall(profile, cost, model, purpose)])
        return hold

    async def hold_all(self, calls: Sequence[HeldCall]) -> list[Hold]:
        """Hold the costs of calls until they have ended, or of none if there is no room for all.

        If this process is killed before, a call with a `model` counts as a call of estimated cost,
        or of unknown cost if its cost is not known.

        Raises:
            SpendingCapError: spending, current holds and these calls may exceed a cap.
            StorageError: the store cannot be read.
        """
        placed = [call for call in calls if _is_held(call)]
        moment = now()
        also = () if self._also is None else (self._also,)
        result = await self._holds.place(placed, moment, *also) if placed or also else []
        if isinstance(result, NoRoom):
            raise _cap_error(result, moment)
        ids = iter(result)
        return [
            Hold(self._holds, next(ids), call.cost) if _is_held(call) else Hold(cost=call.cost)
            for call in calls
        ]

    async def month(self, profile: ProviderProfile) -> MonthSpending:
        """Return this month's spending under the cap of a provider."""
        return await self._holds.month(profile.ids_under_cap, profile.monthly_cap, now())

    async def month_to_warn_of(self, profile: ProviderProfile) -> MonthSpending | None:
        """Return this month's spending if it is near the cap; else None.

        For each month and cap, the spending is returned only the first time.
        """
        month = await self.month(profile)
        if not month.is_near_cap or month.cap is None:
            return None
        key = WARNED_KEY + profile.id
        warning_value = f"{now().astimezone():%Y-%m} {month.cap}"
        values = await self._storage.all()
        if values.get(key) == warning_value:
            return None
        await self._storage.set(key, warning_value)
        return month


class PaidCalls(NamedTuple):
    """The gateway of paid calls, the budget that holds their cost, and the record of them."""

    gateway: Gateway
    budget: Budget
    spending: Ledger


def _unpriced_key(profile: ProviderProfile, model_id: str) -> str:
    return f"{UNPRICED_KEY}{profile.id} {model_id}"


def _is_held(call: HeldCall) -> bool:
    """Return True if a call counts against a cap, or must not be lost if the process is killed."""
    if call.cost is not None and not call.cost.most:
        return False  # it is free
    return bool(call.model) or (call.profile.monthly_cap is not None and call.cost is not None)


def _cap_error(no_room: NoRoom, moment: datetime) -> errors.SpendingCapError:
    calls, month = no_room.calls, no_room.month
    profile, cap = calls[0].profile, calls[0].profile.monthly_cap or Decimal(0)
    costs = [call.cost for call in calls if call.cost is not None]
    usual = sum((cost.usual for cost in costs), Decimal(0))
    hint = hints.RAISE_CAP
    kind: type[errors.SpendingCapError] = errors.SpendingCapError
    if month.spent + usual > cap:
        message = (
            N_("This usually costs {cost}, but {room} of your {cap} limit is left.")
            if len(calls) == 1
            else N_(
                "{count} responses usually cost {cost}, but {room} of your {cap} limit is left."
            )
        )
    elif no_room.running_most:
        message = N_(
            "Requests under way may cost up to {running}, and {room} of your {cap} limit is left."
        )
        hint = hints.WAIT_FOR_ROOM
        kind = errors.RoomHeldError
    else:
        message = N_(
            "{count} responses may cost up to {most}, but {room} of your {cap} limit is left."
        )
        hint = hints.ASK_FEWER
    month_start = moment.astimezone().date().replace(day=1)
    # 32 days after the first of any month are in the next month.
    next_month_start = (month_start + timedelta(days=32)).replace(day=1)
    return kind(
        message,
        hint=hint,
        provider=profile.short_name,
        count=len(calls),
        room=formatting.exact_money(max(cap - month.spent, Decimal(0))),
        running=formatting.exact_money(no_room.running_most),
        cost=formatting.exact_money(usual),
        most=formatting.exact_money(sum((cost.most for cost in costs), Decimal(0))),
        cap=formatting.exact_money(cap),
        day=formatting.day(next_month_start),
    )
