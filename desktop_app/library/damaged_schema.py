"""The schema of a damaged store, found again: which page each of its tables begins on.

SQLite opens no file whose schema it cannot read. What of the schema is left in the file names the
tables, and so the version that made it; an empty store of that version has the rest.
"""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from desktop_app.storage import schema
from desktop_app.storage.sqlite_connection import connect, connect_in_memory
from desktop_app.storage.storage_errors import UNREADABLE

_PAGE_BYTES: Final = 4096
_SCHEMA_PAGES: Final = 64
"""More than the schema of a store takes."""
_LEAF: Final = 13
"""The first byte of a page with rows."""


def versions() -> range:
    """Return the versions of schemas that stores may have, this program's first."""
    latest = schema.latest_version()
    return range(latest, latest - len(schema.STEPS) - 1, -1)


def create_tables(connection: sqlite3.Connection, version: int) -> None:
    """Create the tables of an earlier version, or of this one."""
    steps = ["schema.sql", *schema.STEPS[: version - versions()[-1]]]
    folder = Path(schema.__file__).parent
    texts = [(folder / s).read_text("utf-8") if s.endswith(".sql") else s for s in steps]
    connection.executescript(";\n".join(["BEGIN IMMEDIATE", *texts, "COMMIT"]))


def can_read_schema(copy: Path) -> bool:
    with suppress(*UNREADABLE), closing(connect(copy, "rw")) as connection:
        return connection.execute("SELECT count(*) FROM sqlite_master").fetchone() is not None
    return False


def _read_header(copy: Path) -> tuple[int | None, int]:
    """Return a store's version and number of pages; (None, 0) if its header is damaged."""
    with copy.open("rb") as file:
        header = file.read(100).ljust(100, b"\0")
    # Section 1.3 of SQLite's file format.
    pages, version, application_id = struct.unpack_from(">28xI28xI4xI", header)
    if application_id != schema.APPLICATION_ID or version not in versions():
        return None, 0
    # The file may have lost its end, but no damaged number makes it as large as the disk.
    return version, min(pages, 8 * copy.stat().st_size // _PAGE_BYTES)


def graft_schema(copy: Path, scratch: Path) -> int:
    """Give a copy whose schema cannot be read that of an empty store; return its version.

    The schema names the first page of each table. What is left of the damaged schema does, too. The
    others are those of an empty store, if most of the named ones are. SQLite numbers them otherwise
    in a file that it has rebuilt.
    """
    found = _found_tables(copy, scratch)
    stated, stated_pages = _read_header(copy)
    candidates = {v: _tables_of(v) for v in ([stated] if stated else versions())}
    sql_found = {(name, sql) for name, (_page, sql) in found.items()}
    version = max(candidates, key=lambda v: (len(sql_found & candidates[v]), -v if found else v))
    fresh, rebuilt = scratch / "fresh.sqlite3", scratch / "rebuilt.sqlite3"
    with closing(connect(fresh, "rwc")) as connection:
        create_tables(connection, version)
        connection.execute("VACUUM INTO ?", (str(rebuilt),))
    pages_found = {name: page for name, (page, _sql) in found.items()}
    pages = {file: _first_pages(file) for file in (fresh, rebuilt)}
    template = max(pages, key=lambda file: len(pages_found.items() & pages[file].items()))
    is_alike = 2 * len(pages_found.items() & pages[template].items()) >= len(found)
    size = max(1, stated_pages, copy.stat().st_size // _PAGE_BYTES)
    # Without the settings of `connect`, which forbid to write the schema.
    with closing(sqlite3.connect(template, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        # Indexes are not read, and tables that are lost have no rows: zeros follow for them.
        sql = "UPDATE sqlite_master SET rootpage = ? + rowid WHERE rootpage > 0"
        connection.execute(sql, (size + _SCHEMA_PAGES,))
        for name, page in ({**pages[template], **pages_found} if is_alike else pages_found).items():
            if page <= size and (name in found or page not in pages_found.values()):
                sql = "UPDATE sqlite_master SET rootpage = ? WHERE type = 'table' AND name = ?"
                connection.execute(sql, (page, name))
    page_count = size + 10 * _SCHEMA_PAGES
    first_page, leaves = _schema_pages(template.read_bytes(), size + 1, page_count)
    with copy.open("r+b") as file:
        file.write(first_page)
        file.seek(size * _PAGE_BYTES)
        file.write(leaves)
        file.truncate(page_count * _PAGE_BYTES)
    return version


def _found_tables(copy: Path, scratch: Path) -> dict[str, tuple[int, str]]:
    """Return the first page and the SQL of each table that the pages of a copy still name.

    Any page may be a leaf of the schema, so those that look like one are read as a table of theirs.
    """
    leaf = scratch / "leaf.sqlite3"
    with closing(connect(leaf, "rwc")) as connection:
        connection.execute("CREATE TABLE m (type, name, tbl_name, rootpage, sql)")
    first_page = leaf.read_bytes()[:_PAGE_BYTES]
    found: dict[str, tuple[int, str]] = {}
    with copy.open("rb") as file:
        while page := file.read(_PAGE_BYTES):
            if page[0] != _LEAF or b"CREATE TABLE" not in page:
                continue
            leaf.write_bytes(first_page + page)
            with suppress(*UNREADABLE), closing(connect(leaf, "ro", is_immutable=True)) as rows:
                sql = """SELECT name, rootpage, sql FROM m
                    WHERE type = 'table' AND typeof(rootpage) = 'integer'"""
                for name, root_page, text in rows.execute(sql):
                    found[name] = root_page, text
    return found


def _tables_of(version: int) -> set[tuple[str, str]]:
    """Return the names and the SQL of a version's tables."""
    with closing(connect_in_memory()) as connection:
        create_tables(connection, version)
        sql = "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
        return set(map(tuple, connection.execute(sql)))


def _first_pages(file: Path) -> dict[str, int]:
    """Return the number of the first page of each table."""
    with closing(connect(file, "ro")) as connection:
        sql = "SELECT name, rootpage FROM sqlite_master WHERE type = 'table' AND rootpage > 0"
        return dict(map(tuple, connection.execute(sql)))


def _schema_pages(data: bytes, first_leaf: int, page_count: int) -> tuple[bytes, bytes]:
    """Return the first page of a store, and the leaves of its schema.

    The leaves are to be appended to another store, from the page with the number `first_leaf` on:
    their own places may have other content there.
    """
    page = bytearray(data[:_PAGE_BYTES])
    # Sections 1.3 and 1.6 of SQLite's file format: after the header of 100 bytes, an interior page
    # has the number of its cells, its last child, and the places of its cells, each with a child.
    (cells,) = struct.unpack_from(">H", page, 103)
    places = [108, *struct.unpack_from(f">{cells}H", page, 112)]
    leaves = b""
    for page_number, place in enumerate(places, first_leaf):
        (child,) = struct.unpack_from(">I", page, place)
        leaves += data[(child - 1) * _PAGE_BYTES : child * _PAGE_BYTES]
        struct.pack_into(">I", page, place, page_number)
    struct.pack_into(">I", page, 28, page_count)
    return bytes(page), leaves
