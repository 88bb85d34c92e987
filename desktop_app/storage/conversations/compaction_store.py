"""Compactions: saved in one transaction each; they can be undone, never changed."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from functools import partial
from typing import Final

from desktop_app.domain.conversations.compaction import Compaction
from desktop_app.storage.conversations.row_conversion import from_row, read_rows, to_micros, to_row
from desktop_app.storage.database.database import Databases

# Inserts nothing if the message has been deleted meanwhile, or if the compaction was imported
# before.
_INSERT_COMPACTION: Final = """
    INSERT OR IGNORE INTO compactions
    SELECT :id, :conversation_id, :message_id, :kind, :provider_id, :model, :body, :created_at,
        :tokens_before, :tokens_after, :undone_at
    WHERE EXISTS (SELECT 1 FROM messages WHERE id = :message_id)
"""
_SELECT_OF_CONVERSATION: Final = """
    SELECT * FROM compactions WHERE conversation_id = ? ORDER BY created_at, rowid
"""


class CompactionStore:
    """All compactions of the store. All methods raise StorageError."""

    def __init__(self, databases: Databases) -> None:
        self._databases = databases

    async def load(self, conversation_id: str) -> tuple[Compaction, ...]:
        """Return all compactions of a conversation, including undone ones, oldest first."""
        database = self._databases.for_conversation(conversation_id)
        return tuple(
            await read_rows(
                database, partial(from_row, Compaction), _SELECT_OF_CONVERSATION, conversation_id
            )
        )

    async def add(self, compaction: Compaction) -> bool:
        """Save a compaction. Return False if it exists already, or its message was deleted."""
        database = self._databases.for_conversation(compaction.conversation_id)
        return await database.write(lambda c: insert_compaction(c, compaction))

    async def undo(self, compaction_id: str, at: datetime) -> None:
        """Record that a compaction was undone: the messages that it replaced are sent again."""
        sql = "UPDATE compactions SET undone_at = ? WHERE id = ? AND undone_at IS NULL"
        for database in filter(None, (self._databases.memory, self._databases.disk)):
            await database.execute(sql, to_micros(at), compaction_id)


def insert_compaction(connection: sqlite3.Connection, compaction: Compaction) -> bool:
    """Insert a compaction. Return False if it exists already, or its message does not."""
    return connection.execute(_INSERT_COMPACTION, to_row(compaction)).rowcount == 1
