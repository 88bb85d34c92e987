"""Rows that a sound store should not have: from a forged backup, another program, a bad disk."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from desktop_app.backup.backup import make_backup
from desktop_app.budget.ledger import Ledger
from desktop_app.chat.conversation_store import ConversationStore
from desktop_app.domain.conversations.conversation import Conversation, Message
from desktop_app.domain.cost import Usage
from desktop_app.domain.spending_report import Call, Grouping
from desktop_app.library.repair import repair_store
from desktop_app.library.search_query import Search
from desktop_app.storage.database import Database
from tests.helpers.blocking import blocking
from tests.helpers.restores import restore_now
from tests.unit.storage.samples import NOON, a_conversation, a_question, an_answer, ended, opened

# `first` has two turns, `second` one.
REFERENCES = {
    "a circle": "UPDATE messages SET parent_id = (SELECT id FROM messages ORDER BY rowid DESC) "
    "WHERE parent_id IS NULL",
    "a circle of two": "UPDATE messages SET parent_id = (SELECT m.id FROM messages AS m WHERE "
    "m.conversation_id = messages.conversation_id AND m.id <> messages.id)",
    "its own parent": "UPDATE messages SET parent_id = id",
    "a foreign parent": "UPDATE messages SET parent_id = (SELECT m.id FROM messages AS m WHERE "
    "m.conversation_id <> messages.conversation_id) WHERE parent_id IS NULL",
    "a foreign leaf": "UPDATE conversations SET leaf_id = (SELECT m.id FROM messages AS m WHERE "
    "m.conversation_id <> conversations.id)",
    "a missing parent": "UPDATE messages SET parent_id = 'nobody' WHERE parent_id IS NOT NULL",
    "a missing folder": "UPDATE conversations SET folder_id = 'nowhere'",
    "an answer of another computer": "UPDATE messages SET status = 'streaming', owner_pid = 1, "
    "owner_started = 'then' WHERE role = 'assistant'",
}
CONVERSATIONS = (("first", 2), ("second", 1))


async def fill(database: Database) -> list[Conversation]:
    store = ConversationStore(database)
    conversations = []
    for title, turns in CONVERSATIONS:
        conversation = a_conversation(title)
        conversations.append(conversation)
        parent: Message | None = None
        for number in range(turns):
            question = a_question(conversation, f"{title} {number}", parent)
            parent = ended(an_answer(question), f"answer {number}")
            await store.begin_turn(conversation, question, parent)
    return conversations


@blocking
async def make(path: Path) -> list[Conversation]:
    async with opened(path) as database:
        return await fill(database)


def change(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(sql)
        connection.commit()


@blocking
async def require_usable(path: Path, conversations: list[Conversation]) -> None:
    """Read and continue every conversation."""
    async with opened(path) as database:
        store = ConversationStore(database)
        for conversation, (_, turns) in zip(conversations, CONVERSATIONS, strict=True):
            before = await store.path(conversation.id)
            assert len({message.id for message in before}) == len(before) >= 2
            assert len(await store.messages(conversation.id)) == 2 * turns
            assert all(message.conversation_id == conversation.id for message in before)
            await store.show_version(conversation.id, before[0].id)
            await store.interrupt_orphans()
            stored = await store.get(conversation.id)
            assert stored
            question = a_question(stored, "And now?", before[-1])
            await store.begin_turn(stored, question, ended(an_answer(question), "This."))
            assert len(await store.path(conversation.id)) == len(before) + 2


@pytest.mark.attack("store")
@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("way", ["restored", "repaired"])
def test_references_to_wrong_rows_are_mended(tmp_path: Path, name: str, way: str) -> None:
    path = tmp_path / "store.sqlite3"
    conversations = make(path)
    change(path, REFERENCES[name])
    if way == "restored":
        archive = make_backup(
            path, tmp_path / "attachments", tmp_path / "backups", NOON, lambda *_: None
        ).path
        path = tmp_path / "other" / "store.sqlite3"
        restore_now(archive, path, tmp_path / "other" / "attachments", NOON)
    else:
        repair_store(path, NOON, lambda *_: None)
    require_usable(path, conversations)


@pytest.mark.attack("store")
@pytest.mark.parametrize("name", [name for name in REFERENCES if "circle" in name or "own" in name])
async def test_walks_through_a_circle_of_messages_end(tmp_path: Path, name: str) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        first, second = await fill(database)
        await database.execute(REFERENCES[name])
        store = ConversationStore(database)
        for conversation in (first, second):
            path = await store.path(conversation.id)
            assert len({message.id for message in path}) == len(path)
            assert await store.tail(conversation.id, 1) == path[-1:]
            await store.versions_on_path(conversation.id)
            await store.show_version(conversation.id, path[0].id)


@pytest.mark.attack("store")
@pytest.mark.parametrize(
    "damage",
    [
        "parts = 'no JSON'",
        "parts = '{\"a\": 1}'",
        "parts = '[' || CAST(x'22ff22' AS TEXT) || ']'",
        "created_at = 9223372036854775807",
        "role = 'nobody'",
    ],
)
async def test_a_damaged_message_costs_itself_in_a_search(tmp_path: Path, damage: str) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        first, _ = await fill(database)
        found = {hit.message_id: hit.snippet for hit in await Search(database).find("answer")}
        assert len(found) == 3
        damaged = next(iter(await ConversationStore(database).path(first.id)))
        await database.execute(f"UPDATE messages SET {damage} WHERE id = ?", damaged.id)
        for text in ("answer", "first"):
            hits = await Search(database).find(text)
            assert {hit.conversation_id for hit in hits} >= {first.id}
        await database.execute(
            "UPDATE search_entries SET id = 9223372036854775806 WHERE ref = ?", damaged.id
        )
        await database.execute(
            "INSERT INTO search_index (rowid, words) VALUES (9223372036854775806, 'answer')"
        )
        assert len(await Search(database).find("answer")) >= 3


@pytest.mark.attack("store")
@pytest.mark.parametrize(
    "damage",
    [
        "updated_at = 9223372036854775807",
        "created_at = 9223372036854775807",
        "overrides = '[['",
        "title = CAST(x'62ff' AS TEXT), draft = '{'",
        "trashed_at = 9223372036854775807, archived = 0, overrides = '['",
    ],
)
@pytest.mark.parametrize("is_pinned", [False, True])
async def test_a_damaged_conversation_costs_itself_in_the_list(
    tmp_path: Path, damage: str, is_pinned: bool
) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        store = ConversationStore(database)
        await fill(database)
        await store.create(a_conversation("third", 1, pinned=is_pinned))
        sql = f"UPDATE conversations SET {damage} WHERE title = 'third'"
        await database.execute(sql)
        listed: list[Conversation] = await store.list_pinned()
        after: Conversation | None = None
        for list_page in (store.list_page, store.list_trashed):
            for _ in range(4):
                page = await list_page(1, after=after)
                after = page[0] if page else after
                listed += page
            after = None
        assert {conversation.title for conversation in listed} > {"first", "second"}
        assert len({conversation.id for conversation in listed}) == len(listed) == 3
        await database.execute("UPDATE conversations SET updated_at = -9223372036854775807")
        assert await store.list_page(9) == []


@pytest.mark.attack("store")
@pytest.mark.parametrize("column", ["cost", "input_tokens", "output_tokens", "retries", "at"])
@pytest.mark.parametrize("value", [(1 << 63) - 1, -(1 << 63)])
async def test_a_damaged_amount_costs_itself_in_the_spending(
    tmp_path: Path, column: str, value: int
) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        ledger = Ledger(database)
        for model in ("good", "bad", "bad", "bad"):
            await ledger.add(Call(NOON, "openai", model, "answer", Usage(3, 0, 5, 0), None))
        sql = f"UPDATE ledger SET cost = 1000000000, duration_s = 2, {column} = ? WHERE model = ?"
        await database.execute(sql, value, "bad")
        await database.execute("UPDATE ledger SET cost = 1000000000 WHERE model = 'good'")
        for grouping in Grouping:
            rows = await ledger.group_spending(grouping)
            assert sum(row.spent.calls for row in rows) >= 1
        rows = await ledger.group_spending(Grouping.MODEL)
        (good,) = [row.spent for row in rows if row.key == "good"]
        assert (good.cost, good.uncounted, good.usage.output_tokens) == (1, 0, 5)
        if column == "cost":
            (bad,) = [row.spent for row in rows if row.key == "bad"]
            assert (bad.cost, bad.uncounted) == (0, 3)
        assert (await ledger.spent_in_month(NOON, "openai")).cost >= 1
