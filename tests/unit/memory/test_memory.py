"""Remembered notes: what is kept, in which order it is sent, and what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from desktop_app.domain.conversations.conversation import Folder, new_id, now
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.remembered_note import MAX_NOTE_CHARS, MAX_NOTES, notes_text
from desktop_app.library.folder_store import FolderStore
from desktop_app.memory.memory import Memory
from desktop_app.storage.database import Database


@asynccontextmanager
async def opened(tmp_path: Path) -> AsyncIterator[tuple[Memory, FolderStore, str]]:
    """Yield the notes, the folders, and the id of a folder."""
    database = Database(tmp_path / "repartee.sqlite3")
    await database.open()
    try:
        folders = FolderStore(database)
        folder = Folder(new_id(), "Lease", now())
        await folders.save(folder)
        yield Memory(database), folders, folder.id
    finally:
        await database.close()


async def test_notes_for_all_conversations_come_before_those_of_a_folder(tmp_path: Path) -> None:
    async with opened(tmp_path) as (memory, folders, folder_id):
        await memory.add("The flat is in  Oslo.\n", folder_id, "c" * 32)
        await memory.add("I am a\u2029teacher.")
        inside = await memory.notes_in(folder_id)
        assert [note.text for note in inside] == ["I am a teacher.", "The flat is in Oslo."]
        assert [note.text for note in await memory.notes_in("")] == ["I am a teacher."]
        assert inside[1].conversation_id == "c" * 32
        text = notes_text(inside)
        await memory.add("I am brief.")
        longer = notes_text(await memory.notes_in(""))
        assert longer.startswith(notes_text(inside[:1]))  # a new note follows what was sent before
        assert text.startswith(notes_text(inside[:1]))
        assert notes_text([]) == ""
        await folders.delete(folder_id)
        assert [note.text for note in await memory.all()] == ["I am a teacher.", "I am brief."]


async def test_a_list_has_forty_notes_at_most_and_each_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as (memory, _, folder_id):
        notes = [await memory.add(f"Note {number}") for number in range(MAX_NOTES)]
        assert await memory.add("Note  3") == notes[3]
        with pytest.raises(IllegalChoiceError, match="40 notes"):
            await memory.add("One more")
        await memory.add("One more", folder_id)
        await memory.delete(notes[:1])
        await memory.add("One more")
        await memory.put(notes[:1])
        await memory.change(notes[1], "Changed ")
        assert {note.text for note in await memory.notes_in("")} >= {"Note 0", "Changed"}


@pytest.mark.parametrize("text", ["", " \n", "x" * (MAX_NOTE_CHARS + 1)])
async def test_what_is_no_sentence_is_refused(tmp_path: Path, text: str) -> None:
    async with opened(tmp_path) as (memory, _, _folder_id):
        note = await memory.add("Kept")
        with pytest.raises(IllegalChoiceError):
            await memory.add(text)
        with pytest.raises(IllegalChoiceError):
            await memory.change(note, text)
        assert await memory.all() == [note]
