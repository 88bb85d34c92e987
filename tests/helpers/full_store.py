"""A store with a sample of every kind of data."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from desktop_app.budget.ledger import Ledger
from desktop_app.chat.conversation_store import CompactionStore, ConversationStore
from desktop_app.chat.text_store import TextStore
from desktop_app.collections.collection_store import CollectionStore, VectorStore
from desktop_app.documents.store.attachment_store import AttachmentStore
from desktop_app.documents.store.note_store import NoteStore
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.compaction import Compaction, CompactionKind
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Draft,
    Folder,
    Message,
    MessageStatus,
    Role,
    new_id,
)
from desktop_app.domain.conversations.message_parts import (
    Attachment,
    DocumentPart,
    ReasoningPart,
    TextPart,
)
from desktop_app.domain.conversations.written_text import Mark, WrittenText
from desktop_app.domain.cost import Usage
from desktop_app.domain.documents.collections import Collection, CollectionFile
from desktop_app.domain.documents.extracted_document import IndexedPassage
from desktop_app.domain.documents.passage_words import index_terms
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.models.model_facts import ModelFacts
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.prompt import Prompt
from desktop_app.domain.remembered_note import RememberedNote
from desktop_app.domain.spending_report import Call
from desktop_app.library.folder_store import FolderStore
from desktop_app.memory.memory import Memory
from desktop_app.prompts.prompt_store import PromptStore
from desktop_app.providers.jobs.vectors import Vector
from desktop_app.providers.models.model_listing import ModelListing
from desktop_app.providers.models.model_listings import ModelListings
from desktop_app.repeat.repeat import Every, Repeat
from desktop_app.repeat.repeat_store import RepeatStore
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.storage.database import Database
from desktop_app.tables.table import (
    CellState,
    CellValue,
    Column,
    NewRow,
    Question,
    Row,
    Run,
    RunMode,
    RunStatus,
    Table,
)
from desktop_app.tables.table_store import CellId, StoredAnswer, TableStore
from tests.unit.storage.samples import CHOICE, NOON

WINDOW_STATE = {
    "geometry": "AAAA",
    "list": True,
    "settings": False,
    "is_dark": True,
    "is_strong": None,
    "names": {"gpt-5.2": "GPT-5.2 Thinking"},
    "model": "Thinking",
    "web": False,
    "footer": ["OpenAI", "cloud", ""],
    "hints": ["Ctrl+K", "Ctrl+N"],
}
TEXT = "The door of the house is green. The key lies under the stone. " * 3
DATA = TEXT.encode()
SHA256 = hashlib.sha256(DATA).hexdigest()
PROFILE = ProviderProfile(
    "own",
    "Own server",
    ProviderKind.COMPATIBLE,
    "http://127.0.0.1:1234/v1",
    needs_key=False,
    own_models=(ModelFacts("m", window=8192, efforts=(Effort.LOW,)),),
)


async def fill(database: Database, attachments: Path, conversations: int = 6) -> None:
    """Fill an empty store with a sample of every kind of data."""
    store = ConversationStore(database)
    folder = Folder("f" * 32, "Work", NOON, CHOICE, Overrides("Be brief."))
    await FolderStore(database).save(folder)
    asked = Repeat("e" * 32, "News?", Every.DAY, "2026-01-01T08:00", CHOICE, folder.id, NOON)
    await RepeatStore(database).add(asked)
    await RepeatStore(database).add(replace(asked, id="c" * 32, paused=True))
    await RepeatStore(database).add_run(asked.id, "", ErrorNote("No key."))
    await Memory(database).put([RememberedNote("d" * 32, "Be kind.", NOON, folder.id)])
    files = AttachmentStore(database, attachments)
    for name, is_searchable in (("found.txt", True), ("in a collection.txt", False)):
        data = DATA if is_searchable else DATA + b"!"
        await files.add(
            data,
            Attachment(
                hashlib.sha256(data).hexdigest(), name, "text/plain", data.decode(), tokens=40
            ),
            is_searchable=is_searchable,
        )
    await files.record_origin(SHA256, Path("/somewhere/found.txt"))
    part = DocumentPart(SHA256, "found.txt", "text/plain", len(DATA))
    first: Conversation | None = None
    for n in range(conversations):
        at = NOON + timedelta(minutes=n // 2)  # pairs share a time
        inside = folder.id if n % 2 else None
        made = Conversation(new_id(), f"Title {n}", at, at, CHOICE, folder_id=inside)
        made = replace(made, overrides=Overrides("Hm.") if n == 1 else Overrides())
        first = first or made
        await store.create(replace(made, draft=Draft(f"draft {n}", (part,) if n == 2 else ())))
        question = Message(
            new_id(), made.id, None, Role.USER, MessageStatus.COMPLETE,
            (TextPart(f"quince {n} \U0001f600 \ud800"), part), at, CHOICE,
        )  # fmt: skip
        answer = Message(
            new_id(), made.id, question.id, Role.ASSISTANT, MessageStatus.STREAMING, (), at, CHOICE
        )
        await store.begin_turn(made, question, answer)
        words = (
            ReasoningPart("hm", seconds=2.5),
            TextPart(f"apricot {n} " * (900 if n % 3 else 5)),
        )
        ended = replace(answer, status=MessageStatus.COMPLETE, parts=words, cost=Decimal("0.0123"))
        await store.save_answer(replace(ended, usage=Usage(10, 2, 30, 4), duration_s=3.5))
        if n == 0:
            text = WrittenText("t" * 32, made.id, "Tides", "They rise.")
            await TextStore(database).put(text)
            rest = replace(text, body="They rise fall.", marks=(Mark(9, 14, 1, is_insertion=True),))
            await TextStore(database).put(rest, keeps_version=True)
            await CompactionStore(database).add(
                Compaction(
                    new_id(),
                    made.id,
                    question.id,
                    CompactionKind.PROVIDER,
                    "openai",
                    "m",
                    '[{"type": "compaction", "encrypted_content": "gAAAA"}]',
                    NOON,
                    100,
                    10,
                )
            )
    assert first is not None
    await _fill_rest(database, first)


async def _fill_rest(database: Database, first: Conversation) -> None:
    settings = SettingsStore(database)
    for key, value in {
        "look.theme": "dark",
        "keys.new": "Ctrl+N",
        "window.state": WINDOW_STATE,
        "window.scroll": ["m", 0.5],
        "window.quick_place": [0.2, 0.8],
        "desktop.paste_token": "b7f0",
        "window.conversation": first.id,
        "window.unread": [first.id],
        "window.new_draft": {"text": "hm", "attachments": [], "overrides": {}, "preset": None},
        "backup.last": {"at": NOON.isoformat()},
        "learnt.api.own.http://127.0.0.1:1234/v1": "responses",
        "learnt.server.own.http://127.0.0.1:1234/v1": "lm-studio",
        "learnt.refusals.own http://127.0.0.1:1234/v1 m": {"refused": ["stop"], "on": "2026-01-01"},
        "spending.warned.openai": "2026-01 5",
    }.items():
        await settings.set(key, value)
    await settings.save_profile(PROFILE)
    await settings.record_key_origin("openai", "https://api.openai.com:443")
    prompt = Prompt("paragraph", "Mine", "Say {{selection}}", "Mail", 2, NOON, hidden=True)
    preset = Prompt(new_id(), "Editor", variant=Variant.PRO, overrides=Overrides("Edit."))
    await PromptStore(database).save([prompt, preset])
    usage = Usage(10, 0, 20, 0)
    for cost in (Decimal("0.25"), None):
        call = Call(NOON, "openai", "gpt-5.2", "answer", usage, cost, first.id)
        await Ledger(database).add(call)
    await NoteStore(database).put("a" * 64, "a note", "")
    models = (ModelFacts("m", window=8192), ModelFacts("n"))
    no_gateway: Any = None  # that would list them
    await ModelListings(database, no_gateway).save(
        "own", ModelListing(PROFILE.base_url, models, NOON)
    )
    await _fill_collection(database)
    await _fill_table(database)


async def _fill_table(database: Database) -> None:
    tables = TableStore(database)
    column = Column("q" * 32, "Say", Question("Say {{word}}", CHOICE))
    table = Table("a" * 32, "Words", NOON, NOON, (column,))
    await tables.save(table)
    ids = await tables.add_rows(table.id, [NewRow(Row(0, "1", "a"), {"word": "quince"})])
    run = Run("b" * 32, table.id, RunMode.BATCH, RunStatus.SENT, NOON, 1)
    cell = CellId(ids[0], column.id)
    await tables.begin_run(run, [cell])
    values = {"": CellValue("Quince!")}
    await tables.save_answers([StoredAnswer(cell, CellState.DONE, "Quince!", values)])
    await tables.release(run.id)
    row = (
        run.id,
        1,
        column.id,
        "in_progress",
        "openai",
        "",
        "m",
        None,
        "responses",
        None,
        "f",
        "b",
    )
    await database.execute(
        f"INSERT INTO table_batches VALUES (NULL{', ?' * len(row)}, 0, 0, NULL)", *row
    )


async def _fill_collection(database: Database) -> None:
    collections = CollectionStore(database)
    collection = Collection("c" * 32, "Books", NOON, "/somewhere")
    await collections.create(collection, collection.id)
    file = CollectionFile(
        collection.id, "/somewhere/found.txt", "found.txt", SHA256, "text/plain", len(DATA),
        None, "ready",
    )  # fmt: skip
    await collections.put_files([(file, 1_700_000_000_000_000_000)])
    middle = len(TEXT) // 2
    await collections.index_passages(
        SHA256,
        [
            IndexedPassage(start, end, 20, None, "door", "found", index_terms(TEXT[start:end]))
            for start, end in ((0, middle), (middle, len(TEXT)))
        ],
    )
    ids = await database.read(lambda c: [row[0] for row in c.execute("SELECT id FROM passages")])
    vectors = [(id_, Vector.from_values([0.5, -0.25, id_ / 100])) for id_ in ids]
    await VectorStore(database).put("small", vectors)


def everything(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return the schema, and the rows of all tables except those of the indexes."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        names = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if not name.startswith(("search_index", "passage_index", "sqlite_", "migrations"))
        ]
        found = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in names}
        found["shape"] = connection.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
        ).fetchall()
        return found
