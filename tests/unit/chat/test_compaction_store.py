"""Compactions in the store: atomic, deleted with the conversation, undone permanently."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from desktop_app.chat.conversation_store import CompactionStore, ConversationStore
from desktop_app.domain.conversations.compaction import Compaction, CompactionKind
from desktop_app.domain.conversations.conversation import Conversation, Message, MessageStatus
from desktop_app.storage.database import Database
from tests.unit.storage.samples import NOON, a_conversation, a_question, an_answer, opened

BODY = '[{"type":"compaction","id":"cmp_1","encrypted_content":"gAAAA\\u00e4\\ud83d"}]'


async def kept(database: Database) -> tuple[Conversation, Message]:
    conversation = a_conversation()
    question = a_question(conversation, "Why?")
    answer = an_answer(question)
    store = ConversationStore(database)
    await store.begin_turn(conversation, question, answer)
    await store.save_answer(replace(answer, status=MessageStatus.COMPLETE))
    return conversation, answer


def a_compaction(conversation: Conversation, message: Message, minutes: int = 0) -> Compaction:
    return Compaction(
        f"k{minutes}",
        conversation.id,
        message.id,
        CompactionKind.PROVIDER,
        "openai",
        "gpt-5.2",
        BODY,
        NOON + timedelta(minutes=minutes),
        182_000,
        9_000,
    )


async def test_compactions_are_read_in_order_as_saved(tmp_path: Path) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        conversation, answer = await kept(database)
        store = CompactionStore(database)
        later, earlier = (a_compaction(conversation, answer, n) for n in (2, 1))
        assert await store.add(later)
        assert await store.add(earlier)
        assert await store.load(conversation.id) == (earlier, later)
        assert await store.load("another") == ()


async def test_compactions_are_deleted_with_their_conversation(tmp_path: Path) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        conversation, answer = await kept(database)
        store, conversations = CompactionStore(database), ConversationStore(database)
        made = a_compaction(conversation, answer)
        await store.add(made)
        await conversations.erase([conversation.id])
        assert await store.load(conversation.id) == ()
        assert not await store.add(made)
        assert await store.load(conversation.id) == ()
