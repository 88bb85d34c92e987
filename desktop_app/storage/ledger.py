"""What was spent. Entries stay when their conversation is deleted: the money is gone all the same.

Sums are made with Decimals from the amounts as they were written, so no cent is ever rounded away;
a month's entries of a busy person are read in milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Context, Decimal
from typing import Final

from desktop_app.domain.cost import Usage
from desktop_app.storage.database import Database
from desktop_app.storage.rows import to_micros

# Enough digits for any sum of amounts of money; the default of 28 would round a tiny one away.
_EXACT: Final = Context(prec=200)


class Ledger:
    """Every paid or free call. All methods raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self,
        *,
        provider_id: str,
        model: str,
        usage: Usage,
        cost: Decimal | None,
        purpose: str,
        conversation_id: str | None,
        message_id: str | None,
        at: datetime,
    ) -> None:
        """Note one call; `cost` in US dollars, None where the price is not known."""
        row = (
            to_micros(at),
            provider_id,
            model,
            purpose,
            usage.input_tokens,
            usage.cached_tokens,
            usage.output_tokens,
            usage.reasoning_tokens,
            None if cost is None else str(cost),
            conversation_id,
            message_id,
        )
        sql = "INSERT INTO ledger VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        await self._database.write(lambda c: c.execute(sql, row))

    async def month(self, at: datetime, provider_id: str | None = None) -> Decimal:
        """US dollars spent in the month of `at`, as the clock of this computer has it."""
        local = at.astimezone()
        first = datetime(local.year, local.month, 1)  # noqa: DTZ001 - local time on purpose
        next_first = (first + timedelta(days=32)).replace(day=1)
        return await self._between(first.astimezone(), next_first.astimezone(), provider_id)

    async def day(self, at: datetime, provider_id: str | None = None) -> Decimal:
        """US dollars spent on the day of `at`, as the clock of this computer has it."""
        local = at.astimezone()
        midnight = datetime(local.year, local.month, local.day)  # noqa: DTZ001
        end = midnight + timedelta(days=1)
        return await self._between(midnight.astimezone(), end.astimezone(), provider_id)

    async def conversation(self, conversation_id: str) -> Decimal:
        """US dollars spent in one conversation."""
        sql = "SELECT cost FROM ledger WHERE conversation_id = ? AND cost IS NOT NULL"
        return await self._sum(sql, (conversation_id,))

    async def _between(self, start: datetime, end: datetime, provider_id: str | None) -> Decimal:
        sql = """SELECT cost FROM ledger WHERE at >= ? AND at < ? AND cost IS NOT NULL
            AND (?3 IS NULL OR provider_id = ?3)"""
        return await self._sum(sql, (to_micros(start), to_micros(end), provider_id))

    async def _sum(self, sql: str, parameters: tuple[object, ...]) -> Decimal:
        rows = await self._database.read(lambda c: c.execute(sql, parameters).fetchall())
        return _total(Decimal(row["cost"]) for row in rows)


def _total(amounts: Iterable[Decimal]) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = _EXACT.add(total, amount)
    return total
