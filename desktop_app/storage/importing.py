"""Conversations from elsewhere into the store: each in one short transaction, none twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace

from desktop_app.domain.conversation import Conversation, Folder, Message
from desktop_app.domain.errors import ImportRefusedError
from desktop_app.storage.conversations import insert_conversation, insert_message
from desktop_app.storage.database import Database
from desktop_app.storage.folders import put_folder
from desktop_app.storage.rows import to_micros


@dataclass(frozen=True)
class Added:
    """What came into the store: a conversation that was not there, and how many messages."""

    is_new: bool
    messages: int


class ImportStore:
    """Takes conversations in. All methods raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, conversation: Conversation, messages: Sequence[Message], folder: Folder | None
    ) -> Added:
        """Add a conversation, or to one that is there the messages that it lacks.

        What is there stays as it is. Where messages were added, the path shown is the one of the
        file; whatever the person had chosen meanwhile is one of its versions.

        Args:
            messages: parents before their children.

        Raises:
            ImportRefusedError: a message of it belongs to another conversation already.
        """
        return await self._database.write(lambda c: _add(c, conversation, messages, folder))


def _add(
    connection: sqlite3.Connection,
    conversation: Conversation,
    messages: Sequence[Message],
    folder: Folder | None,
) -> Added:
    if folder is not None:
        sql = "SELECT 1 FROM folders WHERE id = ?"
        if connection.execute(sql, (folder.id,)).fetchone() is None:
            put_folder(connection, folder)
    sql = "SELECT 1 FROM conversations WHERE id = ?"
    is_new = connection.execute(sql, (conversation.id,)).fetchone() is None
    if is_new:
        insert_conversation(connection, replace(conversation, leaf_id=None))
    missing = [m for m in messages if not _is_there(connection, m)]
    for message in missing:
        insert_message(connection, message)
    if missing or is_new:
        connection.execute(
            """UPDATE conversations
            SET leaf_id = coalesce(?, leaf_id), updated_at = max(updated_at, ?) WHERE id = ?""",
            (conversation.leaf_id, to_micros(conversation.updated_at), conversation.id),
        )
    return Added(is_new, len(missing))


def _is_there(connection: sqlite3.Connection, message: Message) -> bool:
    sql = "SELECT conversation_id FROM messages WHERE id = ?"
    row = connection.execute(sql, (message.id,)).fetchone()
    if row is not None and row["conversation_id"] != message.conversation_id:
        raise ImportRefusedError(
            "A conversation in the file has messages of another one.",
            what_was_kept="It was not imported; the store is as it was.",
            what_to_do="Export it again where it comes from.",
        )
    return row is not None
