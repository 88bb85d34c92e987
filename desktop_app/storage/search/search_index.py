"""The index of the search: what it holds of titles, messages and the text of attachments.

It holds what the tables hold, kept by the writes: `enter` and `take_out` are called in the
transaction that changes a text. An answer enters when it has ended, not at its checkpoints, which
come twice a second. Whatever has an entry is in the index with the text that its table holds now.
"""

from __future__ import annotations

import json
import sqlite3
from enum import StrEnum
from typing import Final

from desktop_app.domain.conversations.message_parts import parts_from_json
from desktop_app.storage.conversations.row_conversion import searchable_text
from desktop_app.storage.search.search_text import index_text

# Entries are numbered by their time: milliseconds since 1970 with room for this many each, so
# that FTS5, which can walk its row ids downwards, gives the newest first without sorting.
_PER_MILLISECOND: Final = 8


class EntryKind(StrEnum):
    """What a search can find; the entry's `ref` is the id, or the attachment's hash."""

    TITLE = "title"
    MESSAGE = "message"
    ATTACHMENT = "attachment"


def first_of(micros: int) -> int:
    """The lowest number that an entry of this time may have."""
    return micros // 1000 * _PER_MILLISECOND


def micros_of(entry_id: int) -> int:
    """The time of an entry, to the millisecond."""
    return entry_id // _PER_MILLISECOND * 1000


def enter(
    connection: sqlite3.Connection, kind: EntryKind, ref: str, text: str, at_micros: int
) -> None:
    """Make `text` findable, dated `at_micros`. There must be no entry for it yet."""
    first = first_of(at_micros)
    entry_id = _free_from(connection, first)
    connection.execute("INSERT INTO search_entries VALUES (?, ?, ?)", (entry_id, kind, ref))
    connection.execute(
        "INSERT INTO search_index (rowid, words) VALUES (?, ?)", (entry_id, index_text(text))
    )


def _free_from(connection: sqlite3.Connection, first: int) -> int:
    """A number that no entry has, from `first` on. Thousands may be of the same moment, as in an
    import without times: stretches that are taken are passed in ever longer steps."""
    span = _PER_MILLISECOND
    while True:
        sql = "SELECT max(id) FROM search_entries WHERE id >= ? AND id < ?"
        last: int | None = connection.execute(sql, (first, first + span)).fetchone()[0]
        if last is None:
            return first
        if last + 1 < first + span:
            return last + 1
        first, span = first + span, span * 2


def take_out(connection: sqlite3.Connection, kind: EntryKind, ref: str, text: str) -> None:
    """Make findable no more what was entered as `text`; nothing where there is no entry."""
    entry = connection.execute(
        "DELETE FROM search_entries WHERE ref = ? AND kind = ? RETURNING id", (ref, kind)
    ).fetchone()
    if entry is not None:
        connection.execute(
            "INSERT INTO search_index (search_index, rowid, words) VALUES ('delete', ?, ?)",
            (entry["id"], index_text(text)),
        )


def is_entered(connection: sqlite3.Connection, kind: EntryKind, ref: str) -> bool:
    """Whether there is an entry."""
    found = connection.execute(
        "SELECT 1 FROM search_entries WHERE ref = ? AND kind = ?", (ref, kind)
    ).fetchone()
    return found is not None


_TEXTS: Final = """
    SELECT e.id, c.title AS text, NULL AS parts
    FROM search_entries AS e JOIN conversations AS c ON c.id = e.ref WHERE e.kind = 'title'
    UNION ALL SELECT e.id, NULL, m.parts
    FROM search_entries AS e JOIN messages AS m ON m.id = e.ref WHERE e.kind = 'message'
    UNION ALL SELECT e.id, a.text, NULL
    FROM search_entries AS e JOIN attachments AS a ON a.sha256 = e.ref WHERE e.kind = 'attachment'
    ORDER BY 1
"""


def build_index_again(connection: sqlite3.Connection) -> None:
    """Enter every text anew, as it is folded now: a step of the migrations.

    10,000 messages of 1,400 characters take 5 s, the copy of the store included.
    """
    connection.execute("INSERT INTO search_index (search_index) VALUES ('delete-all')")
    connection.executemany(
        "INSERT INTO search_index (rowid, words) VALUES (?, ?)",
        ((row["id"], index_text(_text_of(row))) for row in connection.execute(_TEXTS)),
    )


def _text_of(row: sqlite3.Row) -> str:
    if row["parts"] is None:
        return str(row["text"])
    return searchable_text(parts_from_json(json.loads(row["parts"])))
