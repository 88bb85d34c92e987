"""The configured servers of tools."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop_app.domain.errors import StoreDamagedError
from desktop_app.tools.servers.server_store import ServerStore
from desktop_app.tools.servers.tool_server import ToolServer
from tests.unit.storage.samples import opened

LOCAL = ToolServer("files", ("run", "it"), "/home", "", {"A": "1"}, {})
REMOTE = ToolServer("docs", (), "", "https://host/mcp", {}, {"X-Key": "2"}, has_query=True)
TOOLS = [{"name": "find", "parameters": {"type": "object"}}]


async def test_tools_and_prompts_belong_to_a_server(tmp_path: Path) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        store = ServerStore(database)
        for server in (LOCAL, REMOTE):
            await store.save(server)
        await store.save_listed_tools("files", TOOLS)
        await store.save_listed_tools("files", TOOLS)
        await store.save_prompts("files", [{"name": "b", "text": "B"}, {"name": "a", "text": "A"}])
        await store.save_prompts("docs", [{"name": "c", "text": "C"}])
        assert [await store.listed_tools(name) for name in ("files", "docs", "none")] == [
            TOOLS,
            [],
            [],
        ]
        prompts = [("docs", "c", "C"), ("files", "b", "B"), ("files", "a", "A")]
        assert await store.prompts() == prompts
        await store.save_listed_tools("files", [])
        assert await store.listed_tools("files") == []


@pytest.mark.parametrize("text", ["no JSON", "[1]", "[" * 100_000])
async def test_damaged_definitions_and_prompts_are_reported(tmp_path: Path, text: str) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        store = ServerStore(database)
        await store.save(LOCAL)
        sql = "UPDATE tool_servers SET definition = ?1, prompts = ?1"
        await database.write(lambda c: c.execute(sql, (text,)))
        with pytest.raises(StoreDamagedError):
            await store.servers()
        with pytest.raises(StoreDamagedError):
            await store.prompts()
