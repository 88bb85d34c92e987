"""The folders of conversations."""

from __future__ import annotations

import sqlite3

from desktop_app.domain.conversations.conversation import Folder
from desktop_app.storage.conversations.row_conversion import (
    folder_from_row,
    folder_to_row,
    read_rows,
)
from desktop_app.storage.database.database import Database
from desktop_app.storage.database.row_writing import upsert_row


class FolderStore:
    """All folders. All methods raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[Folder]:
        """Return all folders, by name."""
        sql = "SELECT * FROM folders ORDER BY name COLLATE NOCASE, created_at, id"
        return await read_rows(self._database, folder_from_row, sql)

    async def save(self, folder: Folder) -> None:
        """Add or change a folder."""
        await self._database.write(lambda c: put_folder(c, folder))

    async def delete(self, folder_id: str) -> None:
        """Delete a folder; its conversations remain, in no folder."""
        await self._database.execute("DELETE FROM folders WHERE id = ?", folder_id)


def put_folder(connection: sqlite3.Connection, folder: Folder) -> None:
    """Insert or update a folder."""
    upsert_row(connection, "folders", folder_to_row(folder), unchanged=("created_at",))
