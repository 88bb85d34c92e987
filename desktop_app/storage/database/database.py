"""The SQLite file: one writer on its own thread, readers beside it, whole transactions.

WAL, so that a write never waits for a read; synchronous=FULL, so that what was acknowledged is on
the disk. Other processes write in short transactions beside us: each waits for the other's, for
`BUSY_TIMEOUT_S` at most.

Threads of our own instead of the event loop's executor, so that this works alike under asyncio and
under a Qt loop, and so that a stuck disk stops nothing else.

Whether the last exit was clean is told by the write-ahead log: the last one to close the store
removes it. Whether somebody else has the store open now is told by a lock that everybody holds.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from desktop_app.domain.errors import StorageError
from desktop_app.storage.database.migration_runner import Migration, migrate, pending
from desktop_app.storage.database.migrations import MIGRATIONS
from desktop_app.storage.database.private_files import create_private
from desktop_app.storage.database.sqlite_connection import Mode, connect
from desktop_app.storage.database.storage_errors import damaged, translated
from desktop_app.storage.database.store_lock import StoreLock
from desktop_app.storage.settings.key_origins import record_key_origins

T = TypeVar("T")
Action = Callable[[sqlite3.Connection], T]

BUSY_TIMEOUT_S: Final = 10.0
# Two, so that a search through everything does not hold up the opening of a conversation.
READERS: Final = 2
# How many steps of SQLite's machine pass, about a millisecond, before a read looks whether anybody
# still waits for it.
PROGRESS_STEPS: Final = 20_000
# A larger store is not checked while the window waits for it: 64 MB take a tenth of a second.
CHECKED_AT_OPEN_BYTES: Final = 64 * 1024 * 1024

# The index of the search is put together anew in slices of so many of its pages, 4 KB each: some 40 ms
# of writing, half a minute in all for a million messages.
MERGED_PAGES: Final = 200
_MERGE: Final = (
    "INSERT INTO search_index (search_index, rank) VALUES ('merge', ?)",
    "INSERT INTO passage_index (passage_index, rank) VALUES ('merge', ?)",
)
# There while words of what was deleted may stand in the files.
_UNWIPED: Final = "store.unwiped"


class Database:
    """The store's file. Open it once, close it before the loop ends.

    An action is given a connection and runs in one transaction on another thread; it must not
    keep the connection. What it raises comes back to the caller, SQLite's errors as StorageError.

    Attributes:
        needs_check: the last exit was not clean, and the store was too large to be checked while
            it was opened: `check` is to be called once there is time.
    """

    def __init__(self, path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> None:
        self.path = path
        self.needs_check = False
        self._migrations = migrations
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        self._connection: sqlite3.Connection | None = None
        self._reading = threading.local()
        self._read_connections: list[sqlite3.Connection] = []
        self._lock: StoreLock | None = None

    async def open(self) -> None:
        """Open the store, making or migrating it where needed.

        Raises:
            StoreTooNewError: a newer version wrote it; untouched.
            StoreDamagedError: it is no database, or failed the check after an unclean exit.
            StoreFullError: no space, read-only.
            StorageError: anything else that keeps it from being used.
        """
        await asyncio.shield(asyncio.wrap_future(self._submit(self._writer, self._open)))

    async def write(self, action: Action[T]) -> T:
        """Run `action` in one transaction; on return its changes are on the disk.

        A write that was asked for happens, even where the asker is cancelled while it waits.
        """
        job = self._submit(self._writer, lambda: self._in_transaction(action))
        return await asyncio.shield(asyncio.wrap_future(job))

    async def read(self, action: Action[T]) -> T:
        """Run `action` on one consistent state of the store; it cannot change anything. One whose
        asker is cancelled is broken off, so that it holds up nobody."""
        reading = _Reading()
        job = self._submit(self._readers, lambda: self._in_snapshot(action, reading))
        try:
            return await asyncio.wrap_future(job)
        except asyncio.CancelledError:
            reading.interrupt()
            raise

    async def foreign_version(self) -> int:
        """A number that is another one whenever somebody else has written to the store since it was
        last asked for. Our own writes do not change it, and those asked for before are done."""
        job = self._submit(self._writer, self._foreign_version)
        return await asyncio.shield(asyncio.wrap_future(job))

    async def is_alone(self) -> bool:
        """Whether nobody else has the store open. Raises StorageError."""
        job = self._submit(self._writer, self._is_alone)
        return await asyncio.shield(asyncio.wrap_future(job))

    def _is_alone(self) -> bool:
        if self._lock is None:
            raise _closed()
        with translated(str(self.path)):
            alone = self._lock.take()
            self._lock.share()
        return alone

    async def check(self) -> None:
        """Look through the whole store, beside other work; about 2 s for a gigabyte.

        Raises:
            StoreDamagedError: it is damaged.
        """
        await self.read(lambda connection: _check(connection, self.path))
        self.needs_check = False

    async def wipe(self) -> None:
        """Have nothing that was deleted stand in the files any more: neither in the write-ahead log
        nor in the indexes, which mark it only until they are put together anew. In slices:
        whoever writes meanwhile has its turn between them. One that is broken off leaves the rest
        to `wipe_rest`."""
        for statement in _MERGE:
            pages = -MERGED_PAGES  # below zero: begin with all of the index
            while await self.write(partial(_merge, statement, pages)):
                pages = MERGED_PAGES
        await self.fold_log_in()
        await self.write(lambda c: c.execute("DELETE FROM settings WHERE key = ?", (_UNWIPED,)))

    async def fold_log_in(self) -> None:
        """Move what the write-ahead log holds into the store, and empty the log."""
        await asyncio.shield(asyncio.wrap_future(self._submit(self._writer, self._fold_in)))

    async def wipe_rest(self) -> None:
        """Go on with wiping what was deleted, where that was broken off."""
        sql = "SELECT 1 FROM settings WHERE key = ?"
        if await self.read(lambda c: c.execute(sql, (_UNWIPED,)).fetchone()) is not None:
            await self.wipe()

    def _fold_in(self) -> None:
        if self._connection is None:
            raise _closed()
        with translated(str(self.path)):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    async def close(self) -> None:
        """Finish what was asked for, fold the write-ahead log in, end the threads."""
        job = self._submit(self._writer, self._close)
        try:
            await asyncio.shield(asyncio.wrap_future(job))
        finally:
            self._writer.shutdown(wait=job.done())  # not done where we were cancelled

    def _submit(self, executor: ThreadPoolExecutor, job: Callable[[], T]) -> Future[T]:
        try:
            return executor.submit(job)
        except RuntimeError as exc:  # the executor has been shut down
            raise _closed() from exc

    def _open(self) -> None:
        with translated(str(self.path)):
            create_private(self.path)
            lock = StoreLock(self.path)
            try:
                self._connection = self._connect_writer(lock)
            finally:
                if self._connection is None:
                    lock.release()
            self._lock = lock

    def _connect_writer(self, lock: StoreLock) -> sqlite3.Connection:
        alone = lock.take()
        unclean = alone and _is_not_empty(self.path.with_name(self.path.name + "-wal"))
        if unclean:
            refuse_newer(self.path, self._migrations)
        connection = _connect(self.path, "rw")
        try:
            steps = pending(connection, self.path, self._migrations)
            if unclean and self.path.stat().st_size <= CHECKED_AT_OPEN_BYTES:
                _check(connection, self.path)
            else:
                self.needs_check = unclean
            _configure(connection)
            if steps:
                if not (alone or lock.take()):
                    raise _open_elsewhere(self.path)
                if len(steps) < len(self._migrations):  # else it is new, and has no keys
                    record_key_origins(self.path)
                migrate(connection, self.path, steps)
            lock.share()
        except BaseException:
            connection.close()
            raise
        return connection

    def _in_transaction(self, action: Action[T]) -> T:
        connection = self._connection
        if connection is None:
            raise _closed()
        with translated(str(self.path)):
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = _without_cursor(action(connection))
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
        return result

    def _foreign_version(self) -> int:
        if self._connection is None:
            raise _closed()
        with translated(str(self.path)):
            # Asked on the connection that writes: for a reader our own writes are others' too.
            row = self._connection.execute("PRAGMA data_version").fetchone()
        return int(row[0])

    def _in_snapshot(self, action: Action[T], reading: _Reading) -> T:
        with translated(str(self.path)):
            connection = self._read_connection()
            connection.execute("BEGIN")
            try:
                with reading.on(connection):
                    return _without_cursor(action(connection))
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def _read_connection(self) -> sqlite3.Connection:
        """This thread's own connection, made on its first use."""
        if self._connection is None:
            raise _closed()
        connection: sqlite3.Connection | None = getattr(self._reading, "connection", None)
        if connection is None:
            connection = _connect(self.path, "ro")
            self._reading.connection = connection
            self._read_connections.append(connection)
        return connection

    def _close(self) -> None:
        # On the writer's thread, behind every write that was asked for. The readers go first:
        # only the last connection to close folds the write-ahead log in and removes it.
        self._readers.shutdown(wait=True)
        connections = [*self._read_connections, self._connection]
        self._connection = None
        with translated(str(self.path)):
            try:
                for connection in connections:
                    if connection is not None:
                        connection.close()
            finally:
                if self._lock is not None:
                    self._lock.release()


def erasing_mark(path: Path) -> Path:
    """The file that is there while everything is being deleted: see `erasing.py`."""
    return path.with_name(f"{path.stem}.erasing")


def to_be_wiped(connection: sqlite3.Connection) -> None:
    """Keep in mind, in the transaction that deletes words, that they are still to be wiped."""
    connection.execute("INSERT OR REPLACE INTO settings VALUES (?, 'true')", (_UNWIPED,))


class _Reading:
    """One read under way, and how to break it off from another thread."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._is_given_up = False

    @contextmanager
    def on(self, connection: sqlite3.Connection) -> Iterator[None]:
        """While it lasts, `interrupt` reaches this connection."""
        with self._guard:
            self._connection = connection
        # SQLite forgets an interrupt that comes between two statements; this asks while they run.
        connection.set_progress_handler(lambda: self._is_given_up, PROGRESS_STEPS)
        try:
            yield
        finally:
            connection.set_progress_handler(None, 0)
            with self._guard:
                self._connection = None

    def interrupt(self) -> None:
        """Have SQLite give up what runs now: this read, never the next one on its connection."""
        with self._guard:
            self._is_given_up = True
            if self._connection is not None:
                self._connection.interrupt()


def refuse_newer(path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Refuse a store of a newer version before anything is opened that could write to it: whoever
    closes it last folds what stands in its write-ahead log into it, a reader alone does not. Where
    it cannot be read, that is left to those who open it.

    Raises:
        StoreTooNewError: a newer version wrote it; untouched.
        StorageError: it is of some other program, or what it tells of its steps makes no sense.
    """
    with suppress(sqlite3.Error, UnicodeDecodeError), closing(_connect(path, "ro")) as connection:
        pending(connection, path, migrations)


def _without_cursor(result: T) -> T:
    """A cursor that an action gives back, closed: whoever drops it does so on another thread, and
    would reset its statement while the connection is in use here (SQLITE_MISUSE)."""
    if isinstance(result, sqlite3.Cursor):
        result.close()
    return result


def _connect(path: Path, mode: Mode) -> sqlite3.Connection:
    # Made on one thread and closed on another, never used by two at once.
    return connect(path, mode, timeout=BUSY_TIMEOUT_S, is_for_any_thread=True)


def _configure(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten in the file


def _merge(statement: str, pages: int, connection: sqlite3.Connection) -> bool:
    """One slice; whether there may be more (sqlite.org/fts5.html, "The 'merge' Command")."""
    before = connection.total_changes
    connection.execute(statement, (pages,))
    return connection.total_changes - before >= 2


def _check(connection: sqlite3.Connection, path: Path) -> None:
    verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise damaged(str(path), f"quick check: {verdict}")


def _is_not_empty(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False


def _closed() -> StorageError:
    return StorageError("The store is not open.", what_to_do="Start the program again.")


def _open_elsewhere(path: Path) -> StorageError:
    return StorageError(
        f"The store {path} is open in an older version of Repartee.",
        what_was_kept="It was left untouched.",
        what_to_do="Close the older version, then start this one again.",
    )
