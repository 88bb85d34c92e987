"""Builds a new store from a damaged one, with the rows that can still be read.

SQLite reads a copy of the damaged file, table by table in the order of the rows. Where it meets
damage, the rows behind it are reached from the other end, and by halving what lies between. The
rows go into a new, empty store. What is derived is rebuilt: the search index, the sums of the
spending. A message that has lost its conversation gets a new one. The damaged file stays beside the
new store.
"""

from __future__ import annotations

import shutil
import sqlite3
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from desktop_app.chat.conversation_store import record_attachments
from desktop_app.documents.store.attachment_cleanup import remove_unneeded_rows
from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.domain.conversations.conversation import Conversation, MessageStatus
from desktop_app.domain.errors import StorageError, StoreDamagedError
from desktop_app.domain.stored_table import Effect
from desktop_app.i18n.translation import N_, tr
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
from desktop_app.storage.database import refuse_foreign
from desktop_app.storage.private_files import create_private
from desktop_app.storage.row_conversion import (
    draft_to_text,
    message_from_row,
    overrides_to_text,
    searchable_text,
)
from desktop_app.storage.row_writing import insert_rows
from desktop_app.storage.schema import migrate
from desktop_app.storage.search_index import EntryKind, add_entry
from desktop_app.storage.sqlite_connection import connect, require_sound
from desktop_app.storage.storage_errors import UNREADABLE, translate_errors
from desktop_app.storage.store_lock import REPAIR_PREFIX, exclusive_lock
from desktop_app.storage.stored_tables import former_tables, read_stored, synced_tables, tables_of
from desktop_app.system import sync

LOST_TITLE: Final = N_("Recovered conversation")
_LOST_PROJECT: Final = N_("Recovered project")
_MAX_READS: Final = 40_000
"""Reads that may end at damage: each takes about half a millisecond."""
_MAX_VAIN_READS: Final = 1000
"""Successive reads of a table that find no row: its first page or the rest of it is lost."""
_READ_ROLE: Final = "SELECT 1 FROM messages NOT INDEXED WHERE role IN ('user', 'assistant')"
_MAX_VALUE_BYTES: Final = 64 << 20
"""No value of the program is longer. A damaged length would make SQLite ask for as much memory."""
_PAGE_BYTES: Final = 4096
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
# Of collections that have lost their project, and those of an earlier version.
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
        damaged_tables: the number of tables that could not be read completely.
        mended_messages: the number of messages that had lost their conversation or their parent.
        copied: the number of rows that were copied.
        dropped: the number of rows left out, because they are invalid or repeated.
        reads_left: the number of further reads that may end at damage.
        repaired_file: the new store; None if it has the path of the damaged one.
        has_left, switched_off: as in `RestoreResult`.
    """

    damaged_file: Path
    conversations: int = 0
    messages: int = 0
    damaged_tables: int = 0
    mended_messages: int = 0
    copied: int = 0
    dropped: int = 0
    reads_left: int = _MAX_READS
    repaired_file: Path | None = None
    has_left: bool = False
    switched_off: SwitchedOff = NOTHING

    @property
    def sentence(self) -> str:
        is_sound = not (self.damaged_tables or self.dropped or self.mended_messages)
        sentences = [
            tr(
                "Recovered conversations: {conversations}, messages: {messages}.",
                conversations=self.conversations,
                messages=self.messages,
            )
        ]
        if self.damaged_tables:
            sentences.append(tr("Parts of the file couldn’t be read."))
        if self.dropped or self.mended_messages:
            sentences.append(
                tr(
                    "Skipped invalid rows: {dropped}. Messages that got a new place: {mended}.",
                    dropped=self.dropped,
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
                shutil.copyfile(source, copy.with_name(copy.name + suffix))
        is_store = _can_read(copy, "SELECT count(*) FROM sqlite_master")
        result.has_left = shares_library(copy)
        if not is_store:
            _graft_first_page(copy, Path(scratch))
        new_store = Path(scratch) / "new.sqlite3"
        create_private(new_store)
        with closing(connect(new_store, "rw")) as target:
            _build_store(target, copy, result, progress)
            if not is_store and not result.copied:
                raise StorageError(
                    N_("Nothing could be recovered from {place}."),
                    hint=N_("Move it elsewhere, or restore a backup."),
                    place=str(database),
                )
            require_sound(target, "quick_check", str(database), "the repaired store")
        sync(new_store)
        yield new_store


def _graft_first_page(copy: Path, scratch: Path) -> None:
    """Give a copy whose first page is damaged that of a new store or a rebuilt one.

    The schema names the first page of each table. These are the same in all stores, except that
    SQLite numbers the tables otherwise in a file that it has rebuilt.
    """
    fresh, rebuilt = scratch / "fresh.sqlite3", scratch / "rebuilt.sqlite3"
    with closing(connect(fresh, "rwc")) as connection:
        migrate(connection)
        connection.execute("VACUUM INTO ?", (str(rebuilt),))
    size = copy.stat().st_size // _PAGE_BYTES
    for template in (rebuilt, fresh):
        first_page, leaves = _schema_pages(template.read_bytes(), size + 1)
        with copy.open("r+b") as file:
            file.write(first_page)
            file.seek(size * _PAGE_BYTES)
            file.write(leaves)
        if _can_read(copy, _READ_ROLE):
            return


def _schema_pages(data: bytes, first_leaf: int) -> tuple[bytes, bytes]:
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
    for number, place in enumerate(places, first_leaf):
        (child,) = struct.unpack_from(">I", page, place)
        leaves += data[(child - 1) * _PAGE_BYTES : child * _PAGE_BYTES]
        struct.pack_into(">I", page, place, number)
    struct.pack_into(">I", page, 28, first_leaf + cells)  # the number of pages
    return bytes(page), leaves


def _can_read(copy: Path, sql: str) -> bool:
    with suppress(*UNREADABLE), closing(connect(copy, "rw")) as connection:
        return connection.execute(sql).fetchone() is not None
    return False


def _build_store(
    target: sqlite3.Connection, copy: Path, result: RepairResult, progress: Progress
) -> None:
    migrate(target)
    target.execute("BEGIN IMMEDIATE")
    target.execute("DELETE FROM settings")
    # Tables without rowids, of which none is copied, may be of a feature that this program lacks.
    sql = """SELECT m.name FROM sqlite_master AS m JOIN pragma_table_list(m.name) AS t
        WHERE t.type = 'table' AND NOT t.wr AND m.name NOT LIKE 'sqlite_%' ORDER BY m.rowid"""
    left_out = {*tables_of(Effect.DERIVED, Effect.HERE)}
    tables = [name for (name,) in target.execute(sql) if name not in left_out]
    with suppress(*UNREADABLE), closing(connect(copy, "rw")) as source:
        source.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE_BYTES)
        source.text_factory = lambda data: data.decode("utf-8", "replace")
        for number, table in enumerate(tables):
            progress(number, len(tables))
            _copy_table(source, target, table, result)
        for former, (table, _) in former_tables().items():
            _copy_table(source, target, table, result, former)
    (orphans,) = target.execute(_LOST_CONVERSATIONS).fetchone()
    target.execute(_CREATE_LOST_CONVERSATIONS, (tr(LOST_TITLE),))
    target.execute(_CREATE_CONVERSATIONS_OF_TEXTS, (tr(LOST_TITLE),))
    target.execute(_CREATE_LOST_PROJECTS, (tr(_LOST_PROJECT),))
    result.switched_off = switch_off(target)
    result.mended_messages = orphans + mend_references(target)
    _rebuild_derived(target)
    target.execute("COMMIT")
    result.conversations = target.execute("SELECT count(*) FROM conversations").fetchone()[0]
    result.messages = target.execute("SELECT count(*) FROM messages").fetchone()[0]


def _copy_table(
    source: sqlite3.Connection,
    target: sqlite3.Connection,
    table: str,
    result: RepairResult,
    former: str = "",
) -> None:
    """Copy the rows of a table, or those of a `former` table of an earlier version."""
    info = target.execute(f"PRAGMA table_info({table})").fetchall()
    missing = {row["name"]: row["dflt_value"] or "NULL" for row in info}
    renamed = former_tables()[former][1] if former else {}
    base = synced_tables()[table].base if former else {}
    # SQLite reads the quoted name of a column that an earlier version lacks as a text.
    stored = _columns(source, former or table)
    columns = [name for name in stored or missing if renamed.get(name, name) in missing]
    if former and not stored:
        return
    sql = ", ".join(f'{value} AS "{name}"' for name, value in missing.items())
    defaults = dict(target.execute(f"SELECT {sql}").fetchone())
    for row in _readable_rows(source, former or table, columns, result):
        values = {**defaults, **base, **{renamed.get(name, name): row[name] for name in columns}}
        if not former:
            values["rowid"] = row["row_id"]
        try:
            # A row that cannot be read would make the window refuse its conversation.
            found = read_stored(table, values)
            if isinstance(found, Conversation):  # without a damaged draft or damaged settings
                draft, overrides = draft_to_text(found.draft), overrides_to_text(found.overrides)
                values |= {"draft": draft, "overrides": overrides}
            insert_rows(target, table, [values])
            result.copied += 1
        except (*BAD_VALUE, sqlite3.IntegrityError, StoreDamagedError):
            result.dropped += 1


def _columns(source: sqlite3.Connection, table: str) -> list[str]:
    """Return the columns of a damaged table; [] if they cannot be read, or there is no table."""
    with suppress(*UNREADABLE):
        return [row["name"] for row in source.execute(f"PRAGMA table_info({table})")]
    return []


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
        result.damaged_tables += 1
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
        result.damaged_tables += 1


def _rebuild_derived(connection: sqlite3.Connection) -> None:
    """Rebuild the references to attachments and the search indexes."""
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
