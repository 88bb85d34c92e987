"""Unreferenced attachments are deleted with their text and search entry. Others stay."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sqlite3
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from desktop_app.backup.backup import make_backup
from desktop_app.chat.conversation_store import ConversationStore
from desktop_app.composer.drafts import BLANK_KEY
from desktop_app.documents.store import attachment_cleanup
from desktop_app.documents.store.attachment_store import AttachmentStore
from desktop_app.domain.conversations.conversation import Draft, Message, now
from desktop_app.domain.conversations.message_parts import (
    Attachment,
    DocumentPart,
    ImagePart,
    TextPart,
    parts_to_json,
)
from desktop_app.domain.errors import StorageError
from desktop_app.library.repair import repair_store
from desktop_app.library.search_query import Search
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.storage.database import Database
from tests.helpers.blocking import blocking
from tests.helpers.examples import examples
from tests.helpers.restores import restore_now
from tests.helpers.waiting import LONGEST_S
from tests.unit.storage.samples import a_conversation, a_question, an_answer, opened

LONG_AGO = int(time.time()) - 61 * 60
"""A little more than the grace period."""


class Library:
    """A store with attachments. The name of each is a word that only its text contains."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.conversations = ConversationStore(database)
        self.attachments = AttachmentStore(database, folder)
        self.settings = SettingsStore(database)
        self.search = Search(database)

    async def add(self, name: str, *, old: bool = True) -> DocumentPart | ImagePart:
        sha256 = hashlib.sha256(name.encode()).hexdigest()
        await self.attachments.add(
            name.encode(), Attachment(sha256, name, "text/plain", f"word {name}", tokens=1)
        )
        if old:
            await self.age(sha256)
        if name[-1] in "13579":  # images are kept and removed like documents
            return ImagePart(sha256, name, "image/png", len(name), 9, 9)
        return DocumentPart(sha256, name, "text/plain", len(name), None, 1)

    async def age(self, sha256: str) -> None:
        sql = "UPDATE attachments SET created_at = ? WHERE sha256 = ?"
        await self.database.write(lambda c: c.execute(sql, (LONG_AGO * 1_000_000, sha256)))
        os.utime(self.attachments.path(sha256), (LONG_AGO, LONG_AGO))

    async def ask(self, *parts: DocumentPart | ImagePart) -> str:
        conversation = replace(a_conversation(), created_at=now(), updated_at=now())
        question: Message = a_question(conversation, "Which?")
        question = replace(question, parts=(TextPart("Which?"), *parts))
        await self.conversations.begin_turn(conversation, question, an_answer(question))
        return conversation.id

    async def draft(self, *parts: DocumentPart | ImagePart) -> str:
        conversation = replace(a_conversation(), draft=Draft("half \ud800", parts))
        await self.conversations.create(conversation)
        return conversation.id

    async def new_draft(self, *parts: DocumentPart | ImagePart) -> None:
        value = {"text": "", "attachments": parts_to_json(parts)}
        await self.settings.set(BLANK_KEY, value)

    async def kept(self) -> set[str]:
        """Return the names in the table and in the folder, which must agree."""
        sql = "SELECT name, sha256 FROM attachments"
        rows = await self.database.read(lambda c: c.execute(sql).fetchall())
        files = {p for p in self.attachments.path("0" * 64).parents[1].rglob("*") if p.is_file()}
        assert files == {self.attachments.path(row["sha256"]) for row in rows}
        return {row["name"] for row in rows}

    async def indexed(self, name: str) -> bool:
        def action(connection: sqlite3.Connection) -> bool:
            sql = "SELECT 1 FROM search_index WHERE search_index MATCH ?"
            return connection.execute(sql, (name,)).fetchone() is not None

        return await self.database.read(action)


PLACES = ("message", "deleted", "draft", "deleted draft", "new draft")


@settings(max_examples=examples(25))
@given(st.lists(st.tuples(st.sets(st.sampled_from(PLACES)), st.booleans()), min_size=1, max_size=8))
@example([({"deleted"}, False), ({"deleted", "draft"}, False), (set(), False), (set(), True)])
@blocking
async def test_exactly_the_unreferenced_attachments_are_removed(
    cases: list[tuple[set[str], bool]],
) -> None:
    names = [f"attachment{n}" for n in range(len(cases))]
    needed = {
        name
        for name, (places, old) in zip(names, cases, strict=True)
        if places & {"message", "draft", "new draft"} or not (old or "deleted" in places)
    }
    with tempfile.TemporaryDirectory() as folder:
        async with opened(Path(folder) / "s.sqlite3") as database:
            library = Library(database, Path(folder) / "files")
            parts: dict[str, list[DocumentPart | ImagePart]] = {place: [] for place in PLACES}
            for name, (places, old) in zip(names, cases, strict=True):
                part = await library.add(name, old=old)
                for place in places:
                    parts[place].append(part)
            await library.ask(*parts["message"])
            await library.conversations.erase([await library.ask(*parts["deleted"])])
            await library.draft(*parts["draft"])
            await library.conversations.erase([await library.draft(*parts["deleted draft"])])
            await library.new_draft(*parts["new draft"])
            assert await library.attachments.remove_unneeded() == len(names) - len(needed)
            assert await library.kept() == needed
            for name in names:
                assert await library.indexed(name) == (name in needed)
            assert await library.attachments.remove_unneeded() == 0


async def test_remains_of_a_crash_are_removed(tmp_path: Path) -> None:
    async with opened(tmp_path / "s.sqlite3") as database:
        library = Library(database, tmp_path / "files")
        kept = await library.add("kept")
        await library.ask(kept)
        lost = await library.add("lost")
        library.attachments.path(lost.sha256).unlink()  # only the row is left
        stray = library.attachments.path("ab" * 32)
        stray.parent.mkdir(parents=True, exist_ok=True)
        part = stray.with_name(".unfinished")
        young = library.attachments.path("cd" * 32)
        young.parent.mkdir(parents=True, exist_ok=True)
        for file in (stray, part, young):
            file.write_bytes(b"left")
        for file in (stray, part):
            os.utime(file, (LONG_AGO, LONG_AGO))
        assert await library.attachments.remove_unneeded() == 3
        assert young.exists()  # its row may be about to be written
        young.unlink()
        assert await library.kept() == {"kept"}


@pytest.mark.parametrize("work", ["restore", "repair"])
async def test_files_of_the_library_before_a_restore_or_repair_are_kept(
    tmp_path: Path, work: str
) -> None:
    path = tmp_path / "data" / "s.sqlite3"
    path.parent.mkdir()
    files, backups = tmp_path / "files", tmp_path / "backups"
    async with opened(path) as database:
        library = Library(database, files)
        archive = make_backup(path, files, backups, now(), lambda *_: None).path
        await library.ask(lost := await library.add("lost"))
        if work == "repair":  # as if the page with the message were damaged
            sql = "DELETE FROM messages"
            await database.write(lambda c: c.execute(sql).rowcount)
    if work == "restore":
        restore_now(archive, path, files, now())
    else:
        repair_store(path, now(), lambda *_: None)
    async with opened(path) as database:
        library = Library(database, files)
        part = library.attachments.path(lost.sha256).with_name(".unfinished")
        part.write_bytes(b"left")
        os.utime(part, (LONG_AGO, LONG_AGO))
        assert await library.attachments.remove_unneeded() == 1
        assert not part.exists()
        assert library.attachments.path(lost.sha256).exists()
        (copy,) = path.parent.glob("*.before-*")
        copy.unlink()
        assert await library.attachments.remove_unneeded() == 1
        assert await library.kept() == set()


async def test_a_file_that_a_cleanup_removes_while_it_is_added_is_written_again(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path / "s.sqlite3") as database:
        library = Library(database, tmp_path / "files")
        part = await library.add("raced")

        seen = threading.Event()

        def remove(connection: sqlite3.Connection) -> None:
            assert seen.wait(LONGEST_S)
            assert attachment_cleanup.remove_unneeded(
                connection, part.sha256, library.attachments.path(part.sha256)
            )

        removing = asyncio.create_task(database.write(remove))
        adding = asyncio.create_task(library.add("raced", old=False))
        await asyncio.sleep(0)
        await library.attachments.bytes(part.sha256)  # the addition, before it, saw the file
        seen.set()
        await asyncio.gather(removing, adding)
        assert await library.kept() == {"raced"}
        assert await library.attachments.bytes(part.sha256) == b"raced"


async def test_an_unreadable_draft_prevents_the_cleanup(tmp_path: Path) -> None:
    async with opened(tmp_path / "s.sqlite3") as database:
        library = Library(database, tmp_path / "files")
        await library.add("spared")
        sql = "INSERT INTO settings VALUES (?, ?)"
        damaged = json.dumps({"attachments": []})[:-3]
        await database.write(lambda c: c.execute(sql, (BLANK_KEY, damaged)))
        with pytest.raises(StorageError):
            await library.attachments.remove_unneeded()
        assert await library.kept() == {"spared"}
