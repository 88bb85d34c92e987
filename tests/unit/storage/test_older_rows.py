"""A restore and a repair change the rows of an older store as the migrations do."""

from __future__ import annotations

import json
import shutil
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from desktop_app.storage.database.database import Database
from desktop_app.storage.database.migration_runner import migrate
from desktop_app.storage.database.migrations import MIGRATIONS
from desktop_app.storage.database.sqlite_connection import connect
from desktop_app.storage.recovery.backup import MANIFEST, STORE
from desktop_app.storage.recovery.repair import repair_store
from desktop_app.storage.spending.daily_sums import fill_days
from desktop_app.storage.spending.spending_sums import fill_slots
from tests.helpers.restores import restore_now
from tests.unit.storage.samples import NOON

LOCAL = "http://127.0.0.1:18080/v1"
OLDER = ("0018", "0022", "0027", "0028", "0038", "0041")
COMPARED = (
    "SELECT id, status, cost, template_id FROM messages",
    "SELECT key, value FROM settings WHERE key NOT LIKE 'store.%'",
    "SELECT number, status FROM batch_items",
    "SELECT cost FROM ledger",
    "SELECT model, calls, uncounted, cost FROM ledger_slots",
    "SELECT model, calls, uncounted, cost FROM ledger_days",
)


def older_store(path: Path, last: str) -> None:
    """Write a store whose last migration is `last`, with rows that later ones change."""
    steps = [step for step in MIGRATIONS if step.name[:4] <= last]
    path.touch()
    with closing(connect(path, "rw")) as connection:
        migrate(connection, path, steps)
        at = int(NOON.timestamp() * 1_000_000)

        def insert(table: str, **values: Any) -> None:
            sql = (
                f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})"
            )
            connection.execute(sql, tuple(values.values()))

        insert(
            "conversations", id="c", title="Old", created_at=at, updated_at=at, model="m",
            provider_id="env-openai", leaf_id="a", pinned=0, draft="",
        )  # fmt: skip
        summary = "Sum it up in 6 to 8 bullets of at most 30 words."
        for message, role, part in (
            ("q", "user", {"kind": "text", "text": summary}),
            ("a", "assistant", {"kind": "refusal", "text": "No."}),
        ):
            insert(
                "messages", id=message, conversation_id="c", role=role, status="complete",
                created_at=at, notices="[]", parts=json.dumps([part], separators=(",", ":")),
                provider_id="env-openai", model="gpt-5.2", cost="0.25",
                parent_id=None if message == "q" else "q",
            )  # fmt: skip
        insert("settings", key="keys.conversation.private", value='"Ctrl+J"')
        insert("settings", key=f"learnt.api.env-openai.{LOCAL}", value='"chat_completions"')
        backup = {"at": at, "folder": "/b", "why": "It failed."}
        insert("settings", key="backup.last", value=json.dumps(backup))
        insert(
            "batch_jobs", id="b", created_at=at, status="completed", provider_id="openai",
            base_url="https://api.openai.com/v1", model="gpt-5.2", title="", task="t",
            details='{"api":"responses","settings":{},"estimate":{}}', error="", is_cancelled=0,
            input_tokens=0, cached_tokens=0, output_tokens=0, reasoning_tokens=0, cost="0",
            uncounted=0,
        )  # fmt: skip
        error = json.dumps({"reason": "item_declined"}, separators=(",", ":"))
        insert(
            "batch_items", job_id="b", number=1, status="failed", upload=1, tokens=1, name="n",
            path="/n", part="[]", error=error, conversation_id="", answer="",
        )  # fmt: skip
        for provider in ("env-openai", "openai"):
            insert(
                "ledger", at=at, provider_id=provider, model=f"gpt-{provider}", purpose="answer",
                input_tokens=9, cached_tokens=0, output_tokens=9, reasoning_tokens=0, cost="0.5",
            )  # fmt: skip
        connection.execute("DELETE FROM ledger_slots")
        fill_slots(connection)
        if last >= "0038":
            fill_days(connection)


def rows(path: Path) -> list[list[tuple[Any, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        return [sorted(connection.execute(sql).fetchall(), key=repr) for sql in COMPARED]


async def migrated(older: Path, target: Path) -> list[list[tuple[Any, ...]]]:
    shutil.copy(older, target)
    database = Database(target)
    await database.open()
    await database.close()
    return rows(target)


@pytest.mark.parametrize("last", OLDER)
async def test_a_restore_changes_rows_as_the_migrations_do(tmp_path: Path, last: str) -> None:
    older, restored = tmp_path / "older.sqlite3", tmp_path / "data" / "repartee.sqlite3"
    older_store(older, last)
    with zipfile.ZipFile(tmp_path / "older.zip", "w") as pack:
        pack.write(older, STORE)
        pack.writestr(MANIFEST, json.dumps({"format": "repartee-backup", "version": 1}))
    restore_now(tmp_path / "older.zip", restored, tmp_path / "attachments", NOON)
    assert rows(restored) == await migrated(older, tmp_path / "migrated.sqlite3")


@pytest.mark.parametrize("last", OLDER)
async def test_a_repair_changes_rows_as_the_migrations_do(tmp_path: Path, last: str) -> None:
    older, repaired = tmp_path / "older.sqlite3", tmp_path / "repaired.sqlite3"
    older_store(older, last)
    shutil.copy(older, repaired)
    repair_store(repaired, NOON, lambda _done, _of: None)
    assert rows(repaired) == await migrated(older, tmp_path / "migrated.sqlite3")
