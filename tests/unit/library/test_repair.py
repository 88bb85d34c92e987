"""Repair of stores with damaged bytes keeps all data that can still be read."""

from __future__ import annotations

import hashlib
import random
import sqlite3
from contextlib import closing, suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.budget.ledger import Ledger
from desktop_app.chat.conversation_store import ConversationStore
from desktop_app.documents.store.attachment_store import AttachmentStore
from desktop_app.domain.conversations.conversation import Draft, Folder
from desktop_app.domain.conversations.message_parts import Attachment, DocumentPart, TextPart
from desktop_app.domain.cost import Usage
from desktop_app.domain.errors import StorageError, StoreDamagedError
from desktop_app.domain.spending_report import Call
from desktop_app.library.folder_store import FolderStore
from desktop_app.library.repair import LOST_TITLE, RepairResult, _readable_rows, repair_store
from desktop_app.library.search_query import Search
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.storage.database import Database
from tests.helpers.blocking import blocking
from tests.helpers.examples import examples
from tests.unit.storage.samples import NOON, a_conversation, a_question, an_answer, ended, opened

DATA = b"the original"
SHA256 = hashlib.sha256(DATA).hexdigest()
ORIGIN = Path("/reports/a.txt")
PAGE = 4096


@blocking
async def filled(path: Path, conversations: int = 12) -> None:
    """Return a store with a sample of all data. Long messages have their own pages."""

    async with opened(path) as database:
        store = ConversationStore(database)
        folder = Folder("f" * 32, "Work", NOON)
        await FolderStore(database).save(folder)
        await SettingsStore(database).set("look.theme", "dark")
        for n in range(conversations):
            conversation = a_conversation(f"Title {n}", n, folder_id=folder.id if n % 2 else None)
            await store.create(replace(conversation, draft=Draft(f"draft {n}")))
            question = a_question(conversation, f"quince {n} " * 40, minutes=n)
            part = DocumentPart(SHA256, "a.txt", "text/plain", len(DATA))
            question = replace(question, parts=(*question.parts, part))
            answer = an_answer(question, minutes=n)
            await store.begin_turn(conversation, question, answer)
            await store.save_answer(ended(answer, f"apricot {n} " * (900 if n % 3 else 5)))
        await Ledger(database).add(
            Call(
                provider_id="openai",
                model="gpt-5.2",
                usage=Usage(10, 0, 20, 0),
                cost=Decimal("0.25"),
                purpose="answer",
                at=NOON,
            )
        )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the bytes of a store without damage."""
    path = tmp_path_factory.mktemp("whole") / "store.sqlite3"
    filled(path)
    return path.read_bytes()


def repaired(path: Path) -> RepairResult:
    return repair_store(path, NOON, lambda _done, _total: None)


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def overwrite(path: Path, pages: list[int], chance: random.Random) -> None:
    with path.open("r+b") as file:
        for page in pages:
            file.seek((page - 1) * PAGE)
            file.write(chance.randbytes(PAGE))


def readable(path: Path, table: str) -> set[str]:
    """Return the ids that SQLite can still read, from the start and from the end."""
    found: set[str] = set()
    for order in ("ASC", "DESC"):
        with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(path)) as connection:
            sql = f"SELECT id FROM {table} NOT INDEXED ORDER BY rowid {order}"
            for (row_id,) in connection.execute(sql):
                found.add(row_id)
    return found


def test_a_sound_store_is_unchanged_by_a_repair(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    filled(path)
    stored = "conversations messages message_attachments folders ledger settings"
    tables = stored.split()
    before = {table: rows(path, f"SELECT * FROM {table}") for table in tables}
    found = repaired(path)
    assert (found.conversations, found.messages) == (12, 24)
    assert (found.incomplete, found.mended_messages, found.dropped) == ([], 0, {})
    assert {table: rows(path, f"SELECT * FROM {table}") for table in tables} == before
    assert "Title 7" in titles_found(path, "apricot 7")
    assert len(titles_found(path, "title")) == 12


@blocking
async def titles_found(path: Path, words: str) -> list[str]:
    async with opened(path) as database:
        return [hit.title for hit in await Search(database).find(words)]


def test_content_of_the_write_ahead_log_is_recovered(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    filled(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("UPDATE conversations SET title = 'Later' WHERE title = 'Title 3'")
        copy = tmp_path / "copy.sqlite3"
        for end in ("", "-wal"):
            copied = path.with_name(path.name + end).read_bytes()
            copy.with_name(copy.name + end).write_bytes(copied)
    repaired(copy)
    assert ("Later",) in rows(copy, "SELECT title FROM conversations")


@pytest.mark.parametrize("is_rebuilt", [False, True])
def test_without_its_first_page_all_rows_are_found(tmp_path: Path, is_rebuilt: bool) -> None:
    path = tmp_path / "store.sqlite3"
    filled(path)
    if is_rebuilt:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("VACUUM")
    before = sorted(rows(path, "SELECT id, title, leaf_id FROM conversations"))
    messages = sorted(rows(path, "SELECT * FROM messages"))
    overwrite(path, [1], random.Random(1))
    with pytest.raises(StoreDamagedError):
        open_and_check(path)
    damaged = path.read_bytes()
    found = repaired(path)
    assert found.damaged_file.read_bytes() == damaged
    assert sorted(rows(path, "SELECT id, title, leaf_id FROM conversations")) == before
    assert sorted(rows(path, "SELECT * FROM messages")) == messages


@pytest.mark.parametrize(
    "size", [100, pytest.param(3 * PAGE + 7, marks=pytest.mark.slow), 2_000 * PAGE]
)
def test_a_file_that_is_no_library_is_refused_and_unchanged(tmp_path: Path, size: int) -> None:
    path = tmp_path / "store.sqlite3"
    data = random.Random(size).randbytes(size)
    path.write_bytes(data)
    with pytest.raises(StorageError, match="Nothing could be recovered"):
        repaired(path)
    assert path.read_bytes() == data
    assert {each.name for each in tmp_path.iterdir()} == {path.name, f"{path.name}-lock"}


def test_messages_without_a_conversation_get_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    filled(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DELETE FROM conversations WHERE title = 'Title 4'")
        connection.execute("DELETE FROM messages WHERE role = 'user' AND parts LIKE '%quince 5 %'")
    found = repaired(path)
    assert found.mended_messages == 3
    assert "Messages that got a new place: 3." in found.sentence
    words = first_words(path)
    assert words[LOST_TITLE] == ["quince", "apricot"]
    assert words["Title 5"] == ["apricot"]


def test_a_text_without_a_conversation_gets_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    filled(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(
            "INSERT INTO texts VALUES ('t1', 'lost', 'T', 'Mine', '[]', '', '', 1, 5, NULL)"
        )
        connection.execute("INSERT INTO text_versions VALUES (1, 't1', 'Before', 4)")
        connection.execute("INSERT INTO text_versions VALUES (2, 'no text', 'Lost', 4)")
    repaired(path)
    assert first_words(path)[LOST_TITLE] == []
    sql = "SELECT t.body, v.body FROM texts AS t JOIN text_versions AS v ON v.text_id = t.id"
    assert rows(path, sql) == [("Mine", "Before")]
    assert rows(path, "PRAGMA foreign_key_check") == []


@blocking
async def first_words(path: Path) -> dict[str, list[str]]:
    """Return the first word of each message, by the conversation's title."""
    async with opened(path) as database:
        store = ConversationStore(database)
        return {
            conversation.title: [m.text.split()[0] for m in await store.path(conversation.id)]
            for conversation in await store.all()
        }


def test_a_row_with_invalid_json_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    filled(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE messages SET parts = '[{' WHERE parts LIKE '%quince 2 %'")
        connection.execute("UPDATE conversations SET draft = 'x' WHERE title = 'Title 3'")
    found = repaired(path)
    assert (found.conversations, found.messages, found.dropped) == (12, 23, {"messages": 1})
    assert ("",) in rows(path, "SELECT draft FROM conversations WHERE title = 'Title 3'")


@settings(max_examples=examples(10), deadline=None)
@given(seed=st.integers(0, 1 << 32), count=st.integers(1, 12))
def test_a_repair_survives_any_overwritten_pages(
    seed: int, count: int, whole: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("damage") / "store.sqlite3"
    path.write_bytes(whole)
    chance = random.Random(seed)
    overwrite(path, [chance.randint(1, len(whole) // PAGE) for _ in range(count)], chance)
    kept = {table: readable(path, table) for table in ("conversations", "messages", "folders")}
    try:
        found = repaired(path)
    except StorageError:
        assert not any(kept.values())
        return
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    for table, ids in kept.items():
        now = {row[0] for row in rows(path, f"SELECT id FROM {table}")}
        # SQLite reads an id even if the long text after it was overwritten.
        assert len(ids - now) <= count + found.dropped.total()
    use_store(path)


@settings(max_examples=examples(12), deadline=None)
@given(seed=st.integers(0, 1 << 32), count=st.integers(1, 400))
def test_a_repair_survives_any_changed_bytes(
    seed: int, count: int, whole: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("damage") / "store.sqlite3"
    data = bytearray(whole)
    chance = random.Random(seed)
    for _ in range(count):
        data[chance.randrange(len(data))] = chance.randrange(256)
    path.write_bytes(bytes(data[: chance.randint(len(data) // 2, len(data))]))
    try:
        repaired(path)
    except StorageError:
        assert not readable(path, "conversations")
        return
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    use_store(path)


def table_with_damage(path: Path, pages: slice, result: RepairResult) -> list[int]:
    """Return the rows of 4,000 that are read although these pages are damaged."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (a)")
        connection.executemany("INSERT INTO t VALUES (?)", [("x" * 400,)] * 4000)
        connection.commit()
    numbers = list(range(1, path.stat().st_size // PAGE + 1))
    overwrite(path, numbers[pages], random.Random(7))
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return [row["row_id"] for row in _readable_rows(connection, "t", ["a"], result)]


@pytest.mark.attack("reply-bounds")
@pytest.mark.parametrize("reads_left", [1, 2, 3, 40_000])
def test_the_reads_of_a_damaged_table_are_limited(tmp_path: Path, reads_left: int) -> None:
    result = RepairResult(tmp_path, reads_left=reads_left)
    found = table_with_damage(tmp_path / "t.sqlite3", slice(4, None, 20), result)
    assert len(found) == len(set(found))
    assert result.reads_left >= -1
    if reads_left == 40_000:
        assert 3_700 < len(found) < 4_000
        assert result.incomplete == ["t"]


@pytest.mark.attack("reply-bounds")
def test_a_lost_end_of_a_table_leaves_reads_for_the_other_tables(tmp_path: Path) -> None:
    result = RepairResult(tmp_path)
    found = table_with_damage(tmp_path / "t.sqlite3", slice(-1, None), result)
    assert 3_900 < len(found) < 4_000
    assert result.reads_left > 38_000
    assert result.incomplete == ["t"]


@pytest.mark.attack("reply-bounds")
def test_a_table_that_the_schema_lost_costs_no_reads(tmp_path: Path) -> None:
    result = RepairResult(tmp_path)
    with closing(sqlite3.connect(tmp_path / "t.sqlite3")) as connection:
        assert not list(_readable_rows(connection, "t", ["a"], result))
    assert result.reads_left == RepairResult(tmp_path).reads_left
    assert result.incomplete == ["t"]


@blocking
async def use_store(path: Path) -> None:
    """Read all of a store, and write to it."""
    async with opened(path) as database:
        store = ConversationStore(database)
        for conversation in await store.all():
            await store.messages(conversation.id)
            await store.path(conversation.id)
        await Search(database).find("quince")
        await SettingsStore(database).all()
        conversation = a_conversation("After")
        question = a_question(conversation, "Does it work?")
        await store.begin_turn(conversation, question, ended(an_answer(question), "Yes."))
        assert [m.text for m in await store.path(conversation.id)][1:] == ["Yes."]


async def test_an_open_store_is_not_repaired(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"

    async with opened(path):
        before = path.read_bytes()
        with pytest.raises(StorageError, match="is open"):
            repaired(path)
        assert path.read_bytes() == before


async def test_attachments_are_recovered(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    async with opened(path) as database:
        files = AttachmentStore(database, tmp_path / "files")
        await files.add(DATA, Attachment(SHA256, "a", "t", "persimmon " * 2000))
        await files.record_origin(SHA256, ORIGIN)
        conversation = a_conversation("With a file")
        part = DocumentPart(SHA256, "a", "t", len(DATA))
        question = replace(a_question(conversation, ""), parts=(TextPart("see"), part))
        await ConversationStore(database).begin_turn(
            conversation, question, ended(an_answer(question), "Seen.")
        )
    overwrite(path, [1], random.Random(2))
    repaired(path)
    async with opened(path) as database:
        files = AttachmentStore(database, tmp_path / "files")
        assert await files.text(SHA256) == "persimmon " * 2000
        assert await files.origins([SHA256]) == {SHA256: ORIGIN}
        assert [h.title for h in await Search(database).find("persimmon")] == ["With a file"]


@blocking
async def open_and_check(path: Path) -> None:
    database = Database(path)
    try:
        await database.open()
        await database.check()
    finally:
        await database.close()
