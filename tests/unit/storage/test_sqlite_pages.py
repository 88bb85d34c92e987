"""Rows that are read from raw pages are those that SQLite stored."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from desktop_app.storage.recovery.sqlite_pages import SqlitePages

EDGES = [-(1 << 63), -(1 << 56), -1, 0, 127, 128, (1 << 56) - 1, 1 << 56, (1 << 63) - 1]


def test_ids_and_numbers_of_every_length_are_read(tmp_path: Path) -> None:
    path = tmp_path / "numbers.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE numbers (value)")
        rows = [(number, number) for number in EDGES]
        connection.executemany("INSERT INTO numbers (rowid, value) VALUES (?, ?)", rows)
        connection.commit()
    pages = SqlitePages(path.read_bytes())
    found = [record for number in pages.tree(2) for record in pages.records(number)]
    assert [(record.rowid, *record.values) for record in found] == rows
    assert pages.bad == set()
