"""The learned rates of servers' tokens, so that the next start counts accurately."""

from __future__ import annotations

import json
import sqlite3

from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.models.token_rates import MAX_RATE, MIN_RATE, TextKind, TokenRates
from desktop_app.storage.conversations.row_conversion import Cells, read_row, to_json, to_micros
from desktop_app.storage.database.database import Database

RateKey = tuple[str, str, str]
"""A profile's id, its address, and a model."""


class TokenRateStore:
    """The rates, by profile, address and model. All methods raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> dict[RateKey, TokenRates]:
        """Return all rates."""
        return await self._database.read(_read_all)

    async def save(self, key: RateKey, rates: TokenRates) -> None:
        """Save the rates of a model, replacing the previous ones."""
        row = (*key, to_json(dict(rates.rates)), rates.window, to_micros(now()))
        sql = "INSERT OR REPLACE INTO token_rates VALUES (?, ?, ?, ?, ?, ?)"
        await self._database.execute(sql, *row)


def _read_all(connection: sqlite3.Connection) -> dict[RateKey, TokenRates]:
    rows = connection.execute("SELECT model AS id, * FROM token_rates").fetchall()
    return {
        (row["profile_id"], row["base_url"], row["model"]): read_row(rates_from_row, row)
        for row in rows
    }


def rates_from_row(row: Cells) -> TokenRates:
    """Return the rates in a row of `token_rates`. Raises ValueError if any of them is not valid."""
    rates = {TextKind(kind): float(rate) for kind, rate in json.loads(row["rates"]).items()}
    if not all(MIN_RATE <= rate <= MAX_RATE for rate in rates.values()):
        raise ValueError("a rate is out of bounds")
    return TokenRates(rates, row["window"])
