"""Search over titles, messages and the text of attachments.

The index holds what the tables hold, kept by the writes: `enter` and `take_out` are called in the
transaction that changes a text. An answer enters when it has ended, not at its checkpoints, which
come twice a second. Whatever has an entry is in the index with the text that its table holds now.
"""

from __future__ import annotations

import json
import sqlite3
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from desktop_app.domain.conversation import SearchHit
from desktop_app.domain.parts import parts_from_json
from desktop_app.storage.rows import from_micros, searchable_text
from desktop_app.storage.search_text import index_text, match_expression, snippet

if TYPE_CHECKING:
    from desktop_app.storage.database import Database

# Entries are numbered by their time: milliseconds since 1970 with room for this many each, so
# that FTS5, which can walk its row ids downwards, gives the newest first without sorting.
_PER_MILLISECOND: Final = 8

# What lies in the trash is not found.
_TITLE = "SELECT id AS conversation_id, title, title AS text, NULL AS message_id FROM conversations"
_MESSAGE = """
    SELECT c.id AS conversation_id, c.title, m.parts, m.id AS message_id
    FROM messages AS m JOIN conversations AS c ON c.id = m.conversation_id
"""
# An attachment is found in the newest message that speaks of it; one in a draft is not.
_ATTACHMENT = """
    SELECT c.id AS conversation_id, c.title, a.text, m.id AS message_id
    FROM attachments AS a
    JOIN message_attachments AS ma ON ma.sha256 = a.sha256
    JOIN messages AS m ON m.id = ma.message_id
    JOIN conversations AS c ON c.id = m.conversation_id
"""


class EntryKind(StrEnum):
    """What a search can find; the entry's `ref` is the id, or the attachment's hash."""

    TITLE = "title"
    MESSAGE = "message"
    ATTACHMENT = "attachment"


_PLACES: Final = {
    EntryKind.TITLE: f"{_TITLE} WHERE id = ? AND trashed_at IS NULL",
    EntryKind.MESSAGE: f"{_MESSAGE} WHERE m.id = ? AND c.trashed_at IS NULL",
    EntryKind.ATTACHMENT: f"""{_ATTACHMENT}
        WHERE a.sha256 = ? AND c.trashed_at IS NULL ORDER BY m.created_at DESC LIMIT 1""",
}


class Search:
    """The search field's view of the store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, text: str, limit: int = 50) -> list[SearchHit]:
        """The newest places that hold every word of `text`, its last word as a beginning.

        Words between double quotes must follow each other. No character has a meaning beyond
        that; a text without letters and digits finds nothing.

        Raises:
            StorageError: the store cannot be read.
        """
        expression = match_expression(text)
        if not expression:
            return []
        return await self._database.read(lambda c: _find(c, expression, text, limit))


def _find(
    connection: sqlite3.Connection, expression: str, text: str, limit: int
) -> list[SearchHit]:
    hits: list[SearchHit] = []
    matches = connection.execute(
        """SELECT i.rowid AS id, e.kind, e.ref FROM search_index AS i
        JOIN search_entries AS e ON e.id = i.rowid
        WHERE search_index MATCH ? ORDER BY i.rowid DESC""",
        (expression,),
    )
    for match in matches:  # read one by one: what is not looked at is not searched for
        if len(hits) == limit:
            break
        place = connection.execute(_PLACES[EntryKind(match["kind"])], (match["ref"],)).fetchone()
        if place is not None:
            hits.append(_hit(match["id"], place, text))
    return hits


def _hit(entry_id: int, place: sqlite3.Row, query: str) -> SearchHit:
    found_in = (
        searchable_text(parts_from_json(json.loads(place["parts"])))
        if "parts" in place.keys()  # noqa: SIM118 - a Row iterates over its values
        else place["text"]
    )
    return SearchHit(
        conversation_id=place["conversation_id"],
        title=place["title"],
        message_id=place["message_id"],
        snippet=snippet(found_in, query),
        date=from_micros(entry_id // _PER_MILLISECOND * 1000),
    )


def enter(
    connection: sqlite3.Connection, kind: EntryKind, ref: str, text: str, at_micros: int
) -> None:
    """Make `text` findable, dated `at_micros`. There must be no entry for it yet."""
    first = at_micros // 1000 * _PER_MILLISECOND
    entry_id = connection.execute(
        """WITH RECURSIVE free (id) AS (
            VALUES (?1) UNION ALL
            SELECT id + 1 FROM free WHERE id IN (SELECT id FROM search_entries)
        ) SELECT max(id) FROM free""",
        (first,),
    ).fetchone()[0]
    connection.execute("INSERT INTO search_entries VALUES (?, ?, ?)", (entry_id, kind, ref))
    connection.execute(
        "INSERT INTO search_index (rowid, words) VALUES (?, ?)", (entry_id, index_text(text))
    )


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
