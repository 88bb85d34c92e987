"""The store of remembered notes. Only the user writes them, or a tool that the user allowed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from desktop_app.domain.conversations.conversation import new_id, now
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.remembered_note import MAX_NOTE_CHARS, MAX_NOTES, RememberedNote, sent_notes
from desktop_app.i18n.translation import N_
from desktop_app.storage.database import Database
from desktop_app.storage.row_conversion import from_row, read_row, read_rows, to_row, to_text
from desktop_app.storage.row_writing import upsert_row
from desktop_app.storage.transactions import writing

_ORDER: Final = "ORDER BY folder_id IS NOT NULL, created_at, id"
"""A new note stands after all others of its list, so that the beginning of requests stays."""


class Memory:
    """The remembered notes. All methods raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[RememberedNote]:
        """Return all notes, those for all conversations first, the oldest first."""
        sql = f"SELECT * FROM memory {_ORDER}"  # noqa: S608 - our own words
        return await read_rows(self._database, partial(from_row, RememberedNote), sql)

    async def notes_in(self, folder_id: str) -> tuple[RememberedNote, ...]:
        """Return the notes that are sent in a folder's conversations, or with "" in no folder."""
        return sent_notes(await self.all(), folder_id)

    async def add(
        self, text: str, folder_id: str | None = None, conversation_id: str = ""
    ) -> RememberedNote:
        """Remember a sentence; one that is remembered already is returned as it is.

        Raises:
            IllegalChoiceError: the list is full, or the sentence is empty or too long.
        """
        note = RememberedNote(new_id(), checked_text(text), now(), folder_id, conversation_id)
        return await self._database.write(partial(_add, note))

    async def change(self, note: RememberedNote, text: str) -> None:
        """Change the words of a note, unless it was deleted. Raises IllegalChoiceError."""
        sql = "UPDATE memory SET text = ? WHERE id = ?"
        await self._database.execute(sql, to_text(checked_text(text)), note.id)

    @writing
    def put(self, connection: sqlite3.Connection, notes: Iterable[RememberedNote]) -> None:
        """Save notes as they are: their deletion was undone, or they were moved."""
        rows = [to_row(note) for note in notes]
        for row in rows:
            upsert_row(connection, "memory", row)

    @writing
    def add_missing(
        self, connection: sqlite3.Connection, notes: Iterable[RememberedNote]
    ) -> tuple[int, int]:
        """Add imported notes. Return how many were added, and how many the full lists refused.

        Notes of a folder that does not exist are for all conversations.
        """
        notes = list(notes)
        added = refused = 0
        for note in notes:
            if connection.execute("SELECT 1 FROM memory WHERE id = ?", (note.id,)).fetchone():
                continue
            sql = "SELECT 1 FROM folders WHERE id = ?"
            if connection.execute(sql, (note.folder_id,)).fetchone() is None:
                note = replace(note, folder_id=None)
            sql = "SELECT count(*) FROM memory WHERE folder_id IS ?"
            if connection.execute(sql, (note.folder_id,)).fetchone()[0] >= MAX_NOTES:
                refused += 1
                continue
            upsert_row(connection, "memory", to_row(note))
            added += 1
        return added, refused

    async def delete(self, notes: Sequence[RememberedNote]) -> None:
        ids = [(note.id,) for note in notes]
        await self._database.write(lambda c: c.executemany("DELETE FROM memory WHERE id = ?", ids))


def checked_text(text: str) -> str:
    """Return a sentence on one line. Raises IllegalChoiceError."""
    sentence = " ".join(text.split())
    if not sentence:
        raise IllegalChoiceError(
            N_("There is nothing to remember."), hint=N_("Type the sentence after /remember.")
        )
    if len(sentence) > MAX_NOTE_CHARS:
        raise IllegalChoiceError(
            N_("A note has at most {most} characters."),
            hint=N_("Select a shorter passage."),
            most=MAX_NOTE_CHARS,
        )
    return sentence


def _add(note: RememberedNote, connection: sqlite3.Connection) -> RememberedNote:
    sql = "SELECT * FROM memory WHERE folder_id IS ?"
    rows = connection.execute(sql, (note.folder_id,)).fetchall()
    notes = [read_row(partial(from_row, RememberedNote), row) for row in rows]
    known = next((each for each in notes if each.text == note.text), None)
    if known is not None:
        return known
    if len(notes) >= MAX_NOTES:
        raise IllegalChoiceError(
            N_("{most} notes are remembered already."),
            hint=N_("Delete one in {responses_page}, or combine two."),
            most=MAX_NOTES,
        )
    upsert_row(connection, "memory", to_row(note))
    return note
