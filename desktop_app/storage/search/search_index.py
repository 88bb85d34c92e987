"""The search index over titles, messages and the text of attachments.

Writes keep it in step with the tables: `add_entry` and `remove_entry` are called in the transaction
that changes a text. An answer is indexed when it ends, not at its checkpoints, which come twice a
second. The index stores no text, so an entry is removed with the text that it was made of.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from desktop_app.storage.search.search_text import index_text


class EntryKind(StrEnum):
    """The kinds of text in the index.

    The `ref` of an entry is the id of its conversation or message, or the hash of its attachment.
    """

    TITLE = "title"
    MESSAGE = "message"
    ATTACHMENT = "attachment"


class Entry(NamedTuple):
    """The arguments of `add_entry`."""

    kind: EntryKind
    ref: str
    text: str
    at_micros: int


def add_entry(
    connection: sqlite3.Connection, kind: EntryKind, ref: str, text: str, at_micros: int
) -> None:
    """Index `text`, dated `at_micros`. `ref` must have no entry of this kind yet.

    The entry's id is its time, so that FTS5 finds the newest entries first without sorting.
    """
    entry_id = _free_id_from(connection, at_micros)
    connection.execute("INSERT INTO search_entries VALUES (?, ?, ?)", (entry_id, kind, ref))
    sql = "INSERT INTO search_index (rowid, words) VALUES (?, ?)"
    connection.execute(sql, (entry_id, index_text(text)))


def add_entries(connection: sqlite3.Connection, entries: Iterable[Entry]) -> None:
    """Index many texts. In the order of their ids, FTS5 keeps them in memory until a megabyte.

    It writes a segment whenever an id is smaller than the one before, and merges these again: that
    took half of an import, whose titles are older than the messages before them.
    """
    for entry in sorted(entries, key=lambda entry: entry.at_micros):
        add_entry(connection, *entry)


def _free_id_from(connection: sqlite3.Connection, start_id: int) -> int:
    """Return an unused id that is at least `start_id`.

    Thousands of entries may have the same time, as in an import without times. Ranges in use are
    therefore skipped in steps of growing length.
    """
    span = 1
    while True:
        sql = "SELECT max(id) FROM search_entries WHERE id >= ? AND id < ?"
        last_id: int | None = connection.execute(sql, (start_id, start_id + span)).fetchone()[0]
        if last_id is None:
            return start_id
        if last_id + 1 < start_id + span:
            return last_id + 1
        start_id += span
        span *= 2


def remove_entry(connection: sqlite3.Connection, kind: EntryKind, ref: str, text: str) -> None:
    """Remove an entry that was indexed with `text`. Do nothing if there is no entry."""
    sql = "DELETE FROM search_entries WHERE ref = ? AND kind = ? RETURNING id"
    entry = connection.execute(sql, (ref, kind)).fetchone()
    if entry is not None:
        sql = "INSERT INTO search_index (search_index, rowid, words) VALUES ('delete', ?, ?)"
        connection.execute(sql, (entry["id"], index_text(text)))


def has_entry(connection: sqlite3.Connection, kind: EntryKind, ref: str) -> bool:
    sql = "SELECT 1 FROM search_entries WHERE ref = ? AND kind = ?"
    return connection.execute(sql, (ref, kind)).fetchone() is not None
