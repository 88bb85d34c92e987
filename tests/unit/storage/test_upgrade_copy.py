"""A copy of a store from before its upgrade is kept for a week, to go back."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from desktop_app.domain.errors import NoRoomForCopyError, StorageError, StoreRefusedError
from desktop_app.storage import schema, upgrade_copy
from desktop_app.storage.database import Database
from desktop_app.storage.schema import STEPS, latest_version
from desktop_app.storage.upgrade_copy import remove_expired_copies, upgrade_copies
from tests.helpers.blocking import blocking
from tests.unit.storage.samples import opened
from tests.unit.storage.test_presets_step import former_version

with former_version():
    FORMER = latest_version()
DAY = timedelta(days=1)


@blocking
async def use(path: Path, **options: bool) -> None:
    database = Database(path)
    try:
        await database.open(**options)
        await database.execute("INSERT OR REPLACE INTO settings VALUES ('a', '1')")
    finally:
        await database.close()


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """Return the path of a store of the former version."""
    path = tmp_path / "store.sqlite3"
    with former_version():
        use(path)
    yield path
    assert not list(tmp_path.glob(".*"))


def with_log(path: Path) -> None:
    """Write to a store as a killed process does: into its log."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("INSERT INTO settings VALUES ('logged', '1')")
        connection.commit()
        copies = {each: each.read_bytes() for each in path.parent.iterdir()}
    for each, content in copies.items():
        if not each.name.endswith("-shm"):
            each.write_bytes(content)


def test_an_upgrade_keeps_the_store_as_it_was(path: Path) -> None:
    with_log(path)
    use(path)
    (copy,) = upgrade_copies(path)
    assert (version_of(path), version_of(copy.path), copy.version) == (
        latest_version(),
        FORMER,
        FORMER,
    )
    assert copy.path.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy.path)) as connection:
        assert connection.execute("SELECT 1 FROM settings WHERE key = 'logged'").fetchone()
    with former_version():
        use(copy.path)  # the former version opens it


def test_a_current_or_new_store_gets_no_copy(path: Path, tmp_path: Path) -> None:
    use(path)
    for copy in upgrade_copies(path):
        copy.path.unlink()
    for each in (path, tmp_path / "new" / "store.sqlite3"):
        use(each)
        assert not upgrade_copies(each)


def test_a_failed_upgrade_says_why_and_leaves_no_copy(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "STEPS", [*STEPS[:-1], "DELETE FROM tables; SELECT * FROM gone"])
    before = path.read_bytes()
    for _ in range(2):
        with pytest.raises(StoreRefusedError, match=r"no such table: gone.*Nothing was changed"):
            use(path)
    assert not upgrade_copies(path)
    assert path.read_bytes() == before


def test_upgrades_that_were_cut_off_leave_one_copy(path: Path) -> None:
    name = f"{path.stem}.before-upgrade-20260101-120000-{FORMER}.sqlite3"
    path.with_name(name).write_bytes(path.read_bytes())
    older = path.with_name(f"{path.stem}.before-upgrade-20260101-120000-2.sqlite3")
    older.write_bytes(path.read_bytes())
    use(path)
    newest, other = upgrade_copies(path)
    assert (newest.version, other.path) == (FORMER, older)
    assert newest.path.name != name


def test_without_room_nothing_is_changed_until_the_user_agrees(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(_source: Path, _target: Path) -> None:
        raise OSError(28, "No space left on device")

    before = path.read_bytes()
    monkeypatch.setattr(upgrade_copy, "copy_private", no_room)
    with pytest.raises(NoRoomForCopyError):
        use(path)
    assert path.read_bytes() == before
    use(path, keeps_copy=False)
    assert (version_of(path), upgrade_copies(path)) == (latest_version(), [])


async def test_an_open_store_is_not_upgraded(path: Path) -> None:
    with former_version():
        database = Database(path)
        await database.open()
    with pytest.raises(StorageError, match="older version"):
        async with opened(path):
            pass
    await database.close()
    assert not await asyncio.to_thread(upgrade_copies, path)


def a_copy(path: Path, age: timedelta) -> Path:
    made = datetime.now() - age  # noqa: DTZ005 - the local time is in its name
    name = f"{path.stem}.before-upgrade-{made:%Y%m%d-%H%M%S}-2.sqlite3"
    copy = path.with_name(name)
    copy.write_bytes(b"a store")
    os.utime(copy, (made.timestamp(), made.timestamp()))
    return copy


def pass_time(copy: Path, time: timedelta) -> None:
    """Make a copy as old as it is after this time."""
    then = copy.stat().st_mtime - time.total_seconds()
    os.utime(copy, (then, then))


def test_a_copy_is_removed_after_a_week_on_another_day(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    new, old = a_copy(path, 6.9 * DAY), a_copy(path, 9 * DAY)
    for _ in range(3):
        remove_expired_copies(path)
        assert new.exists()
        assert old.exists()
    pass_time(old, 1.1 * DAY)
    remove_expired_copies(path)
    assert (new.exists(), old.exists()) == (True, False)


def test_a_clock_that_leaps_ahead_and_back_removes_no_copy(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    week_over, week_not_over = a_copy(path, 8 * DAY), a_copy(path, DAY)
    for copy in (week_over, week_not_over):  # as they were noted while the clock was ahead
        pass_time(copy, -40 * DAY)
    for _ in range(2):
        remove_expired_copies(path)
        assert week_over.exists()
        assert week_not_over.exists()
