"""A transport with short lists, and with only those tools that the SDK accepts.

The SDK refuses a whole list if one of its tools violates the specification. Here such a tool loses
its optional fields, or else its schema. Without a schema, a field of its `_meta` says why.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, Self

from mcp import types
from mcp.shared.message import SessionMessage
from mcp_types.methods import validate_server_result
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from desktop_app.domain.tools.server_fault import ServerFault
from desktop_app.tool_servers.host.failure_text import invalid_place

if TYPE_CHECKING:
    from mcp.client._transport import Transport, TransportStreams

MAX_LISTED: Final = 500
"""The maximum rows of a list; more are dropped. For 300,000 tools, the SDK would take 1 GB."""
FAULT: Final = "repartee/fault"
"""The field of a tool's `_meta` that says why its schema cannot be used."""
_USED_FIELDS: Final = ("name", "title", "description", "inputSchema", "annotations")
_REQUIRED_FIELDS: Final = ("name", "inputSchema")
_LISTS: Final = ("tools", "resources", "prompts")


@asynccontextmanager
async def with_checked_tools(transport: Transport) -> AsyncGenerator[TransportStreams, None]:
    """Yield the streams of a transport, with its lists checked."""
    async with transport as (incoming, outgoing):
        yield _CheckedStream(incoming), outgoing


class _CheckedStream:
    """A stream of messages in which lists are checked."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        return _check_lists(await self._stream.__anext__())

    async def receive(self) -> SessionMessage | Exception:
        return _check_lists(await self._stream.receive())

    async def __aenter__(self) -> Self:
        await self._stream.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> Any:
        return await self._stream.__aexit__(*error)


def _check_lists(item: SessionMessage | Exception) -> SessionMessage | Exception:
    message = item.message if isinstance(item, SessionMessage) else None
    if isinstance(message, types.JSONRPCResponse):
        result = message.result
        for name in _LISTS:
            if isinstance(result.get(name), list):
                result[name] = result[name][:MAX_LISTED]
        if isinstance(result.get("tools"), list):
            result["tools"] = [
                _make_usable(tool) for tool in result["tools"] if isinstance(tool, dict)
            ]
    return item


def _make_usable(tool: dict[str, Any]) -> dict[str, Any]:
    """Return a tool with as much of it as the SDK accepts."""
    first_fault = ""
    for fields in (tool.keys(), _USED_FIELDS, _REQUIRED_FIELDS):
        usable_tool = {key: tool[key] for key in fields if key in tool}
        fault = _find_fault(usable_tool)
        if not fault:
            return usable_tool
        first_fault = first_fault or fault
    name = tool.get("name")
    return {
        "name": name if isinstance(name, str) else "",
        "inputSchema": {"type": "object"},
        "_meta": {FAULT: first_fault},
    }


def _find_fault(tool: dict[str, Any]) -> str | None:
    """Return why the SDK would refuse a tool; None if it accepts it."""
    try:
        types.Tool.model_validate(tool, by_name=False)
        for version in HANDSHAKE_PROTOCOL_VERSIONS:
            validate_server_result("tools/list", version, {"tools": [tool]})
    except (ValueError, RecursionError) as error:
        # Nesting is the only reason for which the SDK names no place.
        return invalid_place(error).removeprefix("tools.0.") or ServerFault.TOO_DEEP
    return None
