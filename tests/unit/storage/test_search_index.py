"""The entries of the search index, whose ids are their times."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from desktop_app.storage.schema import migrate
from desktop_app.storage.search_index import EntryKind, add_entry, has_entry, remove_entry
from desktop_app.storage.sqlite_connection import connect_in_memory


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
    ("times", "expected"),
    [([5, 5, 5, 6, 5], [5, 6, 7, 8, 9]), ([7, 5, 5, 5], [5, 7, 8, 9]), ([0, -1, -1], [-1, 0, 1])],
)
def test_an_id_is_a_time_or_the_next_that_is_free(
    connection: sqlite3.Connection, times: list[int], expected: list[int]
) -> None:
    for number, time in enumerate(times):
        add_entry(connection, EntryKind.TITLE, str(number), "persimmon", time)
    assert ids(connection) == expected
    assert found(connection, "persimmon") == len(times)


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


def test_a_stale_entry_is_replaced_and_its_id_is_not_used_again(
    connection: sqlite3.Connection,
) -> None:
    """A row that was deleted without its entry has left it."""
    add_entry(connection, EntryKind.TITLE, "a", "persimmon", 5)
    add_entry(connection, EntryKind.TITLE, "a", "quince", 7)
    add_entry(connection, EntryKind.TITLE, "b", "quince", 5)
    sql = "SELECT id, ref FROM search_entries ORDER BY id"
    assert list(map(tuple, connection.execute(sql))) == [(7, "a"), (8, "b")]
    remove_entry(connection, EntryKind.TITLE, "a", "quince")
    assert found(connection, "quince") == 1
