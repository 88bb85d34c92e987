"""Changes to the place of a conversation in the list: pins, folder, archive, trash.

Each change writes a single column, so the changes of other processes to other columns stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from desktop_app.storage.conversations.row_conversion import to_micros
from desktop_app.storage.database.database import Database


class ConversationFlagStore:
    """The flags of conversations. Each method is one transaction and raises StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def set_pinned(self, conversation_ids: Sequence[str], pinned: bool) -> None:
        """Pin or unpin conversations."""
        sql = "UPDATE conversations SET pinned = ? WHERE id = ?"
        await self._set(sql, conversation_ids, pinned)

    async def set_archived(self, conversation_ids: Sequence[str], archived: bool) -> None:
        """Archive conversations, or take them out of the archive."""
        sql = "UPDATE conversations SET archived = ? WHERE id = ?"
        await self._set(sql, conversation_ids, archived)

    async def set_trashed(self, conversation_ids: Sequence[str], at: datetime | None) -> None:
        """Move conversations into the trash, or out of it if `at` is None."""
        sql = "UPDATE conversations SET trashed_at = ? WHERE id = ?"
        await self._set(sql, conversation_ids, None if at is None else to_micros(at))

    async def move(self, conversation_ids: Sequence[str], folder_id: str | None) -> None:
        """Move conversations into a folder, or with None out of their folder.

        If the folder has been deleted meanwhile, the conversations are in no folder.
        """
        sql = """UPDATE conversations SET folder_id = (SELECT id FROM folders WHERE id = ?)
            WHERE id = ?"""
        await self._set(sql, conversation_ids, folder_id)

    async def ids_in_folder(self, folder_id: str) -> list[str]:
        """Return the ids of all conversations in a folder, including archived and trashed ones."""
        sql = "SELECT id FROM conversations WHERE folder_id = ?"
        rows = await self._database.rows(sql, folder_id)
        return [row["id"] for row in rows]

    async def _set(
        self, sql: str, conversation_ids: Sequence[str], value: str | int | None
    ) -> None:
        rows = [(value, conversation_id) for conversation_id in conversation_ids]
        await self._database.write(lambda c: c.executemany(sql, rows))
