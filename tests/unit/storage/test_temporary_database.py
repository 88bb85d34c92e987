"""Temporary conversations: the stores of all conversations, over a database in memory."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest

from desktop_app.budget.ledger import Ledger
from desktop_app.chat.conversation_store import CompactionStore, ConversationStore
from desktop_app.documents.store.attachment_store import AttachmentStore
from desktop_app.documents.store.note_store import NoteStore
from desktop_app.domain.conversations.compaction import Compaction, CompactionKind
from desktop_app.domain.conversations.conversation import Conversation, Draft, Message
from desktop_app.domain.conversations.message_parts import Attachment, DocumentPart
from desktop_app.domain.cost import Usage
from desktop_app.domain.errors import StorageError
from desktop_app.domain.spending_report import Call
from desktop_app.storage.database import Database
from desktop_app.storage.temporary_database import TemporaryConversations
from tests.unit.storage.samples import NOON, a_conversation, a_question, an_answer, ended, opened

WORD = "zanzibarquix"
DATA = f"All about {WORD}.".encode()
SHA256 = hashlib.sha256(DATA).hexdigest()


@dataclass
class TemporaryStores:
    """All stores that a temporary conversation uses."""

    disk: Database
    temporary: TemporaryConversations
    conversation: Conversation
    question: Message
    answer: Message

    def __post_init__(self) -> None:
        self.conversations = ConversationStore(self.temporary)
        self.compactions = CompactionStore(self.temporary)
        self.notes = NoteStore(self.temporary)
        self.ledger = Ledger(self.temporary)
        self.attachments = AttachmentStore(self.temporary, self.disk.path.parent / "files")

    async def fill(self) -> None:
        """Write everything that a conversation can have, and a second version."""
        store, id_ = self.conversations, self.conversation.id
        await store.create(replace(self.conversation, draft=Draft(f"draft of {WORD}")))
        await self.attachments.add(
            DATA,
            Attachment(SHA256, f"{WORD}.txt", "text/plain", DATA.decode(), tokens=4),
            conversation_id=id_,
        )
        await self.attachments.record_origin(SHA256, Path(f"/somewhere/{WORD}.txt"))
        await store.begin_turn(self.conversation, self.question, self.answer)
        await store.save_answer(replace(self.answer, parts=self.question.parts))
        await store.save_answer(ended(self.answer, f"A {WORD}."))
        await store.begin_turn(self.conversation, None, self.second)
        await store.save_answer(ended(self.second, f"Another {WORD}."))
        await store.rename(id_, f"On {WORD}")
        await store.show_version(id_, self.question.id)
        await store.save_draft(id_, Draft(f"more of {WORD}"))
        await self.compactions.add(self.compaction)
        await self.notes.put("a" * 64, f"A note on {WORD}", id_)
        await self.ledger.add(self.call)

    @property
    def second(self) -> Message:
        return replace(self.answer, id="second")

    @property
    def compaction(self) -> Compaction:
        return Compaction(
            "compaction", self.conversation.id, self.question.id, CompactionKind.SUMMARY,
            "openai", "gpt-5.2", f"They spoke of {WORD}.", NOON, 100, 10,
        )  # fmt: skip

    @property
    def call(self) -> Call:
        about = (self.conversation.id, self.answer.id)
        usage, cost = Usage(10, 0, 5, 0), Decimal("0.25")
        return Call(NOON, "openai", "gpt-5.2", "title", usage, cost, *about)

    async def rows(self, database: Database) -> int:
        """Return the number of rows with content in a database."""
        return await database.read(_count)


def _count(connection: sqlite3.Connection) -> int:
    tables = (
        "conversations", "messages", "message_attachments", "compactions", "part_notes",
        "attachments", "attachment_origins", "search_index",
    )  # fmt: skip
    return sum(
        int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]) for table in tables
    )


@asynccontextmanager
async def stores(folder: Path) -> AsyncIterator[TemporaryStores]:
    """Yield the stores with a temporary conversation that was just begun."""
    async with opened(folder / "store.sqlite3") as database:
        temporary, conversation = TemporaryConversations(database), a_conversation(WORD)
        question = a_question(conversation, f"What is {WORD}?")
        part = DocumentPart(SHA256, f"{WORD}.txt", "text/plain", len(DATA))
        question = replace(question, parts=(*question.parts, part))
        temporary.begin(conversation.id)
        yield TemporaryStores(database, temporary, conversation, question, an_answer(question))
        await temporary.aclose()


def holding(folder: Path) -> list[Path]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if WORD.encode() in path.name.encode() + path.read_bytes()]


@pytest.mark.attack("secrets")
async def test_no_store_writes_a_temporary_conversation_to_disk(tmp_path: Path) -> None:
    async with stores(tmp_path) as its:
        await its.fill()
        assert await its.rows(its.disk) == 0
        assert holding(tmp_path) == []
        assert not (tmp_path / "files").exists()
        memory = its.temporary.memory
        assert memory is not None
        assert await its.rows(memory) > 8
    assert holding(tmp_path) == []


async def test_a_temporary_conversation_is_read_from_memory(tmp_path: Path) -> None:
    async with stores(tmp_path) as its:
        await its.fill()
        store, id_ = its.conversations, its.conversation.id
        found = await store.get(id_)
        assert found is not None
        assert (found.title, found.draft.text) == (f"On {WORD}", f"more of {WORD}")
        first = ended(its.answer, f"A {WORD}.")
        assert [m.text for m in await store.path(id_)] == [its.question.text, f"Another {WORD}."]
        assert await store.message(its.answer.id) == first
        assert await store.versions_on_path(id_) == {"second": (its.answer.id, "second")}
        assert await its.attachments.text(SHA256) == DATA.decode()
        assert await its.attachments.bytes(SHA256) == await its.attachments.source(SHA256) == DATA
        file = await its.attachments.file(SHA256)
        assert file is not None
        assert file.data == DATA
        await its.compactions.undo("compaction", NOON)
        assert await its.compactions.load(id_) == (replace(its.compaction, undone_at=NOON),)
        assert await its.notes.get("a" * 64) == f"A note on {WORD}"
        assert (await its.ledger.conversation_spending(id_)).cost == Decimal("0.25")
        assert await its.ledger.utility_cost(id_) == Decimal("0.25")
        assert (await its.ledger.answer_spending(id_, its.answer.id)).calls == 1
        assert (await its.ledger.spent_in_month(NOON)).cost == Decimal("0.25")
        about = "SELECT conversation_id, message_id FROM ledger"
        rows = await its.disk.read(lambda c: [tuple(row) for row in c.execute(about)])
        assert rows == [(None, None)]


async def test_writes_to_a_closed_temporary_conversation_are_dropped(tmp_path: Path) -> None:
    async with stores(tmp_path) as its:
        await its.fill()
        its.temporary.discard(its.conversation.id)
        assert not its.temporary.is_temporary(its.conversation.id)
        store = its.conversations
        await store.save_answer(ended(its.answer, f"Late {WORD}"))
        await store.save_settings(its.conversation)
        await store.show_version(its.conversation.id, its.question.id)
        await store.save_draft(its.conversation.id, Draft(WORD))
        assert not await its.compactions.add(its.compaction)
        with pytest.raises(StorageError, match="was closed"):
            await store.begin_turn(its.conversation, its.question, its.answer)
        memory = its.temporary.memory
        assert memory is not None
        assert await its.rows(memory) == await its.rows(its.disk) == 0
        await its.ledger.add(its.call)  # the money was spent
        assert (await its.ledger.spent_in_month(NOON)).cost == Decimal("0.50")
    assert holding(tmp_path) == []


async def test_a_call_that_only_the_disk_takes_is_billed_once(tmp_path: Path) -> None:
    async with stores(tmp_path) as its:
        await its.fill()
        memory = its.temporary.memory
        assert memory is not None
        await memory.execute(
            "CREATE TRIGGER full BEFORE INSERT ON ledger BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
        await its.ledger.add(its.call)  # a caller would repeat a call that fails
        assert (await its.ledger.spent_in_month(NOON)).cost == Decimal("0.50")
