"""The database of temporary conversations: the schema of the store, in memory only."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from desktop_app.storage.database import Database
from desktop_app.storage.schema import migrate
from desktop_app.storage.sqlite_connection import connect_in_memory

# The bytes of attachments, which the store on disk keeps in files.
_CREATE_ORIGINALS = "CREATE TABLE originals (sha256 TEXT PRIMARY KEY, data BLOB NOT NULL) STRICT"


class MemoryDatabase(Database):
    """A database without a file, which needs no `open`. One connection serves reads and writes."""

    def __init__(self) -> None:
        super().__init__(Path("memory"))  # named in errors, never opened
        self._readers = self._writer
        self.clear()

    def clear(self) -> None:
        """Discard all content, after the work that was submitted before."""
        self._submit(self._writer, self._open)

    def _open(self) -> None:
        self._close()
        connection = connect_in_memory()
        migrate(connection)
        connection.execute(_CREATE_ORIGINALS)
        self._connection = connection

    def _read_connection(self) -> sqlite3.Connection:
        return self._require_connection()

    def _close(self) -> None:
        connection = self._connection
        self._connection = None
        if connection is not None:
            connection.close()


class TemporaryConversations:
    """The temporary conversations of this run, at most one at a time; implements Databases.

    The ledger on disk records the costs of such conversations, but does not name them.
    """

    def __init__(self, disk: Database) -> None:
        self.disk = disk
        self.memory: MemoryDatabase | None = None
        self._current_id = ""
        self._ever_temporary_ids: set[str] = set()

    def begin(self, conversation_id: str) -> None:
        """Make a conversation temporary. It must not be stored yet."""
        if self.memory is None:
            self.memory = MemoryDatabase()
        self._current_id = conversation_id
        self._ever_temporary_ids.add(conversation_id)

    @property
    def exists(self) -> bool:
        """Return True if there is a temporary conversation, shown or not."""
        return bool(self._current_id)

    def was_ever_temporary(self, conversation_id: str | None) -> bool:
        """Return True if a conversation is or was temporary: its requests may outlast it."""
        return conversation_id in self._ever_temporary_ids

    def is_temporary(self, conversation_id: str) -> bool:
        """Return True if the conversation is temporary and not discarded."""
        return conversation_id == self._current_id

    def discard(self, conversation_id: str) -> None:
        """Discard a conversation. Later writes for it find no row to change."""
        if self.memory is not None and self.is_temporary(conversation_id):
            self._current_id = ""
            self.memory.clear()

    def for_conversation(self, conversation_id: str | None) -> Database:
        if self.memory is not None and self.was_ever_temporary(conversation_id):
            return self.memory
        return self.disk

    async def aclose(self) -> None:
        """Discard all content, and end the database's thread."""
        if self.memory is not None:
            await self.memory.close()
