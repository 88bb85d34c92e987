"""The settings that the window reads before it is painted."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from desktop_app.settings.settings_store import SettingsStore
from desktop_app.settings.startup_settings import read_startup_settings
from desktop_app.storage.database import Database
from tests.helpers.linux_only import linux_only


async def test_settings_are_read_from_an_open_and_a_closed_store(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"

    database = Database(path)
    await database.open()
    await SettingsStore(database).set("look.theme", "dark")
    assert read_startup_settings(path) == {"look.theme": "dark"}
    await database.close()
    assert read_startup_settings(path) == {"look.theme": "dark"}


def test_damaged_and_foreign_files_have_no_settings(tmp_path: Path) -> None:
    missing, garbage, foreign = tmp_path / "no", tmp_path / "garbage", tmp_path / "foreign"
    garbage.write_bytes(b"this is no database" * 100)
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE settings (key, value)")
        connection.execute("INSERT INTO settings VALUES ('look.theme', 'not JSON')")
    connection.close()
    for path in (missing, garbage, foreign, tmp_path):
        assert read_startup_settings(path) == {}


def test_a_path_that_cannot_be_used_has_no_settings(tmp_path: Path) -> None:
    assert read_startup_settings(tmp_path / ("x" * 5_000) / "repartee.sqlite3") == {}


@linux_only("named pipes in folders")
async def test_a_named_pipe_in_place_of_the_journal_has_no_settings(tmp_path: Path) -> None:
    database = Database(tmp_path / "repartee.sqlite3")
    await database.open()
    await SettingsStore(database).set("look.theme", "dark")
    await database.close()
    os.mkfifo(f"{database.path}-journal")
    assert read_startup_settings(database.path) == {}
