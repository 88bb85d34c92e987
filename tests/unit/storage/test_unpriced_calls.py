"""Calls with the price of a model that the server did not have lose it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from desktop_app.domain.spending.spending_report import SpendingSum
from desktop_app.storage.database.database import Database
from desktop_app.storage.database.migration_runner import migrate
from desktop_app.storage.database.migrations import MIGRATIONS
from desktop_app.storage.spending.ledger import Ledger
from desktop_app.storage.spending.spending_sums import fill_slots
from tests.helpers.blocking import blocking
from tests.unit.storage.samples import NOON

BEFORE = next(n for n, m in enumerate(MIGRATIONS) if m.name == "0029_answering_models")
LOCAL = "http://127.0.0.1:18080/v1"
CALLS = (
    ("env-openai", "gpt-5.2", "0.25"),
    ("env-openai", "gpt-5.2-pro", "1.5"),
    ("env-openai", "smollm2", None),
    ("openai", "gpt-5.2", "0.125"),
    ("own", "gpt-5.2", "2"),
    ("own", "served", "4"),
    ("own", "named", "8"),
)


def old_store(path: Path, *addresses: str) -> None:
    """Write a store of the version before, with priced calls of several providers."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        migrate(connection, path, MIGRATIONS[:BEFORE])
        at = int(NOON.timestamp() * 1_000_000)
        for provider, model, cost in CALLS:
            sql = """INSERT INTO ledger (at, provider_id, model, purpose, input_tokens,
                cached_tokens, output_tokens, reasoning_tokens, cost)
                VALUES (?, ?, ?, 'answer', 1000, 0, 100, 0, ?)"""
            connection.execute(sql, (at, provider, model, cost))
        fill_slots(connection)
        for address in addresses:
            key = f"learnt.api.env-openai.{address}"
            connection.execute("INSERT INTO settings VALUES (?, ?)", (key, '"chat_completions"'))
        body = {"kind": "compatible", "base_url": LOCAL, "models": ["named"]}
        connection.execute("INSERT INTO profiles VALUES ('own', 0, ?)", (json.dumps(body),))
        sql = """INSERT INTO model_listings (profile_id, base_url, at, models, windows)
            VALUES ('own', ?, 0, '[["served", null]]', '{}')"""
        connection.execute(sql, (LOCAL,))
        connection.commit()


@blocking
async def month(path: Path, provider: str | None = None) -> SpendingSum:
    """Return the month's spending once the store is migrated."""

    database = Database(path)
    await database.open()
    try:
        return await Ledger(database).spent_in_month(NOON, provider)
    finally:
        await database.close()


def test_calls_of_unknown_servers_lose_their_prices(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    old_store(path, LOCAL)
    with closing(sqlite3.connect(path)) as connection:
        (before,) = connection.execute("SELECT sum(cost) FROM ledger_slots").fetchone()
    assert before == 15.875
    after = month(path)
    assert after.cost == Decimal("12.125")  # without 0.25 and 1.5 of the address, and 2 of "own"
    assert (after.calls, after.uncounted) == (7, 4)
    assert month(path, "env-openai").cost == 0


@pytest.mark.parametrize("addresses", [(), ("https://api.openai.com/v1",)])
def test_calls_at_openai_keep_their_prices(tmp_path: Path, addresses: tuple[str, ...]) -> None:
    path = tmp_path / "store.sqlite3"
    old_store(path, *addresses)
    spent = month(path, "env-openai")
    assert (spent.cost, spent.uncounted) == (Decimal("1.75"), 1)
    assert month(path).cost == Decimal("13.875")
