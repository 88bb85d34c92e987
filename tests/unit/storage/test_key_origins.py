"""Origins of keys come from this computer's store, never from a restored store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.storage.recovery.backup import make_backup
from desktop_app.storage.settings.settings_store import SettingsStore
from tests.helpers.blocking import blocking
from tests.helpers.restores import restore_now
from tests.unit.providers.samples import COMPATIBLE
from tests.unit.storage.samples import NOON, opened

HERE, EVIL = "https://gateway.example:443", "https://evil.example:443"
MINE = replace(COMPATIBLE, id="mine", base_url="https://gateway.example/v1")
THEIRS = replace(MINE, base_url="https://evil.example/v1")


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


@pytest.mark.attack("key-origin")
def test_notes_on_keys_in_a_backup_are_ignored(store: Path, tmp_path: Path) -> None:
    new_store(store, MINE, HERE)
    theirs = tmp_path / "theirs" / "s.sqlite3"
    new_store(theirs, THEIRS, EVIL)
    new_store(theirs, replace(THEIRS, id="openai"), EVIL)
    restore(backup_of(tmp_path, theirs), store)
    assert noted(store, "mine") == HERE
    assert noted(store, "openai") == ""
