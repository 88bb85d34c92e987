"""Rows that were saved out of a damaged store, made into a whole one again: see repair.py.

What the program could not read goes; what has lost the row that it refers to gets another, or lets
go of it; what follows from other rows is made anew.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Final

from desktop_app.domain.conversation import MessageStatus
from desktop_app.domain.errors import StorageError
from desktop_app.storage.batch_rows import item_from_row, job_from_row, upload_from_row
from desktop_app.storage.collections import collection_from_row
from desktop_app.storage.rows import (
    conversation_from_row,
    folder_from_row,
    message_from_row,
    read_row,
    searchable_text,
)
from desktop_app.storage.search_index import EntryKind, enter
from desktop_app.storage.spending_sums import fill_slots

LOST_TITLE: Final = "Recovered conversation"
_LOOSE_ENDS: Final = (
    """UPDATE conversations SET folder_id = NULL
    WHERE folder_id IS NOT NULL AND folder_id NOT IN (SELECT id FROM folders)""",
    "DELETE FROM collection_files WHERE collection_id NOT IN (SELECT id FROM collections)",
    # Their passages are made anew from the files.
    "UPDATE collection_files SET status = 'waiting' WHERE status = 'ready'",
    """DELETE FROM compactions WHERE conversation_id NOT IN (SELECT id FROM conversations)
    OR message_id NOT IN (SELECT id FROM messages)""",
    "DELETE FROM batch_uploads WHERE job_id NOT IN (SELECT id FROM batch_jobs)",
    "DELETE FROM batch_items WHERE job_id NOT IN (SELECT id FROM batch_jobs)",
)


def drop_unreadable(connection: sqlite3.Connection) -> int:
    """Remove what the program could not read; returns how many rows."""
    readers: tuple[tuple[str, str, Callable[[sqlite3.Row], object]], ...] = (
        ("messages", "SELECT * FROM messages", message_from_row),
        ("conversations", "SELECT *, 0 AS streaming FROM conversations", conversation_from_row),
        ("folders", "SELECT * FROM folders", folder_from_row),
        ("collections", "SELECT * FROM collections", collection_from_row),
        ("batch_jobs", "SELECT * FROM batch_jobs", job_from_row),
        ("batch_uploads", "SELECT * FROM batch_uploads", upload_from_row),
        ("batch_items", "SELECT * FROM batch_items", item_from_row),
    )
    count = 0
    for table, sql, read in readers:
        broken = [row["id"] for row in connection.execute(sql) if not _is_readable(read, row)]
        count += sum(_emptied(connection, table, row_id, read) for row_id in broken)
    for row in connection.execute("SELECT key, value FROM settings").fetchall():
        try:
            json.loads(row["value"])
        except ValueError:
            count += 1
            connection.execute("DELETE FROM settings WHERE key = ?", (row["key"],))
    # Of a call whose cost is lost it is still known that it was made.
    for row in connection.execute("SELECT id, cost FROM ledger").fetchall():
        if row["cost"] is not None and not _is_money(row["cost"]):
            connection.execute("UPDATE ledger SET cost = NULL WHERE id = ?", (row["id"],))
    return count


def _is_money(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def _is_readable(read: Callable[[sqlite3.Row], object], row: sqlite3.Row) -> bool:
    try:
        read_row(read, row)
    except StorageError:
        return False
    return True


def _emptied(
    connection: sqlite3.Connection,
    table: str,
    row_id: str,
    read: Callable[[sqlite3.Row], object],
) -> int:
    """Take what may be broken out of a conversation, or the whole row away where that is not
    enough."""
    if table == "conversations":
        sql = "UPDATE conversations SET draft = '', overrides = '' WHERE id = ?"
        connection.execute(sql, (row_id,))
        sql = "SELECT *, 0 AS streaming FROM conversations WHERE id = ?"
        if _is_readable(read, connection.execute(sql, (row_id,)).fetchone()):
            return 0
    connection.execute(f"DELETE FROM {table} WHERE id = ?", (row_id,))  # noqa: S608
    return 1


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
    return found + moved


def _found_parents(connection: sqlite3.Connection) -> tuple[int, dict[str, list[str]]]:
    """Put messages that have lost what they reply to behind the one before them; returns how many,
    and all messages of each conversation."""
    known: defaultdict[str, list[str]] = defaultdict(list)
    seen: set[str] = set()
    moved = []
    sql = "SELECT id, conversation_id, parent_id FROM messages ORDER BY rowid"
    for row in connection.execute(sql):
        before = known[row["conversation_id"]]
        if row["parent_id"] is not None and row["parent_id"] not in seen:
            moved.append((before[-1] if before else None, row["id"]))
        before.append(row["id"])
        seen.add(row["id"])
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
