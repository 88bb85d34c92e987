"""Signing in to a tool server: its tokens are in the keyring alone, and are renewed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from desktop_app.backend.backend import Backend
from desktop_app.domain.errors import ToolServerError
from desktop_app.domain.tools.tool import ToolContext
from desktop_app.tools.servers.server_run import ServerState
from desktop_app.tools.servers.tool_server import server_of
from desktop_app.tools.services import tool_servers
from tests.helpers.guarded_server import GuardedServer, guarded_server
from tests.helpers.oauth_server import OWN_ID, OWN_SECRET
from tests.integration.credentials.system_keyring import keyring_secrets

if TYPE_CHECKING:
    from desktop_app.tools.servers.server_registry import ToolServers

KEPT = "tool-server:guarded:sign-in"

# keyring leaves its connection to the garbage collector where the collection stays locked.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.usefixtures("forked_children"),
]


@asynccontextmanager
async def program() -> AsyncIterator[Backend]:
    backend = Backend(environment={})
    await backend.open()
    try:
        yield backend
    finally:
        await backend.aclose()


async def whoami(backend: Backend, tool: str = "whoami") -> str:
    tools = await backend.tools.choose([f"guarded/{tool}"])
    (chosen,) = tools.tools.values()
    return await chosen.source.call(chosen.definition, {}, ToolContext("c"))


async def reason_of(servers: ToolServers) -> str:
    run = await servers.run("guarded")
    with pytest.raises(ToolServerError) as caught:
        await run.fetch_list("tools")
    assert run.state is ServerState.FAILED
    return caught.value.message


async def add(backend: Backend, server: GuardedServer, **client: str) -> None:
    await backend.of(tool_servers).add(*server_of("guarded", url=server.url, **client))


async def test_a_server_that_registers_nobody_takes_a_client_of_the_user_s(home: Path) -> None:
    async with guarded_server("closed") as server, program() as backend:
        servers = backend.of(tool_servers)
        await add(backend, server)
        with pytest.raises(ToolServerError, match="needs a client ID") as caught:
            await servers.sign_in("guarded", server.browse)
        assert "http://127.0.0.1/callback" in caught.value.sentences
        await servers.remove("guarded")
        await add(backend, server, client_id=OWN_ID, client_secret="wrong")
        with pytest.raises(ToolServerError, match="signed in to the tool server"):
            await servers.sign_in("guarded", server.browse)
        await servers.remove("guarded")
        await add(backend, server, client_id=OWN_ID, client_secret=OWN_SECRET)
        assert await servers.sign_in("guarded", server.browse)
        assert await whoami(backend) == "Ann"
        await server.send_command("expire")
        assert await whoami(backend) == "Ann", "the refused token is refreshed"
        assert len(server.opened) == 2, "nobody was asked again"
    assert OWN_SECRET.encode() not in b"".join(
        path.read_bytes() for path in home.rglob("*") if path.is_file()
    )


async def test_a_sign_in_lasts_until_the_user_signs_out(home: Path) -> None:
    async with guarded_server() as server:
        async with program() as backend:
            await add(backend, server)
            assert "needs you to sign in" in await reason_of(backend.of(tool_servers))
            assert await server.send_command("") == 0, "nothing was registered unasked"
            assert await backend.of(tool_servers).sign_in("guarded", server.browse)
            (page,) = await server.pages()
            assert "return to Repartee" in page
            tools = await backend.tools.choose(["guarded/whoami"])
            (tool,) = tools.tools.values()
            await server.send_command("expire")
            again = await tool.source.call(tool.definition, {}, ToolContext("c"))
            assert again == "Ann", "the refused token is refreshed, and the call repeated"
        kept = json.loads(json.loads(keyring_secrets()[KEPT])["key"])
        values = [*kept["tokens"].values(), kept["client"]["client_secret"]]
        async with program() as backend:
            assert await whoami(backend) == "Ann", "a later start needs no sign-in"
            assert "the result has 10485760 characters" in await whoami(backend, "huge")
            run = await backend.of(tool_servers).run("guarded")
            assert run.redact(f"it is {values[0]}") == "it is [key removed]"
            row = (await backend.of(tool_servers).storage.servers())[0]
            assert await backend.of(tool_servers).is_signed_in(row)
            assert await server.send_command("tokens") == 1
            await backend.of(tool_servers).sign_out("guarded")
            assert await server.send_command("tokens") == 0, "the server has forgotten it"
            assert not await backend.of(tool_servers).is_signed_in(row)
            assert "needs you to sign in" in await reason_of(backend.of(tool_servers))
        assert keyring_secrets() == {}
    files = [path.read_bytes() for path in home.rglob("*") if path.is_file()]
    secrets = [value.encode() for value in values if isinstance(value, str) and len(value) > 10]
    assert len(secrets) == 3
    assert not [file for file in files for secret in secrets if secret in file]
    assert len(server.opened) == 1


async def test_tokens_are_renewed_and_kept(home: Path) -> None:
    async with guarded_server() as server:
        async with program() as backend:
            await add(backend, server)
            await backend.of(tool_servers).sign_in("guarded", server.browse)
        first = expire(await stored_text())
        await server.send_command("expire")
        async with program() as backend:
            await put_back(backend, server, first)
            assert await whoami(backend) == "Ann"
        renewed = json.loads(await stored_text())
        assert renewed["tokens"]["access_token"] != first["tokens"]["access_token"]
        assert renewed["tokens"]["refresh_token"] != first["tokens"]["refresh_token"]
        assert len(server.opened) == 1, "nobody was asked"


async def stored_text() -> str:
    text: str = json.loads(keyring_secrets()[KEPT])["key"]
    return text


def expire(text: str) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(text)
    return {**kept, "expires_at": 1.0}


async def put_back(backend: Backend, server: GuardedServer, kept: dict[str, Any]) -> None:
    row, _ = server_of("guarded", url=server.url)
    await backend.of(tool_servers)._store_sign_in(row, kept)


@pytest.mark.slow
async def test_a_revoked_sign_in_asks_for_another(home: Path) -> None:
    async with guarded_server() as server, program() as backend:
        await add(backend, server)
        await backend.of(tool_servers).sign_in("guarded", server.browse)
        tools = await backend.tools.choose(["guarded/whoami"])
        (tool,) = tools.tools.values()
        await server.send_command("revoke")
        with pytest.raises(Exception, match="sign in again"):
            await tool.source.call(tool.definition, {}, ToolContext("c"))
        assert "needs you to sign in" in await reason_of(backend.of(tool_servers))
        assert len(server.opened) == 1, "the browser opens only if the user wants it"
        assert await backend.of(tool_servers).sign_in("guarded", server.browse)
        assert await whoami(backend) == "Ann"
