"""The monthly cap of a provider: asked before every call that costs money.

    async with await budget.hold(profile, input_cost):
        …                           the call, and its line in the ledger

What the call's input will cost is held from the check until the call has ended, so that calls on
their way count too. A running answer is never cut: only the next one is refused. Where the person
set no cap, the price is not known or the call is free, there is nothing to hold.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from types import TracebackType
from typing import Any, Protocol, Self

from desktop_app.domain.conversations.chat_request import ProviderProfile
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.errors import Remedy, SpendingCapError, StorageError
from desktop_app.domain.spending.cost import format_exact
from desktop_app.domain.spending.spending_report import MonthUnderCap

NO_LIMIT = Decimal("Infinity")
WARNED_KEY = "spending.warned."


class HoldBook(Protocol):
    """Where holds lie, beside what was spent. Raises StorageError."""

    async def take(
        self, provider_id: str, amount: Decimal, cap: Decimal, at: datetime
    ) -> tuple[int | None, MonthUnderCap]:
        """Hold an amount where the month has room for it."""

    async def release(self, hold_id: int) -> None:
        """Let go of it."""

    async def month(self, provider_id: str, cap: Decimal | None, at: datetime) -> MonthUnderCap:
        """How the month stands."""


class Notes(Protocol):
    """Where it is noted that the person was warned. Raises StorageError."""

    async def all(self) -> dict[str, Any]:
        """Every note."""

    async def set(self, key: str, value: Any) -> None:
        """Keep one."""


class Hold:
    """What one call holds of a cap, until it is released; nothing where `hold_id` is None."""

    def __init__(self, book: HoldBook | None = None, hold_id: int | None = None) -> None:
        self._book, self._id = book, hold_id

    def take_over(self, book: HoldBook, hold_id: int | None) -> None:
        """Hold this, where nothing was held so far."""
        self._book, self._id = book, hold_id

    async def release(self) -> None:
        """The call has ended. A second time does nothing."""
        book, hold_id, self._id = self._book, self._id, None
        if book is not None and hold_id is not None:
            try:
                await book.release(hold_id)
            except StorageError:
                return  # it counts until this process ends, and then no more

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.release()


class Budget:
    """See the module's paragraph."""

    def __init__(self, holds: HoldBook, notes: Notes) -> None:
        self._holds, self._notes = holds, notes

    @staticmethod
    def counts(profile: ProviderProfile, price_is_known: bool) -> bool:
        """Whether what a call's input costs must be known before it is made."""
        return profile.monthly_cap is not None and price_is_known

    async def hold(self, profile: ProviderProfile, input_cost: Decimal | None) -> Hold:
        """Hold what a call's input costs, in US dollars (None where the price is not known).

        Raises:
            SpendingCapError: the month's spending, what is on its way and this input would pass
                the cap.
            StorageError: the store could not be asked.
        """
        cap = profile.monthly_cap
        if cap is None or not input_cost:
            return Hold()
        at = now()
        hold_id, month = await self._holds.take(profile.id, input_cost, cap, at)
        if hold_id is None:
            raise _passes(profile, month, input_cost, cap, at)
        return Hold(self._holds, hold_id)

    async def hold_for(
        self, hold: Hold, profile: ProviderProfile, input_cost: Decimal | None
    ) -> None:
        """Have `hold` hold what a call's input costs that is on its way already, and is not cut
        whatever the cap says. Raises StorageError."""
        if profile.monthly_cap is not None and input_cost:
            hold_id, _ = await self._holds.take(profile.id, input_cost, NO_LIMIT, now())
            hold.take_over(self._holds, hold_id)

    async def month(self, profile: ProviderProfile) -> MonthUnderCap:
        """How this month stands at a provider."""
        return await self._holds.month(profile.id, profile.monthly_cap, now())

    async def warning(self, profile: ProviderProfile) -> str:
        """That 80 % of the cap are spent, in a sentence; "" where they are not, or where it was said
        this month for this cap."""
        month = await self.month(profile)
        if not month.is_near or month.cap is None:
            return ""
        key = WARNED_KEY + profile.id
        mark = f"{now().astimezone():%Y-%m} {month.cap}"
        if (await self._notes.all()).get(key) == mark:
            return ""
        await self._notes.set(key, mark)
        return (
            f"{format_exact(month.spent)} of the {format_exact(month.cap)} that a month may cost at "
            f"{profile.name} are spent. What would pass the cap will not be sent."
        )


def _passes(
    profile: ProviderProfile, month: MonthUnderCap, cost: Decimal, cap: Decimal, at: datetime
) -> SpendingCapError:
    first = at.astimezone().date().replace(day=1)
    next_first = (first + timedelta(days=32)).replace(day=1)
    running = f", {format_exact(month.held)} more on its way" if month.held else ""
    return SpendingCapError(
        f"This would pass the monthly cap of {profile.name}: {format_exact(month.spent)} spent"
        f"{running}, {format_exact(cost)} for this message's input, {format_exact(cap)} allowed.",
        what_was_kept="Nothing was sent, and what you wrote is still there.",
        what_to_do=Remedy.RAISE_CAP,
        params={"day": f"{next_first.day} {next_first:%B}"},
    )
