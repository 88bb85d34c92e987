"""Keys in a real GNOME keyring, and stores that try to have them sent elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from desktop_app.backend.backend import Backend
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.errors import AuthenticationError
from desktop_app.domain.network.origin import Secret, origin
from desktop_app.providers.keys.vault import KeyPlace, KeyVault, keyring_entry
from desktop_app.settings.settings_store import SettingsStore
from tests.helpers.started_backend import started_backend
from tests.integration.credentials.system_keyring import keyring_secrets
from tests.unit.providers.loopback import LoopbackServer, replies
from tests.unit.providers.samples import COMPATIBLE
from tests.unit.storage.samples import opened

KEY = "sk-secret-1234-5678-abcd"
HERE, ELSEWHERE = "https://api.openai.com:443", "https://evil.example:443"
SECRET = Secret(KEY, HERE)
LISTED = replies(200, {"data": [{"id": "a"}]})

# keyring leaves its connection to the garbage collector where the collection stays locked.
pytestmark = [
    pytest.mark.usefixtures("home"),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.attack("key-origin"),
]


async def sent_by(backend: Backend, profile: ProviderProfile, server: LoopbackServer) -> list[str]:
    """Return the keys that a server receives with a request for its models."""
    try:
        await (await backend.gateway.provider(profile)).listing()
    except AuthenticationError:
        assert profile.needs_key
    return [request.headers.get("authorization", "") for request in server.requests]


async def test_a_key_is_returned_only_for_its_origin(tmp_path: Path) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        vault = KeyVault("repartee:test", SettingsStore(database))
        assert await vault.set("openai", SECRET) is KeyPlace.KEYRING
        assert keyring_secrets() == {"openai": keyring_entry(SECRET)}
        assert await vault.get("openai", ELSEWHERE) is None
        assert await vault.place("openai", ELSEWHERE) is KeyPlace.ELSEWHERE
        assert keyring_secrets() == {"openai": keyring_entry(SECRET)}, "it stays where it was"
        assert await vault.get("openai", HERE) == SECRET


async def test_an_origin_in_the_store_does_not_bind_a_key(tmp_path: Path) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        settings = SettingsStore(database)
        vault = KeyVault("repartee:test", settings)
        await vault.set("openai", SECRET)
        for lie in (ELSEWHERE, ""):
            await settings.record_key_origin("openai", lie)
            assert await vault.get("openai", ELSEWHERE) is None
            assert await vault.place("openai", ELSEWHERE) is KeyPlace.ELSEWHERE
            assert await vault.get("openai", HERE) == SECRET, "the truth has been noted"


async def test_a_key_for_a_new_address_replaces_the_old_key(tmp_path: Path) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        vault = KeyVault("repartee:test", SettingsStore(database))
        await vault.set("openai", SECRET)
        there = Secret("sk-other", ELSEWHERE)
        await vault.set("openai", there)
        assert await vault.get("openai", HERE) is None
        assert await vault.get("openai", ELSEWHERE) == there
        assert keyring_secrets() == {"openai": keyring_entry(there)}
        await vault.remove("openai")
        assert keyring_secrets() == {}


async def test_a_password_of_an_address_keeps_its_scheme(tmp_path: Path) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        vault = KeyVault("repartee:test", SettingsStore(database))
        secret = Secret("someone:word", HERE, "Basic")
        await vault.set("openai", secret)
        assert await vault.get("openai", HERE) == secret


async def test_a_server_that_takes_an_address_over_gets_no_key() -> None:
    async with (
        LoopbackServer(LISTED) as mine,
        LoopbackServer(LISTED) as theirs,
        started_backend() as backend,
    ):
        profile = replace(COMPATIBLE, id="mine", base_url=mine.base_url)
        key = Secret(KEY, origin(mine.base_url))
        await backend.vault.set("mine", key)
        assert await sent_by(backend, profile, mine) == [f"Bearer {KEY}"]
        moved = replace(profile, base_url=theirs.base_url)
        assert await sent_by(backend, moved, theirs) == [""], "it needs no key: asked without"
        assert await sent_by(backend, profile, mine) == [f"Bearer {KEY}"] * 2
