"""Passwords within addresses are moved from the store and its copies to a real keyring."""

from __future__ import annotations

import asyncio
import sqlite3
import zipfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from desktop_app.credentials.keyring_access import Keyring
from desktop_app.credentials.vault import KeyPlace, secret_in_entry
from desktop_app.domain.network.origin import origin
from desktop_app.domain.network.secret import Secret
from desktop_app.main import main
from desktop_app.paths import folders
from desktop_app.storage.recovery.backup import make_backup
from desktop_app.storage.settings.settings_store import SettingsStore, profile_to_text
from tests.helpers.started_backend import started_backend
from tests.unit.providers.loopback import LoopbackServer, replies
from tests.unit.providers.samples import COMPATIBLE
from tests.unit.storage.samples import NOON
from tests.unit.storage.test_key_origins import old_store

WORD = "w0rd-within-an-address"
LISTED = replies(200, {"data": [{"id": "a"}]})
PROXY = f"http://me:{WORD}@proxy.example:3128"

pytestmark = [
    pytest.mark.usefixtures("home"),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.attack("secrets"),
]


def files_with_the_word(folder: Path) -> list[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if WORD.encode() in path.read_bytes()]


def address_with_login(server: LoopbackServer) -> str:
    return server.base_url.replace("http://", f"http://someone:{WORD}@")


def leave_words(base_url: str) -> None:
    """Make a store as an older version may have left it, with a password in every address."""
    store = folders().database
    old_store(store)
    profile = replace(COMPATIBLE, id="mine", base_url=base_url, proxy=PROXY)
    with closing(sqlite3.connect(store, isolation_level=None)) as connection:
        body = profile_to_text(profile)
        connection.execute(
            "INSERT INTO profiles (id, position, body) VALUES ('mine', 1, ?)", [body]
        )
        for key in (f"learnt.api.env-openai.{base_url}", f"learnt.refusals.x {base_url} m"):
            connection.execute("INSERT INTO settings VALUES (?, '\"responses\"')", [key])
        values = ("env-openai", base_url, 0, "[]", "{}")
        sql = "INSERT INTO model_listings (profile_id, base_url, at, models, windows)"
        connection.execute(f"{sql} VALUES (?, ?, ?, ?, ?)", values)


async def test_passwords_move_to_the_keyring_and_are_still_sent(home: Path) -> None:
    async with LoopbackServer(LISTED) as server:
        await asyncio.to_thread(leave_words, address_with_login(server))
        assert files_with_the_word(home)
        async with started_backend() as backend:
            assert files_with_the_word(home) == []
            [profile] = [p for p in await backend.providers.profiles() if p.id == "mine"]
            assert profile.base_url == server.base_url
            assert profile.proxy == "http://me@proxy.example:3128"
            secret = Secret(f"someone:{WORD}", origin(server.base_url), "Basic")
            assert await backend.vault.get("mine", secret.origin) == secret
            assert await backend.vault.place("mine", secret.origin) is KeyPlace.KEYRING
            password = await backend.vault.get("mine.proxy", origin(profile.proxy))
            assert password == Secret(WORD, "http://proxy.example:3128")
            await (await backend.gateway.provider(profile)).listing()
            assert server.requests[0].headers["authorization"].startswith("Basic ")
    assert files_with_the_word(home) == []


async def test_a_copy_before_a_migration_has_no_password(home: Path) -> None:
    await asyncio.to_thread(leave_words, f"https://someone:{WORD}@gateway.example/v1")
    async with started_backend():
        pass
    assert list((home / "data").glob("repartee.before-*.sqlite3"))
    assert files_with_the_word(home) == []


def test_a_restore_first_moves_passwords_to_the_keyring(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite3"
    old_store(other)
    archive = make_backup(other, tmp_path / "none", tmp_path, NOON, lambda *_: None).path
    leave_words(f"https://someone:{WORD}@gateway.example/v1")
    assert main(["restore", str(archive)]) == 0
    assert list((home / "data").glob("repartee.before-restore-*.sqlite3"))
    assert files_with_the_word(home) == []
    key = Keyring(folders().keyring_service).read("mine")
    assert key is not None
    assert secret_in_entry(key) == Secret(f"someone:{WORD}", "https://gateway.example:443", "Basic")


def test_a_backup_has_no_password(tmp_path: Path) -> None:
    leave_words(f"https://someone:{WORD}@gateway.example/v1")
    where = folders()
    archive = make_backup(where.database, where.attachments, tmp_path, NOON, lambda *_: None).path
    with zipfile.ZipFile(archive) as pack:
        assert not any(WORD.encode() in pack.read(name) for name in pack.namelist())


async def test_an_existing_key_is_not_replaced(home: Path) -> None:
    async with started_backend() as backend:
        key = Secret("sk-mine-0123456789", "https://gateway.example:443")
        await backend.vault.set("mine", key)
        profile = replace(COMPATIBLE, id="mine")
        text = f"https://someone:{WORD}@gateway.example/v1"
        body = profile_to_text(replace(profile, base_url=text))
        sql = "INSERT INTO profiles (id, position, body) VALUES ('mine', 1, ?)"
        await backend.database.write(lambda c: c.execute(sql, (body,)))
    async with started_backend() as backend:
        assert await backend.vault.get("mine", key.origin) == key
        assert files_with_the_word(home) == []


async def test_a_profile_is_never_stored_with_a_password(home: Path) -> None:
    async with started_backend() as backend:
        profile = replace(COMPATIBLE, id="mine", base_url=f"https://a:{WORD}@h.example/v1")
        await SettingsStore(backend.database).save_profile(replace(profile, proxy=PROXY))
    assert files_with_the_word(home) == []


async def test_facts_learned_about_an_environment_address_have_no_password(home: Path) -> None:
    async with LoopbackServer(LISTED) as server:
        environment = {"OPENAI_BASE_URL": address_with_login(server)}
        async with started_backend(environment) as backend:
            profile = (await backend.providers.profiles())[0]
            await backend.listings.fetch(profile)
            assert server.requests[0].headers["authorization"].startswith("Basic ")
    assert files_with_the_word(home) == []
