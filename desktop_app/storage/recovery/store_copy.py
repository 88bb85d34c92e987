"""Makes a new store from the rows of an untrusted file.

Rows are copied into a new, empty store with this version's schema, table by table, after the checks
of `row_checks.py`. Triggers, views and unknown tables are left out. The search index, the sums of
the spending and the references between rows are rebuilt. An index that does not match its texts
would break when they are deleted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.documents.passage_words import index_terms
from desktop_app.storage.conversations.row_conversion import searchable_text, to_micros
from desktop_app.storage.database.private_files import create_private
from desktop_app.storage.database.schema import migrate
from desktop_app.storage.database.sqlite_connection import connect, require_sound
from desktop_app.storage.recovery.foreign_store import ForeignStore, foreign_store
from desktop_app.storage.recovery.row_checks import (
    TableSchema,
    Value,
    Values,
    checked_message,
    tables_of,
)
from desktop_app.storage.recovery.row_repair import (
    NOT_COPIED_TABLES,
    rebuild_sums,
    repair_references,
)
from desktop_app.storage.search.search_index import EntryKind, add_entry, first_id_at, has_entry
from desktop_app.storage.search.search_text import index_text

# The maximum length of all passages of a text together, as a multiple of its length. Passages
# overlap a little. A thousand that each span the whole text would fill the disk.
_MAX_OVERLAP_FACTOR: Final = 4
_INDEXED_ATTACHMENTS: Final = "SELECT ref FROM search_entries NOT INDEXED WHERE kind = 'attachment'"
_DECISION_TABLES: Final = ("tool_permissions", "tool_servers")
"""Tables of the user's decisions: their rows are left out, and do not count as invalid."""
_TOOL_SERVERS: Final = "SELECT name FROM tool_servers NOT INDEXED"
_ROWS_AT_ONCE: Final = 2000
_BYTES_AT_ONCE: Final = 16 << 20
_CHARS_AT_ONCE: Final = 16 << 20
# FTS5 collects this many bytes in memory before it writes them: twice as fast as with 1 MB.
_BUFFER_BYTES: Final = 64 << 20
_USUAL_BUFFER_BYTES: Final = 1 << 20
# Nothing protects the new file from a crash: if this process ends, the file is useless.
_FAST_PRAGMAS: Final = (
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA cache_size = -65536",
)

Progress = Callable[[int, int], None]
"""Called with the numbers of bytes read and of all bytes."""


class CopiedRows(NamedTuple):
    """The result of a copy.

    Attributes:
        dropped: the number of rows that were left out as invalid.
        tool_servers: the names of the tool servers in the source, which are left out.
    """

    dropped: int
    tool_servers: frozenset[str]


def copy_store(source: Path, target: Path, name: str, progress: Progress) -> CopiedRows:
    """Make the new store `target` from the rows of `source`, a private copy of a foreign file.

    Args:
        name: the name of the source in error messages.

    Raises:
        StoreTooNewError: a newer version wrote it.
        StoreDamagedError: it is damaged, or not a store.
        sqlite3.Error, OSError: it is damaged, or there is no room.
    """
    create_private(target)
    with closing(connect(target, "rw")) as connection:
        migrate(connection)
        connection.execute("DELETE FROM settings")
        for pragma in _FAST_PRAGMAS:
            connection.execute(pragma)
        tables = tables_of(connection)
        connection.execute("BEGIN IMMEDIATE")
        with foreign_store(source, name, tables) as store:
            dropped = _StoreCopy(connection, store, progress).run(tables)
            tool_servers = frozenset(store.texts(_TOOL_SERVERS, "tool_servers"))
            rebuild_sums(connection)
        connection.execute("COMMIT")
        require_sound(connection, "integrity_check", name, "the restored store")
        connection.execute("PRAGMA journal_mode = DELETE")
    return CopiedRows(dropped, tool_servers)


class _StoreCopy:
    """A copy in progress."""

    def __init__(
        self, connection: sqlite3.Connection, store: ForeignStore, progress: Progress
    ) -> None:
        self._connection = connection
        self._store = store
        self._progress = progress
        self._index = _IndexWriter(connection)
        self._searchable_hashes = set(store.texts(_INDEXED_ATTACHMENTS, "search_entries"))
        self._dropped = 0

    def run(self, tables: dict[str, TableSchema]) -> int:
        """Copy the tables, and return the number of rows dropped."""
        for table in tables.values():
            if table.name not in NOT_COPIED_TABLES:
                self._copy_table(table)
        _index_passages(self._connection)
        repair_references(self._connection)
        for row in self._connection.execute("SELECT id, title, updated_at FROM conversations"):
            self._index.add(EntryKind.TITLE, row["id"], row["title"], row["updated_at"])
        self._index.finish()
        return self._dropped

    def _copy_table(self, table: TableSchema) -> None:
        """Copy the rows of a table, in batches."""
        placeholders = ", ".join("?" * len(table.columns))
        sql = f"INSERT OR IGNORE INTO {table.name} VALUES ({placeholders})"  # noqa: S608
        if table.name == "messages":
            rows = self._read_messages(table)
        elif table.name == "attachments":
            rows = self._read_attachments(table)
        else:
            rows = self._valid_rows(table)
        batch = []
        batch_start = self._store.bytes_read
        for row in rows:
            batch.append(row)
            if len(batch) == _ROWS_AT_ONCE or self._store.bytes_read - batch_start > _BYTES_AT_ONCE:
                self._connection.executemany(sql, batch)
                batch = []
                batch_start = self._store.bytes_read
                self._progress(min(batch_start, self._store.size), self._store.size)
        self._connection.executemany(sql, batch)

    def _valid_rows(self, table: TableSchema) -> Iterator[tuple[Value, ...]]:
        """Yield the valid rows of a table, without bad dispensable values. Count invalid rows."""
        for row in self._store.rows(table):
            valid_row = table.check_row(row)
            if valid_row is not None:
                yield valid_row
            elif table.name not in _DECISION_TABLES:
                self._dropped += 1

    def _read_messages(self, table: TableSchema) -> Iterator[tuple[Value, ...]]:
        """Yield and index the messages. Parse each only once: messages are most of a store."""
        names = table.names
        file_references = []
        for raw_row in self._store.rows(table):
            row = raw_row
            try:
                if not table.has_types(row):
                    raise TypeError
                message = checked_message(dict(zip(names, row, strict=True)))
            except BAD_VALUE:
                valid_row = table.check_row(row)  # perhaps without its bad value
                if valid_row is None:
                    self._dropped += 1
                    continue
                row = valid_row
                message = checked_message(dict(zip(names, row, strict=True)))
            yield row
            file_references += [(sha256, message.id) for sha256 in message.file_hashes]
            if message.status is not MessageStatus.STREAMING:
                text = searchable_text(message.parts)
                self._index.add(EntryKind.MESSAGE, message.id, text, to_micros(message.created_at))
        sql = "INSERT OR IGNORE INTO message_attachments VALUES (?, ?)"
        self._connection.executemany(sql, file_references)

    def _read_attachments(self, table: TableSchema) -> Iterator[tuple[Value, ...]]:
        """Yield the attachments, and index those that the source's search index has."""
        for row in self._valid_rows(table):
            yield row
            values: Values = dict(zip(table.names, row, strict=True))
            sha256 = values["sha256"]
            if sha256 in self._searchable_hashes:
                text = values["text"]
                at_micros = values["created_at"]
                self._index.add(EntryKind.ATTACHMENT, sha256, text, at_micros)


class _Entry(NamedTuple):
    """An entry of the search index. Entries sort by time, and so by id."""

    at_micros: int
    kind: EntryKind
    ref: str
    text: str


class _IndexWriter:
    """The search index, filled in batches of ascending ids, because FTS5 is slow otherwise."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._pending: list[_Entry] = []
        self._pending_chars = 0
        self._set_buffer(_BUFFER_BYTES)

    def _set_buffer(self, size: int) -> None:
        sql = "INSERT INTO search_index (search_index, rank) VALUES ('hashsize', ?)"
        self._connection.execute(sql, (size,))

    def add(self, kind: EntryKind, ref: str, text: str, at_micros: int) -> None:
        self._pending.append(_Entry(at_micros, kind, ref, text))
        self._pending_chars += len(text)
        if len(self._pending) == _ROWS_AT_ONCE or self._pending_chars > _CHARS_AT_ONCE:
            self._write()

    def finish(self) -> None:
        self._write()
        self._set_buffer(_USUAL_BUFFER_BYTES)

    def _write(self) -> None:
        """Write the pending entries, each once; those whose id is taken come last."""
        rows = []
        collisions = []
        for entry in sorted(self._pending):
            entry_id = first_id_at(entry.at_micros)
            sql = "INSERT OR IGNORE INTO search_entries VALUES (?, ?, ?)"
            if self._connection.execute(sql, (entry_id, entry.kind, entry.ref)).rowcount:
                rows.append((entry_id, index_text(entry.text)))
            elif not has_entry(self._connection, entry.kind, entry.ref):
                collisions.append(entry)
        sql = "INSERT INTO search_index (rowid, words) VALUES (?, CAST(? AS TEXT))"
        self._connection.executemany(sql, rows)
        for entry in collisions:
            add_entry(self._connection, entry.kind, entry.ref, entry.text, entry.at_micros)
        self._pending = []
        self._pending_chars = 0


def _index_passages(connection: sqlite3.Connection) -> None:
    """Index the passages of each text. Delete passages that do not fit their text.

    `repair_references` then marks their files to be read again.
    """
    sql = """SELECT sha256, max("end") AS last, sum("end" - start) AS sum FROM passages
        GROUP BY sha256"""
    for row in connection.execute(sql).fetchall():
        key = (row["sha256"],)
        cursor = connection.execute("SELECT text FROM attachments WHERE sha256 = ?", key)
        attachment = cursor.fetchone()
        text = "" if attachment is None else attachment["text"]
        # Not measured by SQLite, whose length() ends at a null character.
        length = len(text)
        is_missing = attachment is None
        if is_missing or row["last"] > length or row["sum"] > _MAX_OVERLAP_FACTOR * length:
            connection.execute("DELETE FROM passages WHERE sha256 = ?", key)
            continue
        sql = 'SELECT id, title, start, "end" FROM passages WHERE sha256 = ? ORDER BY id'
        connection.executemany(
            "INSERT INTO passage_index (rowid, title, words) VALUES (?, ?, ?)",
            [
                (id_, index_terms(title), index_terms(text[start:end]))
                for id_, title, start, end in connection.execute(sql, key).fetchall()
            ],
        )
    sql = "DELETE FROM passage_vectors WHERE passage_id NOT IN (SELECT id FROM passages)"
    connection.execute(sql)
