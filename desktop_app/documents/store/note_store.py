"""Notes on parts of documents, by a key of their input, so that no part is paid for twice."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import Final

from desktop_app.domain.conversations.conversation import now
from desktop_app.storage.database import Databases, read_first
from desktop_app.storage.expiry_clock import expiry_time_at
from desktop_app.storage.row_conversion import to_micros, to_text

RETENTION: Final = timedelta(days=30)


class NoteStore:
    """The stored notes. All methods raise StorageError."""

    def __init__(self, databases: Databases) -> None:
        self._databases = databases

    async def get(self, key: str) -> str | None:
        sql = "SELECT text FROM part_notes WHERE key = ?"
        row = await read_first(self._databases, lambda c: c.execute(sql, (key,)).fetchone())
        return None if row is None else str(row["text"])

    async def put(self, key: str, text: str, conversation_id: str) -> None:
        """Save a note of a conversation ("" for none), and delete notes older than RETENTION."""
        moment = now()

        def write(connection: sqlite3.Connection) -> None:
            oldest_kept = to_micros(expiry_time_at(connection, moment) - RETENTION)
            connection.execute("DELETE FROM part_notes WHERE created_at < ?", (oldest_kept,))
            row = (key, to_text(text), to_micros(moment), conversation_id)
            connection.execute("INSERT OR REPLACE INTO part_notes VALUES (?, ?, ?, ?)", row)

        await self._databases.for_conversation(conversation_id).write(write)


def remove_notes(connection: sqlite3.Connection, conversation_id: str) -> None:
    """Delete the notes of a conversation, and those of no conversation."""
    sql = "DELETE FROM part_notes WHERE conversation_id IN (?, '')"
    connection.execute(sql, (conversation_id,))
