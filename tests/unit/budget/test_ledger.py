"""The spending ledger: exact sums by local months and days."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from desktop_app.budget.budget import HeldCall, SpendingHolds
from desktop_app.budget.ledger import Ledger, to_nanos
from desktop_app.domain.cost import CallCost, TypicalAnswer, Usage
from desktop_app.domain.spending_report import (
    Call,
    CallPerformance,
    Grouping,
    MonthSpending,
    SpendingSum,
)
from desktop_app.providers.gateway.environment_profiles import OPENAI
from desktop_app.storage.database import Database
from desktop_app.storage.row_conversion import to_micros
from tests.unit.storage.samples import opened


def in_time_zone(monkeypatch: pytest.MonkeyPatch, name: str) -> Iterator[None]:
    monkeypatch.setenv("TZ", name)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    yield from in_time_zone(monkeypatch, "Asia/Tokyo")


async def spend(
    database: Database,
    cost: str | None,
    at: datetime,
    provider_id: str = "openai",
    conversation_id: str | None = None,
) -> None:
    await Ledger(database).add(
        Call(
            provider_id=provider_id,
            model="gpt-5.2",
            usage=Usage(10, 4, 20, 5),
            cost=None if cost is None else Decimal(cost),
            purpose="answer",
            conversation_id=conversation_id,
            at=at,
        )
    )


async def test_sums_are_exact(tmp_path: Path) -> None:
    async with opened(tmp_path / "s.sqlite3") as database:
        at = datetime(2026, 3, 14, tzinfo=UTC)
        for cost in ("0.1", "0.2", "0.000000001", "345678", None):
            await spend(database, cost, at)
        spent = await Ledger(database).spent_in_month(at, "openai")
        assert spent == SpendingSum(5, 1, Usage(50, 20, 100, 25), Decimal("345678.300000001"))


@pytest.mark.parametrize(
    ("amount", "nanos"),
    [("0", 0), ("0.000000001", 1), ("0.0000000010001", 2), ("1E-40", 1), ("1E+40", 10**15)],
)
def test_amounts_are_rounded_up_to_nano_dollars(amount: str, nanos: int) -> None:
    assert to_nanos(Decimal(amount)) == nanos


@pytest.mark.parametrize(
    ("output", "duration_s", "speed"), [(30, 5.0, 10.0), (0, 5.0, None), (30, 2.0, None)]
)
async def test_speed_counts_from_the_first_token(
    output: int, duration_s: float, speed: float | None, tmp_path: Path
) -> None:
    async with opened(tmp_path / "s.sqlite3") as database:
        ledger = Ledger(database)
        at = datetime(2026, 3, 14, tzinfo=UTC)
        performance = CallPerformance(first_token_s=2.0, duration_s=duration_s)
        call = Call(at, "own", "m", "answer", Usage(output_tokens=output), None)
        await ledger.add(call._replace(performance=performance))
        await ledger.add(call)
        (row,) = await ledger.group_spending(Grouping.MODEL)
        measured = row.performance
        assert (measured.failed, measured.retries) == (0, 0)
        assert (measured.p50_first_token_s, measured.p50_s) == (2.0, duration_s)
        assert measured.tokens_per_s == measured.p50_tokens_per_s == speed


async def test_months_are_local(tmp_path: Path, in_tokyo: None) -> None:
    async with opened(tmp_path / "s.sqlite3") as database:
        await spend(database, "1", datetime(2026, 2, 28, 14, 59, 59, tzinfo=UTC))  # 23:59:59
        await spend(database, "2", datetime(2026, 2, 28, 15, 0, tzinfo=UTC))  # 1 March, 00:00
        await spend(database, "4", datetime(2026, 3, 31, 14, 59, tzinfo=UTC))
        await spend(database, "8", datetime(2026, 3, 31, 15, 0, tzinfo=UTC))
        ledger = Ledger(database)
        assert (await ledger.spent_in_month(datetime(2026, 2, 10, tzinfo=UTC))).cost == 1
        assert (await ledger.spent_in_month(datetime(2026, 2, 28, 20, tzinfo=UTC))).cost == 2 + 4
        assert (await ledger.spent_in_month(datetime(2025, 12, 31, 20, tzinfo=UTC))).cost == 0


async def test_costs_are_summed_by_provider_and_by_conversation(tmp_path: Path) -> None:
    async with opened(tmp_path / "s.sqlite3") as database:
        at = datetime(2026, 3, 14, tzinfo=UTC)
        await spend(database, "1", at, "openai", "a")
        await spend(database, "2", at, "cometapi", "a")
        await spend(database, "4", at, "openai", "b")
        ledger = Ledger(database)
        assert (await ledger.spent_in_month(at, "openai")).cost == 5
        assert (await ledger.conversation_spending("a")).cost == 3
        assert (await ledger.conversation_spending("none")).cost == 0


async def test_days_and_months_are_local(tmp_path: Path, in_tokyo: None) -> None:
    async with opened(tmp_path / "s.sqlite3") as database:
        await spend(database, "1", datetime(2026, 3, 2, 20, tzinfo=UTC))  # 3 March, 5:00
        await spend(database, "2", datetime(2026, 3, 2, 20, tzinfo=UTC), "cometapi")
        await spend(database, "4", datetime(2026, 3, 1, 3, tzinfo=UTC))
        await spend(database, "8", datetime(2026, 2, 28, 14, tzinfo=UTC))  # 23:00
        ledger = Ledger(database)

        async def costs(by: Grouping) -> list[tuple[str, int]]:
            rows = await ledger.group_spending(by)
            return [(row.key, int(row.spent.cost)) for row in rows]

        by_day = [("2026-02-28", 8), ("2026-03-01", 4), ("2026-03-03", 3)]
        assert await costs(Grouping.DAY) == by_day
        assert await costs(Grouping.MONTH) == [("2026-02", 8), ("2026-03", 7)]
        assert await costs(Grouping.PROVIDER) == [("openai", 13), ("cometapi", 2)]


async def record_call(
    database: Database, at: datetime, effort: str, outcome: str, first_s: float, cost: str = "1"
) -> None:
    performance = CallPerformance(effort, "priority", outcome, 1, first_s, first_s + 10)
    usage = Usage(10, 4, 200, 5)
    await Ledger(database).add(
        Call(at, "openai", "gpt-5.2", "answer", usage, Decimal(cost), performance=performance)
    )


async def test_groups_have_sums_and_percentiles(tmp_path: Path, in_tokyo: None) -> None:
    async with opened(tmp_path / "s.sqlite3") as database:
        for second in range(1, 101):
            day = datetime(2026, 3, 1 + second % 2, 14, 59, tzinfo=UTC)  # 23:59
            outcome = "failed" if second == 100 else "complete"
            await record_call(database, day, "high", outcome, second / 10, "0.000000001")
        await record_call(database, datetime(2026, 3, 2, 15, tzinfo=UTC), "low", "complete", 0.2)
        ledger = Ledger(database)
        low, high = await ledger.group_spending(Grouping.EFFORT)
        assert (low.key, high.key, high.spent.calls) == ("low", "high", 100)
        assert high.spent.cost == Decimal("0.0000001")
        assert high.spent.usage == Usage(1000, 400, 20_000, 500)
        assert (high.performance.failed, high.performance.retries) == (1, 100)
        assert high.performance.p50_first_token_s == pytest.approx(5)
        assert high.performance.p95_first_token_s == pytest.approx(9.5)
        assert high.performance.p50_s == pytest.approx(15)
        assert high.performance.p95_tokens_per_s == pytest.approx(20)
        days = await ledger.group_spending(Grouping.DAY)
        assert [(row.key, row.spent.calls) for row in days] == [
            ("2026-03-01", 50),
            ("2026-03-02", 50),
            ("2026-03-03", 1),
        ]
        (since,) = await ledger.group_spending(Grouping.MONTH, date(2026, 3, 3))
        assert (since.key, since.spent.calls) == ("2026-03", 1)
        outcomes = {
            row.key: row.spent.calls for row in await ledger.group_spending(Grouping.OUTCOME)
        }
        assert outcomes == {"complete": 100, "failed": 1}
        (tier,) = await ledger.group_spending(Grouping.TIER)
        assert (tier.key, tier.spent.calls) == ("priority", 101)


async def test_typical_answers_are_the_medians_of_recent_ones(tmp_path: Path) -> None:
    at = datetime(2026, 3, 14, tzinfo=UTC)

    async def answered(model: str, effort: str, *seconds: float | None, **other: str) -> None:
        for duration_s in seconds:
            performance = CallPerformance(
                effort, outcome=other.get("outcome", "complete"), duration_s=duration_s
            )
            call = Call(at, other.get("provider", "openai"), model, "answer", Usage(9, 0, 30), None)
            call = call._replace(purpose=other.get("purpose", "answer"), performance=performance)
            await calls.add(call)

    async with opened(tmp_path / "s.sqlite3") as database:
        calls = Ledger(database)
        await answered("m", "low", 9.0, 1.0, 2.0)
        await answered("m", "", 3.0, 4.0, 5.0, None)
        await answered("m", "high", 3.0, 4.0, None)
        await answered("m", "low", 100.0, 100.0, outcome="failed")
        await answered("m", "low", 100.0, 100.0, purpose="title")
        await answered("m", "low", 7.0, 7.0, 8.0, provider="own")
        medians = await calls.typical_answers("openai")
        assert medians["m", "low"] == TypicalAnswer(2.0, 30)
        assert medians["m", ""] == TypicalAnswer(4.0, 30)
        assert medians["m", "high"] == TypicalAnswer(None, 30)
        assert await calls.typical_answers("own") == {("m", "low"): TypicalAnswer(7.0, 30)}


async def test_calls_of_dead_processes_cost_what_was_held(tmp_path: Path) -> None:
    at = datetime(2026, 3, 14, tzinfo=UTC)
    cost = CallCost(Decimal(1), Decimal(2), Decimal(9))

    async with opened(tmp_path / "s.sqlite3") as database:
        holds = SpendingHolds(database)
        calls = [
            HeldCall(OPENAI, cost, "m", "answer", message_id="resumable"),
            HeldCall(OPENAI, cost, "n", "title"),
            HeldCall(OPENAI, None, "o", "answer"),
            HeldCall(OPENAI, cost),
        ]
        await holds.place(calls, at)
        dead = "UPDATE spending_holds SET owner_started = 'another boot:1' WHERE model <> 'n'"
        await database.write(lambda c: c.execute(dead))
        ledger = Ledger(database)
        await ledger.settle_lost_calls()
        spent = await ledger.spent_in_month(at, "openai")
        assert spent == SpendingSum(2, 1, Usage(), Decimal(2), 1)
        sql = "SELECT at, model, purpose, outcome, cost, is_estimated FROM ledger ORDER BY model"
        rows = await database.rows(sql)
        assert [tuple(row) for row in rows] == [
            (to_micros(at), "m", "answer", "interrupted", 2 * 10**9, 1),
            (to_micros(at), "o", "answer", "interrupted", None, 0),
        ]
        month = await holds.month(("openai",), None, at)
        assert month == MonthSpending(Decimal(2), Decimal(2), 1, estimated=1)


async def test_windows_are_told_of_each_call(tmp_path: Path) -> None:
    async with opened(tmp_path / "s.sqlite3") as database:
        ledger = Ledger(database)
        told: list[str] = []
        ledger.listen(told.append)
        call = Call(datetime(2026, 3, 14, tzinfo=UTC), "openai", "m", "answer", Usage(), Decimal(1))
        await ledger.add(call)
        await ledger.add_resumed(call._replace(provider_id="mine", message_id="a"))
        assert told == ["openai", "mine"]


@pytest.mark.attack("damaged-ledger")
@pytest.mark.parametrize(
    "damage",
    [
        "cost = 9223372036854775807",
        "cost = -9223372036854775807",
        "at = 9223372036854775807",
        "at = -5",
        "input_tokens = 9223372036854775807, output_tokens = 9223372036854775807",
        "retries = 9223372036854775807, cached_tokens = -1",
        "duration_s = 9e999, first_token_s = -9e999",
    ],
)
async def test_a_damaged_row_costs_itself_only(tmp_path: Path, damage: str) -> None:
    at = datetime(2026, 3, 14, tzinfo=UTC)
    async with opened(tmp_path / "s.sqlite3") as database:
        for _ in range(3):
            await record_call(database, at, "high", "complete", 1)
        sql = f"UPDATE ledger SET {damage} WHERE id < 3"
        await database.write(lambda c: c.execute(sql))
        ledger = Ledger(database)
        assert 1 <= (await ledger.spent_in_month(at, "openai")).cost <= 3
        for by in Grouping:
            rows = await ledger.group_spending(by)
            assert 1 <= sum(row.spent.cost for row in rows) <= 3
            assert all(row.performance.p50_s in (None, 11) for row in rows)
        assert (await ledger.typical_answers("openai")).keys() <= {("gpt-5.2", "high")}
