"""The search index over titles, messages and the text of attachments.

Writes keep it in step with the tables: `add_entry` and `remove_entry` are called in the transaction
that changes a text. An answer is indexed when it ends, not at its checkpoints, which come twice a
second. An entry has the words of the text that is in the table now.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import suppress
from enum import StrEnum
from typing import Final

from desktop_app.storage.search.search_text import index_text

# An entry's id is its time in milliseconds since 1970, times this number, or the next free id. FTS5
# can read row ids downwards, so that the newest come first without sorting.
_IDS_PER_MILLISECOND: Final = 8
_LONG_TEXT_CHARS: Final = 1_000_000


class _TextToIndex(threading.local):
    """The text that this thread is indexing."""

    text = ""


_text_to_index: Final = _TextToIndex()


class EntryKind(StrEnum):
    """The kinds of text in the index.

    The `ref` of an entry is the id of its conversation or message, or the hash of its attachment.
    """

    TITLE = "title"
    MESSAGE = "message"
    ATTACHMENT = "attachment"


def first_id_at(micros: int) -> int:
    """Return the lowest id that an entry of this time may have."""
    return micros // 1000 * _IDS_PER_MILLISECOND


def micros_of(entry_id: int) -> int:
    """Return the time of an entry, to the millisecond; later if too many entries share it."""
    return entry_id // _IDS_PER_MILLISECOND * 1000


def add_entry(
    connection: sqlite3.Connection, kind: EntryKind, ref: str, text: str, at_micros: int
) -> None:
    """Index `text`, dated `at_micros`. `ref` must have no entry of this kind yet."""
    lowest_id = first_id_at(at_micros)
    entry_id = _free_id_from(connection, lowest_id)
    connection.execute("INSERT INTO search_entries VALUES (?, ?, ?)", (entry_id, kind, ref))
    _change_index(connection, "(rowid, words) VALUES (?, {})", entry_id, text)


def _change_index(connection: sqlite3.Connection, values: str, entry_id: int, text: str) -> None:
    """Insert into the index or delete from it, with little memory if `text` is long.

    Args:
        values: the columns and values of the INSERT; "{}" stands for the words of `text`. FTS5
            deletes by an INSERT, too, which must state the words that were indexed.
    """
    sql = f"INSERT INTO search_index {values}"
    if len(text) <= _LONG_TEXT_CHARS:
        connection.execute(sql.format("CAST(? AS TEXT)"), (entry_id, index_text(text)))
        return
    # SQLite copies an argument twice, and Python keeps it meanwhile; the result of a function is
    # copied once. The words of 16 MB of ideographs take 56 MB.
    with suppress(sqlite3.OperationalError):  # the function exists and is in use
        connection.create_function("words_to_index", 0, _words_to_index)
    _text_to_index.text = text
    connection.execute(sql.format("CAST(words_to_index() AS TEXT)"), (entry_id,))


def _words_to_index() -> bytearray:
    text = _text_to_index.text
    _text_to_index.text = ""
    return index_text(text)


def _free_id_from(connection: sqlite3.Connection, start_id: int) -> int:
    """Return an unused id that is at least `start_id`.

    Thousands of entries may have the same time, as in an import without times. Ranges in use are
    therefore skipped in steps of growing length.
    """
    span = _IDS_PER_MILLISECOND
    while True:
        sql = "SELECT max(id) FROM search_entries WHERE id >= ? AND id < ?"
        last_id: int | None = connection.execute(sql, (start_id, start_id + span)).fetchone()[0]
        if last_id is None:
            return start_id
        if last_id + 1 < start_id + span:
            return last_id + 1
        start_id = start_id + span
        span = span * 2


def remove_entry(connection: sqlite3.Connection, kind: EntryKind, ref: str, text: str) -> None:
    """Remove an entry that was indexed with `text`. Do nothing if there is no entry."""
    sql = "DELETE FROM search_entries WHERE ref = ? AND kind = ? RETURNING id"
    entry = connection.execute(sql, (ref, kind)).fetchone()
    if entry is not None:
        values = "(search_index, rowid, words) VALUES ('delete', ?, {})"
        _change_index(connection, values, entry["id"], text)


def has_entry(connection: sqlite3.Connection, kind: EntryKind, ref: str) -> bool:
    """Return True if there is an entry."""
    sql = "SELECT 1 FROM search_entries WHERE ref = ? AND kind = ?"
    return connection.execute(sql, (ref, kind)).fetchone() is not None
