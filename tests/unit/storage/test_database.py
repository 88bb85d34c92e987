"""Opening, migrating, checking, refusing and closing a store, on real files."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from desktop_app.chat.conversation_store import ConversationStore
from desktop_app.domain import errors
from desktop_app.storage import schema, sync_triggers
from desktop_app.storage.database import READERS, Database
from desktop_app.storage.schema import STEPS, has_exact_schema
from desktop_app.storage.store_lock import RESTORE_PREFIX, exclusive_lock, remove_abandoned_scratch
from tests.helpers.blocking import blocking
from tests.helpers.linux_only import linux_only
from tests.helpers.waiting import LONGEST_S
from tests.unit.storage.samples import a_conversation, opened

NEXT = "CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "store.sqlite3"


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@blocking
async def create(path: Path, title: str = "kept") -> None:
    async with opened(path) as database:
        await ConversationStore(database).create(a_conversation(title))


@blocking
async def open_and_close(path: Path) -> None:
    database = Database(path)
    try:
        await database.open()
    finally:
        await database.close()


@linux_only("file modes")
async def test_a_new_store_is_private_and_durable(path: Path) -> None:
    async with opened(path) as database:
        assert mode_of(path.parent) == 0o700
        for file in path.parent.iterdir():
            assert mode_of(file) == 0o600, file
        pragmas = ("journal_mode", "synchronous", "foreign_keys")
        values = await database.write(
            lambda c: [c.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas]
        )
        assert values == ["wal", 2, 1]


def test_a_clean_close_leaves_no_log_and_no_thread(path: Path) -> None:
    create(path)
    assert {file.name for file in path.parent.iterdir()} == {path.name, path.name + "-lock"}
    assert not [t for t in threading.enumerate() if t.name.startswith("store-")]


async def test_a_failed_write_changes_nothing(path: Path) -> None:
    def action(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO settings VALUES ('a', '1')")
        connection.execute("INSERT INTO settings VALUES ('a', '1')")

    async with opened(path) as database:
        with pytest.raises(errors.StorageError, match=r"UNIQUE constraint failed.*Nothing was"):
            await database.write(action)
        count = "SELECT count(*) FROM settings WHERE key = 'a'"
        assert (await database.read(lambda c: c.execute(count).fetchone()[0])) == 0
        await database.write(lambda c: c.execute("INSERT INTO settings VALUES ('b', '1')"))


async def test_a_write_does_not_wait_for_a_read(path: Path) -> None:
    written = threading.Event()

    def slow_read(connection: sqlite3.Connection, begun: Callable[[], object]) -> int:
        sql = "SELECT count(*) FROM settings WHERE key = 'a'"
        count = connection.execute(sql).fetchone()[0]
        begun()
        assert written.wait(LONGEST_S)
        again: int = connection.execute(sql).fetchone()[0]
        assert count == again  # the read sees no change
        return again

    async with opened(path) as database:
        reading = asyncio.Event()
        begun = partial(asyncio.get_running_loop().call_soon_threadsafe, reading.set)
        read = asyncio.create_task(database.read(lambda c: slow_read(c, begun)))
        await reading.wait()
        await database.write(lambda c: c.execute("INSERT INTO settings VALUES ('a', '1')"))
        written.set()
        assert await read == 0


async def test_a_write_is_completed_though_its_caller_was_canceled(path: Path) -> None:
    async with opened(path) as database:
        go = threading.Event()
        first = asyncio.create_task(database.write(lambda c: go.wait(LONGEST_S)))
        store = ConversationStore(database)
        second = asyncio.create_task(store.create(a_conversation("written")))
        await asyncio.sleep(0)
        second.cancel()
        go.set()
        await first
        with pytest.raises(asyncio.CancelledError):
            await second
        await database.write(lambda c: None)  # queued after it
        assert [c.title for c in await store.all()] == ["written"]


async def test_a_closed_store_raises_an_error(path: Path) -> None:
    async with opened(path) as database:
        pass
    with pytest.raises(errors.StorageError, match="isn’t open"):
        await database.write(lambda c: None)
    with pytest.raises(errors.StorageError, match="isn’t open"):
        await database.read(lambda c: None)


def test_later_steps_are_applied_to_a_store_with_content(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(path)
    monkeypatch.setattr(schema, "STEPS", [*STEPS, NEXT, "INSERT INTO later VALUES (7)"])
    open_and_close(path)
    open_and_close(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT id FROM later").fetchall() == [(7,)]
        assert connection.execute("SELECT title FROM conversations").fetchall() == [("kept",)]


def test_a_step_that_fails_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create(path)
    monkeypatch.setattr(schema, "STEPS", [*STEPS, NEXT, NEXT])
    with pytest.raises(errors.StorageError):
        open_and_close(path)
    monkeypatch.setattr(schema, "STEPS", STEPS)
    open_and_close(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT title FROM conversations").fetchall() == [("kept",)]


def test_a_store_of_a_newer_version_is_refused_and_unchanged(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "STEPS", [*STEPS, NEXT])
    open_and_close(path)
    monkeypatch.setattr(schema, "STEPS", STEPS)
    before = path.read_bytes()
    with pytest.raises(errors.StoreTooNewError) as caught:
        open_and_close(path)
    assert "newer version" in caught.value.sentences
    assert path.read_bytes() == before
    assert {file.name for file in path.parent.iterdir()} == {path.name, path.name + "-lock"}


@pytest.mark.parametrize(
    "sql", ["DROP TABLE prompts", "CREATE TABLE strange (x)", "PRAGMA user_version = 9"]
)
async def test_a_store_whose_tables_no_version_had_is_refused_and_unchanged(
    path: Path, sql: str
) -> None:
    async with opened(path):
        pass
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")  # as a tool that copies stores leaves it
        connection.execute(sql)
        connection.commit()
    before = path.read_bytes()
    with pytest.raises(errors.StorageError):
        await Database(path).open()
    assert path.read_bytes() == before


def test_a_store_of_the_first_version_becomes_a_new_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "STEPS", [])
    with monkeypatch.context() as first:  # it had no triggers
        first.setattr(sync_triggers, "synced_triggers", dict)
        create(path)
    monkeypatch.setattr(schema, "STEPS", STEPS)
    open_and_close(path)
    with closing(sqlite3.connect(path)) as connection:
        assert has_exact_schema(connection)
        assert connection.execute("SELECT title FROM conversations").fetchall() == [("kept",)]


def test_a_store_of_an_unreleased_build_is_refused_and_names_the_way_out(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE migrations (name TEXT)")
        connection.execute("CREATE TABLE conversations (id TEXT)")
    before = path.read_bytes()
    with pytest.raises(errors.StorageError, match="before the first release") as caught:
        open_and_close(path)
    assert "Export" in caught.value.what_to_do
    assert path.read_bytes() == before


def test_the_database_of_another_program_is_refused_and_unchanged(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url)")
    before = path.read_bytes()
    with pytest.raises(errors.StorageError, match="another program"):
        open_and_close(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_damage(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database at all, but long enough to be taken for a header" * 40)
    with pytest.raises(errors.StoreDamagedError) as caught:
        open_and_close(path)
    assert caught.value.what_to_do


CRASH = """
import asyncio, os, sys
from pathlib import Path
from desktop_app.storage.database import Database
async def main():
    database = Database(Path(sys.argv[1]))
    await database.open()
    await database.write(lambda c: c.executemany(
        "INSERT INTO settings VALUES (?, ?)", \
[(f"key {n}", '"%s"' % ("v" * 500)) for n in range(400)]
    ))
asyncio.run(main())
os.kill(os.getpid(), 9)
"""


def crash(path: Path) -> None:
    subprocess.run([sys.executable, "-c", CRASH, str(path)], check=False)
    assert path.with_name(path.name + "-wal").stat().st_size > 0


async def test_damage_is_found_after_a_crash(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crash(path)
    with closing(sqlite3.connect(path)) as connection:  # checkpoint the log into the file
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        root = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'settings'"
        ).fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    with path.open("r+b") as file:
        file.seek((root - 1) * size + 8)
        file.write(os.urandom(200))
    damaged = path.read_bytes()
    await asyncio.to_thread(open_and_close, path)  # not checked after a clean exit

    def simulate_unclean_exit() -> None:
        path.write_bytes(damaged)
        path.with_name(path.name + "-wal").write_bytes(b"\0" * 32)

    simulate_unclean_exit()
    with pytest.raises(errors.StoreDamagedError):
        await asyncio.to_thread(open_and_close, path)

    # A store that is too large to be checked during start-up is checked later.
    monkeypatch.setattr("desktop_app.storage.database.CHECKED_AT_OPEN_BYTES", 0)
    simulate_unclean_exit()
    async with opened(path) as database:
        assert database.needs_check
        with pytest.raises(errors.StoreDamagedError):
            await database.check()


async def test_a_read_only_store_raises_an_error(path: Path) -> None:
    async with opened(path) as database:
        await database.write(lambda c: c.execute("PRAGMA query_only = ON"))
        with pytest.raises(errors.StoreFullError, match="read-only"):
            await ConversationStore(database).create(a_conversation())


async def test_a_canceled_read_is_interrupted(path: Path) -> None:
    """Check that a search superseded by a newer search does not block its reader."""
    endless = (
        "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"
    )

    async with opened(path) as database:
        began = threading.Semaphore(0)

        def count(connection: sqlite3.Connection) -> object:
            began.release()
            return connection.execute(endless).fetchone()

        for _ in range(3):
            reads = [asyncio.create_task(database.read(count)) for _ in range(READERS)]
            for _ in reads:
                await asyncio.to_thread(began.acquire)
            for read in reads:
                read.cancel()
            await asyncio.gather(*reads, return_exceptions=True)
            async with asyncio.timeout(LONGEST_S):
                found = await database.read(lambda c: c.execute("SELECT 7").fetchone()[0])
            assert found == 7


async def test_only_writes_of_other_processes_change_the_foreign_version(tmp_path: Path) -> None:
    async with opened(tmp_path / "s") as database:
        before = await database.foreign_version()
        await database.write(lambda c: c.execute("INSERT INTO settings VALUES ('a', '1')"))
        await database.read(lambda c: c.execute("SELECT * FROM settings").fetchall())
        assert await database.foreign_version() == before
        async with opened(tmp_path / "s") as other:
            await other.read(lambda c: c.execute("SELECT * FROM settings").fetchall())
            assert await database.foreign_version() == before
            await other.write(lambda c: c.execute("INSERT INTO settings VALUES ('b', '1')"))
        assert await database.foreign_version() != before


async def test_other_processes_with_the_open_store_are_detected(path: Path) -> None:
    async with opened(path) as database:
        assert await database.is_alone()
        async with opened(path):
            assert not await database.is_alone()
        assert await database.is_alone()


@linux_only("way to remove an open file")
@pytest.mark.parametrize("is_replaced", [False, True])
async def test_a_store_that_is_removed_while_open_saves_a_copy_and_says_so(
    path: Path, is_replaced: bool
) -> None:
    other = path.with_name("other")
    await asyncio.to_thread(create, other, "other")
    async with opened(path) as database:
        store = ConversationStore(database)
        await store.create(a_conversation("before"))
        moved = path.rename(path.with_name("moved"))
        if is_replaced:
            other.rename(path)
        for title in ("lost", "again"):
            with pytest.raises(errors.StorageError, match="removed or replaced") as caught:
                await store.create(a_conversation(title))
        (copy,) = path.parent.glob("store.before-removal-*.sqlite3")
        assert str(copy) in caught.value.what_happened
        with closing(sqlite3.connect(copy)) as connection:
            assert connection.execute("SELECT title FROM conversations").fetchall() == [("before",)]
        moved.rename(path)
        await store.create(a_conversation("after"))
        assert {c.title for c in await store.all()} == {"before", "after"}


@linux_only("way to remove an open file")
async def test_a_store_that_vanishes_during_a_write_is_copied_with_that_write(path: Path) -> None:
    def insert(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO settings VALUES ('a', '1')")
        path.unlink()

    async with opened(path) as database:
        with pytest.raises(errors.StorageError, match="removed or replaced"):
            await database.write(insert)
    (copy,) = path.parent.glob("store.before-removal-*.sqlite3")
    assert mode_of(copy) == 0o600
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT value FROM settings WHERE key = 'a'").fetchone() == ("1",)


async def test_without_room_for_a_copy_the_removal_is_still_an_error(path: Path) -> None:
    async with opened(path) as database:
        path.parent.rename(path.parent.with_name("elsewhere"))
        path.parent.touch()  # no folder
        with pytest.raises(errors.StorageError, match="removed or replaced") as caught:
            await database.execute("DELETE FROM settings")
        assert "Copy your texts" in caught.value.what_to_do


@linux_only("way to remove an open file")
def test_an_open_store_without_its_lock_file_is_still_locked(path: Path) -> None:
    create(path)
    code = (
        "import asyncio, sys, pathlib\n"
        "from desktop_app.storage.database import Database\n"
        "async def main():\n"
        "    database = Database(pathlib.Path(sys.argv[1]))\n"
        "    await database.open()\n"
        "    print('open', flush=True)\n"
        "    sys.stdin.read()\n"
        "    await database.close()\n"
        "asyncio.run(main())\n"
    )
    arguments = [sys.executable, "-c", code, str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(arguments, stdin=pipe, stdout=pipe) as other:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == b"open"
        path.with_name(path.name + "-lock").unlink()
        with (
            pytest.raises(errors.StorageError, match="Another program is using your library"),
            exclusive_lock(path, "in use", ""),
        ):
            pass
        other.communicate()
    with exclusive_lock(path, "in use", ""):
        pass


@linux_only("kind of lock")
def test_another_program_that_has_the_library_open_is_named_as_that(path: Path) -> None:
    create(path)
    code = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT 1 FROM folders')"
    )
    code += "; print('open', flush=True); sys.stdin.read()"
    arguments = [sys.executable, "-c", code, str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(arguments, stdin=pipe, stdout=pipe) as other:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == b"open"
        with pytest.raises(errors.StorageError, match="Another program is using your library"):
            create(path)
        other.communicate()
    create(path)


@pytest.mark.parametrize("exists", [True, False])
async def test_writes_without_room_are_dropped_if_asked_for(path: Path, exists: bool) -> None:
    if exists:
        async with opened(path) as database:
            await ConversationStore(database).create(a_conversation("Kept"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("desktop_app.storage.database.create_private", refuse_read_only)
        database = Database(path)
        await database.open(drops_writes_if_full=True)
    assert database.drops_writes_because is not None
    try:
        store = ConversationStore(database)
        await store.create(a_conversation("Dropped"))
        assert [each.title for each in await store.all()] == ["Kept"] * exists
    finally:
        await database.close()


def refuse_read_only(path: Path) -> None:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))


def test_the_scratch_of_a_running_restore_stays(path: Path) -> None:
    create(path)
    scratch = path.with_name(f"{RESTORE_PREFIX}1")
    scratch.mkdir()
    with exclusive_lock(path, "in use", ""):
        remove_abandoned_scratch(path)
        assert scratch.exists()
    remove_abandoned_scratch(path)
    assert not scratch.exists()
