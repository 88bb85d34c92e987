"""Adds imported conversations to the store, none twice.

Short conversations share a transaction, and long ones have several. A transaction for each took
half of the time of an import, most of it in the search index.

An import writes such transactions, with pauses between series of them. Without pauses, a window
with a streaming answer would never find the database free: SQLite retries in steps of up to a tenth
of a second. A pause after each transaction would make 2,000 conversations take four minutes. After
an interrupted import, the next one adds what is missing.
"""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from desktop_app.chat.conversation_store import (
    insert_compaction,
    insert_conversation,
    insert_message,
    put_conversation,
    read_conversation,
    update_answer,
)
from desktop_app.chat.text_store import insert_texts
from desktop_app.domain import hints
from desktop_app.domain.conversations.conversation import Message, MessageStatus
from desktop_app.domain.derived_id import derived_id
from desktop_app.domain.errors import ImportRefusedError, StoreRefusedError
from desktop_app.exchange.importers.imported_conversation import ImportedConversation
from desktop_app.i18n.translation import N_
from desktop_app.library.folder_store import put_folder
from desktop_app.storage.database import Action, Database, T
from desktop_app.storage.row_conversion import message_from_row, to_row
from desktop_app.storage.row_writing import insert_rows
from desktop_app.storage.search_index import Entry, add_entries

BATCH_SIZE: Final = 100  # messages of one conversation in one transaction
# Of several conversations in one transaction. A window that saves waits so long.
SHARED_BATCH_SIZE: Final = 500
SHARED_BATCH_CHARS: Final = 1_000_000
# SQLite waits at most a tenth of a second between two attempts to write: in this gap, another
# process can write.
SHORTEST_GAP_S: Final = 0.12
# A series of transactions ends after this time; a pause follows unless this process is alone.
SERIES_S: Final = 0.1
# Earlier versions imported unfinished answers of other programs as INTERRUPTED.
_UNFINISHED_STATUSES: Final = (MessageStatus.INTERRUPTED, MessageStatus.INCOMPLETE)


@dataclass(frozen=True)
class ImportOutcome:
    """The result of importing a conversation.

    Attributes:
        is_new: False if the conversation was in the library before.
        messages: the number of messages added or completed.
    """

    is_new: bool
    messages: int


class ImportStore:
    """The writer of imported conversations. All methods raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._busy_s = 0.0  # the time that this series has taken

    async def add_all(
        self, conversations: Sequence[ImportedConversation]
    ) -> list[ImportOutcome | ImportRefusedError | StoreRefusedError]:
        """Add conversations as `add` does, in one transaction if they are short.

        Returns the outcome of each, or why it was refused.
        """
        if sum(len(each.messages) for each in conversations) <= SHARED_BATCH_SIZE:
            with suppress(ImportRefusedError, StoreRefusedError):
                return [*await self._write(partial(_add_short, conversations))]
        outcomes: list[ImportOutcome | ImportRefusedError | StoreRefusedError] = []
        for each in conversations:
            try:
                outcomes.append(await self.add(each))
            except (ImportRefusedError, StoreRefusedError) as error:
                outcomes.append(error)
        return outcomes

    async def add(self, imported: ImportedConversation) -> ImportOutcome:
        """Add a conversation, or its missing messages if it exists. Take it out of the trash.

        Existing messages stay unchanged, except answers of which an earlier export had only the
        beginning, because they were streaming. Another text for an unfinished answer becomes
        another version, and so do messages below one that an earlier import did not find. If
        messages were added, the shown path becomes that of the imported conversation; the path that
        the user chose meanwhile stays as another version.

        Args:
            imported: its files are stored already.

        Raises:
            ImportRefusedError: one of the messages already belongs to another conversation.
        """
        imported, missing_messages = await self._database.read(partial(_missing_of, imported))
        batches = [
            missing_messages[start : start + BATCH_SIZE]
            for start in range(0, len(missing_messages), BATCH_SIZE)
        ]
        insertions: list[Action[None]] = []
        leaf_id: str | None = None  # the last message of the batch before
        for batch in batches[:-1]:
            insertions.append(partial(_insert, batch, leaf_id))
            leaf_id = batch[-1].id
        if batches:
            insertions.append(partial(_insert_last, batches[-1], leaf_id, imported))

        def begin(connection: sqlite3.Connection) -> bool:
            is_new = _create_if_missing(imported, connection)
            # The first batch belongs to this transaction: otherwise a kill could leave an empty
            # conversation.
            if insertions:
                insertions[0](connection)
            return is_new

        is_new = await self._write(begin)
        for insertion in insertions[1:]:
            await self._write(insertion)
        return ImportOutcome(is_new, len(missing_messages))

    async def _write(self, action: Action[T]) -> T:
        started_at = time.monotonic()
        result = await self._database.write(action)
        self._busy_s += time.monotonic() - started_at
        if self._busy_s >= SERIES_S:
            if not await self._database.is_alone():
                await asyncio.sleep(max(self._busy_s, SHORTEST_GAP_S))
            self._busy_s = 0.0
        return result


def _add_short(
    conversations: Sequence[ImportedConversation], connection: sqlite3.Connection
) -> Iterable[ImportOutcome]:
    outcomes = []
    entries: list[Entry] = []
    for each in conversations:
        imported, missing_messages = _missing_of(each, connection)
        is_new = _create_if_missing(
            imported, connection, imported.conversation.leaf_id, entries=entries
        )
        if is_new:
            for message in missing_messages:
                insert_message(connection, message, entries)
            for compaction in imported.compactions:
                insert_compaction(connection, compaction)
        elif missing_messages:
            # It may be the same conversation as one before, whose entries are replaced.
            add_entries(connection, entries)
            entries.clear()
            _insert_last(missing_messages, None, imported, connection)
        outcomes.append(ImportOutcome(is_new, len(missing_messages)))
    add_entries(connection, entries)
    return outcomes


def _missing_of(
    imported: ImportedConversation, connection: sqlite3.Connection
) -> tuple[ImportedConversation, list[Message]]:
    """Return the conversation with the ids of new versions, and its messages that are missing.

    Raises ImportRefusedError if a message is in another conversation.
    """
    stored = _stored_rows(imported.messages, connection)
    new_ids: dict[str, str] = {}
    for message in imported.messages:
        row = stored.get(message.id)
        parent_id = new_ids.get(message.parent_id or "", message.parent_id)
        if row is None or row["conversation_id"] != message.conversation_id:
            continue
        if _is_other_version(message, row):
            new_ids[message.id] = _id_of_version(message)
        elif row["parent_id"] != parent_id:
            # An earlier import did not find the message between the two.
            new_ids[message.id] = derived_id(message.id, parent_id or "")
    if new_ids:
        messages = tuple(
            replace(
                message,
                id=new_ids.get(message.id, message.id),
                parent_id=new_ids.get(message.parent_id or "", message.parent_id),
            )
            for message in imported.messages
        )
        conversation = imported.conversation
        leaf_id = new_ids.get(conversation.leaf_id or "", conversation.leaf_id)
        compactions = tuple(
            replace(each, message_id=new_ids.get(each.message_id, each.message_id))
            for each in imported.compactions
        )
        imported = replace(
            imported,
            conversation=replace(conversation, leaf_id=leaf_id),
            messages=messages,
            compactions=compactions,
        )
        stored = _stored_rows(messages, connection)
    missing = [m for m in imported.messages if not _is_stored(m, stored.get(m.id))]
    return imported, missing


def _stored_rows(
    messages: Sequence[Message], connection: sqlite3.Connection
) -> dict[str, sqlite3.Row]:
    rows: dict[str, sqlite3.Row] = {}
    for message in messages:
        sql = "SELECT * FROM messages WHERE id = ?"
        if row := connection.execute(sql, (message.id,)).fetchone():
            rows[message.id] = row
    return rows


def _is_other_version(message: Message, row: sqlite3.Row) -> bool:
    """Return True if a message would shorten or change a stored unfinished answer."""
    if message.status in _UNFINISHED_STATUSES or row["status"] not in _UNFINISHED_STATUSES:
        return False
    stored = message_from_row(row)
    return not (
        message.text.startswith(stored.text.rstrip())
        and all(
            len(message.parts) > number and type(message.parts[number]) is type(part)
            for number, part in enumerate(stored.parts)
        )
    )


def _id_of_version(message: Message) -> str:
    text = f"{message.id}\n{message.text}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()[:32]


def _is_stored(message: Message, row: sqlite3.Row | None) -> bool:
    """Return True if a message is stored, and not only the beginning of an answer.

    Raises ImportRefusedError if it is in another conversation.
    """
    if row is not None and row["conversation_id"] != message.conversation_id:
        raise ImportRefusedError(
            N_("A conversation in the file contains messages of another conversation."),
            hint=hints.EXPORT_AGAIN,
        )
    return row is not None and (
        row["status"] not in _UNFINISHED_STATUSES or message.status in _UNFINISHED_STATUSES
    )


def _create_if_missing(
    imported: ImportedConversation,
    connection: sqlite3.Connection,
    leaf_id: str | None = None,
    *,
    entries: list[Entry] | None = None,
) -> bool:
    """Create what is missing of conversation, folder, preset and texts. Return True if it is new.

    Take an existing conversation out of the trash, which would delete it.
    """
    folder, conversation = imported.folder, imported.conversation
    if folder is not None:
        sql = "SELECT 1 FROM folders WHERE id = ?"
        if connection.execute(sql, (folder.id,)).fetchone() is None:
            put_folder(connection, folder)
    sql = "UPDATE conversations SET trashed_at = NULL WHERE id = ?"
    is_new = not connection.execute(sql, (conversation.id,)).rowcount
    if is_new:
        if imported.preset is not None:
            row = to_row(imported.preset, "requirements")
            insert_rows(connection, "prompts", [row], "INSERT OR IGNORE")
        insert_conversation(connection, replace(conversation, leaf_id=leaf_id), entries)
    insert_texts(connection, imported.texts, conversation.updated_at)
    return is_new


def _insert(
    messages: Sequence[Message], leaf_id: str | None, connection: sqlite3.Connection
) -> None:
    """Insert messages. If the shown path ends at `leaf_id`, extend it to the last message.

    A kill before the next messages would otherwise leave a conversation that shows nothing.
    """
    stored = _stored_rows(messages, connection)
    for message in messages:
        row = stored.get(message.id)
        if row is None:
            insert_message(connection, message)
        elif not _is_stored(message, row):  # the same import may run twice at once
            update_answer(connection, message)
    sql = "UPDATE conversations SET leaf_id = ? WHERE id = ? AND leaf_id IS ?"
    connection.execute(sql, (messages[-1].id, messages[-1].conversation_id, leaf_id))


def _insert_last(
    messages: Sequence[Message],
    leaf_id: str | None,
    imported: ImportedConversation,
    connection: sqlite3.Connection,
) -> None:
    """Insert the last messages, the compactions and the shown path in one transaction.

    With separate transactions, an import could be interrupted after the messages. The next import
    would find no missing message, so it would not add the compactions and the path.
    """
    _insert(messages, leaf_id, connection)
    conversation = imported.conversation
    for compaction in imported.compactions:
        insert_compaction(connection, compaction)
    stored_conversation = read_conversation(connection, conversation.id)
    if stored_conversation is not None:
        updated_at = max(stored_conversation.updated_at, conversation.updated_at)
        put_conversation(
            connection, replace(stored_conversation, updated_at=updated_at), conversation.leaf_id
        )
