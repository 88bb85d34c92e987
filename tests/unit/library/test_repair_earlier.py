"""Repair of a store of an earlier version loses nothing that its steps know."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.domain.errors import StorageError
from desktop_app.library.damaged_schema import create_tables, versions
from desktop_app.storage import schema
from desktop_app.storage.schema import STEPS
from tests.helpers.examples import examples
from tests.unit.library.test_repair import PAGE, overwrite, repaired, rows, use_store

VERSION = versions()[-1] + STEPS.index(schema._PROJECTS)
"""The last version with names of collections, batch jobs and presets."""
COUNT = 40
LONG = "quince " * 400
KEPT = {
    "SELECT name FROM folders ORDER BY name": [("Lease",), ("Papers",)],
    "SELECT title FROM prompts ORDER BY title": [("Reply",), ("Reviewer",)],
    "SELECT id, name FROM tables": [("job", "Summaries")],
    "SELECT count(*), min(answer) FROM table_answers": [(COUNT, LONG)],
    "SELECT text FROM part_notes": [("What part 2 says",)],
    "SELECT text FROM memory": [("Be brief",)],
    "SELECT count(*), min(title) FROM conversations": [(COUNT, "Title 1")],
    "SELECT count(*) FROM messages": [(COUNT,)],
}


def add(connection: sqlite3.Connection, table: str, **values: object) -> None:
    """Insert a row; the columns without a value or a default are 0 or empty."""
    for _, name, kind, is_needed, default, _ in connection.execute(f"PRAGMA table_info({table})"):
        if is_needed and default is None:
            values.setdefault(name, 0 if kind == "INTEGER" else "")
    names, places = ", ".join(values), ", ".join("?" * len(values))
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", [*values.values()])


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the bytes of a store of the earlier version."""
    path = tmp_path_factory.mktemp("earlier") / "store.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        create_tables(connection, VERSION)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        add(connection, "folders", id="f", name="Lease")
        add(connection, "collections", id="c", name="Papers", folder="/papers")
        add(connection, "presets", id="same", name="Reviewer", overrides="{}")
        add(connection, "prompts", id="same", title="Reply", text="Reply.")
        add(connection, "part_notes", key="k", text="What part 2 says")
        add(connection, "memory", id="m", text="Be brief")
        settled = {
            "status": "completed",
            "details": '{"api": "responses"}',
            "cost": "0",
            "batch_id": "b",
        }
        add(connection, "batch_jobs", id="job", title="Summaries", **settled)
        for n in range(1, COUNT + 1):
            item = {"number": n, "status": "answered", "cost": "0.01", "part": "[]"}
            add(connection, "batch_items", job_id="job", answer=LONG, **item)
            add(connection, "conversations", id=f"c{n}", title=f"Title {n}")
            parts = f'[{{"kind": "text", "text": "{LONG}"}}]'
            message = {"id": f"m{n}", "conversation_id": f"c{n}", "parts": parts}
            add(connection, "messages", role="user", status="complete", notices="[]", **message)
        connection.commit()
    return path.read_bytes()


def pages_of(data: bytes, table: str, folder: Path) -> list[int]:
    """Return the numbers of the pages of a table or an index."""
    copy = folder / "pages.sqlite3"
    copy.write_bytes(data)
    sql = f"SELECT pageno FROM dbstat WHERE name IN ('{table}') ORDER BY path"
    return [number for (number,) in rows(copy, sql)]


@pytest.mark.parametrize(
    ("table", "page"),
    [
        ("", 0),
        ("sqlite_autoindex_messages_1", 0),
        *(("sqlite_schema", page) for page in (0, 1, 2, 3)),
    ],
)
def test_a_damaged_index_or_schema_loses_nothing(
    tmp_path: Path, earlier: bytes, table: str, page: int
) -> None:
    path = tmp_path / "store.sqlite3"
    path.write_bytes(earlier)
    if table:
        overwrite(path, [pages_of(earlier, table, tmp_path)[page]], random.Random(3))
    found = repaired(path)
    assert {sql: rows(path, sql) for sql in KEPT} == KEPT
    assert not found.incomplete
    assert not found.dropped
    assert ("No damage was found." in found.sentence) == (not table)
    use_store(path)


@pytest.mark.parametrize("table", ["batch_items", "presets", "messages", "part_notes"])
def test_what_is_lost_is_named_and_nothing_else_is_lost(
    tmp_path: Path, earlier: bytes, table: str
) -> None:
    path = tmp_path / "store.sqlite3"
    path.write_bytes(earlier)
    overwrite(path, [pages_of(earlier, table, tmp_path)[-1]], random.Random(3))
    found = repaired(path)
    assert found.incomplete == [table]
    assert table in found.sentence
    lost = {"batch_items": "table_answers", "presets": "prompts"}.get(table, table)
    kept = {sql: wanted for sql, wanted in KEPT.items() if lost not in sql}
    assert {sql: rows(path, sql) for sql in kept} == kept


def test_rows_that_the_steps_cannot_convert_cost_only_their_tables(
    tmp_path: Path, earlier: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "STEPS", [*STEPS, "UPDATE prompts SET title = json(title)"])
    path = tmp_path / "store.sqlite3"
    path.write_bytes(earlier)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE own (a)")
    found = repaired(path)
    assert sorted(found.incomplete) == ["own", "presets", "prompts"]
    kept = {sql: wanted for sql, wanted in KEPT.items() if "prompts" not in sql}
    assert {sql: rows(path, sql) for sql in kept} == kept


@settings(max_examples=examples(10), deadline=None)
@given(seed=st.integers(0, 1 << 32), count=st.integers(1, 8), share=st.floats(0.2, 1))
def test_any_damage_of_an_earlier_store_leaves_one_of_this_version(
    seed: int, count: int, share: float, earlier: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("damage") / "store.sqlite3"
    path.write_bytes(earlier[: int(len(earlier) * share)])
    chance = random.Random(seed)
    pages = path.stat().st_size // PAGE
    overwrite(path, [chance.randint(1, pages) for _ in range(count)], chance)
    before = path.read_bytes()
    try:
        repaired(path)
    except StorageError:
        assert path.read_bytes() == before
        return
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    assert rows(path, "PRAGMA foreign_key_check") == []
    use_store(path)
