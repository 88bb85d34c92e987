"""Lists of tools are mended so that the SDK accepts every tool that is left."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from mcp import types
from mcp.shared.message import SessionMessage

from desktop_app.domain.tools.server_fault import ServerFault
from desktop_app.tool_servers.host.checked_tools import FAULT, MAX_LISTED, with_checked_tools

WHOLE = {"name": "t", "inputSchema": {"type": "object"}, "icons": [], "title": "T"}
EMPTY = {"type": "object"}


async def receive_checked(*items: SessionMessage | Exception) -> list[Any]:
    """Return what comes out of a checked transport that receives items."""
    send, receive = anyio.create_memory_object_stream[Any](len(items))
    sent, outgoing = anyio.create_memory_object_stream[Any](1)

    @asynccontextmanager
    async def transport() -> AsyncIterator[Any]:
        yield receive, sent

    for item in items:
        send.send_nowait(item)
    send.close()
    async with with_checked_tools(transport()) as streams:
        incoming: Any = streams[0]
        assert streams[1] is sent
        assert incoming.statistics().current_buffer_used == len(items)
        async with incoming as entered:
            assert entered is incoming
            first = await incoming.receive()
            found = [first, *[each async for each in incoming]]
    for stream in (sent, outgoing):
        stream.close()
    return found


def list_reply(result: dict[str, Any]) -> SessionMessage:
    return SessionMessage(types.JSONRPCResponse(jsonrpc="2.0", id=1, result=result))


async def check_tools(*tools: object) -> list[Any]:
    """Return the tools that are left of a list."""
    [found] = await receive_checked(list_reply({"tools": list(tools), "nextCursor": "2"}))
    assert found.message.result["nextCursor"] == "2"
    return list(found.message.result["tools"])


@pytest.mark.parametrize(
    ("tool", "expected"),
    [
        (WHOLE, WHOLE),
        ({**WHOLE, "icons": 7}, {key: WHOLE[key] for key in ("name", "title", "inputSchema")}),
        ({**WHOLE, "icons": 7, "title": 7}, {"name": "t", "inputSchema": EMPTY}),
        (
            {**WHOLE, "inputSchema": {"type": "array"}},
            {
                "name": "t",
                "inputSchema": EMPTY,
                "_meta": {FAULT: "inputSchema.type: Input should be 'object'"},
            },
        ),
        (
            {"name": "t", "icons": 7, "input_schema": EMPTY},
            {"name": "t", "inputSchema": EMPTY, "_meta": {FAULT: "inputSchema: Field required"}},
        ),
        (
            {"name": 7, "inputSchema": EMPTY},
            {
                "name": "",
                "inputSchema": EMPTY,
                "_meta": {FAULT: "name: Input should be a valid string"},
            },
        ),
    ],
)
async def test_a_tool_loses_what_the_sdk_refuses(
    tool: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert await check_tools(tool, WHOLE) == [expected, WHOLE]


async def test_a_tool_that_is_nested_too_deeply_has_no_schema() -> None:
    deep: dict[str, Any] = {"type": "object"}
    for _ in range(2_000):
        deep = {"type": "object", "properties": {"a": deep}}
    [found] = await check_tools({"name": "t", "inputSchema": deep})
    assert found["_meta"] == {FAULT: ServerFault.TOO_DEEP}


@pytest.mark.attack("reply-bounds")
@pytest.mark.parametrize("name", ["tools", "resources", "prompts"])
async def test_a_list_ends_at_the_limit(name: str) -> None:
    rows = [{**WHOLE, "name": str(number)} for number in range(MAX_LISTED + 5)]
    [found] = await receive_checked(list_reply({name: rows}))
    assert found.message.result[name] == rows[:MAX_LISTED]
