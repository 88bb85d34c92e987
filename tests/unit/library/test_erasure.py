"""Deleting everything, or a conversation permanently, leaves no word of it in any file."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from desktop_app.backup.backup import make_backup
from desktop_app.budget.ledger import Ledger
from desktop_app.chat.conversation_store import ConversationStore
from desktop_app.documents.store.attachment_store import AttachmentStore
from desktop_app.documents.store.note_store import NoteStore
from desktop_app.domain.conversations.conversation import Folder
from desktop_app.domain.conversations.message_parts import Attachment, DocumentPart
from desktop_app.domain.cost import Usage
from desktop_app.domain.errors import StorageError
from desktop_app.domain.spending_report import Call
from desktop_app.library import erasure
from desktop_app.library.erasure import erase_everything
from desktop_app.library.folder_store import ConversationFlagStore, FolderStore
from desktop_app.library.repair import repair_store
from desktop_app.library.search_query import Search
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.storage import deletion_wipe
from desktop_app.storage.deletion_wipe import wipe_deleted
from desktop_app.tables.table import Table
from desktop_app.tables.table_store import TableStore
from tests.helpers.restores import restore_now
from tests.helpers.waiting import until
from tests.unit.storage.samples import NOON, a_conversation, a_question, an_answer, ended, opened

WORD = "zanzibarquix"
DATA = f"a file about {WORD}".encode()
SHA256 = hashlib.sha256(DATA).hexdigest()


def holding(folder: Path, word: str = WORD) -> list[str]:
    """Return the files below a folder that contain a word or a piece of it in the index."""
    wanted = (word.encode(), word[4:].encode())
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [p.name for p in files if any(part in p.read_bytes() for part in wanted)]


async def fill(data: Path) -> None:
    async with opened(data / "repartee.sqlite3") as database:
        store = ConversationStore(database)
        await FolderStore(database).save(Folder("f" * 32, f"Folder {WORD}", NOON))
        conversation = a_conversation(f"About {WORD}", folder_id="f" * 32)
        question = a_question(conversation, f"What is {WORD}?")
        part = DocumentPart(SHA256, f"{WORD}.txt", "text/plain", len(DATA))
        question = replace(question, parts=(*question.parts, part))
        answer = an_answer(question)
        await store.begin_turn(conversation, question, answer)
        await store.save_answer(ended(answer, f"{WORD} is a word. " * 700))
        await AttachmentStore(database, data / "attachments").add(
            DATA, Attachment(SHA256, f"{WORD}.txt", "text/plain", f"{WORD} " * 1500)
        )
        settings = SettingsStore(database)
        await settings.set("window.new_draft", {"text": f"draft {WORD}", "attachments": []})
        await settings.set("window.conversation", conversation.id)
        await settings.set("window.state", {"list": True})
        await settings.set("look.theme", "dark")
        await Ledger(database).add(
            Call(
                provider_id="openai",
                model="gpt-5.2",
                usage=Usage(10, 0, 20, 0),
                cost=Decimal("0.25"),
                purpose="answer",
                conversation_id=conversation.id,
                message_id=answer.id,
                at=NOON,
            )
        )


async def test_an_erasure_leaves_no_text_in_any_file_of_the_program(tmp_path: Path) -> None:
    data = tmp_path / "data"
    database, attachments = data / "repartee.sqlite3", data / "attachments"
    await fill(data)
    # Copies of all kinds beside it.
    repair_store(database, NOON, lambda _done, _of: None)
    backup = make_backup(
        database, attachments, tmp_path / "backups", NOON, lambda _d, _o: None
    ).path
    restore_now(backup, database, attachments, NOON)
    (data / "repartee.before-0002_x.sqlite3").write_bytes(WORD.encode())
    imported = data / "imported" / "project" / "a.md"
    imported.parent.mkdir(parents=True)
    imported.write_bytes(WORD.encode())
    assert len(holding(data)) > 3
    erase_everything(database, attachments)
    assert holding(data) == []
    assert backup.exists()  # belongs to the user
    async with opened(database) as store:
        assert await ConversationStore(store).all() == []
        assert await Search(store).find(WORD) == []
        kept = await SettingsStore(store).all()
        assert set(kept) == {"window.state", "look.theme"}
        assert (await Ledger(store).spent_in_month(NOON)).cost == Decimal("0.25")
        rows = await store.read(lambda c: c.execute("SELECT * FROM ledger").fetchall())
        assert [row["conversation_id"] for row in rows] == [None]
        found = await store.read(lambda c: c.execute("PRAGMA integrity_check").fetchone()[0])
        assert found == "ok"
        conversation = a_conversation("anew")
        question = a_question(conversation, "Once more?")
        await ConversationStore(store).begin_turn(
            conversation, question, ended(an_answer(question), "Yes.")
        )
        assert len(await Search(store).find("once")) == 1


@pytest.mark.parametrize("step", ["remove_scratch_folders", "sync"])
async def test_an_interrupted_erasure_is_completed_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    database, attachments = tmp_path / "repartee.sqlite3", tmp_path / "attachments"
    await fill(tmp_path)

    def cut(_path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(erasure, step, cut)
        with pytest.raises(KeyboardInterrupt):
            erase_everything(database, attachments)
    async with opened(database) as store:
        assert await ConversationStore(store).all() == []
    erase_everything(database, attachments)
    assert holding(tmp_path) == []
    assert not attachments.exists()


async def test_a_failed_erasure_changes_nothing(tmp_path: Path) -> None:
    database, attachments = tmp_path / "repartee.sqlite3", tmp_path / "attachments"
    await fill(tmp_path)
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(
            "CREATE TRIGGER no BEFORE DELETE ON folders BEGIN SELECT raise(ABORT, 'full'); END"
        )
    with pytest.raises(StorageError):
        erase_everything(database, attachments)
    assert [path for path in attachments.rglob("*") if path.is_file()]
    assert len(holding(tmp_path)) > 1


async def test_an_interrupted_wipe_is_resumed(tmp_path: Path) -> None:
    path = tmp_path / "repartee.sqlite3"

    async with opened(path) as database:
        store = ConversationStore(database)
        conversation = a_conversation(f"About {WORD}")
        question = a_question(conversation, f"What is {WORD}?")
        await store.begin_turn(conversation, question, ended(an_answer(question), "Yes."))
        await NoteStore(database).put("key", f"A note on {WORD}", conversation.id)
        wiping = asyncio.ensure_future(store.erase([conversation.id]))
        await asyncio.sleep(0)  # now the deletion is submitted
        goes_on = threading.Event()
        held = asyncio.ensure_future(database.write(lambda _: goes_on.wait()))

        async def is_deleted() -> bool:
            return await store.get(conversation.id) is None

        await until(is_deleted)
        wiping.cancel()
        goes_on.set()
        with pytest.raises(asyncio.CancelledError):
            await wiping
        await held
    async with opened(path) as database:
        await wipe_deleted(database)
        assert holding(tmp_path) == []
        assert await SettingsStore(database).all() == {}


async def test_an_open_store_is_not_emptied(tmp_path: Path) -> None:
    await fill(tmp_path)
    async with opened(tmp_path / "repartee.sqlite3"):
        with pytest.raises(StorageError, match="is using your library"):
            erase_everything(tmp_path / "repartee.sqlite3", tmp_path / "attachments")
    assert holding(tmp_path)


async def test_emptying_the_trash_wipes_the_open_store(tmp_path: Path) -> None:
    async with opened(tmp_path / "repartee.sqlite3") as database:
        store = ConversationStore(database)
        gone, stays = a_conversation(f"About {WORD}"), a_conversation("Stays")
        for conversation, word in ((gone, WORD), (stays, "kept")):
            question = a_question(conversation, f"What is {word}?")
            answer = ended(an_answer(question), f"{word} " * 900)
            await store.begin_turn(conversation, question, answer)
        assert holding(tmp_path)
        await ConversationFlagStore(database).set_trashed([gone.id], NOON)
        assert await store.empty_trash(NOON + timedelta(days=1)) == [gone.id]
        assert holding(tmp_path) == []
        assert len(await Search(database).find("kept")) == 2


async def test_a_large_store_is_wiped_when_nobody_uses_it_once_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion_wipe, "CHECKED_AT_OPEN_BYTES", 0)
    path = tmp_path / "repartee.sqlite3"
    clock = 1e9
    monkeypatch.setattr(deletion_wipe.time, "time", lambda: clock)

    async def ask_and_erase(store: ConversationStore) -> None:
        conversation = a_conversation(f"About {WORD}")
        await store.create(conversation)
        await store.erase([conversation.id])

    async with opened(path) as database:
        store = ConversationStore(database)
        await store.create(a_conversation("Stays"))
        await ask_and_erase(store)
        assert holding(tmp_path) == ["repartee.sqlite3"]  # in the index, which only marks it
        await wipe_deleted(database)
        assert holding(tmp_path)
    async with opened(path) as database:  # also after a kill
        await wipe_deleted(database, is_idle=lambda: True)
        assert holding(tmp_path) == []
        await ask_and_erase(ConversationStore(database))
        await wipe_deleted(database, is_idle=lambda: True)
        assert holding(tmp_path)  # wiped an instant ago
        clock += 24 * 3600
        await wipe_deleted(database, is_idle=lambda: True)
        assert holding(tmp_path) == []
        [stays] = await ConversationStore(database).all()
        assert [hit.title for hit in await Search(database).find("stays")] == [stays.title]


async def test_a_wipe_goes_on_where_the_user_came_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion_wipe, "CHECKED_AT_OPEN_BYTES", 0)
    monkeypatch.setattr(deletion_wipe, "MERGED_PAGES", 1)
    async with opened(tmp_path / "repartee.sqlite3") as database:
        store = ConversationStore(database)
        for number in range(40):
            await store.create(a_conversation(" ".join(f"{number}x{n}" for n in range(400))))
        gone = a_conversation(f"About {WORD}")
        await store.create(gone)
        await store.erase([gone.id])
        uses = 0
        while holding(tmp_path):
            moments = iter([True, False])
            await wipe_deleted(database, is_idle=lambda moments=moments: next(moments))
            uses += 1
        assert uses > 1
        await wipe_deleted(database, is_idle=lambda: True)
        assert not await database.rows("SELECT 1 FROM settings WHERE key LIKE 'store.unwiped%'")


async def test_what_no_index_has_is_wiped_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion_wipe, "CHECKED_AT_OPEN_BYTES", 0)
    async with opened(tmp_path / "repartee.sqlite3") as database:
        store = TableStore(database)
        await store.save(Table("t", f"About {WORD}", NOON, NOON))
        assert holding(tmp_path)
        await store.delete("t")
        assert holding(tmp_path) == []
        assert await SettingsStore(database).all() == {}
