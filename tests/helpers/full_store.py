"""A store with a sample of every kind of data."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

from desktop_app.budget.ledger import Ledger
from desktop_app.chat.conversation_store import CompactionStore, ConversationStore
from desktop_app.chat.text_store import TextStore
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
from desktop_app.domain.models.model_facts import ModelFacts
from desktop_app.domain.models.variants import Effort
from desktop_app.domain.spending_report import Call
from desktop_app.features import FEATURE_NAMES
from desktop_app.library.folder_store import FolderStore
from desktop_app.providers.models.model_listing import ModelListing
from desktop_app.providers.models.model_listings import ModelListings
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.storage.database import Database
from tests.unit.storage.samples import CHOICE, NOON

WINDOW_STATE = {
    "geometry": "AAAA",
    "list": True,
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
    for feature in FEATURE_NAMES:
        if (Path(__file__).parents[1] / "unit" / feature / "filled.py").exists():
            await import_module(f"tests.unit.{feature}.filled").fill(database, folder)


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
