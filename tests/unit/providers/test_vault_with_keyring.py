"""The vault over a keyring that works, is locked, is slow or was changed by others."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from desktop_app.domain.errors import CredentialError, StorageError
from desktop_app.domain.network.origin import Secret
from desktop_app.providers.keys.keyring_access import Keyring
from desktop_app.providers.keys.vault import (
    UNKNOWN_ORIGIN,
    KeyPlace,
    KeyVault,
    ProbeResult,
    keyring_entry,
)
from tests.helpers.waiting import until
from tests.unit.providers import remembering
from tests.unit.providers.test_vault import ELSEWHERE, HERE, KEY, SECRET, Origins

SERVICE = "repartee:test"


@pytest.fixture(autouse=True)
def entries(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[tuple[str, str], str]]:
    """Return the entries of an empty keyring that works."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", f"{remembering.__name__}.Keyring")
    for state in (remembering.ENTRIES, remembering.FAULTS):
        state.clear()
    for event in (remembering.ASKED, remembering.ANSWERED):
        event.clear()
    yield remembering.ENTRIES
    remembering.ANSWERED.set()


Entries = dict[tuple[str, str], str]
NAME = remembering.Keyring().name


async def test_a_key_is_stored_with_its_origin(entries: Entries) -> None:
    origins = Origins()
    vault = KeyVault(SERVICE, origins)
    vault.use_for_session("openai", Secret("old", HERE), KeyPlace.SESSION)
    assert await vault.set("openai", SECRET) is KeyPlace.KEYRING
    assert vault.last_probe == ProbeResult(True, NAME, "")
    assert entries == {(SERVICE, "openai"): keyring_entry(SECRET)}
    assert origins.stored == {"openai": HERE}
    later = KeyVault(SERVICE, origins)
    assert await later.get("openai", HERE) == SECRET
    assert await vault.get("openai", HERE) == SECRET
    assert await vault.place("openai", HERE) is KeyPlace.KEYRING
    await later.remove("openai")
    assert (entries, origins.stored) == ({}, {})
    assert await later.get("openai", HERE) is None
    await later.remove("openai")


class FullOrigins(Origins):
    """Notes that can be read, but not changed."""

    async def record_key_origin(self, name: str, origin: str | None) -> None:
        raise StorageError(
            "The disk is too full to save {place}.",
            hint="Free up space, then try again.",
            place="library.db",
        )


async def test_a_key_whose_note_cannot_be_stored_is_kept_for_the_session() -> None:
    vault = KeyVault(SERVICE, FullOrigins())
    with pytest.raises(StorageError):
        await vault.set("openai", SECRET)
    assert await vault.get("openai", HERE) == SECRET


@pytest.mark.parametrize(
    ("recorded", "entry", "found", "recorded_then"),
    [
        (HERE, keyring_entry(SECRET), SECRET, HERE),
        (HERE, None, None, None),  # another program removed it
        (HERE, keyring_entry(Secret(KEY, ELSEWHERE)), None, ELSEWHERE),
        (UNKNOWN_ORIGIN, keyring_entry(SECRET), SECRET, HERE),
        (UNKNOWN_ORIGIN, None, None, None),
        (UNKNOWN_ORIGIN, KEY, None, None),
        (ELSEWHERE, keyring_entry(SECRET), None, ELSEWHERE),
        (None, keyring_entry(SECRET), None, None),
    ],
)
async def test_the_keyring_decides_the_origin_of_a_key(
    recorded: str | None,
    entry: str | None,
    found: Secret | None,
    recorded_then: str | None,
    entries: Entries,
) -> None:
    origins = Origins(**({} if recorded is None else {"openai": recorded}))
    if entry is not None:
        entries[SERVICE, "openai"] = entry
    vault = KeyVault(SERVICE, origins)
    assert await vault.get("openai", HERE) == found
    assert origins.stored.get("openai") == recorded_then


async def test_a_key_stays_known_if_the_user_cancels_its_deletion(entries: Entries) -> None:
    origins = Origins()
    vault = KeyVault(SERVICE, origins)
    await vault.set("openai", SECRET)
    remembering.FAULTS.add("canceled")
    with pytest.raises(CredentialError):
        await vault.remove("openai")
    assert entries == {(SERVICE, "openai"): keyring_entry(SECRET)}
    assert origins.stored == {"openai": HERE}


async def test_a_locked_keyring_is_reported() -> None:
    remembering.FAULTS.add("locked")
    vault = KeyVault(SERVICE, Origins(openai=HERE))
    with pytest.raises(CredentialError) as caught:
        await vault.get("openai", HERE)
    assert "The keyring is locked" in caught.value.message
    assert caught.value.details == "KeyringLocked: closed"
    assert await vault.set("openai", SECRET) is KeyPlace.SESSION
    assert vault.last_probe == ProbeResult(False, "", caught.value.what_happened)


def test_a_keyring_that_deletes_nothing_is_not_used() -> None:
    remembering.FAULTS.add("undeletable")
    with pytest.raises(CredentialError) as caught:
        Keyring(SERVICE).probe()
    assert "The keyring isn’t saving keys" in caught.value.message


async def test_a_bus_that_is_slow_to_connect_is_waited_for(entries: Entries) -> None:
    remembering.FAULTS.add("busy bus")
    assert await KeyVault(SERVICE, Origins()).set("openai", SECRET) is KeyPlace.KEYRING
    assert entries == {(SERVICE, "openai"): keyring_entry(SECRET)}


@pytest.mark.parametrize("next_step", ["nothing", "replaced", "removed", "locked"])
async def test_a_waiting_key_is_stored_unless_it_changed(next_step: str, entries: Entries) -> None:
    origins = Origins()
    vault = KeyVault(SERVICE, origins)
    newer = Secret("newer", HERE)
    remembering.FAULTS.add("absent")
    assert await vault.set("openai", SECRET) is KeyPlace.SESSION
    remembering.FAULTS.clear()
    if next_step == "replaced":
        await vault.set("openai", newer)
    elif next_step == "removed":
        await vault.remove("openai")
    elif next_step == "locked":
        remembering.FAULTS.add("locked")
    assert await vault.store_waiting() is (next_step == "nothing")
    assert not vault.is_waiting
    remembering.FAULTS.clear()
    assert not await vault.store_waiting()
    stored = {"nothing": SECRET, "replaced": newer}.get(next_step)
    assert entries == ({(SERVICE, "openai"): keyring_entry(stored)} if stored else {})
    assert origins.stored == ({"openai": HERE} if stored else {})
    found = await vault.get("openai", HERE)
    assert found == (SECRET if next_step == "locked" else stored)


@pytest.mark.parametrize("is_replaced", [False, True])
async def test_a_change_while_a_waiting_key_is_stored_decides(
    is_replaced: bool, entries: Entries
) -> None:
    origins = Origins()
    vault = KeyVault(SERVICE, origins)
    newer = Secret("newer", HERE)
    remembering.FAULTS.add("absent")
    await vault.set("openai", SECRET)
    remembering.FAULTS.clear()
    remembering.FAULTS.add("slow")
    storing = asyncio.ensure_future(vault.store_waiting())
    await until(asked)
    changing = vault.set("openai", newer) if is_replaced else vault.remove("openai")
    await changing
    remembering.ANSWERED.set()
    await storing
    assert entries == ({(SERVICE, "openai"): keyring_entry(newer)} if is_replaced else {})
    assert origins.stored == ({"openai": HERE} if is_replaced else {})
    assert await vault.get("openai", HERE) == (newer if is_replaced else None)


async def asked() -> bool:
    return remembering.ASKED.is_set()


@pytest.mark.parametrize("is_cancelled", [False, True])
async def test_an_abandoned_call_stores_no_key(is_cancelled: bool, entries: Entries) -> None:
    remembering.FAULTS.add("slow")
    vault = KeyVault(SERVICE, Origins(), prompt_timeout_s=60 if is_cancelled else 0.01)
    setting = asyncio.ensure_future(vault.set("openai", SECRET))
    await until(asked)
    if is_cancelled:
        setting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await setting
    else:
        assert await setting is KeyPlace.SESSION
    remembering.ANSWERED.set()
    for thread in [each for each in threading.enumerate() if each.name == "keyring"]:
        thread.join(60)
    assert entries == {}
