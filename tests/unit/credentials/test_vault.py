"""The vault where there is no keyring to trust: this session's memory, said plainly."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from desktop_app.credentials.vault import KeyPlace, KeyVault, _call
from desktop_app.domain.errors import CredentialError
from tests.unit.credentials import forgetful

KEY = "sk-secret-1234"
NEVER = "no.such.module.Keyring"


class Notes:
    """KeyNotes in memory."""

    def __init__(self, *stored: str) -> None:
        self.stored = set(stored)

    async def is_key_stored(self, profile_id: str) -> bool:
        return profile_id in self.stored

    async def note_key_stored(self, profile_id: str, stored: bool) -> None:
        (self.stored.add if stored else self.stored.discard)(profile_id)


@pytest.fixture(autouse=True)
def no_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/no-bus")
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)


# Keeps nothing; always fails; passes on to whatever there is; is not there; nonsense; unset.
@pytest.mark.parametrize(
    "backend",
    [
        "keyring.backends.null.Keyring",
        "keyring.backends.fail.Keyring",
        "keyring.backends.chainer.ChainerBackend",
        NEVER,
        "nonsense",
        "",
        None,
    ],
)
def test_without_a_keyring_to_trust_the_key_is_for_this_session(
    backend: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if backend is not None:
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", backend)

    async def main() -> None:
        notes = Notes()
        vault = KeyVault("repartee:test", notes)
        probed = await vault.probe()
        assert not probed.works
        assert probed.why
        assert await vault.set("openai", KEY) is KeyPlace.SESSION
        assert await vault.get("openai") == KEY
        assert await vault.place("openai") is KeyPlace.SESSION
        assert notes.stored == set()
        assert vault.last_probe is not None
        assert KEY not in vault.last_probe.why
        await vault.remove("openai")
        assert await vault.get("openai") is None
        assert await vault.place("openai") is KeyPlace.NONE

    asyncio.run(main())


def test_a_keyring_that_keeps_nothing_is_not_given_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", f"{forgetful.__name__}.Keyring")

    async def main() -> None:
        vault = KeyVault("repartee:test", Notes())
        assert await vault.set("openai", KEY) is KeyPlace.SESSION
        assert vault.last_probe is not None
        assert "does not keep" in vault.last_probe.why
        assert forgetful.Keyring.given
        assert KEY not in forgetful.Keyring.given

    asyncio.run(main())


def test_a_keyring_named_in_a_file_is_not_trusted_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "python_keyring"
    folder.mkdir()
    (folder / "keyringrc.cfg").write_text(
        "[backend]\ndefault-keyring=keyring.backends.null.Keyring"
    )
    monkeypatch.setenv("HOME", str(tmp_path))

    async def main() -> None:
        probed = await KeyVault("repartee:test", Notes()).probe()
        assert not probed.works
        assert "not the keyring of the operating system" in probed.why

    asyncio.run(main())


def test_a_key_that_was_stored_and_cannot_be_reached_is_an_error_not_none() -> None:
    async def main() -> None:
        notes = Notes("openai")
        vault = KeyVault("repartee:test", notes)
        assert await vault.place("openai") is KeyPlace.KEYRING
        with pytest.raises(CredentialError) as caught:
            await vault.get("openai")
        assert caught.value.what_to_do
        with pytest.raises(CredentialError):
            await vault.remove("openai")
        assert notes.stored == {"openai"}  # it still lies there

    asyncio.run(main())


def test_keys_from_the_environment_come_first() -> None:
    async def main() -> None:
        vault = KeyVault("repartee:test", Notes("env"))
        vault.use_for_session("env", KEY, KeyPlace.ENVIRONMENT)
        assert await vault.get("env") == KEY
        assert await vault.place("env") is KeyPlace.ENVIRONMENT

    asyncio.run(main())


def test_no_representation_shows_a_key() -> None:
    vault = KeyVault("repartee:test", Notes())
    vault.use_for_session("openai", KEY, KeyPlace.SESSION)
    assert KEY not in repr(vault)
    assert KEY not in repr(vars(vault))


WITHOUT_KEYRING = """
import asyncio, sys
from desktop_app.credentials.vault import KeyPlace, KeyVault

class Notes:
    async def is_key_stored(self, profile_id): return profile_id == "stored"
    async def note_key_stored(self, profile_id, stored): raise AssertionError

async def main():
    vault = KeyVault("repartee:test", Notes())
    assert await vault.place("stored") is KeyPlace.KEYRING
    assert await vault.place("other") is KeyPlace.NONE
    assert await vault.get("other") is None
    vault.use_for_session("other", "k", KeyPlace.SESSION)
    assert await vault.get("other") == "k"

asyncio.run(main())
assert not {"keyring", "secretstorage", "jeepney"} & set(sys.modules), "imported too early"
"""


def test_the_keyring_is_not_touched_before_a_key_is_needed() -> None:
    subprocess.run(
        [sys.executable, "-c", WITHOUT_KEYRING], cwd=Path(__file__).parents[3], check=True
    )


def test_a_call_that_hangs_is_left_behind() -> None:
    answered = threading.Event()

    async def main() -> None:
        with pytest.raises(CredentialError, match="in time"):
            await _call(lambda: answered.wait(30), 0.05)
        assert await _call(lambda: "next", 10) == "next"

    asyncio.run(main())
    answered.set()


def test_what_a_call_raises_reaches_the_caller() -> None:
    def job() -> None:
        raise ZeroDivisionError

    async def main() -> None:
        with pytest.raises(ZeroDivisionError):
            await _call(job, 10)

    asyncio.run(main())
