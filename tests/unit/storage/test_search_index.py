"""The entries of the search index, whose ids are their times."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.documents.letter_folding import fold, fold_places
from desktop_app.storage.schema import migrate
from desktop_app.storage.search_index import (
    UNINDEXED_KEY,
    EntryKind,
    add_entry,
    has_entry,
    is_current,
    match_expression,
    remove_entry,
)
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


WORDS = ("كِتَابٌ", "أحمد", "שָׁלוֹם", "persimmon", "\u1112\u1161\u11ab\u1100\u116e\u11a8")
STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "remove"]), st.integers(0, 5), st.sampled_from(WORDS))
)


@given(STEPS, STEPS)
def test_an_index_of_a_former_version_is_emptied_before_it_changes(
    before: list[tuple[str, int, str]], after: list[tuple[str, int, str]]
) -> None:
    texts: dict[str, str] = {}

    def take(steps: list[tuple[str, int, str]]) -> None:
        for step, number, word in steps:
            ref = str(number)
            if step == "add" and ref not in texts:
                texts[ref] = word
                add_entry(connection, EntryKind.TITLE, ref, word, number % 3)
            elif step == "remove" and ref in texts:
                remove_entry(connection, EntryKind.TITLE, ref, texts.pop(ref))

    with closing(connect_in_memory()) as connection:
        migrate(connection)
        take(before)
        # As a former version left it, with words that this one does not make.
        connection.execute("DELETE FROM settings")
        connection.execute("INSERT INTO search_index (rowid, words) VALUES (-1, 'former')")
        had_entries = bool(texts)
        take(after)
        noted = connection.execute("SELECT 1 FROM settings WHERE key = ?", (UNINDEXED_KEY,))
        assert (noted.fetchone() is not None) is (had_entries and is_current(connection))
        indexed = {ref for ref in texts if has_entry(connection, EntryKind.TITLE, ref)}
        for word in WORDS:
            written = found(connection, match_expression(f'"{word}"'))
            assert written == sum(texts[ref] == word for ref in indexed)
        for ref, text in texts.items():
            remove_entry(connection, EntryKind.TITLE, ref, text)
        assert not any(found(connection, match_expression(word)) for word in WORDS)


@given(st.text(st.sampled_from("aßأـ\u064eㅎㅏ\u1112\u1161\u11abカﾞﬃ\u0301 "), max_size=12))
def test_each_folded_character_has_its_place(text: str) -> None:
    places = fold_places(text)
    assert len(places) == len(fold(text))
    assert list(places) == sorted(places)


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
