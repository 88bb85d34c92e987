"""Deleting everything, or a conversation for good, leaves no word of it in any file."""

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

from desktop_app.domain.conversations.conversation import Folder
from desktop_app.domain.conversations.message_parts import Attachment, DocumentPart
from desktop_app.domain.errors import StorageError, StoreDamagedError, StoreTooNewError
from desktop_app.domain.spending.cost import Usage
from desktop_app.domain.spending.spending_report import Call, Grouping
from desktop_app.storage.conversations.conversation_flags import ConversationFlagStore
from desktop_app.storage.conversations.conversation_store import ConversationStore
from desktop_app.storage.conversations.folder_store import FolderStore
from desktop_app.storage.database import database as database_module
from desktop_app.storage.database.database import erasing_mark
from desktop_app.storage.database.deletion_wipe import mark_for_wipe, resume_wipe, wipe_deleted
from desktop_app.storage.documents.attachment_store import AttachmentStore
from desktop_app.storage.documents.note_store import NoteStore
from desktop_app.storage.recovery import erasure
from desktop_app.storage.recovery.backup import make_backup
from desktop_app.storage.recovery.erasure import KEPT_TABLES, erase_everything, resume_erasure
from desktop_app.storage.recovery.repair import repair_store
from desktop_app.storage.search.search_query import Search
from desktop_app.storage.settings.settings_store import SettingsStore
from desktop_app.storage.spending import daily_sums
from desktop_app.storage.spending.ledger import Ledger
from tests.helpers import full_store
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


class Cut(BaseException):
    """The process ends here."""


# Functions that an erasure calls, in order.
@pytest.mark.parametrize("step", ["_move_aside", "_empty_tables", "_remove_files", "sync"])
@pytest.mark.parametrize("is_done", [False, True])
async def test_an_interrupted_erasure_is_completed_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, is_done: bool
) -> None:
    database, attachments = tmp_path / "repartee.sqlite3", tmp_path / "attachments"
    await fill(tmp_path)
    (tmp_path / "repartee.before-0002_x.sqlite3").write_bytes(WORD.encode())
    real = getattr(erasure, step)

    def cut(*arguments: object) -> None:
        if is_done:
            real(*arguments)
        raise Cut

    with monkeypatch.context() as patched:
        patched.setattr(erasure, step, cut)
        with pytest.raises(Cut):
            erase_everything(database, attachments)
    resume_erasure(database, attachments)
    assert holding(tmp_path) == []
    await fill(tmp_path)
    resume_erasure(database, attachments)  # nothing is left to do
    assert holding(tmp_path)
    assert list(attachments.rglob("*"))


async def test_an_erasure_is_completed_if_the_store_was_removed_meanwhile(tmp_path: Path) -> None:
    database, attachments = tmp_path / "repartee.sqlite3", tmp_path / "attachments"
    await fill(tmp_path)
    erasing_mark(database).touch()
    database.rename(tmp_path / "repartee.sqlite3-wal")
    resume_erasure(database, attachments)
    assert not erasing_mark(database).exists()
    assert not attachments.exists()
    assert holding(tmp_path) == []


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
    resume_erasure(database, attachments)
    assert len(holding(tmp_path)) > 1


async def test_a_repaired_store_is_not_erased_by_an_erasure_that_failed(tmp_path: Path) -> None:
    database, attachments = tmp_path / "repartee.sqlite3", tmp_path / "attachments"
    await fill(tmp_path)
    with closing(sqlite3.connect(database)) as connection:
        sql = "SELECT rootpage FROM sqlite_master WHERE name = 'sqlite_autoindex_migrations_1'"
        (page,) = connection.execute(sql).fetchone()
    with database.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
    with pytest.raises(StoreDamagedError):
        erase_everything(database, attachments)
    assert repair_store(database, NOON, lambda _done, _of: None).messages == 2
    resume_erasure(database, attachments)
    assert database.name in holding(tmp_path)


async def test_a_resumed_erasure_that_fails_keeps_the_attachments(tmp_path: Path) -> None:
    database, attachments = tmp_path / "repartee.sqlite3", tmp_path / "attachments"
    await fill(tmp_path)
    erasing_mark(database).touch()
    attachments.rename(tmp_path / ".erased-attachments")
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(
            "CREATE TRIGGER no BEFORE DELETE ON folders BEGIN SELECT raise(ABORT, 'full'); END"
        )
    with pytest.raises(StorageError):
        resume_erasure(database, attachments)
    assert [path for path in attachments.rglob("*") if path.is_file()]


async def test_an_interrupted_erasure_of_a_newer_version_is_left_to_it(tmp_path: Path) -> None:
    database, attachments = tmp_path / "repartee.sqlite3", tmp_path / "attachments"
    await fill(tmp_path)
    erasing_mark(database).touch()
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("INSERT INTO migrations VALUES ('9999_newer', 0)")
    with pytest.raises(StoreTooNewError):
        resume_erasure(database, attachments)
    assert erasing_mark(database).exists()
    assert attachments.exists()


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
        await resume_wipe(database)
        assert holding(tmp_path) == []
        assert await SettingsStore(database).all() == {}


async def test_a_deletion_during_a_wipe_is_still_to_be_wiped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path / "repartee.sqlite3") as database:
        checkpoint = database.checkpoint_log

        async def delete_after_checkpoint() -> bool:
            monkeypatch.setattr(database, "checkpoint_log", checkpoint)
            is_done = await checkpoint()
            await database.write(mark_for_wipe)
            return is_done

        await database.write(mark_for_wipe)
        monkeypatch.setattr(database, "checkpoint_log", delete_after_checkpoint)
        await wipe_deleted(database)
        assert len(await SettingsStore(database).all()) == 1
        await resume_wipe(database)
        assert await SettingsStore(database).all() == {}


async def test_a_wipe_that_a_long_read_prevents_is_completed_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "repartee.sqlite3"
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_S", 0.1)
    async with opened(path) as database:
        store = ConversationStore(database)
        conversation = a_conversation(f"About {WORD}")
        await store.create(conversation)
        with closing(sqlite3.connect(path, isolation_level=None)) as other_process:
            other_process.execute("BEGIN")
            other_process.execute("SELECT title FROM conversations").fetchall()
            await store.erase([conversation.id])
            assert holding(tmp_path)
        await resume_wipe(database)
        assert holding(tmp_path) == []


async def test_calls_that_are_not_summed_up_yet_are_counted_after_an_erasure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "repartee.sqlite3"
    monkeypatch.setattr(daily_sums, "LARGE_SLICE_SIZE", 0)
    async with opened(path) as database:
        await Ledger(database).add(
            Call(NOON, "openai", "gpt-5.2", "answer", Usage(10, 0, 20, 0), Decimal(1))
        )
        await database.write(lambda c: c.execute("DELETE FROM ledger_days"))
        await database.write(daily_sums.fill_days)
    erase_everything(path, tmp_path / "attachments")
    async with opened(path) as database:
        assert await Ledger(database).sum_up_earlier_calls(lambda _done, _total: None)
        (row,) = await Ledger(database).group_spending(Grouping.MODEL)
        assert row.spent.calls == 1


async def test_an_open_store_is_not_emptied(tmp_path: Path) -> None:
    await fill(tmp_path)
    async with opened(tmp_path / "repartee.sqlite3"):
        with pytest.raises(StorageError, match="is using your library"):
            erase_everything(tmp_path / "repartee.sqlite3", tmp_path / "attachments")
    assert holding(tmp_path)


async def test_every_table_that_is_not_kept_is_emptied(tmp_path: Path) -> None:
    path = tmp_path / "repartee.sqlite3"
    async with opened(path) as database:
        await full_store.fill(database, tmp_path / "attachments")
    filled = {table for table, rows in full_store.everything(path).items() if rows}
    erase_everything(path, tmp_path / "attachments")
    left = {table for table, rows in full_store.everything(path).items() if rows}
    assert len(filled - KEPT_TABLES) > 15
    assert left <= {*KEPT_TABLES, "shape"}


async def test_an_erased_conversation_leaves_no_words_or_attachments(tmp_path: Path) -> None:
    await fill(tmp_path)
    async with opened(tmp_path / "repartee.sqlite3") as database:
        await SettingsStore(database).remove("window.new_draft")
        await FolderStore(database).delete("f" * 32)
        store = ConversationStore(database)
        await database.write(lambda c: c.execute("UPDATE attachments SET created_at = 0"))
        await store.erase([each.id for each in await store.all()])
        await AttachmentStore(database, tmp_path / "attachments").remove_unneeded()
    assert holding(tmp_path) == []


async def test_an_index_is_wiped_in_slices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desktop_app.storage.database.deletion_wipe.MERGED_PAGES", 1)
    async with opened(tmp_path / "repartee.sqlite3") as database:
        store = ConversationStore(database)
        for number in range(12):
            conversation = a_conversation(f"About {WORD}")
            question = a_question(conversation, f"What is {WORD}?")
            words = " ".join(f"w{number}x{word}" for word in range(3000))
            answer = ended(an_answer(question), words)
            await store.begin_turn(conversation, question, answer)
        await store.erase([each.id for each in (await store.all())[:-1]])
        assert len(await Search(database).find(WORD)) == 2
        await store.erase([each.id for each in await store.all()])
        assert holding(tmp_path) == []


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
