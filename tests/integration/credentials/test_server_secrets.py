"""Secret values of tool servers: in the keyring alone, for the configured command alone."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from desktop_app.backend.backend import Backend
from desktop_app.domain.errors import ToolServerError
from desktop_app.domain.tools.tool import Permission, ToolContext
from desktop_app.tools.servers.tool_server import server_of
from desktop_app.tools.services import tool_servers
from tests.helpers.server_runs import SCRIPTED
from tests.integration.credentials.system_keyring import keyring_secrets

SECRET = "tok-0123456789-abcdefgh"

# keyring leaves its connection to the garbage collector where the collection stays locked.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


async def test_secrets_are_only_in_the_keyring_and_reach_the_server(home: Path) -> None:
    backend = Backend(environment={})
    await backend.open()
    try:
        servers = backend.of(tool_servers)
        command = (sys.executable, SCRIPTED)
        words = (*command, "--token", f"a{SECRET}")
        server, secrets = server_of("demo", command=words, environment={"TOKEN": SECRET})
        await servers.add(server, secrets)
        assert SECRET in keyring_secrets()["tool-server:demo"]
        tools = await backend.tools.choose(["demo/environment"])
        (tool,) = tools.tools.values()
        result = await tool.source.call(tool.definition, {}, ToolContext("c"))
        found = json.loads(result)["env"]
        assert found["TOKEN"] == "[key removed]", "it has the value, and a result never shows it"
    finally:
        await backend.aclose()
    kept = [path for path in home.rglob("*") if path.is_file()]
    assert not [path for path in kept if SECRET.encode() in path.read_bytes()]


async def test_another_command_with_the_same_name_gets_no_secrets(home: Path) -> None:
    backend = Backend(environment={})
    await backend.open()
    try:
        servers = backend.of(tool_servers)
        server, secrets = server_of("demo", command=("a",), environment={"TOKEN": SECRET})
        await servers.add(server, secrets)
        await servers.storage.save(replace(server, command=("b",)))  # as if the store were edited
        with pytest.raises(ToolServerError, match="doesn’t have the secret values"):
            await servers.secrets_of((await servers.run("demo")).server)
        await servers.remove("demo")
        assert keyring_secrets() == {}
    finally:
        await backend.aclose()


async def test_a_new_server_with_a_known_name_has_no_permissions(home: Path) -> None:
    backend = Backend(environment={})
    await backend.open()
    try:
        server, secrets = server_of("demo", command=("a",))
        await backend.of(tool_servers).add(server, secrets)
        await backend.permissions.save("c", "demo/x", "mark", Permission.ALWAYS)
        await backend.permissions.save("c", "demo-2/x", "mark", Permission.ALWAYS)
        await backend.of(tool_servers).add(server, secrets, replaces=True)
        assert await backend.permissions.for_all_conversations() == {"demo-2/x": Permission.ALWAYS}
    finally:
        await backend.aclose()
