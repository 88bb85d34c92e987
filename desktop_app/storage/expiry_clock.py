"""The time by which what is stored expires, which no clock that leaps ahead can move.

An empty battery, another system or a restored virtual machine sets the clock to any time. So a time
that is more than two days after the last one is believed only if the program is used a day later,
too.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import msgspec

from desktop_app.domain.conversations.conversation import now
from desktop_app.storage.database import Database
from desktop_app.storage.row_conversion import from_micros, to_micros

_KEY: Final = "store.clock"
_USUAL_GAP: Final = timedelta(days=2) // timedelta(microseconds=1)
_DAY: Final = timedelta(days=1) // timedelta(microseconds=1)


async def expiry_time(database: Database) -> datetime:
    """Return the present as far as it is believed. Raises StorageError."""
    return await database.write(lambda connection: expiry_time_at(connection, now()))


def expiry_time_at(connection: sqlite3.Connection, moment: datetime) -> datetime:
    """Return a present as far as it is believed, and store that it was seen."""
    at = to_micros(moment)
    believed = doubted = 0  # at first nothing is believed
    row = connection.execute("SELECT value FROM settings WHERE key = ?", (_KEY,)).fetchone()
    with suppress(msgspec.MsgspecError):  # damaged
        believed, doubted = msgspec.json.decode(row[0] if row else "", type=tuple[int, int])
    if doubted and at >= doubted + _DAY:
        believed, doubted = doubted, 0
    if at <= believed + _USUAL_GAP:  # also if the clock was set back
        believed, doubted = at, 0
    elif not doubted or at < doubted:
        doubted = at
    value = msgspec.json.encode((believed, doubted)).decode()
    connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (_KEY, value))
    return from_micros(believed)
