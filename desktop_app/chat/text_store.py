"""The texts of conversations, each with its earlier versions."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.conversations.written_text import Mark, WrittenText
from desktop_app.storage.database import Databases
from desktop_app.storage.deletion_wipe import mark_for_wipe, wipe_deleted
from desktop_app.storage.row_conversion import from_micros, to_micros, to_text
from desktop_app.storage.row_writing import upsert_row

_VERSION_EVERY: Final = timedelta(minutes=10)
_MAX_VERSIONS: Final = 40
"""Of a text of 300 pages, they take 40 MB."""
_SELECT: Final = """SELECT * FROM texts WHERE conversation_id = ? AND is_shown >= ?
    AND trashed_at IS NULL ORDER BY updated_at DESC LIMIT 1"""
_SELECT_SAME: Final = """SELECT * FROM texts WHERE conversation_id = ?1
    AND file = ?3 AND (body = ?2 OR file_hash = ?4 AND ?3 <> '') AND trashed_at IS NULL
    ORDER BY updated_at DESC LIMIT 1"""
_SELECT_LISTED: Final = """SELECT t.id, t.conversation_id, t.title, c.title AS conversation,
        coalesce(t.trashed_at, t.updated_at) AS updated_at
    FROM texts AS t JOIN conversations AS c ON c.id = t.conversation_id
    WHERE c.trashed_at IS NULL AND (t.trashed_at IS NOT NULL) = ?1 AND (?2 IS NULL OR c.id = ?2)
    ORDER BY updated_at DESC"""
_SHOW_ALONE: Final = "UPDATE texts SET is_shown = 0 WHERE conversation_id = ? AND id <> ?"
_COPY: Final = """INSERT INTO texts SELECT lower(hex(randomblob(16))), ?2, title, body, marks, file,
    file_hash, is_shown, updated_at, NULL FROM texts
    WHERE conversation_id = ?1 AND trashed_at IS NULL"""
_NEWEST_VERSION: Final = "SELECT max(created_at) FROM text_versions WHERE text_id = ?"
_ADD_VERSION: Final = """INSERT INTO text_versions (text_id, body, created_at)
    SELECT ?1, ?2, ?3 WHERE NOT EXISTS (
        SELECT 1 FROM text_versions WHERE text_id = ?1 AND body = ?2)"""
_DELETE_OLD: Final = f"""DELETE FROM text_versions WHERE text_id = ?1 AND id NOT IN (
    SELECT id FROM text_versions WHERE text_id = ?1 ORDER BY id DESC LIMIT {_MAX_VERSIONS})"""  # noqa: S608 - our own number


class TextVersion(NamedTuple):
    """An earlier state of a text."""

    id: int
    created_at: datetime


class ListedText(NamedTuple):
    """A text in a list.

    Attributes:
        conversation: the title of its conversation.
        updated_at: when it was changed, shown or hidden last, or moved into the trash.
    """

    id: str
    conversation_id: str
    title: str
    conversation: str
    updated_at: datetime


class TextStore:
    """All texts of the store. All methods raise StorageError."""

    def __init__(self, databases: Databases) -> None:
        self._database_of = databases.for_conversation

    async def latest_in(
        self, conversation_id: str, *, only_shown: bool = False
    ) -> WrittenText | None:
        """Return the text of a conversation that was changed last; None if it has none."""
        database = self._database_of(conversation_id)
        row = await database.row(_SELECT, conversation_id, int(only_shown))
        return None if row is None else text_from_row(row)

    async def text(self, conversation_id: str, text_id: str) -> WrittenText | None:
        """Return a text; None if it is gone, or in the trash."""
        sql = "SELECT * FROM texts WHERE id = ? AND trashed_at IS NULL"
        row = await self._database_of(conversation_id).row(sql, text_id)
        return None if row is None else text_from_row(row)

    async def same_as(self, text: WrittenText) -> WrittenText | None:
        """Return the text of the conversation with the same file and words, None for none.

        If the file has not changed since, the words may have: it is open already.
        """
        database = self._database_of(text.conversation_id)
        values = (text.conversation_id, to_text(text.body), to_text(text.file), text.file_hash)
        row = await database.row(_SELECT_SAME, *values)
        return None if row is None else text_from_row(row)

    async def listed(
        self, conversation_id: str | None = None, *, in_trash: bool = False
    ) -> list[ListedText]:
        """Return the texts of a conversation, None for all on disk; the last used first.

        Either those in the trash or the others; none of a conversation in the trash.
        """
        database = self._database_of(conversation_id)
        rows = await database.rows(_SELECT_LISTED, int(in_trash), conversation_id)
        return [
            ListedText(**{**dict(row), "updated_at": from_micros(row["updated_at"])})
            for row in rows
        ]

    async def texts_of(self, conversation_id: str) -> list[WrittenText]:
        """Return the texts of a conversation, the one that was used last at the end."""
        database = self._database_of(conversation_id)
        sql = """SELECT * FROM texts WHERE conversation_id = ? AND trashed_at IS NULL
            ORDER BY updated_at"""
        return [text_from_row(row) for row in await database.rows(sql, conversation_id)]

    async def put(self, text: WrittenText, *, keeps_version: bool = False) -> None:
        """Store a text, and its former state as a version every ten minutes.

        If it is shown, it is not in the trash, and no other text of its conversation is shown.

        Args:
            keeps_version: store the former state now, because the change is a large one.
        """

        def action(connection: sqlite3.Connection) -> None:
            sql = "SELECT 1 FROM conversations WHERE id = ?"
            if connection.execute(sql, (text.conversation_id,)).fetchone():  # else it was deleted
                row = connection.execute("SELECT * FROM texts WHERE id = ?", (text.id,)).fetchone()
                if row is not None and row["body"] != text.body:
                    former, at = text_from_row(row), row["updated_at"]
                    keep_version(connection, former, at, is_due=keeps_version)
                values = _text_to_row(text)
                if text.is_shown:
                    values["trashed_at"] = None
                upsert_row(connection, "texts", values)
                if text.is_shown:
                    connection.execute(_SHOW_ALONE, (text.conversation_id, text.id))

        await self._database_of(text.conversation_id).write(action)

    async def trash(self, text: ListedText | WrittenText, *, is_trashed: bool) -> None:
        """Move a text into the trash, where it is hidden, or out of it."""
        at = to_micros(now()) if is_trashed else None
        sql = "UPDATE texts SET trashed_at = ?, is_shown = 0 WHERE id = ?"
        await self._database_of(text.conversation_id).execute(sql, at, text.id)

    async def erase(self, text_id: str) -> None:
        """Permanently delete a text that is in the trash."""
        await self._erase("id = ?", text_id)

    async def erase_trashed(self, before: datetime) -> None:
        """Permanently delete the texts that were moved into the trash before a time."""
        await self._erase("trashed_at < ?", to_micros(before))

    async def _erase(self, condition: str, value: str | int) -> None:
        def action(connection: sqlite3.Connection) -> int:
            sql = f"DELETE FROM texts WHERE trashed_at IS NOT NULL AND {condition}"  # noqa: S608 - our own
            count = connection.execute(sql, (value,)).rowcount
            if count:
                mark_for_wipe(connection, is_indexed=False)
            return count

        database = self._database_of(None)
        if await database.write(action):
            await wipe_deleted(database)

    async def copy(self, conversation_id: str, branch_id: str) -> None:
        """Give a branch of a conversation copies of its texts, without their versions."""
        await self._database_of(branch_id).execute(_COPY, conversation_id, branch_id)

    async def versions(self, text: WrittenText) -> list[TextVersion]:
        """Return the versions of a text, newest first."""
        sql = "SELECT id, created_at FROM text_versions WHERE text_id = ? ORDER BY id DESC"
        rows = await self._database_of(text.conversation_id).rows(sql, text.id)
        return [TextVersion(row["id"], from_micros(row["created_at"])) for row in rows]

    async def version(self, text: WrittenText, version_id: int) -> str:
        """Return the text of a version; the present one if there is no such version."""
        sql = "SELECT body FROM text_versions WHERE text_id = ? AND id = ?"
        row = await self._database_of(text.conversation_id).row(sql, text.id, version_id)
        return text.accepted if row is None else str(row["body"])


def insert_texts(
    connection: sqlite3.Connection, texts: Sequence[WrittenText], at: datetime
) -> None:
    """Add the texts that the store does not have, the last as the newest.

    Args:
        at: the time of the last one; each other is a millisecond older than the next.
    """
    for number, text in enumerate(reversed(texts)):
        sql = "SELECT 1 FROM texts WHERE id = ?"
        if connection.execute(sql, (text.id,)).fetchone() is None:
            changed_at = to_micros(at - number * timedelta(milliseconds=1))
            upsert_row(connection, "texts", {**_text_to_row(text), "updated_at": changed_at})


def keep_version(
    connection: sqlite3.Connection, former: WrittenText, updated_at: int, *, is_due: bool
) -> None:
    """Keep a former state of a text if it is due, or the last one is ten minutes old.

    A state that is kept already is not kept again, and the oldest of too many is dropped.
    """
    newest = connection.execute(_NEWEST_VERSION, (former.id,)).fetchone()[0] or 0
    is_due = is_due or newest < to_micros(now() - _VERSION_EVERY)
    if is_due and former.body:
        connection.execute(_ADD_VERSION, (former.id, former.rejected, updated_at))
        connection.execute(_DELETE_OLD, (former.id,))


def _text_to_row(text: WrittenText) -> dict[str, str | int | float | None]:
    return {
        "id": text.id,
        "conversation_id": text.conversation_id,
        "title": to_text(text.title),
        "body": to_text(text.body),
        "marks": json.dumps(text.marks),
        "file": to_text(text.file),
        "file_hash": text.file_hash,
        "is_shown": int(text.is_shown),
        "updated_at": to_micros(now()),
    }


def text_from_row(row: Any) -> WrittenText:
    """Return the text that a row has. Raises ValueError, TypeError."""
    return WrittenText(
        id=row["id"],
        conversation_id=row["conversation_id"],
        title=row["title"],
        body=row["body"],
        marks=tuple(Mark(*mark) for mark in json.loads(row["marks"])),
        file=row["file"],
        file_hash=row["file_hash"],
        is_shown=bool(row["is_shown"]),
    )
