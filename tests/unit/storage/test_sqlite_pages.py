"""Rows that are read from raw pages are those that SQLite stored; damaged ones are left out."""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import pytest

from desktop_app.storage.recovery.row_checks import Value
from desktop_app.storage.recovery.sqlite_pages import MAGIC, Record, SqlitePages

EDGES = [-(1 << 63), -(1 << 56), -1, 0, 127, 128, (1 << 56) - 1, 1 << 56, (1 << 63) - 1]
SIZE = 512


def opened(path: Path) -> sqlite3.Connection:
    """Open a database whose transactions do not wait for the disk."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    return connection


def read_all(pages: SqlitePages, root: int = 2) -> list[tuple[Value, ...]]:
    """Return the id and the values of each row of a table."""
    found = [record for number in pages.leaves_below(root) for record in pages.records(number)]
    return [(record.rowid, *record.values) for record in found]


def test_ids_and_numbers_of_every_length_are_read(tmp_path: Path) -> None:
    path = tmp_path / "numbers.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE numbers (value)")
        rows = [(number, number) for number in EDGES]
        connection.executemany("INSERT INTO numbers (rowid, value) VALUES (?, ?)", rows)
        connection.commit()
    pages = SqlitePages(path.read_bytes())
    assert read_all(pages) == rows
    assert pages.damaged_pages == set()


@pytest.mark.parametrize(
    ("size", "reserved"), [(512, 0), (512, 32), (1024, 7), (4096, 0), (65536, 0)]
)
def test_rows_of_every_length_are_read(tmp_path: Path, size: int, reserved: int) -> None:
    """Include the lengths around which a row needs one, two or more overflow pages."""
    path = tmp_path / "lengths.sqlite3"
    with closing(opened(path)) as connection:
        connection.execute(f"PRAGMA page_size = {size}")
        connection.execute("PRAGMA user_version = 1")
    empty = bytearray(path.read_bytes())
    empty[20] = reserved
    empty[105:107] = ((size - reserved) % 65536).to_bytes(2, "big")  # where its cells begin
    path.write_bytes(empty)
    usable, least = size - reserved, (size - reserved - 12) * 32 // 255 - 23
    edges = [usable - 35, 2 * usable - 39, least, least + usable - 4, usable + least, 3 * usable]
    lengths = [edge + off for edge in edges for off in range(-9, 4)]
    rows = [(n, length, "a" * length) for n, length in enumerate(lengths)]
    with closing(opened(path)) as connection:
        connection.execute("CREATE TABLE texts (length INTEGER, text TEXT)")
        connection.executemany("INSERT INTO texts (rowid, length, text) VALUES (?, ?, ?)", rows)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    pages = SqlitePages(path.read_bytes())
    assert (pages.page_size, pages.usable_size) == (size, usable)
    assert read_all(pages) == rows
    assert pages.damaged_pages == set()
    assert set(pages.leaves_below(2)) <= set(pages.leaves())


def test_trees_and_the_list_of_free_pages_are_read(tmp_path: Path) -> None:
    path = tmp_path / "deep.sqlite3"
    with closing(opened(path)) as connection:
        connection.execute(f"PRAGMA page_size = {SIZE}")
        connection.execute("CREATE TABLE kept (text TEXT)")
        connection.execute("CREATE TABLE gone (text TEXT)")
        texts = [("x" * 200,) for _ in range(400)]  # two in a page
        for table in ("kept", "gone"):
            connection.executemany(f"INSERT INTO {table} VALUES (?)", texts)
        assert SqlitePages(path.read_bytes()).free_pages() == set()
        connection.execute("DROP TABLE gone")
        (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    pages = SqlitePages(path.read_bytes())
    assert [row[0] for row in read_all(pages)] == list(range(1, 401))
    assert free > 200, "more than one page lists them"
    found, leaves = pages.free_pages(), pages.leaves_below(2)
    assert len(found) == free
    assert len(leaves) == 200
    assert len(set(leaves)) == 200
    assert found.isdisjoint(leaves)
    assert max(found | set(leaves)) <= pages.count


# -------------------------------------------------------------- pages made by hand


def leaf(*cells: bytes, kind: int = 0x0D) -> bytes:
    """Return the leaf of a table."""
    at, pointers, content = SIZE, b"", b""
    for cell in cells:
        at -= len(cell)
        pointers += at.to_bytes(2, "big")
        content = cell + content
    head = struct.pack(">BHHHB", kind, 0, len(cells), at, 0) + pointers
    return head + bytes(SIZE - len(head) - len(content)) + content


def database(*pages: bytes, trunk: int = 0) -> SqlitePages:
    """Return a file with an empty first page, followed by `pages`."""
    head = MAGIC + struct.pack(">HBBBBBB", SIZE, 1, 1, 0, 64, 32, 32)
    head += bytes(8) + struct.pack(">II", trunk, 0)
    first = head + bytes(100 - len(head)) + leaf()[: SIZE - 100]
    return SqlitePages(b"".join((first, *pages)))


def cell(payload: bytes, rowid: bytes = b"\1", *, length: int | None = None) -> bytes:
    return bytes([len(payload) if length is None else length]) + rowid + payload


@pytest.mark.parametrize(
    ("payload", "values"),
    [
        (b"\2\0", (None,)),
        (b"\2\1\x7f", (127,)),
        (b"\2\1\xff", (-1,)),
        (b"\2\2\1\0", (256,)),
        (b"\2\4\1\0\0\0", (1 << 24,)),
        (b"\2\6\1\0\0\0\0\0\0\0", (1 << 56,)),
        (b"\2\7" + struct.pack(">d", -0.5), (-0.5,)),
        (b"\2\x08", (0,)),
        (b"\2\x09", (1,)),
        (b"\2\x0a", None),
        (b"\2\x0c", (b"",)),
        (b"\2\x0fA", ("A",)),
        (b"\2\x0f\xff", None),
        (b"\3\x81\0" + b"b" * 58, (b"b" * 58,)),
        (b"\2\1", None),
        (b"\2\1\1\1", None),
        (b"\x81", None),
    ],
)
def test_values_are_read_as_their_types(payload: bytes, values: tuple[Value, ...] | None) -> None:
    pages = database(leaf(cell(payload), cell(b"\2\x09", b"\5")))
    expected = [] if values is None else [Record(1, values)]
    assert list(pages.records(2)) == [*expected, Record(5, (1,))]
    assert pages.damaged_pages == (set() if values is not None else {2})
