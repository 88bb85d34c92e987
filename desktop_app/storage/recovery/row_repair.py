"""Makes a new store consistent, into which rows of a damaged store or of a backup were copied.

A lost reference is replaced or removed, or its row is deleted. Derived data is rebuilt.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from typing import Final

from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.i18n.translation import N_, tr
from desktop_app.storage.conversations.conversation_store import record_attachments
from desktop_app.storage.conversations.row_conversion import (
    message_from_row,
    read_row,
    searchable_text,
)
from desktop_app.storage.documents.attachment_cleanup import remove_unneeded_rows
from desktop_app.storage.search.search_index import EntryKind, add_entry
from desktop_app.storage.spending.daily_sums import fill_days
from desktop_app.storage.spending.spending_sums import fill_slots

LOST_TITLE: Final = N_("Recovered conversation")
# Tables whose rows are not copied: they are made anew from other rows, or describe
# processes that ran when the file was written ("spending_holds").
NOT_COPIED_TABLES: Final = frozenset(
    {"search_entries", "message_attachments", "ledger_slots", "ledger_days", "spending_holds"}
)
_COUNT_ORPHANED_MESSAGES: Final = """
    SELECT count(*) FROM messages WHERE conversation_id NOT IN (SELECT id FROM conversations)
"""
# The provider, model and effort are those of one of the messages, no matter which.
_CREATE_LOST_CONVERSATIONS: Final = """
    INSERT INTO conversations (id, title, created_at, updated_at, provider_id, model, variant,
        effort, pinned, draft)
    SELECT conversation_id, ?, min(created_at), max(created_at), coalesce(provider_id, ''),
        coalesce(model, ''), variant, effort, 0, ''
    FROM messages WHERE conversation_id NOT IN (SELECT id FROM conversations)
    GROUP BY conversation_id
"""
_DANGLING_REFERENCES: Final = (
    """UPDATE conversations SET folder_id = NULL
    WHERE folder_id IS NOT NULL AND folder_id NOT IN (SELECT id FROM folders)""",
    "DELETE FROM collection_files WHERE collection_id NOT IN (SELECT id FROM collections)",
    # A file without its passages waits to be read again.
    """UPDATE collection_files SET status = 'waiting'
    WHERE status = 'ready' AND sha256 NOT IN (SELECT sha256 FROM passages)""",
    "DELETE FROM attachment_origins WHERE sha256 NOT IN (SELECT sha256 FROM attachments)",
    """DELETE FROM compactions WHERE conversation_id NOT IN (SELECT id FROM conversations)
    OR message_id NOT IN (SELECT id FROM messages)""",
    "DELETE FROM batch_uploads WHERE job_id NOT IN (SELECT id FROM batch_jobs)",
    "DELETE FROM batch_items WHERE job_id NOT IN (SELECT id FROM batch_jobs)",
)


def repair_references(connection: sqlite3.Connection) -> int:
    """Replace or remove lost references.

    - A message whose conversation is lost gets a new conversation.
    - A message whose parent is lost gets the message before it as its parent.
    - A conversation whose last message is lost gets another one as its leaf.
    - Other lost references are removed, or their rows are.

    Returns:
        The number of messages that had lost their conversation or their parent.
    """
    without_conversation = _restore_conversations(connection)
    without_parent, message_ids = _restore_parents(connection)
    for row in connection.execute("SELECT id, leaf_id FROM conversations").fetchall():
        messages = message_ids.get(row["id"], [])
        if row["leaf_id"] not in messages:
            leaf = messages[-1] if messages else None
            sql = "UPDATE conversations SET leaf_id = ? WHERE id = ?"
            connection.execute(sql, (leaf, row["id"]))
    for statement in _DANGLING_REFERENCES:
        connection.execute(statement)
    return without_conversation + without_parent


def _restore_parents(connection: sqlite3.Connection) -> tuple[int, dict[str, list[str]]]:
    """Attach messages with a lost parent to the message before them.

    Returns:
        The number of these messages, and all message ids by conversation.
    """
    message_ids: defaultdict[str, list[str]] = defaultdict(list)
    conversation_of: dict[str, str] = {}  # of the messages read so far
    new_parents = []
    sql = "SELECT id, conversation_id, parent_id FROM messages ORDER BY rowid"
    for message_id, conversation_id, parent_id in connection.execute(sql):
        previous_ids = message_ids[conversation_id]
        # A parent is replaced if it is lost or in another conversation. It is also replaced if it
        # comes later, because parents could otherwise form a cycle.
        if parent_id is not None and conversation_of.get(parent_id) != conversation_id:
            new_parent_id = previous_ids[-1] if previous_ids else None
            new_parents.append((new_parent_id, message_id))
        previous_ids.append(message_id)
        conversation_of[message_id] = conversation_id
    connection.executemany("UPDATE messages SET parent_id = ? WHERE id = ?", new_parents)
    return len(new_parents), message_ids


def _restore_conversations(connection: sqlite3.Connection) -> int:
    """Create the lost conversations of messages. Return the number of these messages."""
    count: int = connection.execute(_COUNT_ORPHANED_MESSAGES).fetchone()[0]
    connection.execute(_CREATE_LOST_CONVERSATIONS, (tr(LOST_TITLE),))
    return count


def rebuild_sums(connection: sqlite3.Connection) -> None:
    """Sum up the spending again."""
    fill_slots(connection)
    fill_days(connection)


def rebuild_derived(connection: sqlite3.Connection) -> None:
    """Rebuild the references to attachments and the search index."""
    # Each loop writes to other tables than it reads, so it need not fetch all rows first.
    for row in connection.execute("SELECT id, title, updated_at FROM conversations"):
        add_entry(connection, EntryKind.TITLE, row["id"], row["title"], row["updated_at"])
    for row in connection.execute("SELECT * FROM messages"):
        message = read_row(message_from_row, row)
        record_attachments(connection, message)
        if message.status is not MessageStatus.STREAMING:
            text = searchable_text(message.parts)
            add_entry(connection, EntryKind.MESSAGE, message.id, text, row["created_at"])
    # The damaged store, which is kept, still needs the files of all its attachments. A cleanup
    # would delete an unneeded attachment with its file, but leaves a file without a row as long as
    # the damaged store is there. So only the rows are removed here.
    remove_unneeded_rows(connection)
    for row in connection.execute("SELECT sha256, text, created_at FROM attachments"):
        add_entry(connection, EntryKind.ATTACHMENT, row["sha256"], row["text"], row["created_at"])
