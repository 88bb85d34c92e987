"""The command on typical networks, and what `repartee doctor` reports about the route."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from desktop_app.providers.gateway.environment_profiles import OPENAI
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.storage.database import Database
from tests.helpers.certificates import Authority
from tests.helpers.proxies import HttpProxy, SocksProxy
from tests.integration.cli.command import Shell, gateway
from tests.integration.cli.replies import ANSWER, WHOLE
from tests.unit.providers.loopback import LoopbackServer

OFFSCREEN = {"QT_QPA_PLATFORM": "offscreen"}


def database_of(shell: Shell) -> Database:
    return Database(shell.home / "data" / "repartee.sqlite3")


async def test_an_address_in_the_environment_allows_only_its_own_private_host(shell: Shell) -> None:
    async with LoopbackServer(WHOLE) as server, SocksProxy(upstream=server.base_url) as proxy:
        way = {"ALL_PROXY": proxy.url}
        near = await shell.run("ask", "Hi", env={**gateway("http://10.9.8.7:1/v1"), **way})
        assert (near.code, near.out) == (0, ANSWER + "\n")
        assert proxy.wanted == ["10.9.8.7:1"]
        far = await shell.run("ask", "Hi", env={**gateway("http://far.example/v1"), **way})
        assert far.code != 0
        assert "isn’t encrypted" in far.err
        assert len(proxy.wanted) == 1


@pytest.mark.slow
async def test_doctor_describes_the_route_to_each_provider(shell: Shell, tmp_path: Path) -> None:
    database = database_of(shell)
    await database.open()
    settings = SettingsStore(database)
    pem = str(Authority(tmp_path).pem)
    await settings.save_profile(replace(OPENAI, proxy="http://me@proxy.lan:3128", ca_file=pem))
    home = replace(OPENAI, id="home", name="Home", base_url="http://nas.lan/v1")
    await settings.save_profile(home)
    await settings.save_profile(replace(home, id="gone", name="Gone", base_url="https://a/v1",
                                        ca_file=pem + ".gone"))  # fmt: skip
    await database.close()
    done = await shell.run("doctor", "--json", env=OFFSCREEN)
    assert done.code == 0
    found = done.json
    route = "Proxy http://proxy.lan:3128 (settings), system certificates and "
    assert found["way to OpenAI"] == {"works": None, "text": f"{route}{pem} (Example Company Root)"}
    assert found["way to CometAPI"]["text"] == "No proxy, system certificates"
    assert found["way to Home"]["works"] is False
    assert "isn’t allowed" in found["way to Home"]["text"]
    assert found["way to Gone"]["works"] is False
    assert "Couldn’t read" in found["way to Gone"]["text"]


async def test_permission_to_store_is_sent(shell: Shell, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with (
        LoopbackServer(WHOLE, tls=authority.server("api.openai.com")) as server,
        HttpProxy(upstream=server.base_url) as proxy,
    ):
        database = database_of(shell)
        await database.open()
        profile = replace(
            OPENAI,
            proxy=proxy.url,
            ca_file=str(authority.pem),
            keeps_at_provider=True,
            needs_key=False,
        )
        await SettingsStore(database).save_profile(profile)
        await database.close()
        done = await shell.run("ask", "Hi", "--provider", "openai")
        assert (done.code, done.out) == (0, ANSWER + "\n")
        assert server.requests[0].json["store"] is True
        assert "authorization" not in server.requests[0].headers
