"""The monthly spending cap of a provider, checked before each paid call.

    async with await budget.hold(profile, input_cost, model, purpose):
        …                           the call, and its line in the ledger

The cost of the call's input is held from the check until the call ends, so that calls in progress
count too. A running answer is never stopped; only the next call is refused. If a process is killed,
its holds with a model become calls of unknown cost. Nothing is held if the call is free.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple, Self

from desktop_app.domain import hints
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.cost import Price
from desktop_app.domain.errors import SpendingCapError, StorageError, UnpricedModelError
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.spending_report import MonthSpending
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_
from desktop_app.providers.ports import Gateway
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.spending.ledger import Ledger
from desktop_app.spending.spending_holds import SpendingHolds

NO_LIMIT = Decimal("Infinity")
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
    """The amounts that a call holds of a cap, perhaps none."""

    def __init__(self, storage: SpendingHolds | None = None, hold_id: int | None = None) -> None:
        self._held = [] if storage is None or hold_id is None else [(storage, hold_id)]

    def add(self, other: Hold) -> None:
        """Hold the amounts of `other` too; it holds nothing from now on."""
        self._held += other._held
        other._held = []

    async def release(self) -> None:
        """Release the amounts at the end of the call, unless they were already released.

        If that fails, an amount counts until the next release, or until this process ends.
        """
        failed = []
        while self._held:
            storage, hold_id = self._held.pop()  # at once: a call meanwhile has the others
            try:
                await storage.release(hold_id)
            except StorageError:
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
        """Return True if the input's cost counts against a cap, and so must be estimated."""
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
            raise UnpricedModelError(
                N_("{model} has no price, so {provider}’s limit can’t count it."),
                hint=hints.ENTER_PRICE,
                model=model.name,
                provider=profile.short_name,
            )

    async def allow_unpriced(self, profile: ProviderProfile, model_id: str) -> None:
        """Record the consent to use a model of unknown price. Raises StorageError."""
        await self._storage.set(_unpriced_key(profile, model_id), True)

    async def hold(
        self,
        profile: ProviderProfile,
        input_cost: Decimal | None,
        model: str = "",
        purpose: str = "",
    ) -> Hold:
        """Hold the input's cost in US dollars (None if it is unknown) until the call has ended.

        If this process is killed before, a call with a `model` counts as a call of unknown cost.

        Args:
            model: "" if the call gets another hold with the model, or may outlive this process, as
                a batch does.

        Raises:
            SpendingCapError: spending, current holds and this input would exceed the cap.
            StorageError: the store cannot be read.
        """
        cap = profile.monthly_cap
        is_free = input_cost is not None and not input_cost
        counts_against_cap = cap is not None and bool(input_cost)
        if is_free or not (counts_against_cap or model):
            return Hold()
        moment = now()
        cost = input_cost or Decimal(0)
        # An unknown cost cannot exceed the cap; its hold only marks the call.
        limit = NO_LIMIT if cap is None or not cost else cap
        hold_id, month = await self._holds.place(
            profile.ids_under_cap, cost, limit, moment, (model, purpose)
        )
        if hold_id is None:
            raise _cap_error(profile, month, cost, cap=limit, moment=moment)
        return Hold(self._holds, hold_id)

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


def _cap_error(
    profile: ProviderProfile, month: MonthSpending, cost: Decimal, cap: Decimal, moment: datetime
) -> SpendingCapError:
    month_start = moment.astimezone().date().replace(day=1)
    # 32 days after the first of any month are in the next month.
    next_month_start = (month_start + timedelta(days=32)).replace(day=1)
    return SpendingCapError(
        N_("This message ({cost}) exceeds {cap}: {spent} spent, {held} pending.")
        if month.held
        else N_("This message ({cost}) exceeds the limit: {spent} of {cap} spent."),
        hint=hints.RAISE_CAP,
        provider=profile.short_name,
        spent=formatting.exact_money(month.spent),
        held=formatting.exact_money(month.held) if month.held else "",
        cost=formatting.exact_money(cost),
        cap=formatting.exact_money(cap),
        day=formatting.day(next_month_start),
    )
