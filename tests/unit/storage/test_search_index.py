"""The entries of the search index, whose ids are their times."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from desktop_app.storage.database.schema import migrate
from desktop_app.storage.database.sqlite_connection import connect_in_memory
from desktop_app.storage.search import search_index
from desktop_app.storage.search.search_index import (
    EntryKind,
    add_entry,
    first_id_at,
    has_entry,
    micros_of,
    remove_entry,
)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(connect_in_memory()) as connection:
        migrate(connection)
        yield connection


def ids(connection: sqlite3.Connection) -> list[int]:
    return [row["id"] for row in connection.execute("SELECT id FROM search_entries ORDER BY id")]


def found(connection: sqlite3.Connection, word: str) -> int:
    sql = "SELECT count(*) FROM search_index WHERE search_index MATCH ?"
    return int(connection.execute(sql, (word,)).fetchone()[0])


@pytest.mark.parametrize(
    ("micros", "first"),
    [(0, 0), (999, 0), (1000, 8), (5999, 40), (1_760_000_000_000_000, 14_080_000_000_000)],
)
def test_an_id_is_a_time_in_milliseconds(micros: int, first: int) -> None:
    assert first_id_at(micros) == first
    assert {micros_of(first + number) for number in range(8)} == {micros // 1000 * 1000}


def test_an_entry_is_identified_by_kind_and_ref(connection: sqlite3.Connection) -> None:
    add_entry(connection, EntryKind.TITLE, "a", "persimmon", 0)
    assert has_entry(connection, EntryKind.TITLE, "a")
    assert not has_entry(connection, EntryKind.MESSAGE, "a")
    assert not has_entry(connection, EntryKind.TITLE, "b")
    remove_entry(connection, EntryKind.MESSAGE, "a", "persimmon")
    assert found(connection, "persimmon") == 1
    remove_entry(connection, EntryKind.TITLE, "a", "persimmon")
    assert found(connection, "persimmon") == 0
    assert not has_entry(connection, EntryKind.TITLE, "a")


@pytest.mark.attack("reply-bounds")
def test_a_long_text_is_found_until_it_is_removed_even_if_a_query_runs(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_index, "_LONG_TEXT_CHARS", 10)
    # SQLite refuses to redefine the function that returns the text while a query runs.
    running = connection.execute("SELECT 1 UNION SELECT 2")
    for name in ("a", "b", "c"):
        add_entry(connection, EntryKind.MESSAGE, name, "漢 " * 50, 0)
    running.fetchall()
    assert found(connection, "漢") == 3
    for name in ("a", "b"):
        remove_entry(connection, EntryKind.MESSAGE, name, "漢 " * 50)
    assert found(connection, "漢") == 1
