"""The prompts that are asked again, which stay on the computer where they were added."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta, tzinfo
from functools import partial
from typing import Final

from desktop_app.domain.error_note import ErrorNote
from desktop_app.repeat.repeat import Repeat
from desktop_app.storage.database import Database
from desktop_app.storage.row_conversion import error_to_text, from_row, read_rows, to_micros, to_row
from desktop_app.storage.row_writing import insert_rows

_CLOCK_TOLERANCE: Final = timedelta(days=1)
"""A prompt that was asked further in the future was asked while the clock was wrong."""


repeat_from_row: Final = partial(from_row, Repeat)


class RepeatStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[Repeat]:
        """Return all repeats, the oldest first."""
        sql = "SELECT * FROM repeats ORDER BY rowid"
        return await read_rows(self._database, repeat_from_row, sql)

    async def add(self, repeat: Repeat) -> None:
        await self._database.write(lambda c: insert_rows(c, "repeats", [to_row(repeat)]))

    async def remove(self, repeat_id: str) -> None:
        """Remove a repeat; the conversations that it has begun stay."""
        await self._database.execute("DELETE FROM repeats WHERE id = ?", repeat_id)

    async def set_error(self, repeat_id: str, error: ErrorNote | None) -> None:
        """Record why a repeat could not be asked; None if it was."""
        text = error_to_text(error)
        await self._database.execute("UPDATE repeats SET error = ? WHERE id = ?", text, repeat_id)

    async def claim_due(self, moment: datetime, zone: tzinfo | None = None) -> Repeat | None:
        """Return a repeat to ask now, which no other process gets; None if there is none.

        Only one: a process that ends while it asks that has not taken the others.
        Several missed occurrences are one. After a clock was set back, nothing is asked again,
        unless a repeat would wait for more than a day.
        """

        def claim(connection: sqlite3.Connection) -> Repeat | None:
            for row in connection.execute("SELECT * FROM repeats ORDER BY rowid").fetchall():
                repeat = repeat_from_row(row)
                is_due = repeat.next_time(zone) <= moment
                if is_due or repeat.since > moment + _CLOCK_TOLERANCE:
                    sql = "UPDATE repeats SET since = ? WHERE id = ?"
                    connection.execute(sql, (to_micros(moment), repeat.id))
                if is_due:
                    return repeat
            return None

        return await self._database.write(claim)
