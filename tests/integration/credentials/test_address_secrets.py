"""Passwords within addresses are moved from the store and its copies to a real keyring."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from desktop_app.settings.settings_store import SettingsStore
from tests.helpers.started_backend import started_backend
from tests.unit.providers.loopback import LoopbackServer, replies
from tests.unit.providers.samples import COMPATIBLE

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
