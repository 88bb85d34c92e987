"""Builds a new store from a damaged one, with the rows that can still be read.

The damaged file is kept beside the new store. Its readable content
is read page by page (`sqlite_pages.py`) and put into a new, empty store with this version's schema.
Derived data is rebuilt: the search index, the sums of the spending. A message that has lost its
conversation gets a new conversation. A message that has lost its parent gets the preceding message
as its parent.

A record is what a page contains; a row is a record that fits a table. If the pages that lead from
a table to a record are damaged, the record is an orphan: the columns show which table it fits.
Rows that the program cannot read, or that are out of bounds, are dropped: see row_checks.py.
"""

from __future__ import annotations

import mmap
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import StorageError, StoreTooNewError
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.storage.database.database import refuse_foreign
from desktop_app.storage.database.private_files import create_private, sync
from desktop_app.storage.database.schema import migrate
from desktop_app.storage.database.sqlite_connection import connect, remove_log, require_sound
from desktop_app.storage.database.storage_errors import UNREADABLE, translate_errors
from desktop_app.storage.database.store_lock import exclusive_lock
from desktop_app.storage.recovery.backup import copy_damaged_store
from desktop_app.storage.recovery.row_checks import TableSchema, Value, tables_of
from desktop_app.storage.recovery.row_repair import (
    NOT_COPIED_TABLES,
    rebuild_derived,
    rebuild_sums,
    repair_references,
)
from desktop_app.storage.recovery.sqlite_pages import MAGIC, Record, SqlitePages

# Notes and passages are made again. Tool servers and permissions are the user's decisions: they are
# not taken from the rows of a damaged file.
_SKIPPED_TABLES: Final = NOT_COPIED_TABLES | {
    "part_notes",
    "tool_permissions",
    "tool_servers",
    "passages",
    "passage_vectors",
}
_ID_PATTERN: Final = re.compile(r"[0-9a-f]{32}|[0-9a-f]{64}")
# The id of an orphan may be any text in these tables, and must be hexadecimal in all others.
_TABLES_WITH_FREE_IDS: Final = ("profiles", "model_listings", "prompts", "presets")

Progress = Callable[[int, int], None]
"""Called with the number of pages done, and the number of all pages."""


@dataclass(frozen=True)
class RepairResult:
    """The result of a repair.

    Attributes:
        damaged_file: the new path of the damaged file.
        conversations, messages: the numbers of conversations and messages in the new store.
        unreadable_pages: the number of the file's pages with unreadable content.
        mended_messages: the number of messages that had lost their conversation or their parent.
        dropped: the number of rows left out, because they are invalid or repeated. Rows on pages
            without a known table are not counted.
        missing_servers: the number of tool servers left out.
    """

    damaged_file: Path
    conversations: int
    messages: int
    unreadable_pages: int
    mended_messages: int
    dropped: int
    missing_servers: int

    @property
    def sentence(self) -> str:
        """Return a summary for the user."""
        sentences = [
            tr(
                "Recovered conversations: {conversations}, messages: {messages}.",
                conversations=self.conversations,
                messages=self.messages,
            )
        ]
        if self.unreadable_pages:
            sentences.append(
                tr_plural(
                    "{count} page of the file couldn’t be read completely.",
                    "{count} pages of the file couldn’t be read completely.",
                    self.unreadable_pages,
                )
            )
        if self.dropped:
            sentences.append(
                tr_plural(
                    "{count} invalid row was skipped.",
                    "{count} invalid rows were skipped.",
                    self.dropped,
                )
            )
        if self.missing_servers:
            sentences.append(
                tr_plural(
                    "{count} tool server wasn’t recovered. Add it again.",
                    "{count} tool servers weren’t recovered. Add them again.",
                    self.missing_servers,
                )
            )
        if self.mended_messages:
            sentences.append(
                tr_plural(
                    "{count} message had lost its place and got a new one.",
                    "{count} messages had lost their places and got new ones.",
                    self.mended_messages,
                )
            )
        sentences.append(tr("The damaged file is in {file}.", file=str(self.damaged_file)))
        return " ".join(sentences)


def repair_store(database: Path, now: datetime, progress: Progress) -> RepairResult:
    """Replace a damaged store with a new store of the rows that can be read.

    Args:
        now: the time in the new name of the damaged file.

    Raises:
        StorageError: the store is open elsewhere, or there is no room; it is unchanged.
        StoreTooNewError: a newer version wrote it, and may have unknown rows; it is unchanged.
    """
    with translate_errors(str(database)), exclusive_lock(database, Reason.STORE_IN_USE_FOR_REPAIR):
        _refuse_newer(database)
        damaged_file = database.with_name(
            f"{database.stem}.before-repair-{now:%Y%m%d-%H%M%S}.sqlite3"
        )
        with tempfile.TemporaryDirectory(dir=database.parent, prefix=".repair-") as scratch:
            new_store = Path(scratch) / "new.sqlite3"
            with _open_pages_of_copy(database, Path(scratch) / "damaged.sqlite3") as pages:
                result = _build_store(new_store, pages, damaged_file, progress)
            # Copied, not moved, so that a store exists at all times.
            copy_damaged_store(database, damaged_file)
            sync(new_store)
            remove_log(database)
            new_store.replace(database)
            sync(database.parent)
    return result


def _refuse_newer(database: Path) -> None:
    try:
        refuse_foreign(database)
    except StoreTooNewError:
        raise
    except StorageError:  # if the version cannot be read, that is part of the damage
        return


@contextmanager
def _open_pages_of_copy(database: Path, copy_path: Path) -> Iterator[SqlitePages]:
    """Yield the pages of a copy of the store, with the content of its log if SQLite can read it."""
    for suffix in ("", "-wal"):
        source = database.with_name(database.name + suffix)
        if source.exists():
            shutil.copyfile(source, copy_path.with_name(copy_path.name + suffix))
    with copy_path.open("r+b") as file:
        if file.read(len(MAGIC)) != MAGIC:  # without a header, SQLite would ignore the log
            file.seek(0)
            file.write(_header())
    with suppress(*UNREADABLE), closing(connect(copy_path, "rw")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with copy_path.open("rb") as copy, mmap.mmap(copy.fileno(), 0, access=mmap.ACCESS_READ) as data:
        yield SqlitePages(data)


def _header() -> bytes:
    """Return the first 60 bytes of a store's header, as SQLite's file format defines it."""
    page_size = bytes.fromhex("1000")  # 4096
    write_ahead_log = bytes.fromhex("02 02")  # for writing and for reading
    fixed_values = bytes.fromhex("00 40 20 20")  # the format allows no others
    counters = bytes(32)  # sizes, versions and the list of free pages: all unknown
    utf_8 = (1).to_bytes(4, "big")
    return MAGIC + page_size + write_ahead_log + fixed_values + counters + utf_8


def _build_store(
    path: Path, pages: SqlitePages, damaged_file: Path, progress: Progress
) -> RepairResult:
    """Make the new store at `path`.

    Args:
        damaged_file: the path in the result.
    """
    create_private(path)
    with closing(connect(path, "rw")) as connection:
        migrate(connection)
        connection.execute("DELETE FROM settings")
        all_tables = tables_of(connection)
        tables = {name: table for name, table in all_tables.items() if name not in _SKIPPED_TABLES}
        connection.execute("BEGIN IMMEDIATE")
        dropped = _insert_records(connection, pages, tables, progress)
        mended = repair_references(connection)
        rebuild_derived(connection)
        rebuild_sums(connection)
        connection.execute("COMMIT")
        require_sound(connection, "integrity_check", str(path), "the repaired store")
        conversations = connection.execute("SELECT count(*) FROM conversations").fetchone()[0]
        messages = connection.execute("SELECT count(*) FROM messages").fetchone()[0]
    server_names = set(_read_names(pages, all_tables["tool_servers"]))
    return RepairResult(
        damaged_file=damaged_file,
        conversations=conversations,
        messages=messages,
        unreadable_pages=len(pages.damaged_pages),
        mended_messages=mended,
        dropped=dropped,
        missing_servers=len(server_names),
    )


def _read_names(pages: SqlitePages, table: TableSchema) -> list[str]:
    """Return the values in the first column of a table, as far as they can be read."""
    return [
        str(record.values[0])
        for _, root in _table_roots(pages, {table.name: table})
        for leaf in pages.leaves_below(root)
        for record in pages.records(leaf)
        if record.values
    ]


def _row_of(table: TableSchema, record: Record, *, is_orphan: bool) -> tuple[Value, ...] | None:
    """Return a record as a row of `table`; None if it cannot be a row of that table.

    Args:
        is_orphan: True if the record's table is unknown. The record's ids must then look like ids
            that the program makes.
    """
    values = list(record.values)
    # A record has fewer values than the table has columns if it is older than the last of them.
    if not 1 <= len(values) <= len(table.columns):
        return None
    if table.alias is not None:
        # SQLite stores NULL in the column that is an alias of the row's id.
        if values[table.alias] is not None:
            return None
        values[table.alias] = record.rowid
    row = (*values, *(column.default for column in table.columns[len(values) :]))
    if is_orphan:
        for value, column in zip(row, table.columns, strict=True):
            is_text_id = column.name in ("id", "sha256") and column.kind == "TEXT"
            if is_text_id and value is not None and not _looks_like_own_id(table.name, str(value)):
                return None
    return table.check_row(row)


def _looks_like_own_id(table: str, value: str) -> bool:
    if table in _TABLES_WITH_FREE_IDS:
        return value != ""
    return _ID_PATTERN.fullmatch(value) is not None


def _insert(
    connection: sqlite3.Connection, table: TableSchema, record: Record, *, is_orphan: bool = False
) -> bool:
    """Insert a record unless it is invalid or already in the store. Return True if inserted."""
    row = _row_of(table, record, is_orphan=is_orphan)
    if row is None:
        return False
    names = table.names
    if table.alias is None:  # the row's id is in no column
        row = (record.rowid, *row)
        names = ("rowid", *names)
    columns = ", ".join(names)
    placeholders = ", ".join("?" * len(row))
    sql = f"INSERT OR IGNORE INTO {table.name} ({columns}) VALUES ({placeholders})"  # noqa: S608
    return connection.execute(sql, row).rowcount > 0


def _insert_records(
    connection: sqlite3.Connection,
    pages: SqlitePages,
    tables: dict[str, TableSchema],
    progress: Progress,
) -> int:
    """Insert the records of all pages. Return how many records of known tables were left out."""
    reachable_leaves: set[int] = set()
    dropped = 0
    for table, root in _table_roots(pages, tables):
        for leaf in pages.leaves_below(root):
            reachable_leaves.add(leaf)
            for record in pages.records(leaf):
                if not _insert(connection, table, record):
                    dropped += 1
    schema_page = 1
    # A free page may still contain records, but they were deleted.
    skipped_pages = reachable_leaves | pages.free_pages() | {schema_page}
    for leaf in pages.leaves():
        progress(leaf, pages.count)
        if leaf not in skipped_pages:
            for record in pages.records(leaf):
                _insert_orphan(connection, record, tables)
    return dropped


def _table_roots(
    pages: SqlitePages, tables: dict[str, TableSchema]
) -> list[tuple[TableSchema, int]]:
    """Return the tables that a readable page of the schema lists, each with its root page."""
    roots = []
    for leaf in pages.leaves_below(1):
        for record in pages.records(leaf):
            values = record.values
            # The columns of the schema: type, name, tbl_name, rootpage, sql.
            if len(values) == 5 and values[0] == "table" and isinstance(values[3], int):
                table = tables.get(str(values[1]))
                if table is not None:
                    roots.append((table, values[3]))
    return roots


def _insert_orphan(
    connection: sqlite3.Connection, record: Record, tables: dict[str, TableSchema]
) -> None:
    """Insert an orphan into the table with the fewest columns that it fits, if there is one."""
    fitting_tables = [
        table for table in tables.values() if _row_of(table, record, is_orphan=True) is not None
    ]
    if fitting_tables:
        table = min(fitting_tables, key=lambda each: len(each.columns))
        _insert(connection, table, record, is_orphan=True)
