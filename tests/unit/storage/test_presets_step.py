"""Presets of earlier versions become prompts: in a store, a backup, a repair, and elsewhere."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given

from desktop_app.backup.backup import make_backup
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.prompt import Prompt
from desktop_app.domain.stored_table import CHOICE, Effect, StoredTable, SyncedTable
from desktop_app.features import Core
from desktop_app.library.repair import repair_store
from desktop_app.prompts import core
from desktop_app.prompts.prompt_store import PromptStore, prompt_from_row
from desktop_app.prompts.prompts_json import to_json_text
from desktop_app.storage import schema, stored_tables
from desktop_app.storage.row_conversion import to_row
from desktop_app.storage.row_writing import insert_rows
from desktop_app.storage.schema import STEPS, latest_version, migrate
from desktop_app.storage.sqlite_connection import connect, connect_in_memory
from tests.helpers.restores import restore_now
from tests.helpers.synced_computers import Computer, computers, settle
from tests.unit.prompts.test_prompts_json import collections
from tests.unit.storage.samples import NOON, opened

TEXT_COLUMNS = "title folder text position created_at hidden form"
PRESET_COLUMNS = f"name {CHOICE} overrides position created_at"
FORMER_CORE = Core(
    tables=tuple(
        StoredTable(name, {Effect.PLAIN: f"id {columns}"}, synced=SyncedTable(columns, birth))
        for name, birth, columns in (
            ("prompts", "title", TEXT_COLUMNS),
            ("presets", "name", PRESET_COLUMNS),
        )
    )
)
REPLY = Prompt("reply", "Reply", "Reply to {{name}}", "Mail", 1, NOON, hidden=True, form="{}")
SUMMARY = Prompt("executive-summary", "Mine", "In one sentence.", "Documents", 0, NOON)
REVIEWER = Prompt(
    "reviewer",
    "Code reviewer",
    position=1,
    created_at=NOON,
    variant=Variant.PRO,
    effort=Effort.HIGH,
    overrides=Overrides("You review code.").with_parameter("temperature", 0.2),
)
OWN_MODEL = Prompt("own", "Reply", provider_id="own", model="m", overrides=Overrides())
DOUBLED = Prompt("reply", "Polite", overrides=Overrides("Be polite."))
MOVED = replace(DOUBLED, id="reply-presets")
BEFORE = (REPLY, SUMMARY, REVIEWER, OWN_MODEL, DOUBLED)
AFTER = (REPLY, SUMMARY, REVIEWER, OWN_MODEL, MOVED)


@contextmanager
def former_version() -> Iterator[None]:
    """Run the version that had two tables."""

    def clear() -> None:
        for each in ("stored_tables", "synced_tables", "former_tables", "traveling_columns"):
            getattr(stored_tables, each).cache_clear()
        stored_tables._reader.cache_clear()

    with pytest.MonkeyPatch.context() as former:
        former.setattr(schema, "STEPS", STEPS[: STEPS.index(schema._PRESETS_AS_PROMPTS)])
        former.setattr(core, "CORE", FORMER_CORE)
        clear()
        try:
            yield
        finally:
            former.undo()
            clear()


def fill(connection: sqlite3.Connection, prompts: Sequence[Prompt]) -> None:
    """Write prompts and presets as the earlier version did."""
    for prompt in prompts:
        row = to_row(prompt, "requirements")
        columns, table = (
            (PRESET_COLUMNS, "presets") if prompt.has_settings else (TEXT_COLUMNS, "prompts")
        )
        row["name"] = row["title"]
        insert_rows(connection, table, [{name: row[name] for name in ("id", *columns.split())}])


def by_id(prompts: Sequence[Prompt]) -> list[Prompt]:
    return sorted(prompts, key=lambda prompt: prompt.id)


@asynccontextmanager
async def store_of_before(path: Path) -> AsyncIterator[None]:
    with former_version():
        async with opened(path):
            pass
        with closing(connect(path, "rw")) as connection:
            fill(connection, BEFORE)
            sql = "INSERT INTO settings VALUES (?, ?)"
            for key, value in (("default.preset", "reply"), ("presets.hidden", ["tutor"])):
                connection.execute(sql, (key, json.dumps(value)))
            connection.commit()
        yield


@given(collections)
def test_a_migrated_library_is_exported_as_before(prompts: list[Prompt]) -> None:
    expected = [
        replace(p, text="", folder="", hidden=False, form="") if p.has_settings else p
        for p in {(p.id): p for p in prompts}.values()
    ]
    with closing(connect_in_memory()) as connection:
        connection.row_factory = sqlite3.Row
        with former_version():
            migrate(connection)
            fill(connection, expected)
            version = latest_version()
        migrate(connection, version)
        rows = connection.execute("SELECT * FROM prompts")
        found = [prompt_from_row(row) for row in rows]
    assert to_json_text(by_id(found)) == to_json_text(by_id(expected))


async def test_a_store_a_backup_and_a_repair_of_before_keep_everything(tmp_path: Path) -> None:
    path, attachments = tmp_path / "store.sqlite3", tmp_path / "attachments"
    conversations = {"c1": "reviewer", "c2": "reply"}
    async with store_of_before(path):
        with closing(connect(path, "rw")) as connection:
            for id_, preset_id in conversations.items():
                connection.execute(
                    """INSERT INTO conversations (id, title, created_at, updated_at, provider_id,
                    model, pinned, draft, preset_id) VALUES (?, '', 1, 1, '', '', 0, '', ?)""",
                    (id_, preset_id),
                )
            connection.commit()
        archive = make_backup(path, attachments, tmp_path / "backups", NOON, lambda *_: None).path
    repaired = repair_store(path, NOON, lambda *_: None, tmp_path / "repaired.sqlite3")
    assert "No damage was found." in repaired.sentence
    other = tmp_path / "other.sqlite3"
    assert restore_now(archive, other, tmp_path / "other", NOON) is not None
    for file in (path, other, tmp_path / "repaired.sqlite3"):
        async with opened(file) as database:
            store = PromptStore(database)
            assert by_id(await store.prompts()) == by_id(AFTER)
            rows = await database.rows("SELECT id, preset_id FROM conversations")
            assert dict(map(tuple, rows)) == {"c1": "reviewer", "c2": "reply-presets"}
            row = await database.row("SELECT value FROM settings WHERE key = 'default.preset'")
            assert row is not None
            assert json.loads(row["value"]) == "reply-presets"
            hidden = {e.prompt.id for e in await store.entries() if e.prompt.hidden}
            assert hidden == {"reply", "tutor"}
            assert await store.preset("Reply") == OWN_MODEL  # of the two of this name
            assert await store.named("reply") == REPLY


async def test_a_computer_of_before_synchronizes_with_a_migrated_one(tmp_path: Path) -> None:
    with former_version():
        async with computers(tmp_path, "here", "there") as made:
            with closing(connect(tmp_path / "here" / "repartee.sqlite3", "rw")) as connection:
                fill(connection, BEFORE)
                connection.commit()
            await settle(made)

    def started(name: str) -> Computer:
        computer = Computer(tmp_path / name, name)
        computer.vault.secrets = made[0].vault.secrets
        return computer

    here, there = started("here"), started("there")
    await here.database.open()
    store = PromptStore(here.database)
    assert by_id(await store.prompts()) == by_id(AFTER)
    edited = replace(REVIEWER, text="Review {{selection}}", title="Reviewer")
    await store.save([edited])
    await store.remove("own")
    await here.sync.synchronize()
    with former_version():  # the other computer runs on as it was, and changes what it has
        await there.database.open()
        for sql in (
            "UPDATE presets SET name = 'Kind' WHERE id = 'reply'",
            "UPDATE presets SET effort = 'low' WHERE id = 'reviewer'",
            "UPDATE prompts SET text = 'Answer' WHERE id = 'reply'",
            "DELETE FROM prompts WHERE id = 'executive-summary'",
            "INSERT INTO presets VALUES ('new', 'New', '', '', 'pro', NULL, '{}', 9, NULL)",
        ):
            await there.database.execute(sql)
        await there.sync.synchronize()
        await there.database.close()
    await here.sync.synchronize()
    wanted = by_id(
        [
            replace(REPLY, text="Answer"),
            replace(edited, effort=Effort.LOW),
            replace(MOVED, title="Kind"),
            Prompt("new", "New", position=9, variant=Variant.PRO, overrides=Overrides()),
        ]
    )
    assert by_id(await store.prompts()) == wanted
    there = started("there")
    await there.database.open()
    await settle([here, there])
    for each in (here, there):
        assert by_id(await PromptStore(each.database).prompts()) == wanted
        assert not await each.database.rows("SELECT 1 FROM sync_waiting")
        assert not await each.database.rows("SELECT 1 FROM sync_changes WHERE kind = 'presets'")
        await each.database.close()
