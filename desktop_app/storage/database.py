"""The SQLite file: one writer thread, reader threads, whole transactions.

The file is in WAL mode, so that writes never wait for reads, and with synchronous=FULL, so that
acknowledged writes are on disk. Other processes write in short transactions, too: each waits for
the others for at most `BUSY_TIMEOUT_S`.

A database has its own threads instead of the event loop's executor. It therefore works the same
under asyncio and under a Qt loop, and a stuck disk blocks nothing else.

The last process to close the store removes the write-ahead log. If no other process has the store
open, a log that is not empty therefore shows that the last exit was not clean. All processes share
a lock, which shows whether another process has the store open.

A synchronizer or a cleaner may remove the log while the store is open. Each commit is therefore
copied to the store's file at once (0.3 ms on an SSD), the log is watched as the file is, and a
process does not open a store whose log is not that of the processes that have it open.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, Protocol, TypeVar

from desktop_app.domain.errors import StorageError, StoreFullError
from desktop_app.i18n.translation import N_
from desktop_app.storage.private_files import create_private
from desktop_app.storage.schema import has_exact_schema, is_current, migrate, stored_version
from desktop_app.storage.sqlite_connection import Mode, connect, connect_in_memory, require_sound
from desktop_app.storage.storage_errors import (
    UNREADABLE,
    damaged_error,
    is_full_or_read_only,
    translate_errors,
)
from desktop_app.storage.store_lock import StoreLock, is_open_in_sqlite, other_program_error

T = TypeVar("T")
Action = Callable[[sqlite3.Connection], T]

BUSY_TIMEOUT_S: Final = 10.0
# A process that closes the store removes its log some milliseconds before it gives up the lock.
_CLOSING_S: Final = 1.0
_RETRY_S: Final = 0.02
# Two, so that a search through everything does not delay the opening of a conversation.
READERS: Final = 2
# Between two checks for cancellation, a read runs this many steps of SQLite's virtual machine:
# about a millisecond.
PROGRESS_STEPS: Final = 20_000
# A larger store is not checked during start-up: 64 MB take a tenth of a second.
CHECKED_AT_OPEN_BYTES: Final = 64 * 1024 * 1024


_Identity = tuple[int, int]


class _Files(NamedTuple):
    """What tells the files of a store from others with their names; None for a missing one.

    Attributes:
        main: the store's file.
        log: the write-ahead log, and its index. Both exist as long as the store is open.
    """

    main: _Identity | None
    log: tuple[_Identity | None, _Identity | None]


class Databases(Protocol):
    """The databases of conversations: on disk, or in memory for temporary ones.

    The stores of conversations receive this instead of a Database, so that each method has to
    choose a database.
    """

    @property
    def disk(self) -> Database:
        """Return the store's file."""

    @property
    def memory(self) -> Database | None:
        """Return the database of temporary conversations; None before there is one."""

    def for_conversation(self, conversation_id: str | None) -> Database:
        """Return the database of a conversation."""


class Database:
    """The store's file. Open it once, close it before the loop ends.

    An action gets a connection and runs in one transaction on another thread. It must not keep the
    connection. Its exceptions are raised to the caller, SQLite's errors as StorageError.

    Attributes:
        drops_writes_because: why writes succeed but are dropped at the end; None if they are kept.
        needs_check: True if the last exit was not clean and the store was too large to be checked
            while opening. Call `check` while nobody waits.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.drops_writes_because: StoreFullError | None = None
        self.needs_check = False
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        self._connection: sqlite3.Connection | None = None
        self._thread_local = threading.local()
        self._read_connections: list[sqlite3.Connection] = []
        self._lock: StoreLock | None = None
        self._files: _Files | None = None  # None: it is in memory
        self._is_log_behind = False  # the store's file lacks commits that only the log has
        self._rescued: Path | None = None
        self._reads_if_full = False
        self._drops_writes_if_full = False
        self._keeps_copy = True
        self._write_error: StoreFullError | None = None  # why nothing can be written
        self._connect_reader: Callable[[], sqlite3.Connection] = partial(_connect, path, "ro")
        self._at_close = ExitStack()

    @property
    def disk(self) -> Database:
        """Return itself: a Database serves as `Databases` without temporary conversations."""
        return self

    @property
    def memory(self) -> None:
        """Return None, as `Databases` do without temporary conversations."""
        return

    def for_conversation(self, _conversation_id: str | None) -> Database:
        """Return itself, as in `Databases`."""
        return self

    async def open(
        self,
        *,
        reads_if_full: bool = False,
        drops_writes_if_full: bool = False,
        keeps_copy: bool = True,
    ) -> None:
        """Open the store; create or migrate it if needed.

        Args:
            keeps_copy: keep a copy of a store that is migrated (`upgrade_copy`).
            drops_writes_if_full: if there is no space, or the file is read-only, what is written
                goes into memory, and is not read back. An existing store is read.
            reads_if_full: if there is no space, or the file is read-only, open an existing store
                for reading. Its writes raise the StoreFullError.

        Raises:
            StoreTooNewError: a newer version wrote it; it is unchanged.
            StoreDamagedError: it is not a database, or failed the check after an unclean exit.
            StoreFullError: there is no space, or the file is read-only.
            NoRoomForCopyError: there is no space for the copy.
            StorageError: anything else that prevents the use of the store.
        """
        self._reads_if_full = reads_if_full
        self._drops_writes_if_full = drops_writes_if_full
        self._keeps_copy = keeps_copy
        await self._on_writer(self._open)

    async def write(self, action: Action[T]) -> T:
        """Run `action` in one transaction; on return its changes are on disk.

        A submitted write happens even if the caller is canceled while it waits.
        """
        return await self._on_writer(lambda: self._in_transaction(action))

    async def read(self, action: Action[T]) -> T:
        """Run `action` on one consistent, read-only state of the store.

        If the caller is canceled, the read is interrupted, so that it delays no other read.
        """
        is_canceled = threading.Event()
        job = self._submit(self._readers, lambda: self._in_snapshot(action, is_canceled))
        try:
            return await asyncio.wrap_future(job)
        except asyncio.CancelledError:
            is_canceled.set()
            raise

    async def execute(self, sql: str, *values: object) -> None:
        """Run a statement in a transaction of its own, as `write` does."""
        await self.write(lambda c: c.execute(sql, values))

    async def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        return await self.read(lambda c: c.execute(sql, values).fetchall())

    async def row(self, sql: str, *values: object) -> sqlite3.Row | None:
        """Return the first row of a query, None if there is none."""
        return next(iter(await self.rows(sql, *values)), None)

    async def foreign_version(self) -> int:
        """Return a number that changes whenever another process has written to the store.

        Writes of this process do not change the number. All writes that were submitted before this
        call are finished when it returns.
        """
        # To a reader's connection, the writes of this process would be foreign, too.
        row = await self._on_writer(partial(self._read_pragma, "data_version"))
        return int(row[0])

    async def is_alone(self) -> bool:
        """Return True if no other process has the store open. Raises StorageError."""
        return await self._on_writer(self._is_alone)

    def _is_alone(self) -> bool:
        if self._lock is None:
            raise closed_error()
        with translate_errors(str(self.path)):
            is_alone = self._lock.try_exclusive()
            self._lock.share()
        return is_alone

    async def check(self) -> None:
        """Check the whole store while other work goes on; about 2 s for a gigabyte.

        Raises:
            StoreDamagedError: it is damaged.
        """
        self.needs_check = False
        await self.read(self._check)

    def _check(self, connection: sqlite3.Connection) -> None:
        require_sound(connection, "quick_check", str(self.path), "quick check")

    async def checkpoint_log(self) -> bool:
        """Checkpoint and empty the write-ahead log. Return False if a long read prevents it."""
        row = await self._on_writer(partial(self._read_pragma, "wal_checkpoint(TRUNCATE)"))
        return not row["busy"]

    async def close(self) -> None:
        """Finish submitted work, checkpoint the write-ahead log, end the threads."""
        job = self._submit(self._writer, self._close)
        try:
            await asyncio.shield(asyncio.wrap_future(job))
        finally:
            self._writer.shutdown(wait=job.done())  # the job goes on if this task was canceled

    async def _on_writer(self, job: Callable[[], T]) -> T:
        """Run `job` on the writer's thread, even if the caller is canceled while it waits."""
        return await wait_for_job(self._submit(self._writer, job))

    def _submit(self, executor: ThreadPoolExecutor, job: Callable[[], T]) -> Future[T]:
        try:
            return executor.submit(job)
        except RuntimeError as exc:  # the executor has been shut down
            raise closed_error() from exc

    def _open(self) -> None:
        try:
            with translate_errors(str(self.path)):
                create_private(self.path)
                lock = StoreLock(self.path)
                try:
                    self._connection = self._connect_writer(lock)
                    self._files = self._files_now()
                finally:
                    if self._connection is None:
                        lock.release()
                self._lock = lock
        except StoreFullError as error:
            if self._drops_writes_if_full:
                self._open_in_memory(error)
                return
            if not self._reads_if_full or not _is_not_empty(self.path):
                raise
            self._write_error = error
            with translate_errors(str(self.path)):
                self._connect_reader = self._at_close.enter_context(reader_of(self.path))
                self._connection = self._connect_reader()
                if not is_current(stored_version(self._connection, self.path)):
                    self._connection.close()
                    raise

    def _open_in_memory(self, error: StoreFullError) -> None:
        self.drops_writes_because = error
        self._connect_reader = _new_store_in_memory
        with translate_errors(str(self.path)):
            if _is_not_empty(self.path):
                self._connect_reader = self._at_close.enter_context(reader_of(self.path))
                with closing(self._connect_reader()) as reader:
                    if not is_current(stored_version(reader, self.path)):
                        raise error
            self._connection = _new_store_in_memory()

    def _connect_writer(self, lock: StoreLock) -> sqlite3.Connection:
        """Open the writer's connection; check the store after an unclean exit, and migrate it."""
        is_alone = self._lock_with_log(lock)
        is_unclean = is_alone and _is_not_empty(self.path.with_name(self.path.name + "-wal"))
        if is_unclean:
            refuse_foreign(self.path)
        connection = _connect(self.path, "rw")
        try:
            version = stored_version(connection, self.path)
            if is_unclean and self.path.stat().st_size <= CHECKED_AT_OPEN_BYTES:
                self._check(connection)
            else:
                self.needs_check = is_unclean
            _configure_writer(connection)
            has_log = connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
            # Another program wrote the file, or changed it: it stays as it is, if it is refused.
            if is_current(version) and not has_log and not has_exact_schema(connection):
                raise damaged_error(str(self.path), "its tables are of no version")
            if not is_current(version):
                if not is_alone:  # other processes may have closed the store meanwhile
                    is_alone = lock.try_exclusive()
                if not is_alone:
                    raise StorageError(
                        N_("Your library {place} is open in an older version of Repartee."),
                        hint=N_("Close that version, then try again."),
                        place=str(self.path),
                    )
                if self._keeps_copy and version:
                    connection = self._migrate_copied(connection, version)
                else:
                    migrate(connection, version)
            if not has_log:
                connection.execute("PRAGMA journal_mode = WAL")
            stored_version(connection, self.path)  # a read makes the log of a new or restored store
            log = repr(self._files_now().log)
            if is_alone or (lock.recorded() not in ("", log) and lock.try_exclusive()):
                lock.record(log)
            elif lock.recorded() not in ("", log):
                raise self._other_log_error(lock)
            lock.share()
        except BaseException:
            connection.close()
            raise
        return connection

    def _migrate_copied(self, connection: sqlite3.Connection, version: int) -> sqlite3.Connection:
        """Migrate the store once a copy of it is kept; return another connection to it."""
        from desktop_app.storage.upgrade_copy import copy_kept

        is_busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()["busy"]
        connection.close()  # the copy closes the file, which would drop this connection's locks
        if is_busy:
            raise other_program_error(self.path)
        with copy_kept(self.path, version), closing(_connect(self.path, "rw")) as migrating:
            _configure_writer(migrating)
            migrate(migrating, version)
        connection = _connect(self.path, "rw")
        _configure_writer(connection)
        return connection

    def _lock_with_log(self, lock: StoreLock) -> bool:
        """Lock exclusively and return True, or share the lock of processes with the same log.

        SQLite finds a log by its name. If it was removed, SQLite would begin another one, and the
        last of the other processes would remove that with all its content.

        Raises:
            StorageError: another process has the store open, but with another log, or another
                program has.
        """
        deadline = time.monotonic() + _CLOSING_S
        while True:
            is_alone = lock.try_exclusive()
            log = self._files_now().log
            if is_alone:  # somebody may have removed the lock's file
                is_same = not is_open_in_sqlite(self.path)
            elif recorded := lock.recorded():
                is_same = recorded == repr(log)
            else:
                is_same = None not in log
            if is_same:
                return is_alone
            if time.monotonic() > deadline:
                if is_alone and None not in log:  # another program keeps its log while it runs
                    raise other_program_error(self.path)
                raise self._other_log_error(lock)
            time.sleep(_RETRY_S)

    def _other_log_error(self, lock: StoreLock) -> StorageError:
        log = self._files_now().log
        is_index = log[0] is not None and lock.recorded().startswith(f"({log[0]}, ")
        return StorageError(
            N_("{file} was removed or replaced while Repartee has your library open."),
            hint=N_("Quit all windows and commands of Repartee, then try again."),
            file=f"{self.path}{'-shm' if is_index else '-wal'}",
        )

    def _require_connection(self) -> sqlite3.Connection:
        """Return the writer's connection. Raises StorageError if the database is not open."""
        if self._connection is None:
            raise closed_error()
        return self._connection

    def _in_transaction(self, action: Action[T]) -> T:
        connection = self._require_connection()
        if self._write_error is not None:
            raise self._write_error
        self._require_in_place(connection)
        with translate_errors(str(self.path)):
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = _close_cursor(action(connection))
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
        self._copy_log(connection)
        self._require_in_place(connection)
        return result

    def _copy_log(self, connection: sqlite3.Connection) -> None:
        """Copy the log's commits to the store's file, except those that a read prevents."""
        with suppress(sqlite3.Error):  # the commit is in the log
            row = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            self._is_log_behind = row["log"] != row["checkpointed"]

    def _copy_rest_of_log(self) -> None:
        if self._connection is not None and self._is_log_behind:
            self._copy_log(self._connection)

    def _require_in_place(self, connection: sqlite3.Connection) -> None:
        """Raise StorageError if the store's paths no longer lead to the open files.

        A synchronizer, for example, may have replaced them. What is written now is in no file
        that the next start finds, so what was written before is copied to the store's file or, if
        that is gone, to a new one beside it.
        """
        now = self._files_now()
        if self._files in (None, now):
            return
        if self._files.main == now.main and self._can_copy_log(connection, now):
            raise StorageError(
                N_(
                    "{file} was removed or replaced while your library was open. Everything saved "
                    "before is in your library."
                ),
                hint=N_("Nothing is saved anymore. Quit Repartee, then start it again."),
                file=f"{self.path}{'-wal' if self._files.log[0] != now.log[0] else '-shm'}",
            )
        place = str(self.path)
        try:
            if self._rescued is None or not self._rescued.exists():
                name = f"{self.path.stem}.before-removal-{datetime.now():%Y%m%d-%H%M%S}.sqlite3"  # noqa: DTZ005
                copy = self.path.with_name(name)
                create_private(copy)
                connection.execute("VACUUM INTO ?", (str(copy),))
                self._rescued = copy
        except (OSError, sqlite3.Error) as exc:
            raise StorageError(
                N_("{place} was removed or replaced while it was open."),
                hint=N_("Nothing is saved anymore. Copy your texts elsewhere, then quit Repartee."),
                details=str(exc),
                place=place,
            ) from exc
        raise StorageError(
            N_("{place} was removed or replaced while it was open. Its content is in {copy}."),
            hint=N_("Nothing is saved anymore. Quit Repartee, then give that file the old name."),
            place=place,
            copy=str(self._rescued),
        )

    def _can_copy_log(self, connection: sqlite3.Connection, now: _Files) -> bool:
        """Copy the open log to the store's file. Return False if that would mix it with others."""
        is_other = self._files is not None and now.log[0] != self._files.log[0]
        if is_other and _is_not_empty(self.path.with_name(f"{self.path.name}-wal")):
            return False
        with suppress(sqlite3.Error):
            return not connection.execute("PRAGMA wal_checkpoint(FULL)").fetchone()["busy"]
        return False

    def _files_now(self) -> _Files:
        main, *log = (_identity(Path(f"{self.path}{suffix}")) for suffix in ("", "-wal", "-shm"))
        return _Files(main, (log[0], log[1]))

    def _read_pragma(self, pragma: str) -> sqlite3.Row:
        """Return the first row of a pragma's result on the writer's connection."""
        connection = self._require_connection()
        with translate_errors(str(self.path)):
            row: sqlite3.Row = connection.execute(f"PRAGMA {pragma}").fetchone()
        return row

    def _in_snapshot(self, action: Action[T], is_canceled: threading.Event) -> T:
        with translate_errors(str(self.path)):
            connection = self._read_connection()
            connection.execute("BEGIN")
            connection.set_progress_handler(is_canceled.is_set, PROGRESS_STEPS)
            try:
                return _close_cursor(action(connection))
            finally:
                connection.set_progress_handler(None, 0)
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                if self._is_log_behind:
                    with suppress(RuntimeError):  # it closes, which copies the log, too
                        self._writer.submit(self._copy_rest_of_log)

    def _read_connection(self) -> sqlite3.Connection:
        """Return this thread's own connection, opened on first use."""
        self._require_connection()
        connection: sqlite3.Connection | None = getattr(self._thread_local, "connection", None)
        if connection is None:
            connection = self._connect_reader()
            self._thread_local.connection = connection
            self._read_connections.append(connection)
        return connection

    def _close(self) -> None:
        # On the writer's thread, after every submitted write. The readers close first: only the
        # last connection to close checkpoints and removes the write-ahead log.
        self._readers.shutdown(wait=True)
        self._copy_rest_of_log()
        connections = [*self._read_connections, self._connection]
        self._connection = None
        with translate_errors(str(self.path)):
            try:
                for connection in connections:
                    if connection is not None:
                        connection.close()
            finally:
                self._at_close.close()
                if self._lock is not None:
                    self._lock.release()


async def wait_for_job(job: Future[T]) -> T:
    """Return the result of a job, which goes on if the caller is canceled meanwhile."""
    job_future = asyncio.wrap_future(job)
    # Otherwise asyncio would report the error of a job whose caller was canceled as a defect.
    job_future.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    return await asyncio.shield(job_future)


async def read_first(databases: Databases, action: Action[T | None]) -> T | None:
    """Return the result of `action` in memory; if it is None, the result on disk.

    Use it for rows that may belong to a temporary conversation.
    """
    result = None if databases.memory is None else await databases.memory.read(action)
    return result if result is not None else await databases.disk.read(action)


def refuse_foreign(path: Path) -> None:
    """Refuse a store of another version or program before a writing connection is opened.

    The last writer to close a store checkpoints its write-ahead log; a reader does not. An
    unreadable store raises nothing: the caller's own checks find it.

    Raises:
        StoreTooNewError: a newer version wrote it; it is unchanged.
        StorageError: it belongs to another program, or to a build before the first release.
    """
    with suppress(*UNREADABLE), closing(_connect(path, "ro")) as connection:
        stored_version(connection, path)


def _close_cursor(result: T) -> T:
    """Close a cursor that an action returns.

    Otherwise another thread would free it and reset its statement while the connection is in use
    (SQLITE_MISUSE).
    """
    if isinstance(result, sqlite3.Cursor):
        result.close()
    return result


def _connect(path: Path, mode: Mode, *, is_immutable: bool = False) -> sqlite3.Connection:
    # Opened on one thread and closed on another, but never used by two at once.
    return connect(
        path, mode, timeout=BUSY_TIMEOUT_S, is_immutable=is_immutable, is_for_any_thread=True
    )


def _new_store_in_memory() -> sqlite3.Connection:
    connection = connect_in_memory()
    migrate(connection)
    return connection


@contextmanager
def reader_of(path: Path) -> Iterator[Callable[[], sqlite3.Connection]]:
    """Yield a function that opens a store for reading, even on a full or read-only disk.

    A store in WAL mode needs a file beside it even for reading. If the disk takes none, no process
    can have the store open, so it is read without. A log that a killed process left cannot be
    read there: the store and its log are then copied to the system's temporary folder.

    Raises:
        sqlite3.Error: the store cannot be opened.
        OSError: there is no space for the copies.
    """
    try:
        with closing(_connect(path, "ro")) as connection:
            connection.execute("SELECT 1 FROM sqlite_schema").fetchone()
    except sqlite3.OperationalError as error:
        if not is_full_or_read_only(error):
            raise
    else:
        yield partial(_connect, path, "ro")
        return
    log = path.with_name(path.name + "-wal")
    if not _is_not_empty(log):
        yield partial(_connect, path, "ro", is_immutable=True)
        return
    with tempfile.TemporaryDirectory(prefix="repartee-") as folder:
        for file in (path, log):
            shutil.copyfile(file, Path(folder) / file.name)
        yield partial(_connect, Path(folder) / path.name, "ro")


def _configure_writer(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # deleted content is overwritten in the file


def _identity(path: Path) -> _Identity | None:
    """Return the device and inode of a file; None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _is_not_empty(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False


def closed_error() -> StorageError:
    """Return the error of a database that is not open."""
    return StorageError(N_("Your library isn’t open."), hint=N_("Restart Repartee."))
