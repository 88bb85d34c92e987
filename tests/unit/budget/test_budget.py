"""The monthly cap with a real store: refused, reserved and allowed requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest

from desktop_app.budget.budget import Budget, Hold, SpendingHolds
from desktop_app.budget.ledger import Ledger
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.cost import CallCost, Price, Usage
from desktop_app.domain.errors import SpendingCapError, StorageError, UnpricedModelError
from desktop_app.domain.spending_report import Call
from desktop_app.providers.gateway.environment_profiles import COMETAPI, OPENAI
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.storage.database import Database
from tests.unit.providers.samples import CATALOG

CAPPED = replace(OPENAI, monthly_cap=Decimal(10))


@dataclass
class BudgetSetup:
    """A budget over a real store."""

    budget: Budget
    database: Database

    async def spend(
        self, cost: str | None, provider_id: str = OPENAI.id, hold: Hold | None = None
    ) -> None:
        await Ledger(self.database).add(
            Call(
                provider_id=provider_id,
                model="gpt-5.2",
                usage=Usage(1, 0, 1, 0),
                cost=None if cost is None else Decimal(cost),
                purpose="answer",
                at=now(),
            ),
            hold,
        )


@asynccontextmanager
async def open_budget(tmp_path: Path) -> AsyncIterator[BudgetSetup]:
    database = Database(tmp_path / "store.sqlite3")
    await database.open()
    try:
        yield BudgetSetup(Budget(SpendingHolds(database), SettingsStore(database)), database)
    finally:
        await database.close()


async def test_profiles_that_share_a_cap_are_counted_together(tmp_path: Path) -> None:
    sharing = replace(CAPPED, id="env-openai", shares_cap_with=(OPENAI.id,))
    async with open_budget(tmp_path) as setup:
        await setup.spend("4")
        await setup.spend("3", sharing.id)
        async with await setup.budget.hold(CAPPED, CallCost.fixed(Decimal(2))):
            month = await setup.budget.month(sharing)
            assert [month.spent, month.held] == [7, 2]
            with pytest.raises(SpendingCapError):
                await setup.budget.hold(sharing, CallCost.fixed(Decimal(2)))
        assert (await setup.budget.month(CAPPED)).spent == 4


async def test_spending_may_reach_the_cap_but_not_exceed_it(tmp_path: Path) -> None:
    async with open_budget(tmp_path) as setup:
        await setup.spend("9.9")
        async with await setup.budget.hold(CAPPED, CallCost.fixed(Decimal("0.1"))):
            pass
        with pytest.raises(SpendingCapError) as refused:
            await setup.budget.hold(CAPPED, CallCost.fixed(Decimal("0.1000001")))
        said = refused.value.sentences
        for words in ("costs $0.1000001", "$0.10 of your $10.00", "Settings › Accounts"):
            assert words in said
        assert "under way" not in said


async def test_calls_without_cost_cap_or_price_are_allowed(tmp_path: Path) -> None:
    async with open_budget(tmp_path) as setup:
        await setup.spend("11")
        for profile, cost, held in (
            (CAPPED, None, 0),
            (CAPPED, CallCost.fixed(Decimal(0)), 0),
            (OPENAI, CallCost.fixed(Decimal(5)), 0),
            (replace(COMETAPI, monthly_cap=Decimal(10)), CallCost.fixed(Decimal(5)), 5),
        ):
            async with await setup.budget.hold(profile, cost):
                assert (await setup.budget.month(profile)).held == held
        # With its model, the call is held to be counted if this process is killed.
        async with await setup.budget.hold(CAPPED, None, "gpt-5.2", "answer"):
            (row,) = await setup.database.rows("SELECT amount FROM spending_holds")
            assert row["amount"] == 0


async def test_ten_concurrent_holds_respect_the_cap(tmp_path: Path) -> None:
    async with open_budget(tmp_path) as setup:
        asked = [setup.budget.hold(CAPPED, CallCost.fixed(Decimal(4))) for _ in range(10)]
        held = await asyncio.gather(*asked, return_exceptions=True)
        refused = [one for one in held if isinstance(one, SpendingCapError)]
        assert len(refused) == 8
        words = "may cost up to $8.00, and $10.00 of your $10.00"
        assert all(words in one.sentences for one in refused)
        for one in held:
            if not isinstance(one, BaseException):
                await one.release()
                await one.release()
        assert (await setup.budget.month(CAPPED)).held == 0
        await (await setup.budget.hold(CAPPED, CallCost.fixed(Decimal(10)))).release()


async def test_the_warning_near_a_cap_appears_once_per_month_and_cap(tmp_path: Path) -> None:
    async with open_budget(tmp_path) as setup:
        await setup.spend("7.99")
        assert await setup.budget.month_to_warn_of(CAPPED) is None
        await setup.spend("0.01")
        month = await setup.budget.month_to_warn_of(CAPPED)
        assert (month.spent, month.cap) == (Decimal(8), Decimal(10))
        assert await setup.budget.month_to_warn_of(CAPPED) is None
        raised = replace(CAPPED, monthly_cap=Decimal(20))
        assert await setup.budget.month_to_warn_of(raised) is None
        await setup.spend("9")
        month = await setup.budget.month_to_warn_of(raised)
        assert (month.spent, month.cap) == (Decimal(17), Decimal(20))
        assert await setup.budget.month_to_warn_of(OPENAI) is None


async def test_a_canceled_call_releases_no_hold_that_follows_its_own(tmp_path: Path) -> None:
    async with open_budget(tmp_path) as setup:
        hold = await setup.budget.hold(CAPPED, CallCost.fixed(Decimal(2)), "gpt-5.2", "answer")
        recording = asyncio.create_task(setup.spend("2", hold=hold))
        following = asyncio.create_task(setup.budget.hold(CAPPED, CallCost.fixed(Decimal(3))))
        await asyncio.sleep(0)  # both are being written, and SQLite gives the same id again
        await hold.release()  # as at the end of a call whose task is canceled meanwhile
        await recording
        async with await following:
            month = await setup.budget.month(CAPPED)
            assert [month.spent, month.held] == [2, 3]
        assert (await setup.budget.month(CAPPED)).held == 0


async def test_a_call_that_is_canceled_before_it_is_sent_holds_nothing(tmp_path: Path) -> None:
    async with open_budget(tmp_path) as setup:
        cost = CallCost.fixed(Decimal(2))
        holding = asyncio.create_task(setup.budget.hold(CAPPED, cost, "gpt-5.2", "answer"))
        await asyncio.sleep(0)  # it is being written
        holding.cancel()
        with pytest.raises(asyncio.CancelledError):
            await holding
        assert (await setup.budget.month(CAPPED)).held == 0


async def test_a_call_that_could_not_be_recorded_holds_its_cost(tmp_path: Path) -> None:
    async with open_budget(tmp_path) as setup:
        hold = await setup.budget.hold(CAPPED, CallCost.fixed(Decimal(2)), "gpt-5.2", "answer")
        await setup.database.execute("ALTER TABLE ledger RENAME TO missing")
        with pytest.raises(StorageError):
            await setup.spend("2", hold=hold)
        await setup.database.execute("ALTER TABLE missing RENAME TO ledger")
        assert (await setup.budget.month(CAPPED)).held == 2
        await setup.spend("2", hold=hold)
        assert not hold.is_active
        assert (await setup.budget.month(CAPPED)).held == 0


async def test_a_hold_counts_as_one_call_of_a_model(tmp_path: Path) -> None:
    """A call of unknown cost is held, too: its process may be killed."""
    async with open_budget(tmp_path) as setup:

        async def held() -> list[tuple[str, str, str]]:
            return await setup.database.read(
                lambda c: [
                    tuple(row)
                    for row in c.execute("SELECT model, purpose, amount FROM spending_holds")
                ]
            )

        async with await setup.budget.hold(OPENAI, None, "m", "answer") as hold:
            assert isinstance(hold, Hold)
            assert [(*row[:2], float(row[2])) for row in await held()] == [("m", "answer", 0.0)]
        async with await setup.budget.hold(OPENAI, CallCost.fixed(Decimal(0)), "m", "answer"):
            assert await held() == []
        async with await setup.budget.hold(CAPPED, CallCost.fixed(Decimal(9)), "m", "answer"):
            assert (await setup.budget.month(CAPPED)).held == 9
            with pytest.raises(SpendingCapError):
                await setup.budget.hold(CAPPED, CallCost.fixed(Decimal(2)), "m", "answer")
            async with await setup.budget.hold(CAPPED, None, "m", "answer"):
                pass
            async with await setup.budget.hold(OPENAI, CallCost.fixed(Decimal(20)), "m", "answer"):
                pass
        assert await held() == []


async def test_a_killed_call_counts_what_its_answer_had_grown_to(tmp_path: Path) -> None:
    price = Price(Decimal(0), Decimal(1))
    async with open_budget(tmp_path) as setup:
        cost = CallCost(Decimal(0), Decimal(1), Decimal(9))
        hold = await setup.budget.hold(CAPPED, cost, "gpt-5.2", "answer")
        for tokens in (4_000_000, 3_000_000):
            await hold.raise_to(price, tokens)
            assert (await setup.budget.month(CAPPED)).held == 4
        await setup.database.execute("UPDATE spending_holds SET owner_started = 'another boot:1'")
        async with await setup.budget.hold(CAPPED, CallCost.fixed(Decimal(2))):
            month = await setup.budget.month(CAPPED)
            assert (month.spent, month.held, month.estimated) == (4, 2, 1)


async def test_a_model_of_unknown_price_is_asked_about_once(tmp_path: Path) -> None:
    async with open_budget(tmp_path) as setup:
        model, price = CATALOG.info("gpt-5.2"), CATALOG.info("gpt-5.2").price
        own = setup.budget
        assert price is not None
        await own.require_price(OPENAI, model, None)
        await own.require_price(CAPPED, model, price)
        with pytest.raises(UnpricedModelError) as caught:
            await own.require_price(CAPPED, model, None)
        assert caught.value.params == {"model": model.name, "provider": "OpenAI"}
        allowing = Budget(
            SpendingHolds(setup.database), SettingsStore(setup.database), allows_unpriced=True
        )
        await allowing.require_price(CAPPED, model, None)
        await own.allow_unpriced(CAPPED, "gpt-5.2")
        await own.require_price(CAPPED, model, None)
        for profile, other in (
            (CAPPED, CATALOG.info("gpt-5.2-pro")),
            (replace(CAPPED, id="other"), model),
        ):
            with pytest.raises(UnpricedModelError):
                await own.require_price(profile, other, None)


@pytest.mark.parametrize(
    ("profile", "is_known", "counts"),
    [(CAPPED, True, True), (CAPPED, False, False), (OPENAI, True, False)],
)
def test_the_cost_is_needed_under_a_cap_with_a_price(
    profile: ProviderProfile, is_known: bool, counts: bool
) -> None:
    assert Budget.needs_cost(profile, is_known) is counts
