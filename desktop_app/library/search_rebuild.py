"""The search index made again, newest texts first: a backup or another version leaves it empty.

A setting exists while texts are missing in the index, and says how far it is. What is written
meanwhile is indexed as always.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from desktop_app.chat.conversation_store import record_attachments
from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.documents.passage_words import index_terms
from desktop_app.storage.database import Database
from desktop_app.storage.row_conversion import message_from_row, searchable_text
from desktop_app.storage.search_index import (
    UNINDEXED_KEY,
    Entry,
    EntryKind,
    add_entries,
    empty_former_index,
    has_entry,
    is_current,
    note_unindexed,
)

# Of one transaction: a window that saves waits so long.
_MAX_ROWS: Final = 500
_MAX_CHARS: Final = 1_000_000


def has_no_index(connection: sqlite3.Connection) -> bool:
    """Return True if a store has texts, but nothing in its indexes."""
    sql = """SELECT NOT EXISTS (SELECT 1 FROM search_entries)
        AND NOT EXISTS (SELECT 1 FROM passage_index_docsize)
        AND (EXISTS (SELECT 1 FROM conversations) OR EXISTS (SELECT 1 FROM passages))"""
    return bool(connection.execute(sql).fetchone()[0])


def begin_index(connection: sqlite3.Connection) -> None:
    """Index the passages of files, and note that all else is missing in the index."""
    index_passages(connection)
    note_unindexed(connection)


def index_passages(connection: sqlite3.Connection) -> None:
    """Index all passages; the index has none yet."""
    sql = """SELECT p.id, p.title, p.start, p."end", a.text FROM passages AS p
        JOIN attachments AS a ON a.sha256 = p.sha256"""
    insert = "INSERT INTO passage_index (rowid, title, words) VALUES (?, ?, ?)"
    for id_, title, start, end, text in connection.execute(sql):
        connection.execute(insert, (id_, index_terms(title), index_terms(text[start:end])))


def index_next(connection: sqlite3.Connection) -> float | None:
    """Index some more texts; return the part that is done, None once nothing is missing."""
    empty_former_index(connection)
    row = connection.execute(
        "SELECT value FROM settings WHERE key = ?", (UNINDEXED_KEY,)
    ).fetchone()
    state = json.loads(row["value"]) if row else {}
    for table in ("conversations", "messages"):
        if state.get(table, 0) > 0:
            state[table] = _index_rows(connection, table, state[table])
            value = json.dumps(state)
            connection.execute(
                "UPDATE settings SET value = ? WHERE key = ?", (value, UNINDEXED_KEY)
            )
            return 1 - int(state["messages"]) / max(1, int(state["of"]))
    connection.execute("DELETE FROM settings WHERE key = ?", (UNINDEXED_KEY,))
    return None


def index_all(connection: sqlite3.Connection) -> None:
    """Index all that is missing, in one transaction."""
    connection.execute("BEGIN")
    while index_next(connection) is not None:
        pass
    connection.execute("COMMIT")


def is_incomplete(connection: sqlite3.Connection) -> bool:
    sql = "SELECT 1 FROM settings WHERE key = ?"
    is_noted = connection.execute(sql, (UNINDEXED_KEY,)).fetchone() is not None
    return is_noted or not is_current(connection)


def _index_rows(connection: sqlite3.Connection, table: str, last: int) -> int:
    """Index rows up to a rowid, the newest first; return the next one, 0 after the first row."""
    kind = EntryKind.MESSAGE if table == "messages" else EntryKind.TITLE
    sql = f"SELECT rowid AS row_id, * FROM {table} WHERE rowid <= ? ORDER BY rowid DESC LIMIT ?"  # noqa: S608
    entries: list[Entry] = []
    count = chars = 0
    for row in connection.execute(sql, (last, _MAX_ROWS)):
        last, count = row["row_id"], count + 1
        if not has_entry(connection, kind, row["id"]):
            with suppress(*BAD_VALUE):  # a damaged row costs itself
                entries += _entry_of(connection, kind, row)
        chars += len(entries[-1].text) if entries else 0
        if chars > _MAX_CHARS:
            break
    add_entries(connection, entries)
    return last - 1 if count == _MAX_ROWS or chars > _MAX_CHARS else 0


def _entry_of(connection: sqlite3.Connection, kind: EntryKind, row: sqlite3.Row) -> list[Entry]:
    if kind is EntryKind.TITLE:
        return [Entry(kind, row["id"], row["title"], row["updated_at"])]
    message = message_from_row(row)
    record_attachments(connection, message)
    if message.status is MessageStatus.STREAMING:
        return []
    return [Entry(kind, row["id"], searchable_text(message.parts), row["created_at"])]


async def complete_index(
    database: Database, show: Callable[[float], object], pause_s: float = 0
) -> None:
    """Index all that is missing. Raises StorageError.

    Args:
        show: called with the part that is done.
        pause_s: between two transactions of about 100 ms, for whoever uses the window.
    """
    if not await database.read(is_incomplete):
        return
    while (done := await database.write(index_next)) is not None:
        show(done)
        await asyncio.sleep(pause_s)
