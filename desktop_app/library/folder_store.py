"""The folders of conversations, and the place of a conversation in the list.

Each change to that place (pin, folder, archive, trash) writes a single column, so the changes of
other processes to other columns stay.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from desktop_app.domain.conversations.conversation import Folder
from desktop_app.storage.database import Database
from desktop_app.storage.row_conversion import from_row, read_rows, to_micros, to_row
from desktop_app.storage.row_writing import upsert_row


class FolderStore:
    """All folders. All methods raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[Folder]:
        """Return all folders, by name."""
        sql = "SELECT * FROM folders ORDER BY name COLLATE NOCASE, created_at, id"
        return await read_rows(self._database, partial(from_row, Folder), sql)

    async def save(self, folder: Folder) -> None:
        await self._database.write(lambda c: put_folder(c, folder))

    async def delete(self, folder_id: str) -> None:
        """Delete a folder; its conversations remain, in no folder."""
        await self._database.execute("DELETE FROM folders WHERE id = ?", folder_id)

    async def has_files_without_project(self, kept_id: str) -> bool:
        """Return True if a deleted folder has left its collection, other than `kept_id`."""
        sql = """SELECT 1 FROM collections
            WHERE id != ? AND id NOT IN (SELECT collection_id FROM folders) LIMIT 1"""
        return await self._database.row(sql, kept_id) is not None


def put_folder(connection: sqlite3.Connection, folder: Folder) -> None:
    upsert_row(connection, "folders", to_row(folder), unchanged=("created_at",))


class ConversationFlagStore:
    """The flags of conversations. Each method is one transaction and raises StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def set_pinned(self, conversation_ids: Sequence[str], pinned: bool) -> None:
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
