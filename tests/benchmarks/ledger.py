"""Spending queries over a ledger of a million calls: month, day, cap check, tables, charts.

The calls are spread over the last year, in order, and three models. Times are wall milliseconds
through the store's reader thread, as in the program. `summed_up_s` is the time to add the sums to a
ledger of an older version, `longest_slice_ms` the longest that another write waits meanwhile.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.spending.cost import Usage
from desktop_app.domain.spending.spending_report import Call, CallPerformance, Grouping
from desktop_app.storage.conversations.row_conversion import to_micros
from desktop_app.storage.database.database import Database
from desktop_app.storage.spending.daily_sums import fill_days, sum_up_slice
from desktop_app.storage.spending.ledger import Ledger
from desktop_app.storage.spending.spending_holds import SpendingHolds
from desktop_app.storage.spending.spending_sums import fill_slots

ROUNDS = 15
YEAR_S = 365 * 86_400


def fill(connection: sqlite3.Connection, entries: int, at: datetime) -> None:
    """Add `entries` calls of the last year to the ledger, without their sums."""
    chance = random.Random(1)
    rows = (
        (
            to_micros(at - timedelta(seconds=YEAR_S * (1 - number / entries))),
            f"model-{chance.randrange(3)}",
            f"0.{chance.randrange(10**9):09d}",
            chance.choice(("low", "high")),
            chance.random(),
            1 + 9 * chance.random(),
        )
        for number in range(entries)
    )
    sql = """INSERT INTO ledger (at, provider_id, model, purpose, input_tokens, cached_tokens,
        output_tokens, reasoning_tokens, cost, effort, tier, outcome, retries, first_token_s,
        duration_s)
        VALUES (?, 'openai', ?, 'answer', 900, 100, 400, 90, ?, ?, '', 'complete', 0, ?, ?)"""
    connection.executemany(sql, rows)


def _call(at: datetime) -> Call:
    usage, went = Usage(900, 100, 400, 90), CallPerformance("low", "", "complete", 0, 0.5, 5.0)
    return Call(at, "openai", "model-1", "answer", usage, Decimal("0.1"), performance=went)


async def _median_ms(ask: Callable[[], Awaitable[object]]) -> float:
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        await ask()
        times.append(1000 * (time.perf_counter() - begin))
    return round(statistics.median(times), 2)


async def _measure(path: Path, entries: int) -> dict[str, Any]:
    at, database = now(), Database(path)
    await database.open()
    await database.write(lambda connection: fill(connection, entries, at))
    begin = time.perf_counter()
    await database.write(fill_slots)
    await database.write(fill_days)
    slices = [0.0]
    while True:
        slice_begin = time.perf_counter()
        if not await database.write(sum_up_slice):
            break
        slices.append(1000 * (time.perf_counter() - slice_begin))
    summed_up_s = round(time.perf_counter() - begin, 1)
    recent = at.astimezone().date() - timedelta(days=30)
    ledger, holds = Ledger(database), SpendingHolds(database)

    figures = {
        "month_ms": await _median_ms(lambda: ledger.spent_in_month(at)),
        "cap_ms": await _median_ms(lambda: holds.month(("openai",), None, at)),
        "tables_ms": await _median_ms(lambda: ledger.report(at)),
        "chart_ms": await _median_ms(lambda: ledger.group_spending(Grouping.DAY, recent)),
        "chart_of_all_ms": await _median_ms(lambda: ledger.group_spending(Grouping.MODEL)),
        "days_of_all_ms": await _median_ms(lambda: ledger.group_spending(Grouping.DAY)),
        "added_ms": await _median_ms(lambda: ledger.add(_call(at))),
        "summed_up_s": summed_up_s,
        "median_slice_ms": round(statistics.median(slices), 1),
        "longest_slice_ms": round(max(slices), 1),
    }
    await database.close()
    return figures


def main(entries: int = 1_000_000) -> dict[str, Any]:
    """Return median milliseconds for a ledger of `entries` calls."""
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(_measure(Path(folder) / "store.sqlite3", entries))
    return {"benchmark": "ledger", "entries": entries, **figures}
