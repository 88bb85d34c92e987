"""Writes what a store checks, copies, repairs and finds of random rows and damaged pages.

    python -m tests.data.make_store_samples

After a change of a rule, read the difference.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import sqlite3
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from zlib import crc32

from desktop_app.domain.conversations.conversation import Draft
from desktop_app.domain.errors import StorageError
from desktop_app.storage.batch.batch_row_conversion import (
    item_from_row,
    item_to_row,
    job_from_row,
    job_to_row,
    upload_from_row,
    upload_to_row,
)
from desktop_app.storage.conversations.compaction_store import compaction_from_row
from desktop_app.storage.conversations.conversation_flags import ConversationFlagStore
from desktop_app.storage.conversations.conversation_store import ConversationStore
from desktop_app.storage.conversations.row_conversion import (
    conversation_from_row,
    conversation_to_row,
    draft_to_text,
    folder_from_row,
    folder_to_row,
    message_from_row,
    message_to_row,
    searchable_text,
)
from desktop_app.storage.database.database import Database
from desktop_app.storage.database.migration_runner import migrate
from desktop_app.storage.database.migrations import MIGRATIONS
from desktop_app.storage.database.private_files import create_private
from desktop_app.storage.database.sqlite_connection import connect, connect_in_memory
from desktop_app.storage.documents.collection_store import collection_from_row, file_from_row
from desktop_app.storage.documents.evaluation_store import evaluation_from_row
from desktop_app.storage.recovery.repair import repair_store
from desktop_app.storage.recovery.row_checks import INDEX_TABLE_PREFIXES, TableSchema, tables_of
from desktop_app.storage.recovery.sqlite_pages import SqlitePages
from desktop_app.storage.recovery.store_copy import copy_store
from desktop_app.storage.settings.address_secrets import copy_damaged_store
from desktop_app.storage.settings.model_listing_store import listing_from_row
from desktop_app.storage.settings.prompt_store import preset_from_row, prompt_from_row
from desktop_app.storage.settings.settings_store import profile_from_row, profile_to_text
from desktop_app.storage.settings.token_rate_store import rates_from_row
from tests.data.samples import write_samples

EXPECTED: Final = Path(__file__).with_name("stores")
_LOGIN_BYTES: Final = (
    *(b'"base_url": "https://me:pw@a.example/v1"', b'"base_url":"https://a.example/v1?key=pw"'),
    *(b'"proxy": "http://me:pw@proxy.example:80"', b'"proxy": "socks5://me@proxy.example"'),
    *(b"learnt.window.https://me:pw@a.example gpt", b"me:pw", b"filling ", b"\0\0\0\1", b"\0"),
    *(b'"base_url": "https://a:b/c@d@a.example#pw"', b'"base_url": "https://a.example/v1"'),
    *(b'"base_url": "https://me:p', b"w@a.example/v1", b'"name": "pw"', b"\0\0\0\3", b"://me:pw@"),
)
_NOON: Final = datetime(2026, 3, 14, 12, tzinfo=UTC)
_AT: Final = 1_773_489_600_000_000
_HASH: Final = "ab" * 32
_USAGE: Final = {"input_tokens": 10, "cached_tokens": 2, "output_tokens": 30, "reasoning_tokens": 4}
_CHOICE: Final = {
    "provider_id": "openai",
    "model": "gpt-5.2",
    "variant": "thinking",
    "effort": "high",
}
_PASSAGE: Final = {
    "number": 1,
    "collection_id": "c",
    "sha256": _HASH,
    "name": "a.pdf",
    "page": 2,
    "place": "page 2",
    "start": 0,
    "end": 9,
    "text": "green",
}
_OVERRIDES: Final = {
    "instructions": "Be brief.",
    "temperature": 0.5,
    "stop": ["a"],
    "tools": ["clock"],
    "candidates": 2,
    "examples": [["q", "a"]],
}
_PARTS: Final[list[dict[str, Any]]] = [
    {"kind": "reasoning", "text": "hm", "seconds": 2.5},
    {"kind": "text", "text": "Hello"},
    {
        "kind": "document",
        "sha256": _HASH,
        "name": "a.pdf",
        "media_type": "application/pdf",
        "size": 9,
        "pages": 3,
        "pictured": [{"number": 2, "width": 8, "height": 9}],
        "chosen": {"unit": "page", "of": 9, "spans": [[1, 2], [4, 4]]},
    },
    {
        "kind": "image",
        "sha256": _HASH,
        "name": "a.png",
        "media_type": "image/png",
        "size": 9,
        "width": 3,
        "height": 4,
        "detail": "low",
    },
    {"kind": "collection", "collection_id": "c", "name": "Books"},
    {"kind": "passages", "collection_id": "c", "name": "Books", "passages": [_PASSAGE]},
    {"kind": "tool_call", "call_id": "1", "name": "clock", "arguments": "{}", "state": "running"},
]
_ERROR: Final = {
    "reason": "no_credit",
    "remedy": None,
    "what_to_do": "",
    "details": "x",
    "code": "c",
    "params": {"provider": "P"},
}
_PROFILE: Final = {
    "name": "Own",
    "kind": "compatible",
    "base_url": "http://me:pw@127.0.0.1:1/v1",
    "needs_key": False,
    "api": "responses",
    "models": ["m"],
    "price_multiplier": "0.8",
    "plain_http_hosts": ["h"],
    "monthly_cap": "9.5",
    "key_header": "api-key",
    "proxy": "",
    "custom_fields": [{"name": "X-A", "value": "v", "is_secret": False, "in_query": False}],
    "own_models": [{"id": "own", "window": 900, "input_price": "1.5", "efforts": ["low"]}],
}
_DETAILS: Final = {
    "api": "responses",
    "template_id": "t",
    "purpose": "batch",
    "settings": _OVERRIDES,
    "estimate": {
        "files": 1,
        "left_out": 2,
        "input_tokens": 3,
        "input_cost": "0.1",
        "cost": "0.2",
        "ordinary_cost": None,
    },
}
_RESULT: Final = {
    "id": "a",
    "answer": "quince",
    "failed": [
        {
            "kind": "number",
            "value": "3",
            "within": 0.5,
            "is_negated": True,
            "reason": "not_matched",
            "words": "",
            "error": None,
        }
    ],
    "cost": "0.01",
    "usage": _USAGE,
    "judge_cost": "0.02",
    "first_token_s": 0.5,
    "duration_s": 1.5,
    "status": "complete",
    "error": None,
}
_ROWS: Final[dict[str, dict[str, Any]]] = {
    "folders": {
        "id": "f" * 32,
        "name": "Work",
        "created_at": _AT,
        **_CHOICE,
        "overrides": _OVERRIDES,
    },
    "conversations": {
        "id": "c" * 32,
        "title": "Title",
        "created_at": _AT,
        "updated_at": _AT + 5,
        **_CHOICE,
        "leaf_id": "b" * 32,
        "pinned": 1,
        "overrides": _OVERRIDES,
        "draft": {"text": "d", "attachments": _PARTS[2:5], "template_id": "t"},
        "folder_id": "f" * 32,
        "archived": 0,
        "trashed_at": _AT + 9,
        "preset_id": "p",
        "title_is_automatic": 1,
    },
    "messages": {
        "id": "a" * 32,
        "conversation_id": "c" * 32,
        "parent_id": None,
        "role": "assistant",
        "status": "complete",
        "created_at": _AT,
        "owner_pid": 7,
        "owner_started": "8",
        **_CHOICE,
        **_USAGE,
        "cost": "0.0123",
        "duration_s": 3.5,
        "error": _ERROR,
        "notices": [{"code": "repaired", "params": {}}],
        "parts": _PARTS,
        "remote_run": {"response_id": "resp_1", "sequence": 3},
        "template_id": "t",
        "usage_scope": "own",
        "answered_by": "gpt",
    },
    "attachments": {
        "sha256": _HASH,
        "name": "a.txt",
        "media_type": "text/plain",
        "size": 9,
        "pages": 2,
        "tokens": 4,
        "created_at": _AT,
        "text": "The green door.",
    },
    "ledger": {
        "id": 3,
        "at": _AT,
        "provider_id": "openai",
        "model": "m",
        "purpose": "answer",
        **_USAGE,
        "cost": "0.25",
        "conversation_id": "c",
        "message_id": "m",
        "effort": "low",
        "tier": "flex",
        "outcome": "ok",
        "retries": 1,
        "first_token_s": 0.5,
        "duration_s": 2.5,
    },
    "profiles": {"id": "own", "position": 1, "body": _PROFILE},
    "compactions": {
        "id": "k",
        "conversation_id": "c" * 32,
        "message_id": "a" * 32,
        "kind": "provider",
        "provider_id": "openai",
        "model": "m",
        "body": [{"type": "compaction", "encrypted_content": "g"}],
        "created_at": _AT,
        "tokens_before": 100,
        "tokens_after": 10,
        "undone_at": _AT,
    },
    "model_listings": {
        "profile_id": "own",
        "base_url": "http://h",
        "at": _AT,
        "windows": {"m": 8192},
        "models": [["m", None], ["n", "2026-01-02"]],
        "details": {"m": {"kind": "chat", "input_price": "1.5", "images": True}},
    },
    "prompts": {
        "id": "p",
        "title": "Mine",
        "folder": "Mail",
        "text": "Say {{x}}",
        "position": 2,
        "created_at": _AT,
        "hidden": 1,
        "form": "",
    },
    "presets": {
        "id": "q",
        "name": "Editor",
        **_CHOICE,
        "overrides": _OVERRIDES,
        "position": -2,
        "created_at": _AT,
    },
    "collections": {"id": "c", "name": "Books", "created_at": _AT, "folder": "/books"},
    "collection_files": {
        "id": 4,
        "collection_id": "c",
        "path": "/books/a",
        "name": "a",
        "sha256": _HASH,
        "media_type": "text/plain",
        "size": 9,
        "pages": 2,
        "status": "ready",
        "problem": _ERROR,
        "modified": 1 << 60,
    },
    "passages": {
        "id": 5,
        "sha256": _HASH,
        "start": 4,
        "end": 9,
        "tokens": 1,
        "page": 1,
        "place": "page 1",
        "title": "Door",
    },
    "passage_vectors": {"passage_id": 5, "model": "small", "vector": b"\1\2\3\4"},
    "batch_jobs": {
        "id": "j",
        "created_at": _AT,
        "status": "completed",
        "base_url": "http://h",
        **_CHOICE,
        "title": "Job",
        "task": "What?",
        "details": _DETAILS,
        "started_at": _AT,
        "ended_at": _AT + 9,
        "error": _ERROR,
        "is_cancelled": 1,
        "held": "0.5",
        "owner_pid": 7,
        "owner_started": "8",
        **_USAGE,
        "cost": "0.75",
        "uncounted": 1,
    },
    "batch_uploads": {
        "id": 6,
        "job_id": "j",
        "number": 1,
        "status": "in_progress",
        "is_uploading": 1,
        "is_creating": 0,
        "is_fetched": 1,
        "total": 9,
        "completed": 5,
        "failed": 2,
        "input_file_id": "file-1",
        "batch_id": "batch_1",
        "output_file_id": "file-2",
        "error_file_id": "",
    },
    "batch_items": {
        "id": 7,
        "job_id": "j",
        "number": 1,
        "status": "answered",
        "upload": 1,
        "tokens": 5,
        "sha256": _HASH,
        "name": "a",
        "path": "/a",
        "part": _PARTS[1:3],
        **_USAGE,
        "cost": "0.1",
        "error": _ERROR,
        "conversation_id": "c",
        "answer": "Yes.",
        "answered_by": "gpt",
    },
    "token_rates": {
        "profile_id": "own",
        "base_url": "http://h",
        "model": "m",
        "at": _AT,
        "window": 9,
        "rates": {"prose": 1.25, "cjk": 2.0},
    },
    "evaluations": {
        "id": "e" * 32,
        "created_at": _AT,
        "name": "cases",
        "body": {
            "runs": [
                {
                    "provider": "openai",
                    "variant": "pro",
                    "effort": "low",
                    "model": "m",
                    "results": [_RESULT],
                }
            ],
            "inputs": {"a": "Which?"},
        },
    },
    "attachment_origins": {"sha256": _HASH, "path": "/a"},
    "tool_permissions": {
        "conversation_id": None,
        "tool": "t",
        "fingerprint": "f",
        "permission": "allowed",
    },
}
_SETTINGS: Final[dict[str, Any]] = {
    "look.theme": "dark",
    "models.favorites": [["openai", "m"]],
    "presets.hidden": ["a"],
    "spending.unpriced.own": {},
    "window.state": {"geometry": "A", "geometries": {"1": "A"}, "list": True},
    "window.forms": {"form": {"field": "x"}},
    "window.scroll": ["m", 0.5],
    "window.new_draft": {
        "text": "d",
        "attachments": _PARTS[2:3],
        "overrides": _OVERRIDES,
        "preset": None,
        "template_id": "t",
    },
    "window.quick_draft": {
        "text": "d",
        "brought": "b",
        "clipboard": "c",
        "template_id": "t",
        "attachments": _PARTS[2:3],
    },
    "window.conversation": "c",
    "window.quick_place": [0.5, 0.25],
    "window.unread": ["a"],
    "backup.last": {"at": "x", "size": 3, "path": None},
    "learnt.api.own": "responses",
    "learnt.refusals.own": {"on": "2026-01-01", "refused": ["stop"]},
    "learnt.server.own": "lm-studio",
    "local_model.weights": "/w",
}
_SET: Final = re.compile(r"frozenset\(\{(.*?)\}\)")
_ROOT: Final = "SELECT rootpage FROM sqlite_master WHERE type = 'table' AND name = ?"
_ODD: Final[tuple[Any, ...]] = (
    *(None, True, -1, 0, 1, 9, 2**31, -(2**31), 2**40, 2**40 + 1, 1e300, 0.5, -0.5, 1e9, 1e10),
    *("", "x", "x" * 64, "é\n", "1", "-1", "0.5", "1E+99", "NaN", "complete", [], ["x"], {}),
    *({"a": 1}, [{"a": 1}], [1], 253_370_764_800_000_000, 32_503_680_000_000_000, "ab" * 32),
)
_CONVERSIONS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "folders": folder_from_row,
    "conversations": lambda row: conversation_from_row({**row, "streaming": 1}),
    "messages": message_from_row,
    "profiles": profile_from_row,
    "compactions": compaction_from_row,
    "model_listings": listing_from_row,
    "prompts": prompt_from_row,
    "presets": preset_from_row,
    "collections": collection_from_row,
    "collection_files": file_from_row,
    "batch_jobs": job_from_row,
    "batch_uploads": upload_from_row,
    "batch_items": item_from_row,
    "token_rates": rates_from_row,
    "evaluations": evaluation_from_row,
}
_BACK: Final[Mapping[str, Callable[[Any], Any]]] = {
    "folders": folder_to_row,
    "conversations": lambda found: [conversation_to_row(found), draft_to_text(found.draft)],
    "messages": lambda found: [message_to_row(found), searchable_text(found.parts)],
    "profiles": profile_to_text,
    "batch_jobs": job_to_row,
    "batch_uploads": upload_to_row,
    "batch_items": item_to_row,
}


def values() -> Iterator[str]:
    """Yield what rows are read as, and written as again."""
    for table, convert in _CONVERSIONS.items():
        row = _stored(_ROWS[table])
        emptied = {
            column.name: None if not column.is_required else row[column.name]
            for column in _tables()[table].columns
        }
        for each in (row, emptied):
            found = convert(each)
            written = _BACK[table](found) if table in _BACK else None
            shown = _line(table, repr(found), written)
            yield _SET.sub(lambda names: str(sorted(names[1].split(", "))), shown)


def rows() -> Iterator[str]:
    """Yield which rows with odd values are taken over, and how."""
    chance = random.Random("rows")
    tables = [*_ROWS, *["messages"] * 4, "conversations", "profiles", "batch_jobs"]
    for _ in range(1_800):
        name = chance.choice(tables)
        table, row = _tables()[name], dict(_ROWS[name])
        for column in chance.sample(list(row), k=chance.choice((1, 1, 2))):
            row[column] = _altered(chance, row[column])
        before = _stored(row)
        after = table.check_row(tuple(before[key] for key in table.names))
        kept = after and {
            key: now for key, now in zip(table.names, after, strict=True) if now != before[key]
        }
        yield _line(name, _changes(_ROWS[name], row), "dropped" if after is None else kept)


def logins() -> Iterator[str]:
    """Yield the bytes of stores with addresses, copied without their passwords."""
    chance = random.Random("logins")
    with TemporaryDirectory() as folder:
        store, copy = Path(folder, "store.sqlite3"), Path(folder, "copy.sqlite3")
        for _ in range(300):
            size = chance.choice((512, 512, 1_024, 4_096, 0))
            data = bytearray(b"SQLite format 3\0" + size.to_bytes(2, "big"))
            while len(data) < 4 * (size or 4_096):
                data += chance.choice(_LOGIN_BYTES) * chance.choice((1, 1, 1, 40))
                if chance.random() < 0.3:  # a row that goes on on another page
                    data += b"y" * (-len(data) % (size or 4_096) - chance.choice((0, 4, 30)))
                    data += chance.randrange(6).to_bytes(4, "big")
            store.write_bytes(data)
            store.with_name("store.sqlite3-wal").write_bytes(bytes(data[:700]))
            copy_damaged_store(store, copy)
            left = [copy.read_bytes(), copy.with_name("copy.sqlite3-wal").read_bytes()]
            changed = [at for at, (a, b) in enumerate(zip(data, left[0], strict=True)) if a != b]
            copy.unlink()
            copy.with_name("copy.sqlite3-wal").unlink()
            yield _line(size, changed[:60], len(changed), crc32(left[0]), crc32(left[1]))


def settings() -> Iterator[str]:
    """Yield which settings with odd values are taken over."""
    chance = random.Random("settings")
    table = _tables()["settings"]
    for _ in range(3_750):
        key = chance.choice(list(_SETTINGS))
        value = _SETTINGS[key] if chance.random() < 0.1 else _altered(chance, _SETTINGS[key])
        text = json.dumps(value) if chance.random() < 0.95 else "{"
        is_taken = table.check_row((key, text)) is not None
        yield _line(key, _changes(_SETTINGS[key], value) if text != "{" else text, is_taken)


def pages() -> Iterator[str]:
    """Yield the records in the pages of small databases with damaged bytes."""
    chance = random.Random("pages")
    for number in range(120):
        size = chance.choice((512, 512, 512, 1_024, 65_536))
        data = bytearray(_database(chance, size, chance.choice((0, 0, 8, 32, 33))))
        for _ in range(chance.choice((0, 0, 1, 3, 9))):
            at = chance.randrange(len(data)) if chance.random() < 0.6 else chance.randrange(120)
            data[at] = chance.choice((0, 1, 2, 5, 13, 127, 128, 200, 255))
        trunk = int.from_bytes(data[32:36], "big")  # of the free pages
        if 0 < trunk < 20 and chance.random() < 0.7:
            at, count = (trunk - 1) * size, chance.choice((0, 2, size // 4 - 2, size // 4 - 1))
            data[at : at + 8] = struct.pack(">II", chance.choice((0, trunk, trunk - 1)), count)
        if chance.random() < 0.2:
            del data[chance.randrange(100, len(data)) :]
        found = SqlitePages(bytes(data), chance.choice((512, 4_096)))
        trees = [found.leaves_below(root) for root in range(4)]
        leaves = list(found.leaves())
        records = [
            [leaf, record.rowid, [_short(value) for value in record.values]]
            for leaf in leaves
            for record in found.records(leaf)
        ]
        sizes = [found.page_size, found.usable_size, found.count]
        yield _line(
            number,
            sizes,
            trees,
            leaves,
            sorted(found.free_pages()),
            sorted(found.damaged_pages),
            records,
        )


def copies() -> Iterator[str]:
    """Yield what is copied out of a store with odd rows."""
    for number in range(2):
        with TemporaryDirectory() as folder:
            source, target = Path(folder) / "source.sqlite3", Path(folder) / "target.sqlite3"
            _fill(source, random.Random(f"copies {number}"))
            dropped = copy_store(source, target, "x", lambda *_: None).dropped
            yield _line(number, dropped, _dump(target))


def refusals() -> Iterator[str]:
    """Yield why foreign stores are refused, or what is copied of them."""
    changes = (
        "DROP TABLE ledger",
        "DELETE FROM migrations",
        "INSERT INTO migrations VALUES ('9999_later', 1)",
        "ALTER TABLE migrations RENAME COLUMN name TO names",
        "ALTER TABLE prompts RENAME COLUMN title TO titles",
        "ALTER TABLE prompts DROP COLUMN form",
        "DROP TABLE prompts; CREATE VIEW prompts AS SELECT 1",
        "DROP TABLE prompts; CREATE VIRTUAL TABLE prompts USING fts5 (title)",
        "DROP TABLE prompts",
        "CREATE VIEW other AS SELECT 1",
        "UPDATE messages SET parts = CAST(x'ff' AS TEXT)",
        "DELETE FROM migrations WHERE name = '0019_template_ids'",
    )
    with TemporaryDirectory() as folder:
        _fill(Path(folder) / "whole.sqlite3", random.Random("refusals"), odd=0)
        whole = (Path(folder) / "whole.sqlite3").read_bytes()
    for change in changes:
        with TemporaryDirectory() as folder:
            source, target = Path(folder) / "source.sqlite3", Path(folder) / "target.sqlite3"
            source.write_bytes(whole)
            with closing(sqlite3.connect(source)) as connection:
                connection.execute("PRAGMA foreign_keys = OFF")
                connection.executescript(change)
            try:
                dropped = copy_store(source, target, "x", lambda *_: None).dropped
                counts = {name: len(found) for name, found in _dump(target).items()}
                yield _line(change, dropped, counts)
            except (StorageError, sqlite3.Error) as error:
                yield _line(change, type(error).__name__, str(error), getattr(error, "details", ""))


def repairs() -> Iterator[str]:
    """Yield what is left of stores with odd rows and damaged pages."""
    for number in (0, 2, 3):
        chance = random.Random(f"repairs {number}")
        with TemporaryDirectory() as folder:
            path = Path(folder) / "store.sqlite3"
            _fill(path, chance)
            _damage(path, chance, number)
            told: dict[int, int] = {}
            found = repair_store(path, _NOON, told.__setitem__)
            kept = sorted(each.name for each in path.parent.iterdir())
            said = found.sentence.replace(folder, "")
            yield _line(number, said, len(told), kept, _dump(path))


def _damage(path: Path, chance: random.Random, count: int) -> None:
    """Overwrite the roots of some tables, or the header of the file."""
    with closing(connect(path, "ro")) as connection:
        roots = [connection.execute(_ROOT, (name,)).fetchone()[0] for name in _ROWS]
    data = bytearray(path.read_bytes())
    for root in chance.sample(roots, k=count):
        data[(root - 1) * 4096 : (root - 1) * 4096 + 99] = bytes(99)
    if count == 3:
        data[:200] = bytes(200)
    path.write_bytes(data)


def lists() -> Iterator[str]:
    """Yield what the queries of a store of conversations return."""
    chance = random.Random("lists")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite3"
        _fill(path, chance, odd=0)
        with closing(connect(path, "rw")) as connection:
            connection.execute("UPDATE conversations SET leaf_id = NULL")
            connection.execute("DELETE FROM messages")
            connection.execute("DELETE FROM conversations")
            _insert_trees(connection, chance)
            connection.commit()
        yield from asyncio.run(_queried(path, chance))


async def _queried(path: Path, chance: random.Random) -> list[str]:
    database = Database(path)
    await database.open()
    try:
        store, found = ConversationStore(database), []
        every = await store.all()
        trashed = await store.list_trashed()
        archived = await store.list_archived()

        def note(name: str, each: list[Any]) -> None:
            found.append(_line(name, [getattr(one, "id", one) for one in each]))

        note("all", every)
        note("titles", await store.titles())
        note("ids", sorted(await store.ids()))
        note("pinned", await store.list_pinned())
        note("recent", await store.recent(5))
        note("questions", await store.recent_questions(6))
        for limit in (1, 3, 50):
            note("archived", await store.list_archived(limit))
            note("trashed", await store.list_trashed(limit))
            for folder in (None, "f" * 32):
                note("listed", await store.list_page(limit, folder_id=folder))
            for one in chance.sample(every, 4):
                note(f"after {one.id}", await store.list_page(limit, after=one))
            for one in archived[:3]:
                note(f"after {one.id}", await store.list_archived(limit, after=one))
            for one in trashed[:3]:
                note(f"after {one.id}", await store.list_trashed(limit, after=one))
        for one in [*every, *trashed]:
            note(f"tree {one.id}", await store.messages(one.id))
            note("path", await store.path(one.id))
            note("tail", await store.tail(one.id, 2))
            note("versions", [await store.versions_on_path(one.id)])
            for message in await store.path(one.id):
                await store.show_version(one.id, message.id)
                shown = await store.get(one.id)
                note("leaf", [shown and shown.leaf_id])
        note("streaming", [one for one in every if one.streaming])
        note("interrupted", await store.interrupt_orphans())
        note("interrupted", await store.interrupt_orphans())
        note("runs", await store.claim_runs())
        note("runs", await store.claim_runs())
        note("missing", [await store.get("x"), await store.message("x")])
        first, second, *_ = every
        await store.save_draft(first.id, Draft("new", (), "t"))
        await ConversationFlagStore(database).set_trashed([first.id], _NOON)
        note("emptied", [await store.empty_trash(_NOON), await store.get(first.id)])
        note("emptied", [await store.empty_trash(_NOON + timedelta(seconds=1))])
        await store.erase([second.id])
        await store.erase([every[2].id])
        note("left", await store.all())
    finally:
        await database.close()
    with closing(connect(path, "rw")) as connection:
        sql = "UPDATE messages SET owner_pid = (owner_pid = ?), owner_started = owner_started <> ''"
        connection.execute(sql, (os.getpid(),))
    return [*found, _line("rows", _dump(path))]


def _insert_trees(connection: sqlite3.Connection, chance: random.Random) -> None:
    for number in range(14):
        row = {**_ROWS["conversations"], "id": f"{number:032x}", "title": f"Title {number}"}
        row["updated_at"] = _AT + chance.randrange(5)
        row["folder_id"] = chance.choice((None, None, "f" * 32))
        row["pinned"], row["archived"] = chance.choice(((0, 0), (0, 0), (1, 0), (0, 1), (1, 1)))
        row["trashed_at"] = chance.choice((None, None, None, _AT + chance.randrange(3)))
        row["leaf_id"] = None
        _insert(connection, "conversations", row)
        known: list[str] = []
        for at in range(chance.choice((0, 1, 3, 7))):
            made = {**_ROWS["messages"], "id": f"{number:x}-{at}", "conversation_id": row["id"]}
            made["parent_id"] = chance.choice([None, *known[-3:]]) if at else None
            made["created_at"] = _AT + chance.randrange(4)
            made["role"] = chance.choice(("user", "assistant"))
            made["parts"] = [{"kind": "text", "text": f"words {number} {at}"}]
            made["status"] = chance.choice(("complete", "complete", "failed", "streaming"))
            made["remote_run"] = chance.choice((None, made["remote_run"]))
            made["owner_pid"] = 2**30  # of no process
            _insert(connection, "messages", made)
            known.append(made["id"])
        if known:
            sql = "UPDATE conversations SET leaf_id = ? WHERE id = ?"
            connection.execute(sql, (chance.choice(known), row["id"]))


def _fill(path: Path, chance: random.Random, odd: float = 0.4) -> None:
    """Write a store whose rows are partly odd or refer to missing ones."""
    create_private(path)
    with closing(connect(path, "rw")) as connection:
        migrate(connection, path, MIGRATIONS)
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("BEGIN")
        for table, row in _ROWS.items():
            _insert(connection, table, row)
            for number in range(3):
                other = dict(row)
                first = next(iter(row))
                if isinstance(row[first], int):
                    other[first] = row[first] + 10 + number
                elif row[first] is not None:
                    other[first] = f"{number}{row[first][1:]}"
                if table == "messages":
                    other["parent_id"] = chance.choice((None, row["id"], "gone"))
                    other["conversation_id"] = chance.choice((row["conversation_id"], "d" * 32))
                if table == "passages":
                    other["end"] = chance.choice((9, 15, 16))
                if table == "batch_items":
                    other["number"] = number + 2
                if chance.random() < odd:
                    column = chance.choice([name for name in row if name != first])
                    other[column] = _altered(chance, row[column])
                _insert(connection, table, other)
        for key, value in _SETTINGS.items():
            _insert(connection, "settings", {"key": key, "value": json.dumps(value)})
        sql = "INSERT INTO search_entries VALUES (1, 'attachment', ?)"
        connection.execute(sql, (_HASH,))
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode = DELETE")


def _insert(connection: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> None:
    stored = _stored(row)
    names = ", ".join(f'"{name}"' for name in stored)
    marks = ", ".join("?" * len(stored))
    sql = f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})"
    try:
        connection.execute(sql, list(stored.values()))
    except (sqlite3.IntegrityError, OverflowError):
        return  # the schema itself refuses a value of this type


def _dump(path: Path) -> dict[str, list[list[Any]]]:
    """Return the rows of all tables, long texts by their length."""
    with closing(connect(path, "ro")) as connection:
        sql = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        names = [name for (name,) in connection.execute(sql).fetchall()]
        found = {
            name: [
                [_short(value) for value in row]
                for row in connection.execute(f"SELECT * FROM {name}").fetchall()
            ]
            for name in names
            if not name.startswith(INDEX_TABLE_PREFIXES) and name != "migrations"
        }
        index = connection.execute("SELECT rowid FROM search_index WHERE words MATCH 'hello'")
        found["hello"] = [[row[0]] for row in index.fetchall()]
    return {name: lines for name, lines in found.items() if lines}


def _database(chance: random.Random, size: int, reserved: int) -> bytes:
    """Return a database of a few pages with long and short rows of all kinds."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute(f"PRAGMA page_size = {size}")
        connection.execute("PRAGMA auto_vacuum = 0")
        connection.execute("PRAGMA secure_delete = 1")
        connection.execute("CREATE TABLE t (a, b)")
        connection.execute("CREATE TABLE u (a)")
        for _ in range(chance.choice((2, 9, 60))):
            rowid = chance.choice((chance.randint(1, 300), chance.randint(-(1 << 40), 1 << 40)))
            texts = (
                "x"
                * chance.choice((0, 3, 90, chance.randint(440, 520), chance.randint(900, 1_600))),
                b"y" * chance.randint(0, 9),
            )
            numbers = (None, 0, 1, -2, 300, 70_000, 1 << 30, 1 << 31, 1 << 45, -(1 << 60), 0.5)
            row = (rowid, chance.choice(texts), chance.choice(numbers))
            connection.execute("INSERT OR IGNORE INTO t (rowid, a, b) VALUES (?, ?, ?)", row)
        connection.execute("INSERT INTO u VALUES (?)", ("z" * 3_000,))
        if chance.random() < 0.4:
            connection.execute("DELETE FROM u")
        data = bytearray(connection.serialize())
    data[20] = reserved
    return bytes(data)


@cache
def _tables() -> dict[str, TableSchema]:
    with closing(connect_in_memory()) as connection:
        migrate(connection, Path("memory"), MIGRATIONS)
        return tables_of(connection)


def _altered(chance: random.Random, value: Any) -> Any:
    """Return a value with one odd value at a random place."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        key = chance.choice(list(value))
        if chance.random() < 0.15:
            return {name: each for name, each in value.items() if name != key}
        return {**value, key: _altered(chance, value[key])}
    if isinstance(value, list) and value and chance.random() < 0.9:
        at = chance.randrange(len(value))
        return [*value[:at], _altered(chance, value[at]), *value[at + 1 :]]
    same = [odd for odd in _ODD if type(odd) is type(value)]
    return chance.choice(same if same and chance.random() < 0.6 else _ODD)


def _changes(before: Any, after: Any) -> Any:
    """Return only what differs of two values."""
    if isinstance(before, dict) and isinstance(after, dict):
        now = {key: after.get(key, "gone") for key in before}
        return {key: _changes(before[key], now[key]) for key in now if now[key] is not before[key]}
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return _changes(dict(enumerate(before)), dict(enumerate(after)))
    return after


def _stored(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: json.dumps(value)
        if isinstance(value, dict | list)
        else int(value)
        if isinstance(value, bool)
        else value
        for name, value in row.items()
    }


def _short(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    return f"{value[:12]}… {len(value)}" if isinstance(value, str) and len(value) > 40 else value


def _line(*values: object) -> str:
    return json.dumps(values, ensure_ascii=False, default=str, separators=(",", ":"))


SAMPLES: Final[dict[str, Callable[[], Iterator[str]]]] = {
    "values": values,
    "rows": rows,
    "settings": settings,
    "logins": logins,
    "pages": pages,
    "copies": copies,
    "refusals": refusals,
    "repairs": repairs,
    "lists": lists,
}

if __name__ == "__main__":
    write_samples(EXPECTED, SAMPLES)
