"""Gives the entries of the search index the words of this version: see `storage/search_index`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial

from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.storage.database import Database
from desktop_app.storage.row_conversion import message_from_row, searchable_text
from desktop_app.storage.search_index import EntryKind, is_renewed, renew_entries


async def renew_index(database: Database, on_progress: Callable[[float], object]) -> None:
    """Renew all entries, some in a transaction; continue where the last call was interrupted.

    Args:
        on_progress: gets the part that is done, from 0 to 1; it is not called without old entries.

    Raises StorageError.
    """
    if await database.read(is_renewed):
        return
    done = 0.0
    while done < 1:
        on_progress(done)
        done = await database.write(_renew_some)
    on_progress(done)


def _renew_some(connection: sqlite3.Connection) -> float:
    return renew_entries(connection, partial(_text_of, connection))


def _text_of(connection: sqlite3.Connection, kind: EntryKind, ref: str) -> str | None:
    """Return the text of an entry; None if it is gone, or its row is damaged."""
    sql = {
        EntryKind.TITLE: "SELECT title AS text FROM conversations WHERE id = ?",
        EntryKind.MESSAGE: "SELECT * FROM messages WHERE id = ?",
        EntryKind.ATTACHMENT: "SELECT text FROM attachments WHERE sha256 = ?",
    }[kind]
    row = connection.execute(sql, (ref,)).fetchone()
    if row is None:
        return None
    try:
        is_message = kind is EntryKind.MESSAGE
        return searchable_text(message_from_row(row).parts) if is_message else str(row["text"])
    except BAD_VALUE:
        return None
