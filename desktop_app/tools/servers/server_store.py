"""The configured tool servers, and the tools and prompts that each has last listed.

They are never copied from a backup: a server may be a command that runs here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from desktop_app.storage.database import Database
from desktop_app.storage.row_conversion import read_rows, to_text
from desktop_app.tools.servers.tool_server import ToolServer


class ServerStore:
    """The servers. All methods raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def servers(self) -> list[ToolServer]:
        """Return all servers, in the order of their names."""
        sql = "SELECT name AS id, definition FROM tool_servers ORDER BY name"

        def server_of(row: sqlite3.Row) -> ToolServer:
            fields = json.loads(row["definition"])
            return ToolServer(row["id"], tuple(fields.pop("command")), **fields)

        return await read_rows(self._database, server_of, sql)

    async def save(self, server: ToolServer) -> None:
        """Add a server, or replace that of the same name, whose tools and prompts are removed."""
        fields = asdict(server)
        del fields["name"]
        sql = "INSERT OR REPLACE INTO tool_servers (name, definition) VALUES (?, ?)"
        await self._database.execute(sql, server.name, to_text(json.dumps(fields)))

    async def remove(self, name: str) -> None:
        await self._database.execute("DELETE FROM tool_servers WHERE name = ?", name)

    async def listed_tools(self, name: str) -> list[dict[str, Any]]:
        """Return the tools that a server has last listed."""
        sql = "SELECT name AS id, listed FROM tool_servers WHERE name = ?"
        lists: list[Any] = await read_rows(
            self._database, lambda row: json.loads(row["listed"]), sql, name
        )
        return lists[0] if lists else []

    async def save_listed_tools(self, name: str, tools: Sequence[dict[str, Any]]) -> None:
        text = to_text(json.dumps(tools))
        sql = "UPDATE tool_servers SET listed = ? WHERE name = ? AND listed <> ?"
        await self._database.execute(sql, text, name, text)

    async def save_prompts(self, name: str, prompts: Sequence[dict[str, str]]) -> None:
        """Save the prompts of a server: `name` and `text` of each."""
        sql = "UPDATE tool_servers SET prompts = ? WHERE name = ?"
        await self._database.execute(sql, to_text(json.dumps(prompts)), name)

    async def prompts(self) -> list[tuple[str, str, str]]:
        """Return the prompts of all servers: the server, the prompt's name, its text."""
        sql = "SELECT name AS id, prompts FROM tool_servers ORDER BY name"

        def prompts_of(row: sqlite3.Row) -> list[tuple[str, str, str]]:
            prompts = json.loads(row["prompts"])
            return [(row["id"], prompt["name"], prompt["text"]) for prompt in prompts]

        prompt_lists = await read_rows(self._database, prompts_of, sql)
        return [prompt for prompts in prompt_lists for prompt in prompts]
