"""Rows that were taken over from another file, made into a whole store: see repair.py, restoring.py.

What has lost the row that it refers to gets another, or lets go of it; what follows from other rows
is made anew.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from typing import Final

from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.storage.conversations.row_conversion import (
    message_from_row,
    read_row,
    searchable_text,
)
from desktop_app.storage.search.search_index import EntryKind, enter
from desktop_app.storage.settings.address_secrets import strip_addresses
from desktop_app.storage.spending.spending_sums import fill_slots

LOST_TITLE: Final = "Recovered conversation"
_LOOSE_ENDS: Final = (
    """UPDATE conversations SET folder_id = NULL
    WHERE folder_id IS NOT NULL AND folder_id NOT IN (SELECT id FROM folders)""",
    "DELETE FROM collection_files WHERE collection_id NOT IN (SELECT id FROM collections)",
    # Without its passages a file waits to be read again.
    """UPDATE collection_files SET status = 'waiting'
    WHERE status = 'ready' AND sha256 NOT IN (SELECT sha256 FROM passages)""",
    "DELETE FROM attachment_origins WHERE sha256 NOT IN (SELECT sha256 FROM attachments)",
    """DELETE FROM compactions WHERE conversation_id NOT IN (SELECT id FROM conversations)
    OR message_id NOT IN (SELECT id FROM messages)""",
    "DELETE FROM batch_uploads WHERE job_id NOT IN (SELECT id FROM batch_jobs)",
    "DELETE FROM batch_items WHERE job_id NOT IN (SELECT id FROM batch_jobs)",
)


def mend(connection: sqlite3.Connection) -> int:
    """Give every message a conversation and one that it follows, and every conversation an end;
    returns how many messages had lost either."""
    found = _found_conversations(connection)
    moved, known = _found_parents(connection)
    for row in connection.execute("SELECT id, leaf_id FROM conversations").fetchall():
        messages = known.get(row["id"], [])
        if row["leaf_id"] not in messages:
            leaf = messages[-1] if messages else None
            sql = "UPDATE conversations SET leaf_id = ? WHERE id = ?"
            connection.execute(sql, (leaf, row["id"]))
    for statement in _LOOSE_ENDS:
        connection.execute(statement)
    # As the migrations do: the rows may come from an older version.
    strip_addresses(connection)
    return found + moved


def _found_parents(connection: sqlite3.Connection) -> tuple[int, dict[str, list[str]]]:
    """Put messages that have lost what they reply to behind the one before them; returns how many,
    and all messages of each conversation."""
    known: defaultdict[str, list[str]] = defaultdict(list)
    home: dict[str, str] = {}  # of each message seen so far its conversation: rings are none
    moved = []
    sql = "SELECT id, conversation_id, parent_id FROM messages ORDER BY rowid"
    for message_id, conversation_id, parent_id in connection.execute(sql):
        before = known[conversation_id]
        if parent_id is not None and home.get(parent_id) != conversation_id:
            moved.append((before[-1] if before else None, message_id))
        before.append(message_id)
        home[message_id] = conversation_id
    connection.executemany("UPDATE messages SET parent_id = ? WHERE id = ?", moved)
    return len(moved), known


def _found_conversations(connection: sqlite3.Connection) -> int:
    """A conversation for messages that have lost theirs."""
    lost = connection.execute(
        """SELECT conversation_id AS id, count(*) AS count, min(created_at) AS first,
            max(created_at) AS last, provider_id, model, variant, effort
        FROM messages WHERE conversation_id NOT IN (SELECT id FROM conversations)
        GROUP BY conversation_id"""
    ).fetchall()
    for row in lost:
        names = "id, title, created_at, updated_at, provider_id, model, variant, effort"
        connection.execute(
            f"""INSERT INTO conversations ({names}, leaf_id, pinned, draft)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, 0, '')""",  # noqa: S608
            (
                row["id"],
                LOST_TITLE,
                row["first"],
                row["last"],
                row["provider_id"] or "",
                row["model"] or "",
                row["variant"],
                row["effort"],
            ),
        )
    return sum(row["count"] for row in lost)


def make_anew(connection: sqlite3.Connection) -> None:
    """Which messages speak of which attachment, the index of the search, the sums."""
    for row in connection.execute("SELECT id, title, updated_at FROM conversations").fetchall():
        enter(connection, EntryKind.TITLE, row["id"], row["title"], row["updated_at"])
    for row in connection.execute("SELECT * FROM messages"):
        message = read_row(message_from_row, row)
        connection.executemany(
            "INSERT OR IGNORE INTO message_attachments VALUES (?, ?)",
            [(sha256, message.id) for sha256 in message.files],
        )
        if message.status is not MessageStatus.STREAMING:
            text = searchable_text(message.parts)
            enter(connection, EntryKind.MESSAGE, message.id, text, row["created_at"])
    for row in connection.execute("SELECT sha256, text, created_at FROM attachments"):
        enter(connection, EntryKind.ATTACHMENT, row["sha256"], row["text"], row["created_at"])
    fill_slots(connection)
