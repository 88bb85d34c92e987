"""Long texts enter the search index, and leave it, with little memory."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from desktop_app.storage.database.migrations import MIGRATIONS
from desktop_app.storage.search import search_index
from desktop_app.storage.search.search_index import EntryKind, add_entry, remove_entry

_FOUND = "SELECT count(*) FROM search_index WHERE search_index MATCH '漢'"


@pytest.mark.attack("reply-bounds")
def test_a_long_text_is_found_until_it_is_removed_even_if_a_query_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search_index, "_LONG_TEXT_CHARS", 10)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.row_factory = sqlite3.Row
        for statement in MIGRATIONS[0].statements:
            if "search_" in statement:
                connection.execute(statement)
        # SQLite refuses to redefine the function that returns the text while a query runs.
        running = connection.execute("SELECT 1 UNION SELECT 2")
        for name in ("a", "b", "c"):
            add_entry(connection, EntryKind.MESSAGE, name, "漢 " * 50, 0)
        running.fetchall()
        assert connection.execute(_FOUND).fetchone()[0] == 3
        for name in ("a", "b"):
            remove_entry(connection, EntryKind.MESSAGE, name, "漢 " * 50)
        assert connection.execute(_FOUND).fetchone()[0] == 1
