"""Builds a new store from a damaged one, or from one whose migration fails.

A copy of the file is brought to this version. If that fails, or the file is damaged, its rows are
copied, and then brought to this version, so that the tables and names of the file's own version are
found. SQLite reads them table by table in the order of the rows. Where it meets damage, the rows
behind it are reached from the other end, and by halving what lies between. They go into a new,
empty store. What is derived is rebuilt: the search index, the sums of the spending. A message that
has lost its conversation gets a new one. The damaged file stays beside the new store.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from desktop_app.chat.conversation_store import record_attachments
from desktop_app.documents.store.attachment_cleanup import remove_unneeded_rows
from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.domain.conversations.conversation import Conversation, MessageStatus
from desktop_app.domain.errors import StorageError, StoreDamagedError
from desktop_app.domain.stored_table import Effect
from desktop_app.i18n.formatting import joined, number
from desktop_app.i18n.translation import N_, tr
from desktop_app.library.damaged_schema import (
    can_read_schema,
    create_tables,
    graft_schema,
    versions,
)
from desktop_app.library.search_rebuild import index_passages
from desktop_app.library.store_file import (
    HAS_LEFT,
    NOTHING,
    SwitchedOff,
    mend_references,
    replace_store,
    shares_library,
    switch_off,
)
from desktop_app.storage import schema
from desktop_app.storage.database import refuse_foreign
from desktop_app.storage.private_files import copy_private, create_private
from desktop_app.storage.row_conversion import (
    draft_to_text,
    message_from_row,
    overrides_to_text,
    searchable_text,
)
from desktop_app.storage.row_writing import insert_rows
from desktop_app.storage.search_index import EntryKind, add_entry
from desktop_app.storage.sqlite_connection import connect, require_sound
from desktop_app.storage.storage_errors import UNREADABLE, is_full_or_read_only, translate_errors
from desktop_app.storage.store_lock import REPAIR_PREFIX, exclusive_lock
from desktop_app.storage.stored_tables import read_stored, stored_tables, tables_of
from desktop_app.system import sync

LOST_TITLE: Final = N_("Recovered conversation")
_LOST_PROJECT: Final = N_("Recovered project")
_MAX_READS: Final = 40_000
"""Reads that may end at damage: each takes about half a millisecond."""
_MAX_VAIN_READS: Final = 1000
"""Successive reads of a table that find no row: its first page or the rest of it is lost."""
_MAX_VALUE_BYTES: Final = 64 << 20
"""No value of the program is longer. A damaged length would make SQLite ask for as much memory."""
_LAST_ROW_ID: Final = (1 << 63) - 1
_CREATE_LOST_CONVERSATIONS: Final = """
    INSERT INTO conversations (id, title, created_at, updated_at, provider_id, model, variant,
        effort, pinned, draft)
    SELECT conversation_id, ?, min(created_at), max(created_at), coalesce(provider_id, ''),
        coalesce(model, ''), variant, effort, 0, ''
    FROM messages WHERE conversation_id NOT IN (SELECT id FROM conversations)
    GROUP BY conversation_id
"""
_CREATE_CONVERSATIONS_OF_TEXTS: Final = """
    INSERT INTO conversations (id, title, created_at, updated_at, provider_id, model, pinned, draft)
    SELECT conversation_id, ?, min(updated_at), max(updated_at), '', '', 0, ''
    FROM texts WHERE conversation_id NOT IN (SELECT id FROM conversations)
    GROUP BY conversation_id
"""
# Of collections that have lost their project.
_CREATE_LOST_PROJECTS: Final = """
    INSERT INTO folders (id, name, created_at, overrides, collection_id)
    SELECT id, ?, created_at, '', id FROM collections
    WHERE id NOT IN (SELECT collection_id FROM folders) AND id NOT IN (SELECT id FROM folders)
"""
_LOST_CONVERSATIONS: Final = """SELECT count(*) FROM messages
    WHERE conversation_id NOT IN (SELECT id FROM conversations)"""
Progress = Callable[[int, int], None]
"""Called with the number of tables done, and the number of all tables."""


@dataclass
class RepairResult:
    """The result of a repair.

    Attributes:
        damaged_file: the new path of the damaged file.
        conversations, messages: the numbers of conversations and messages in the new store.
        incomplete: the tables of which nothing, or not all, is in the new store.
        mended_messages: the number of messages that had lost their conversation or their parent.
        copied: the number of rows that were copied.
        dropped: the rows left out of each table, because they are invalid or repeated.
        is_damaged: the file is, or its migration fails.
        reads_left: the number of further reads that may end at damage.
        repaired_file: the new store; None if it has the path of the damaged one.
        has_left, switched_off: as in `RestoreResult`.
    """

    damaged_file: Path
    conversations: int = 0
    messages: int = 0
    incomplete: list[str] = field(default_factory=list)
    mended_messages: int = 0
    copied: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    is_damaged: bool = False
    reads_left: int = _MAX_READS
    repaired_file: Path | None = None
    has_left: bool = False
    switched_off: SwitchedOff = NOTHING

    @property
    def sentence(self) -> str:
        is_sound = not (self.is_damaged or self.dropped or self.mended_messages)
        sentences = [
            tr(
                "Recovered conversations: {conversations}, messages: {messages}.",
                conversations=self.conversations,
                messages=self.messages,
            )
        ]
        if self.incomplete:
            tables = joined(sorted(set(self.incomplete)))
            sentences.append(tr("Recovered in part, or not at all: {tables}.", tables=tables))
        if self.dropped or self.mended_messages:
            sentences.append(
                tr(
                    "Skipped invalid rows: {dropped}. Messages that got a new place: {mended}.",
                    dropped=self._dropped_text,
                    mended=self.mended_messages,
                )
            )
        if is_sound:
            sentences.append(tr("No damage was found."))
        if self.repaired_file is None and is_sound:
            sentences.append(tr("The former file is in {file}.", file=str(self.damaged_file)))
        elif self.repaired_file is None:
            sentences.append(tr("The damaged file is in {file}.", file=str(self.damaged_file)))
        else:
            sentences.append(tr("The new library is in {file}.", file=str(self.repaired_file)))
        if self.has_left:
            sentences.append(tr(HAS_LEFT))
        return " ".join([*sentences, *self.switched_off.sentences()])

    @property
    def _dropped_text(self) -> str:
        tables = joined([f"{table} {number(n)}" for table, n in self.dropped.most_common()])
        return f"{number(self.dropped.total())} ({tables})" if tables else "0"


def repair_store(
    database: Path, now: datetime, progress: Progress, to: Path | None = None
) -> RepairResult:
    """Replace a damaged store with a new store of the rows that can be read.

    Args:
        now: the time in the new name of the damaged file.
        to: the file that gets the new store instead; the damaged one is unchanged. Its disk may be
            full or read-only.

    Raises:
        StorageError: the store is open elsewhere, there is no room, another program or version
            wrote it, or it has no readable row; it is unchanged.
    """
    damaged = database.with_name(f"{database.stem}.before-repair-{now:%Y%m%d-%H%M%S}.sqlite3")
    result = RepairResult(damaged if to is None else database, repaired_file=to)
    lock = exclusive_lock(
        database,
        N_("Your library is open in another Repartee window or command."),
        N_("Close it, then repair again."),
    )
    with translate_errors(str(to or database)), ExitStack() as stack:
        # Nobody can have the store open if no lock can be made.
        with nullcontext() if to is None else suppress(OSError):
            stack.enter_context(lock)
        folder = (to or database).parent
        new_store = stack.enter_context(_recovered_store(database, folder, result, progress))
        if to is None:
            replace_store(new_store, database, result.damaged_file)
        else:
            shutil.copyfile(new_store, to)
    return result


@contextmanager
def _recovered_store(
    database: Path, folder: Path, result: RepairResult, progress: Progress
) -> Iterator[Path]:
    """Yield a new store of the rows that can be read, in a temporary folder in `folder`."""
    refuse_foreign(database)
    with tempfile.TemporaryDirectory(dir=folder, prefix=REPAIR_PREFIX) as scratch:
        copy = Path(scratch) / "damaged.sqlite3"
        for suffix in ("", "-wal"):
            source = database.with_name(database.name + suffix)
            if source.exists():
                copy_private(source, copy.with_name(copy.name + suffix))
        result.has_left = shares_library(copy)
        new_store = copy
        if not _can_migrate(copy, result):
            result.is_damaged = True
            new_store = _store_of_rows(copy, Path(scratch), database, result, progress)
        with closing(connect(new_store, "rw")) as connection:
            require_sound(connection, "quick_check", str(database), "the repaired store")
        sync(new_store)
        yield new_store


def _can_migrate(copy: Path, result: RepairResult) -> bool:
    """Bring a copy to this version, and mend its rows; return False if that fails."""
    try:
        with closing(connect(copy, "rw")) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")  # without a log beside it
            connection.execute("PRAGMA secure_delete = ON")
            version = schema.stored_version(connection, copy)
            # Damage that no step meets would be found too late: by whoever needs it.
            require_sound(connection, "integrity_check", str(copy), "the damaged store")
            if version and not schema.is_current(version):
                schema.migrate(connection, version)
            if not schema.has_exact_schema(connection):
                return False
            _finish(connection, result)
    except (*UNREADABLE, StorageError) as error:
        if isinstance(error, sqlite3.Error) and is_full_or_read_only(error):
            raise
        result.dropped.clear()
        return False
    return True


# -------------------------------------------------------------- copying of rows


def _store_of_rows(
    copy: Path, scratch: Path, database: Path, result: RepairResult, progress: Progress
) -> Path:
    """Return a new store of this version with the rows of a copy that can be read."""
    is_store = can_read_schema(copy)
    version = _version_of(copy) if is_store else graft_schema(copy, scratch)
    new_store = scratch / "new.sqlite3"
    create_private(new_store)
    with closing(connect(new_store, "rw")) as target:
        create_tables(target, version)
        target.execute("BEGIN IMMEDIATE")
        target.execute("DELETE FROM settings")
        _copy_rows(copy, target, result, progress)
        target.execute("COMMIT")
        if not is_store and not result.copied:
            raise StorageError(
                N_("Nothing could be recovered from {place}."),
                hint=N_("Move it elsewhere, or restore a backup."),
                place=str(database),
            )
        _migrate_rows(target, version, scratch, result)
        _finish(target, result)
    return new_store


def _version_of(copy: Path) -> int:
    with closing(connect(copy, "rw")) as connection:
        return schema.stored_version(connection, copy) or schema.latest_version()


def _copy_rows(
    copy: Path, target: sqlite3.Connection, result: RepairResult, progress: Progress
) -> None:
    left_out = {*tables_of(Effect.DERIVED, Effect.HERE)}
    tables = _tables(target)
    with closing(connect(copy, "rw")) as source:
        source.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE_BYTES)
        source.text_factory = lambda data: data.decode("utf-8", "replace")
        result.incomplete = [name for name in _tables(source) if name not in tables]
        for done, table in enumerate(name for name in tables if name not in left_out):
            progress(done, len(tables))
            info = target.execute(f"PRAGMA table_info({table})").fetchall()
            stored = {c["name"] for c in source.execute(f"PRAGMA table_info({table})")}
            # SQLite reads the quoted name of a column that a table lacks as a text.
            columns = [c["name"] for c in info if c["name"] in stored or not stored]
            if stored - set(columns):
                result.incomplete.append(table)
            if tables[table]:
                keys = [column["name"] for column in info if column["pk"]]
                rows = _rows_by_key(source, table, columns, keys, result)
            else:
                rows = _readable_rows(source, table, columns, result)
            for row in rows:
                values = {"rowid": row["row_id"]} if "row_id" in row.keys() else {}  # noqa: SIM118
                try:
                    insert_rows(target, table, [{**values, **{n: row[n] for n in columns}}])
                    result.copied += 1
                except sqlite3.IntegrityError:
                    result.dropped[table] += 1


def _tables(connection: sqlite3.Connection) -> dict[str, bool]:
    """Return the tables, each with True if it has no rowids."""
    sql = """SELECT m.name, t.wr FROM sqlite_master AS m JOIN pragma_table_list(m.name) AS t
        WHERE t.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.rowid"""
    return {name: bool(is_without) for name, is_without in connection.execute(sql)}


def _migrate_rows(
    target: sqlite3.Connection, version: int, scratch: Path, result: RepairResult
) -> None:
    """Bring copied rows to this version, without the tables whose rows the steps cannot convert."""
    steps = " ".join(schema.STEPS[version - versions()[-1] :])
    changed = [name for name in _tables(target) if re.search(rf"\b{name}\b", steps)]
    if not changed:
        schema.migrate(target, version)
        return
    with closing(connect(scratch / "rows.sqlite3", "rwc")) as rows:
        target.backup(rows)

        def migrate_without(left_out: list[str]) -> None:
            rows.backup(target)
            for name in left_out:
                target.execute(f"DELETE FROM {name}")  # noqa: S608 - our own names
            schema.migrate(target, version)

        left_out: list[str] = []
        for table in (None, *changed):
            rest = [name for name in left_out if name != table]
            try:
                migrate_without(rest)
            except sqlite3.Error as error:
                if is_full_or_read_only(error):
                    raise
                left_out = left_out or changed
            else:
                left_out = rest
                if table is None:
                    return
        migrate_without(left_out)
        result.incomplete += left_out


def _rows_by_key(
    source: sqlite3.Connection,
    table: str,
    columns: list[str],
    keys: list[str],
    result: RepairResult,
) -> Iterator[sqlite3.Row]:
    """Yield the rows of a damaged table without rowids, from both ends up to the damage."""
    for direction in (" ASC", " DESC"):
        order = ", ".join(key + direction for key in keys)
        with suppress(*UNREADABLE):
            sql = f"SELECT {', '.join(columns)} FROM {table} ORDER BY {order}"  # noqa: S608
            yield from source.execute(sql)
            return
    result.incomplete.append(table)


def _readable_rows(
    source: sqlite3.Connection, table: str, columns: list[str], result: RepairResult
) -> Iterator[sqlite3.Row]:
    """Yield the rows of a damaged table that can be read, from both ends of each gap."""
    listed = ", ".join(f'"{name}"' for name in columns)
    # NOT INDEXED, because an index may lead to rows that the table does not have.
    select = f"""SELECT rowid AS row_id, {listed} FROM {table} NOT INDEXED
        WHERE rowid BETWEEN ? AND ? ORDER BY rowid"""  # noqa: S608 - our own names
    try:
        source.execute(f"{select} LIMIT 0", (0, 0))
    except UNREADABLE:  # nothing tells where the table is
        result.incomplete.append(table)
        return
    ranges = [(0, _LAST_ROW_ID)]
    has_gap = False
    vain_reads = 0
    while ranges and result.reads_left > 0 and vain_reads < _MAX_VAIN_READS:
        first, last = ranges.pop()
        low, high = first - 1, last + 1
        for direction in ("ASC", "DESC"):
            result.reads_left -= 1
            vain_reads += 1
            cursor = source.cursor()
            with suppress(*UNREADABLE), closing(cursor):
                for row in cursor.execute(f"{select} {direction}", (low + 1, high - 1)):
                    if not low < row["row_id"] < high:  # a loop in a damaged tree
                        break
                    if direction == "ASC":
                        low = row["row_id"]
                    else:
                        high = row["row_id"]
                    vain_reads = 0
                    yield row
                else:
                    break
        else:  # neither direction came to its end
            has_gap = True
            if high - low > 2:
                middle = (low + high) // 2
                ranges += [(middle + 1, high - 1), (low + 1, middle)]
    if has_gap:
        result.incomplete.append(table)


# -------------------------------------------------------------- rows of this version


def _finish(connection: sqlite3.Connection, result: RepairResult) -> None:
    """Mend the rows of a store of this version, and make what is derived of them."""
    connection.execute("BEGIN IMMEDIATE")
    _drop_unreadable(connection, result)
    (orphans,) = connection.execute(_LOST_CONVERSATIONS).fetchone()
    connection.execute(_CREATE_LOST_CONVERSATIONS, (tr(LOST_TITLE),))
    connection.execute(_CREATE_CONVERSATIONS_OF_TEXTS, (tr(LOST_TITLE),))
    connection.execute(_CREATE_LOST_PROJECTS, (tr(_LOST_PROJECT),))
    result.switched_off = switch_off(connection)
    result.mended_messages = orphans + mend_references(connection)
    _rebuild_derived(connection)
    connection.execute("COMMIT")
    result.conversations = connection.execute("SELECT count(*) FROM conversations").fetchone()[0]
    result.messages = connection.execute("SELECT count(*) FROM messages").fetchone()[0]


def _drop_unreadable(connection: sqlite3.Connection, result: RepairResult) -> None:
    """Delete the rows that the program cannot read: the window would refuse their conversation."""
    for name, table in stored_tables().items():
        unreadable, mended = [], []
        if not table.reader:
            continue
        for row in connection.execute(f"SELECT rowid AS row_id, * FROM {name}"):  # noqa: S608
            try:
                found = read_stored(name, row)
            except (*BAD_VALUE, StoreDamagedError):
                unreadable.append((row["row_id"],))
                continue
            if isinstance(found, Conversation):  # without a damaged draft or damaged settings
                texts = draft_to_text(found.draft), overrides_to_text(found.overrides)
                if texts != (row["draft"], row["overrides"]):
                    mended.append((*texts, row["row_id"]))
        connection.executemany(f"DELETE FROM {name} WHERE rowid = ?", unreadable)  # noqa: S608
        sql = "UPDATE conversations SET draft = ?, overrides = ? WHERE rowid = ?"
        connection.executemany(sql, mended)
        if unreadable:
            result.dropped[name] += len(unreadable)


def _rebuild_derived(connection: sqlite3.Connection) -> None:
    """Rebuild the references to attachments and the search indexes."""
    for name in tables_of(Effect.DERIVED):
        sql = "SELECT 1 FROM pragma_table_list(?) WHERE type = 'virtual'"
        is_index = connection.execute(sql, (name,)).fetchone()
        delete_all = f"INSERT INTO {name} ({name}) VALUES ('delete-all')"  # noqa: S608
        connection.execute(delete_all if is_index else f"DELETE FROM {name}")  # noqa: S608
    # Each loop writes to other tables than it reads, so it need not fetch all rows first.
    for row in connection.execute("SELECT id, title, updated_at FROM conversations"):
        add_entry(connection, EntryKind.TITLE, row["id"], row["title"], row["updated_at"])
    for row in connection.execute("SELECT * FROM messages"):
        message = message_from_row(row)
        record_attachments(connection, message)
        if message.status is not MessageStatus.STREAMING:
            text = searchable_text(message.parts)
            add_entry(connection, EntryKind.MESSAGE, message.id, text, row["created_at"])
    # The damaged store, which is kept, still needs the files of all its attachments. A cleanup
    # would delete an unneeded attachment with its file, but leaves a file without a row as long as
    # the damaged store is there. So only the rows are removed here.
    remove_unneeded_rows(connection)
    index_passages(connection)
