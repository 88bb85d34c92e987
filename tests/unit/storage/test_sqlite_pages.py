"""Rows that are read from raw pages are those that SQLite stored; damaged ones are left out."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Sequence
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


def interior(children: Sequence[int], last: int) -> bytes:
    """Return an inner page of a table."""
    at, pointers, content = SIZE, b"", b""
    for child in children:
        at -= 5
        pointers += at.to_bytes(2, "big")
        content = struct.pack(">IB", child, 1) + content
    head = struct.pack(">BHHHBI", 5, 0, len(children), at, 0, last) + pointers
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
        (b"\1", ()),
        (b"\2\0", (None,)),
        (b"\2\1\x7f", (127,)),
        (b"\2\1\xff", (-1,)),
        (b"\2\2\1\0", (256,)),
        (b"\2\3\1\0\0", (1 << 16,)),
        (b"\2\4\1\0\0\0", (1 << 24,)),
        (b"\2\5\1\0\0\0\0\0", (1 << 40,)),
        (b"\2\6\1\0\0\0\0\0\0\0", (1 << 56,)),
        (b"\2\7" + struct.pack(">d", -0.5), (-0.5,)),
        (b"\2\x08", (0,)),
        (b"\2\x09", (1,)),
        (b"\2\x0a", None),  # reserved
        (b"\2\x0b", None),
        (b"\2\x0c", (b"",)),
        (b"\2\x0d", ("",)),
        (b"\2\x0e\xff", (b"\xff",)),
        (b"\2\x0fA", ("A",)),
        (b"\2\x0f\xff", None),  # not UTF-8
        (b"\4\1\0\x0f\2A", (2, None, "A")),
        (b"\3\x81\0" + b"b" * 58, (b"b" * 58,)),
        (b"\2\1", None),  # less than it states
        (b"\2\1\1\1", None),  # more than it states
        (b"\3\1", None),
        (b"\x81", None),
    ],
)
def test_values_are_read_as_their_types(payload: bytes, values: tuple[Value, ...] | None) -> None:
    pages = database(leaf(cell(payload), cell(b"\2\x09", b"\5")))
    expected = [] if values is None else [Record(1, values)]
    assert list(pages.records(2)) == [*expected, Record(5, (1,))]
    assert pages.damaged_pages == (set() if values is not None else {2})


@pytest.mark.parametrize(
    ("varint", "rowid"),
    [
        (b"\x7f", 127),
        (b"\x81\0", 128),
        (b"\xff" * 7 + b"\x7f", (1 << 56) - 1),
        (b"\x80\xc0\x80\x80\x80\x80\x80\x80\0", 1 << 56),
        (b"\xbf" + b"\xff" * 8, (1 << 63) - 1),
        (b"\xc0" + b"\x80" * 7 + b"\0", -(1 << 63)),
        (b"\xff" * 9, -1),
    ],
)
def test_ids_are_read(varint: bytes, rowid: int) -> None:
    assert list(database(leaf(cell(b"\1", varint))).records(2)) == [Record(rowid, ())]


def overflowing(first: int, size: int) -> bytes:
    """Return a row with a text of `size` bytes, most of them on overflow pages."""
    payload = b"\3" + bytes([0x80 | (2 * size + 13) >> 7, (2 * size + 13) & 0x7F]) + b"t" * size
    least = (SIZE - 12) * 32 // 255 - 23
    local = least + (len(payload) - least) % (SIZE - 4)
    local = local if local <= SIZE - 35 else least
    length = bytes([0x80 | len(payload) >> 7, len(payload) & 0x7F])
    return length + b"\1" + payload[:local] + first.to_bytes(4, "big")


def overflow(follows: int) -> bytes:
    return follows.to_bytes(4, "big") + b"t" * (SIZE - 4)


@pytest.mark.parametrize(
    ("first", "pages", "is_read"),
    [
        (3, [overflow(4), overflow(0)], True),
        (4, [overflow(0), overflow(3)], True),
        (3, [overflow(4), overflow(3)], True),  # the last page's successor is not read
        (3, [overflow(3), overflow(0)], False),
        (3, [overflow(0), overflow(0)], False),
        (3, [overflow(5), overflow(0)], False),
        (0, [overflow(4), overflow(0)], False),
    ],
)
def test_rows_continue_on_overflow_pages(first: int, pages: list[bytes], is_read: bool) -> None:
    size = 39 + 2 * (SIZE - 4) - 3
    made = database(leaf(overflowing(first, size), cell(b"\2\x09")), *pages)
    found = [record.values for record in made.records(2)]
    assert found == [("t" * size,), (1,)] if is_read else found == [(1,)]
    assert made.damaged_pages == (set() if is_read else {2})


def test_shared_overflow_pages_are_read_four_times_on_average() -> None:
    """A forged file could be read as terabytes."""
    row = overflowing(6, 39 + SIZE - 4 - 3)
    pages = database(leaf(*[row] * 8), leaf(*[row] * 9), leaf(*[row] * 9), leaf(row), overflow(0))
    assert [len(list(pages.records(leaf))) for leaf in (2, 3, 4, 5)] == [8, 9, 9, 1]
    assert pages.damaged_pages == set()
    assert [len(list(pages.records(leaf))) for leaf in (2,)] == [1], "28 reads of 6 pages and one"
    assert pages.damaged_pages == {2}


@pytest.mark.parametrize(
    ("pages", "leaves", "bad"),
    [
        ([leaf()], [2], set()),
        ([interior([4, 3], 5), leaf(), leaf(), leaf()], [4, 3, 5], set()),
        ([interior([3], 4), interior([5], 6), leaf(), leaf(), leaf()], [5, 6, 4], set()),
        ([interior([2, 3], 3), leaf()], [3], set()),  # in a ring
        ([interior([3, 0], 9), leaf()], [3], {0, 9}),
        ([interior([3], 4), leaf(kind=0x0A), leaf()], [4], {3}),
        ([b"\5\0\0\xff\xff" + bytes(SIZE - 5)], [], {2}),
    ],
)
def test_the_leaves_below_a_root_are_found(
    pages: list[bytes], leaves: list[int], bad: set[int]
) -> None:
    made = database(*pages)
    assert made.leaves_below(2) == leaves
    assert made.damaged_pages == bad


def test_every_leaf_of_the_file_is_found() -> None:
    pages = database(leaf(), interior([], 2), leaf(kind=0x0A), leaf(), overflow(0))
    assert list(pages.leaves()) == [1, 2, 5]
    assert pages.leaves_below(1) == [1]
    assert list(pages.records(1)) == []
    assert pages.damaged_pages == set()


@pytest.mark.parametrize(
    "page", [b"\x0d\0\0\xff\xff" + bytes(SIZE - 5), leaf(b"")[:8] + b"\xff\xff" + bytes(SIZE - 10)]
)
def test_a_leaf_with_rows_outside_the_page_is_bad(page: bytes) -> None:
    pages = database(page)
    assert list(pages.records(2)) == []
    assert list(pages.records(3)) == []
    assert pages.damaged_pages == {2, 3}


def trunk(follows: int, *pages: int, count: int | None = None) -> bytes:
    stated = len(pages) if count is None else count
    body = struct.pack(f">II{len(pages)}I", follows, stated, *pages)
    return body + bytes(SIZE - len(body))


@pytest.mark.parametrize(
    ("first", "pages", "free"),
    [
        (0, [trunk(0, 7)], set()),
        (2, [trunk(0, 7, 9)], {2, 7, 9}),
        (2, [trunk(3, 7), trunk(0, 8)], {2, 3, 7, 8}),
        (3, [leaf(), trunk(0)], {3}),
        (2, [trunk(2, 7)], {2, 7}),
        (0x0100_0002, [trunk(0, 7)], set()),
        (2, [trunk(3, 7)], {2, 7}),
        (2, [trunk(0, *range(100, 226))], {2, *range(100, 226)}),
        (2, [trunk(3, 7, count=127), trunk(0, 8)], {2}),
    ],
)
def test_free_pages_are_found(first: int, pages: list[bytes], free: set[int]) -> None:
    assert database(*pages, trunk=first).free_pages() == free


def header(size: int, reserved: int = 0, magic: bytes = MAGIC) -> bytes:
    return magic + size.to_bytes(2, "big") + bytes([1, 1, reserved]) + bytes(79)


@pytest.mark.parametrize(
    ("data", "size", "usable"),
    [
        (header(512, 32), 512, 480),
        (header(512, 33), 512, 512),
        (header(1), 65536, 65536),
        (header(1000, 8), 4096, 4088),
        (header(256), 4096, 4096),
        (header(2), 4096, 4096),
        (header(512, 32)[:99], 4096, 4096),
        (header(512, 32, b"SQLite format 4\0"), 4096, 4096),
        (b"", 4096, 4096),
    ],
)
def test_the_size_of_a_page_is_in_the_header(data: bytes, size: int, usable: int) -> None:
    pages = SqlitePages(data)
    assert (pages.page_size, pages.usable_size, pages.count, pages.free_pages()) == (
        size,
        usable,
        0,
        set(),
    )
