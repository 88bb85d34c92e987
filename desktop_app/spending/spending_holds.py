"""Holds: the input cost of running calls, counted against a monthly limit until they end.

They are in the store, because ten questions at once, from a window and from commands, must not
exceed a limit with room for one. Check and hold are one transaction. The holds of a killed process
become calls of unknown cost in the ledger if they name a model.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime
from decimal import Decimal

from desktop_app.domain.spending_report import MonthSpending
from desktop_app.spending.ledger import from_nanos, month_of, record_lost_calls, to_nanos
from desktop_app.storage.database import Database
from desktop_app.storage.process_identity import is_alive, this_process
from desktop_app.storage.row_conversion import to_micros


class SpendingHolds:
    """Holds by provider. All methods raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def place(
        self,
        provider_ids: tuple[str, ...],
        amount: Decimal,
        cap: Decimal,
        at: datetime,
        call: tuple[str, str] = ("", ""),
    ) -> tuple[int | None, MonthSpending]:
        """Hold `amount` (US dollars) if the month of `at` has room for it under `cap`.

        Args:
            provider_ids: the providers that share the cap. The hold is stored for the first.
            cap: the monthly limit in US dollars.
            call: the call's model and purpose; empty texts if the hold is not for a single call.

        Returns:
            The hold's id, or None if there is no room, and the month as it was before.
        """

        def hold(connection: sqlite3.Connection) -> tuple[int | None, MonthSpending]:
            record_lost_calls(connection)
            month = _month(connection, provider_ids, cap, at)
            if month.spent + month.held + amount > cap:
                return None, month
            row = (provider_ids[0], to_nanos(amount), *this_process(), to_micros(at), *call)
            sql = "INSERT INTO spending_holds VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)"
            return connection.execute(sql, row).lastrowid, month

        return await self._database.write(hold)

    async def release(self, hold_id: int) -> None:
        """Release a hold after its call has ended and is in the ledger."""
        await self._database.execute("DELETE FROM spending_holds WHERE id = ?", hold_id)

    async def month(
        self, provider_ids: tuple[str, ...], cap: Decimal | None, at: datetime
    ) -> MonthSpending:
        """Return the spending and holds of the month of `at`; `cap` is None without a limit."""
        return await self._database.read(lambda c: _month(c, provider_ids, cap, at))


def _month(
    connection: sqlite3.Connection, provider_ids: tuple[str, ...], cap: Decimal | None, at: datetime
) -> MonthSpending:
    """Return the spending and holds of the month of `at`, of all `provider_ids` together."""
    spent = month_of(connection, at, provider_ids)
    held = Decimal(0)
    for provider_id in provider_ids:
        sql = "SELECT amount, owner_pid, owner_started FROM spending_holds WHERE provider_id = ?"
        for row in connection.execute(sql, (provider_id,)):
            if is_alive(row["owner_pid"], row["owner_started"]):
                held += from_nanos(row["amount"])
        # Batches run at the provider even if their owner has ended.
        sql = "SELECT held FROM batch_jobs WHERE provider_id = ? AND held IS NOT NULL"
        for row in connection.execute(sql, (provider_id,)):
            held += Decimal(row["held"])
    return MonthSpending(spent=spent.cost, held=held, uncounted=spent.uncounted, cap=cap)
