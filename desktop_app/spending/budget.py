"""The monthly spending cap of a provider, checked before each paid call.

    async with await budget.hold(profile, cost, model, purpose):
        …                           the call, and its line in the ledger

The cost of a call is held from the check until the call ends, so that calls in progress count too.
A running answer is never stopped; only the next call is refused. If a process is killed, its holds
with a model become calls of estimated cost. Nothing is held if the call is free.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple, Self

from desktop_app.domain import errors, hints
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.cost import CallCost, Price
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.spending_report import MonthSpending
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_
from desktop_app.providers.ports import Gateway
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.spending.ledger import Ledger
from desktop_app.spending.spending_holds import HeldCall, NoRoom, SpendingHolds

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
        """Return True if amounts are held."""
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
        result = await self._holds.place(placed, moment) if placed else []
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
