"""The vault without a trusted keyring keeps keys in memory for the session and says so."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from desktop_app.domain.errors import CredentialError
from desktop_app.domain.network.origin import Secret
from desktop_app.providers.keys.vault import KeyPlace, KeyVault, _run_in_thread
from tests.helpers.linux_only import linux_only
from tests.unit.providers import forgetful

KEY = "sk-secret-1234"
HERE = "https://api.openai.com:443"
ELSEWHERE = "https://gateway.example:443"
SECRET = Secret(KEY, HERE)


class Origins:
    """The origins of a settings store, in memory."""

    def __init__(self, **stored: str) -> None:
        self.stored = stored

    async def key_origin(self, name: str) -> str | None:
        return self.stored.get(name)

    async def record_key_origin(self, name: str, origin: str | None) -> None:
        if origin is None:
            self.stored.pop(name, None)
        else:
            self.stored[name] = origin


@pytest.fixture(autouse=True)
def no_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/no-bus")
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)


@pytest.mark.parametrize(
    "backend",
    [
        "keyring.backends.null.Keyring",  # stores nothing
        "keyring.backends.fail.Keyring",  # always fails
        "keyring.backends.chainer.ChainerBackend",  # asks other back ends
        "no.such.module.Keyring",
        "nonsense",
        "",
        pytest.param(None, marks=linux_only("absent keyring")),
    ],
)
async def test_without_a_trusted_keyring_a_key_is_kept_for_the_session(
    backend: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if backend is not None:
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", backend)

    origins = Origins()
    vault = KeyVault("repartee:test", origins)
    probed = await vault.probe(10)
    assert not probed.works
    assert probed.why
    assert await vault.set("openai", SECRET) is KeyPlace.SESSION
    assert await vault.get("openai", HERE) == SECRET
    assert await vault.place("openai", HERE) is KeyPlace.SESSION
    assert origins.stored == {}
    assert vault.last_probe is not None
    assert KEY not in vault.last_probe.why
    await vault.remove("openai")
    assert await vault.get("openai", HERE) is None
    assert await vault.place("openai", HERE) is KeyPlace.NONE


async def test_a_keyring_that_stores_nothing_is_not_given_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", f"{forgetful.__name__}.Keyring")

    vault = KeyVault("repartee:test", Origins())
    assert await vault.set("openai", SECRET) is KeyPlace.SESSION
    assert vault.last_probe is not None
    assert "isn’t saving" in vault.last_probe.why
    assert forgetful.Keyring.given
    assert KEY not in forgetful.Keyring.given


@linux_only("absent keyring")
async def test_an_unreachable_stored_key_raises_an_error() -> None:
    origins = Origins(openai=HERE)
    vault = KeyVault("repartee:test", origins)
    assert await vault.place("openai", HERE) is KeyPlace.KEYRING
    with pytest.raises(CredentialError) as caught:
        await vault.get("openai", HERE)
    assert "No keyring is available" in caught.value.message
    with pytest.raises(CredentialError):
        await vault.remove("openai")
    assert origins.stored == {"openai": HERE}  # it is still in the keyring


async def test_keys_from_the_environment_come_first() -> None:
    vault = KeyVault("repartee:test", Origins(env=HERE))
    vault.use_for_session("env", SECRET, KeyPlace.ENVIRONMENT)
    assert await vault.get("env", HERE) == SECRET
    assert await vault.place("env", HERE) is KeyPlace.ENVIRONMENT


@pytest.mark.attack("key-origin")
@pytest.mark.parametrize("place", [KeyPlace.SESSION, KeyPlace.ENVIRONMENT])
async def test_a_session_key_belongs_to_its_origin(place: KeyPlace) -> None:
    vault = KeyVault("repartee:test", Origins())
    vault.use_for_session("openai", SECRET, place)
    for other in (ELSEWHERE, "http://api.openai.com:443", "https://api.openai.com:80", ""):
        assert await vault.get("openai", other) is None
        assert await vault.place("openai", other) is KeyPlace.ELSEWHERE
    assert await vault.get("openai", HERE) == SECRET
    assert await vault.place("openai", HERE) is place


async def test_a_key_without_an_origin_is_refused() -> None:
    vault = KeyVault("repartee:test", Origins())
    with pytest.raises(CredentialError, match="no valid base URL"):
        await vault.set("openai", Secret(KEY, ""))
    assert await vault.place("openai", "") is KeyPlace.NONE


def test_no_representation_shows_a_key() -> None:
    vault = KeyVault("repartee:test", Origins())
    vault.use_for_session("openai", SECRET, KeyPlace.SESSION)
    assert KEY not in repr(vault)
    assert KEY not in repr(vars(vault))


WITHOUT_KEYRING = """
import asyncio, sys
from desktop_app.providers.keys.vault import KeyPlace, KeyVault
from desktop_app.domain.network.origin import Secret

HERE = "https://api.openai.com:443"

class Notes:
    async def key_origin(self, name): return HERE if name == "stored" else None
    async def record_key_origin(self, name, origin): raise AssertionError

async def main():
    vault = KeyVault("repartee:test", Notes())
    assert await vault.place("stored", HERE) is KeyPlace.KEYRING
    assert await vault.place("other", HERE) is KeyPlace.NONE
    assert await vault.get("other", HERE) is None
    vault.use_for_session("other", Secret("k", HERE), KeyPlace.SESSION)
    assert (await vault.get("other", HERE)).value == "k"

asyncio.run(main())
assert not {"keyring", "secretstorage", "jeepney"} & set(sys.modules), "imported too early"
"""


def test_the_keyring_is_not_touched_before_a_key_is_needed() -> None:
    subprocess.run(
        [sys.executable, "-c", WITHOUT_KEYRING], cwd=Path(__file__).parents[3], check=True
    )


async def test_a_hanging_call_does_not_block_the_next() -> None:
    answered = threading.Event()

    with pytest.raises(CredentialError, match="didn’t respond"):
        await _run_in_thread(lambda: answered.wait(30), 0.05)
    assert await _run_in_thread(lambda: "next", 10) == "next"
    answered.set()
