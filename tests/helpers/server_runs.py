"""Runs tool servers in tests, as the program does."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from desktop_app.domain.errors import DocumentError
from desktop_app.domain.tools.tool import Report, ToolContext, ToolDefinition, ToolError
from desktop_app.i18n.translation import N_
from desktop_app.tools.servers.server_connection import ServerConnection
from desktop_app.tools.servers.server_run import Launch, ServerRun
from desktop_app.tools.servers.server_source import ServerSource, tools_of
from desktop_app.tools.servers.tool_server import (
    ToolServer,
    launch_message,
    secret_values,
    server_of,
)

SCRIPTED: Final = str(Path(__file__).with_name("tool_server.py"))


class OneServerStorage:
    """The lists of one server."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    async def listed_tools(self, name: str) -> list[dict[str, Any]]:
        """Return the rows."""
        return self.rows

    async def save_listed_tools(self, name: str, tools: Any) -> None:
        """Keep the rows."""
        self.rows = list(tools)

    async def save_prompts(self, name: str, prompts: Any) -> None:
        """Do nothing."""

    async def servers(self) -> list[ToolServer]:
        """Return none."""
        return []

    async def save(self, server: ToolServer) -> None:
        """Do nothing."""

    async def remove(self, name: str) -> None:
        """Do nothing."""


async def read_text(name: str, data: bytes) -> str:
    """Return the text of a document, as the confined reader does."""
    if data.startswith(b"%PDF"):
        raise DocumentError(N_("“{name}” is damaged."), name=name)
    return data.decode()


class RunningServer:
    """A server and its tools."""

    def __init__(self, run: ServerRun) -> None:
        self.run = run
        self.source = ServerSource(run, OneServerStorage(), read_text)

    async def tools(self) -> dict[str, ToolDefinition]:
        """Start the server and return its available tools."""
        await self.source.prepare()
        return {
            t.definition.name: t.definition for t in await self.source.tools() if t.is_available
        }

    async def call(self, tool: str, report: Report | None = None, **arguments: Any) -> str:
        """Return the result of a tool, or the words of its failure."""
        context = ToolContext("c") if report is None else ToolContext("c", report=report)
        listed = await self.run.fetch_list("tools")
        every = await tools_of(self.run.server, listed)
        definition = next(t.definition for t in every if t.definition.name == tool)
        try:
            return await self.source.call(definition, arguments, context)
        except ToolError as error:
            return f"ToolError: {error}"

    @property
    def log(self) -> str:
        """Return the log."""
        return "\n".join(line.text for line in self.run.log)


@asynccontextmanager
async def running_server(
    *command: str, variables: Mapping[str, str] | None = None, **options: Any
) -> AsyncIterator[RunningServer]:
    """Yield a server that is stopped at the end."""
    server, secrets = server_of("demo", command=command, **options)

    async def make_launch(is_sign_in: bool) -> Launch:
        home = options.get("folder") or os.environ.get("HOME", "/")
        values = secret_values(server, secrets, variables or {})
        return Launch(launch_message(server, secrets, variables or {}, home), values)

    async def keep(_tokens: Mapping[str, Any]) -> None:
        raise AssertionError

    run = ServerRun(server, ServerConnection.open, make_launch, keep)
    try:
        yield RunningServer(run)
    finally:
        await run.stop()


def scripted_server(*faults: str, **options: Any) -> Any:
    """Return a context with the scripted server."""
    return running_server(sys.executable, SCRIPTED, *faults, **options)
