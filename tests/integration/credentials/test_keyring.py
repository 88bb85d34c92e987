"""The vault and a real GNOME keyring: unlocked, absent, locked, waiting for a dialog."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from desktop_app.domain.errors import CredentialError
from desktop_app.domain.network.origin import Secret
from desktop_app.providers.keys.vault import KeyPlace, KeyVault, keyring_entry
from desktop_app.settings.settings_store import SettingsStore
from tests.helpers.waiting import LONGEST_S
from tests.integration.credentials.conftest import Desktop
from tests.integration.credentials.system_keyring import default_collection, keyring_secrets
from tests.unit.storage.samples import opened

KEY = "sk-secret-ключ-1234"
HERE = "https://api.openai.com:443"
SECRET = Secret(KEY, HERE)
OTHER = Secret(KEY + "2", HERE)
SERVICE = "repartee:0123456789ab"

# keyring leaves its connection to the garbage collector where the collection stays locked.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@asynccontextmanager
async def a_vault(tmp_path: Path, timeout_s: float = 20) -> AsyncIterator[KeyVault]:
    async with opened(tmp_path / "store.sqlite3") as database:
        yield KeyVault(SERVICE, SettingsStore(database), prompt_timeout_s=timeout_s)


def lock() -> None:
    with default_collection() as collection:
        collection.lock()


async def test_a_key_is_stored_found_in_the_next_run_and_removed(
    tmp_path: Path, new_desktop: Callable[[], Desktop]
) -> None:
    new_desktop().start_keyring()

    async with a_vault(tmp_path) as vault:
        assert await vault.set("openai", SECRET) is KeyPlace.KEYRING
        assert vault.last_probe is not None
        assert vault.last_probe.works
        assert "SecretService" in vault.last_probe.backend
        # nothing of the probe is left
        assert keyring_secrets() == {"openai": keyring_entry(SECRET)}
        assert await vault.set("openai", OTHER) is KeyPlace.KEYRING
    async with a_vault(tmp_path) as vault:
        assert await vault.place("openai", HERE) is KeyPlace.KEYRING
        assert await vault.get("openai", HERE) == OTHER
        assert await vault.get("cometapi", HERE) is None
        await vault.remove("openai")
        assert await vault.get("openai", HERE) is None
        assert await vault.place("openai", HERE) is KeyPlace.NONE
        assert keyring_secrets() == {}
    assert KEY.encode() not in (tmp_path / "store.sqlite3").read_bytes()


async def test_without_a_daemon_the_key_is_for_this_session_until_there_is_one(
    tmp_path: Path, new_desktop: Callable[[], Desktop]
) -> None:
    desktop = new_desktop()

    async with a_vault(tmp_path) as vault:
        assert await vault.set("openai", SECRET) is KeyPlace.SESSION
        assert vault.last_probe is not None
        assert "No keyring is available" in vault.last_probe.why
        assert await vault.get("openai", HERE) == SECRET
    async with a_vault(tmp_path) as vault:
        assert await vault.place("openai", HERE) is KeyPlace.NONE
        assert await vault.set("openai", SECRET) is KeyPlace.SESSION
        assert not await vault.store_waiting()
        desktop.start_keyring()
        assert vault.is_waiting
        assert await vault.store_waiting()
        assert not vault.is_waiting
    async with a_vault(tmp_path) as vault:
        assert await vault.get("openai", HERE) == SECRET


async def test_a_dismissed_dialog_of_a_locked_keyring_is_reported(
    tmp_path: Path, new_desktop: Callable[[], Desktop]
) -> None:
    new_desktop().start_keyring()  # no program shows the dialog

    async with a_vault(tmp_path) as vault:
        assert await vault.set("openai", SECRET) is KeyPlace.KEYRING
        lock()
        assert await vault.place("openai", HERE) is KeyPlace.KEYRING
        with pytest.raises(CredentialError, match="locked"):
            await vault.get("openai", HERE)
        with pytest.raises(CredentialError, match="locked"):
            await vault.remove("openai")
        assert await vault.place("openai", HERE) is KeyPlace.KEYRING
        # A new key can be used all the same.
        assert await vault.set("openai", OTHER) is KeyPlace.SESSION
        assert await vault.get("openai", HERE) == OTHER
        assert not vault.is_waiting  # no dialog appears without a reason that the user sees


async def test_an_unanswered_dialog_blocks_nothing(
    tmp_path: Path, new_desktop: Callable[[], Desktop]
) -> None:
    desktop = new_desktop()
    desktop.put_up_a_dialog_that_nobody_answers()
    desktop.start_keyring()

    async with a_vault(tmp_path, timeout_s=LONGEST_S) as vault:
        assert await vault.set("openai", SECRET) is KeyPlace.KEYRING
    lock()
    async with a_vault(tmp_path, timeout_s=0.5) as vault, asyncio.timeout(LONGEST_S):
        with pytest.raises(CredentialError, match="didn’t respond"):
            await vault.get("openai", HERE)
        assert not (await vault.probe(timeout_s=0.5)).works
        assert await vault.set("cometapi", SECRET) is KeyPlace.SESSION


async def test_a_dead_daemon_is_an_error_until_it_restarts(
    tmp_path: Path, new_desktop: Callable[[], Desktop]
) -> None:
    new_desktop().start_keyring()

    async with a_vault(tmp_path) as vault:
        assert await vault.set("openai", SECRET) is KeyPlace.KEYRING
        new_desktop()
        with pytest.raises(CredentialError):
            await vault.get("openai", HERE)
        new_desktop().start_keyring()
        assert await vault.set("openai", SECRET) is KeyPlace.KEYRING
