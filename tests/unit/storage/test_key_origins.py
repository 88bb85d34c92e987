"""Origins of keys come from this computer's store, never from a restored store."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.storage.database.database import Database
from desktop_app.storage.database.migrations import MIGRATIONS
from desktop_app.storage.recovery.backup import make_backup
from desktop_app.storage.recovery.repair import repair_store
from desktop_app.storage.settings.key_origins import (
    KEY_ORIGINS_FILE,
    legacy_key_origins,
    record_key_origins,
)
from desktop_app.storage.settings.settings_store import SettingsStore
from tests.helpers.blocking import blocking
from tests.helpers.restores import restore_now
from tests.unit.providers.samples import COMPATIBLE
from tests.unit.storage.samples import NOON, opened

BEFORE_ORIGINS = [step for step in MIGRATIONS if step.name < "0017"]
HERE, EVIL = "https://gateway.example:443", "https://evil.example:443"
BUILT_IN = {"openai": "https://api.openai.com:443"}
MINE = replace(COMPATIBLE, id="mine", base_url="https://gateway.example/v1")
THEIRS = replace(MINE, base_url="https://evil.example/v1")


@blocking
async def old_store(path: Path, *profiles: ProviderProfile) -> None:
    """Make a store of the previous version, with a key of each profile in the keyring."""

    database = Database(path, BEFORE_ORIGINS)
    await database.open()
    for profile in profiles:
        await SettingsStore(database).save_profile(profile)
    sql, names = "INSERT INTO keys_in_keyring VALUES (?)", [(p.id,) for p in profiles]
    await database.write(lambda c: c.executemany(sql, names))
    await database.close()


@blocking
async def new_store(path: Path, profile: ProviderProfile, origin: str) -> None:
    async with opened(path) as database:
        await SettingsStore(database).save_profile(profile)
        await SettingsStore(database).record_key_origin(profile.id, origin)


def backup_of(folder: Path, database: Path) -> Path:
    return make_backup(
        database, folder / "attachments", folder / "made", NOON, lambda *_: None
    ).path


def restore(archive: Path, database: Path) -> None:
    restore_now(archive, database, database.parent / "attachments", NOON)


@blocking
async def noted(path: Path, name: str) -> str | None:
    async with opened(path) as database:
        return await SettingsStore(database).key_origin(name)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "data" / "repartee.sqlite3"


def test_the_first_start_records_the_origins_of_keys(store: Path) -> None:
    proxied = replace(MINE, id="proxied", proxy="socks5://me@Proxy.example")
    old_store(store, MINE, proxied, replace(MINE, id="openai"), replace(MINE, id="no", base_url=""))
    assert noted(store, "mine") == ""
    assert legacy_key_origins(store, BUILT_IN) == {
        "mine": HERE,
        "mine.proxy": "",
        "proxied": HERE,
        "proxied.proxy": "socks5://proxy.example:1080",
        "openai": HERE,
        "openai.proxy": "",
        "no": "",
        "no.proxy": "",
    }
    assert store.with_name(KEY_ORIGINS_FILE).stat().st_mode & 0o777 == 0o600


def test_a_new_store_records_no_origins(store: Path) -> None:
    new_store(store, MINE, HERE)
    assert not store.with_name(KEY_ORIGINS_FILE).exists()
    assert legacy_key_origins(store, BUILT_IN) == {}


@pytest.mark.attack("key-origin")
def test_recorded_origins_never_change(store: Path) -> None:
    old_store(store, MINE)
    record_key_origins(store)
    written = store.with_name(KEY_ORIGINS_FILE).read_bytes()
    store.unlink()
    old_store(store, THEIRS)
    assert noted(store, "mine") == ""
    assert store.with_name(KEY_ORIGINS_FILE).read_bytes() == written


@pytest.mark.attack("key-origin")
def test_a_backup_restored_before_the_first_start_binds_no_key(store: Path, tmp_path: Path) -> None:
    old_store(store, MINE)
    old_store(tmp_path / "theirs" / "s.sqlite3", THEIRS, replace(THEIRS, id="openai"))
    restore(backup_of(tmp_path, tmp_path / "theirs" / "s.sqlite3"), store)
    found = legacy_key_origins(store, BUILT_IN)
    assert (found["mine"], found["openai"]) == (HERE, BUILT_IN["openai"])
    assert noted(store, "mine") == ""


@pytest.mark.attack("key-origin")
def test_a_backup_restored_without_a_store_binds_no_key(store: Path, tmp_path: Path) -> None:
    old_store(tmp_path / "theirs" / "s.sqlite3", THEIRS, replace(THEIRS, id="openai"))
    restore(backup_of(tmp_path, tmp_path / "theirs" / "s.sqlite3"), store)
    assert noted(store, "mine") == ""
    assert legacy_key_origins(store, BUILT_IN) == BUILT_IN


@pytest.mark.attack("key-origin")
def test_a_backup_restored_over_a_damaged_store_binds_no_key(store: Path, tmp_path: Path) -> None:
    old_store(store, replace(MINE, id="openai"))
    with store.open("r+b") as file:
        file.write(b"no database at all" * 400)
    old_store(tmp_path / "theirs" / "s.sqlite3", THEIRS)
    restore(backup_of(tmp_path, tmp_path / "theirs" / "s.sqlite3"), store)
    assert noted(store, "mine") == ""
    # The address that the damaged store had for OpenAI's key is unknown.
    assert legacy_key_origins(store, BUILT_IN) == {}


@pytest.mark.attack("key-origin")
def test_notes_on_keys_in_a_backup_are_ignored(store: Path, tmp_path: Path) -> None:
    new_store(store, MINE, HERE)
    theirs = tmp_path / "theirs" / "s.sqlite3"
    new_store(theirs, THEIRS, EVIL)
    new_store(theirs, replace(THEIRS, id="openai"), EVIL)
    restore(backup_of(tmp_path, theirs), store)
    assert noted(store, "mine") == HERE
    assert noted(store, "openai") == ""


def test_a_repaired_store_binds_keys_of_recovered_profiles(store: Path) -> None:
    old_store(store, MINE)
    repair_store(store, NOON, lambda *_: None)
    assert legacy_key_origins(store, BUILT_IN)["mine"] == HERE
    assert noted(store, "mine") == ""


@pytest.mark.attack("key-origin")
def test_invalid_profiles_have_no_origin(store: Path) -> None:
    old_store(store, MINE, replace(MINE, id="openai"))
    with closing(sqlite3.connect(store, isolation_level=None)) as connection:
        for profile_id, body in (("mine", "[" * 5000), ("openai", '{"base_url": 5, "proxy": []}')):
            sql = "UPDATE profiles SET body = ? WHERE id = ?"
            connection.execute(sql, (body, profile_id))
    record_key_origins(store)
    found = legacy_key_origins(store, BUILT_IN)
    assert set(found.values()) == {""}


@pytest.mark.parametrize("text", ["", "null", "[]", "no JSON", "\0"])
def test_an_unreadable_file_binds_no_key(store: Path, text: str) -> None:
    old_store(store, MINE)
    store.with_name(KEY_ORIGINS_FILE).write_text(text)
    assert legacy_key_origins(store, BUILT_IN) == {}
