"""Reads a server's tools, and marks an unusable tool with the reason."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from desktop_app.domain.tools.remote_tool import remote_tools, unusable_arguments
from desktop_app.domain.tools.server_fault import ServerFault
from desktop_app.services.structured.form_fault import FormFault
from desktop_app.services.structured.schema_check import UnusableSchemaError, require_schema
from desktop_app.services.tools.call_arguments import without_patterns

if TYPE_CHECKING:
    from desktop_app.domain.tools.tool import ListedTool
    from desktop_app.domain.tools.tool_server import ToolServer

MAX_CHECK_S: Final = 10.0
"""Seconds of processor time after which the other schemas of a server count as unusable.

400 KB of schemas take 5 s.
"""


async def tools_of(server: ToolServer, rows: Sequence[Mapping[str, Any]]) -> list[ListedTool]:
    """Return the tools that a server has listed, available or not."""
    tools = remote_tools(server.name, rows, has_address=bool(server.url))
    return await asyncio.to_thread(_check_schemas, tools)


def _check_schemas(tools: Sequence[ListedTool]) -> list[ListedTool]:
    deadline = time.thread_time() + MAX_CHECK_S
    return [_check_schema(tool, deadline) for tool in tools]


def _check_schema(tool: ListedTool, deadline: float) -> ListedTool:
    if not tool.is_available:
        return tool
    if time.thread_time() > deadline:
        too_slow = UnusableSchemaError(FormFault.TOO_SLOW)
        return tool._replace(refusal=unusable_arguments(str(too_slow)))
    try:
        fault = _fault_in(json.dumps(tool.definition.parameters))
    except RecursionError:
        fault = ServerFault.TOO_DEEP
    return tool._replace(refusal=unusable_arguments(fault)) if fault else tool


@lru_cache(maxsize=1024)
def _fault_in(schema: str) -> str | None:
    """Return why a schema is unusable: a fault or an English text; None if it is usable.

    APIs refuse a whole request if one of its schemas is unusable.
    """
    try:
        require_schema(without_patterns(json.loads(schema)))
    except RecursionError:
        return ServerFault.TOO_DEEP
    except UnusableSchemaError as error:
        return str(error)
    return None
