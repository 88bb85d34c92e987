"""A database of unknown origin is read without running anything that it contains."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from desktop_app.domain.errors import StoreDamagedError
from desktop_app.storage.recovery.foreign_store import ForeignStore, foreign_store
from desktop_app.storage.recovery.row_checks import Column, TableSchema

OLDEST = ("attachments", "conversations", "ledger", "messages", "migrations", "profiles")
TABLES = {*OLDEST, "settings", "extra"}
SETTINGS = TableSchema("settings", (Column("key", "TEXT", True, None),), None)
NUMBER = Column("number", "INTEGER", True, 7)
WORDS = Column("words", "TEXT", True, "it's")
NOTHING = Column("nothing", "TEXT", False, None)


@contextmanager
def store_of(path: Path, *statements: str) -> Iterator[ForeignStore]:
    """Make a database and open it as a foreign one."""
    with closing(sqlite3.connect(path)) as connection:
        for table in OLDEST:
            connection.execute(f"CREATE TABLE {table} (name TEXT)")
        connection.execute("CREATE TABLE settings (key TEXT, twice TEXT AS (key || key))")
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    with foreign_store(path, "other.sqlite3", TABLES) as store:
        yield store


def rows(store: ForeignStore, *columns: Column) -> list[tuple[object, ...]]:
    table = TableSchema("settings", (*SETTINGS.columns, *columns), None)
    return list(store.rows(table))


def test_rows_get_the_defaults_of_missing_columns(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    added = ("INSERT INTO settings VALUES ('a')", "INSERT INTO settings VALUES (X'00ff')")
    with store_of(path, *added) as store:
        more = (7, "it's", None)
        expected = [("a", *more), (b"\0\xff", *more)]
        assert rows(store, NUMBER, WORDS, NOTHING) == expected
        assert list(store.rows(TableSchema("extra", SETTINGS.columns, None))) == []
        assert (store.size, store.bytes_read) == (path.stat().st_size, 1 + 2 + 2 * len("it's"))
        for missing in ("none", "twice"):  # a generated column would be computed
            with pytest.raises(StoreDamagedError) as refused:
                rows(store, Column(missing, "TEXT", True, None))
            assert refused.value.details == f"settings has no column {missing}"


@pytest.mark.attack("imports")
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT name FROM sqlite_master",
        "SELECT secret FROM unknown",
        "SELECT name FROM shown",
        "SELECT length(name) FROM ledger",
        "PRAGMA table_info(ledger)",
        "ATTACH ':memory:' AS more",
    ],
)
def test_statements_of_anything_else_are_refused(tmp_path: Path, statement: str) -> None:
    made = ("CREATE TABLE unknown (secret TEXT)", "CREATE VIEW shown AS SELECT name FROM ledger")
    with (
        store_of(tmp_path / "store.sqlite3", *made) as store,
        pytest.raises(sqlite3.DatabaseError, match=r"not authorized|prohibited"),
    ):
        list(store.texts(statement, "ledger"))


@pytest.mark.attack("imports")
@pytest.mark.parametrize(
    ("statements", "details"),
    [
        (("DROP TABLE ledger", "CREATE VIEW ledger AS SELECT 1"), "ledger is not a table"),
        (("DROP TABLE ledger", "DROP TABLE messages"), "it has no ledger"),
    ],
)
def test_a_missing_or_unreal_table_is_damage(
    tmp_path: Path, statements: tuple[str, ...], details: str
) -> None:
    with (
        pytest.raises(StoreDamagedError) as refused,
        store_of(tmp_path / "store.sqlite3", *statements),
    ):
        pass
    assert refused.value.details == details


@pytest.mark.attack("imports")
@pytest.mark.parametrize("kind", ["TEXT", "BLOB"])
def test_reading_is_bounded_by_the_size_of_the_file(tmp_path: Path, kind: str) -> None:
    big = f"INSERT INTO settings VALUES (CAST(zeroblob({1 << 20}) AS {kind}))"
    with store_of(tmp_path / "store.sqlite3", big) as store:
        for _ in range(3):
            assert len(rows(store)) == 1
        with pytest.raises(StoreDamagedError) as refused:
            rows(store)
        assert refused.value.details == "it holds more than its size"
