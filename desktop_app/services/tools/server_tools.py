"""Reads a server's tools, and marks an unusable tool with the reason."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from desktop_app.domain.tools.remote_tool import remote_tools, unusable_arguments
from desktop_app.domain.tools.server_fault import ServerFault
from desktop_app.services.structured.schema_check import (
    UnusablePatternError,
    UnusableSchemaError,
    require_schema,
)

if TYPE_CHECKING:
    from desktop_app.domain.tools.tool import ListedTool
    from desktop_app.domain.tools.tool_server import ToolServer


async def tools_of(server: ToolServer, rows: Sequence[Mapping[str, Any]]) -> list[ListedTool]:
    """Return the tools that a server has listed, available or not."""
    tools = remote_tools(server.name, rows, has_address=bool(server.url))
    return await asyncio.to_thread(lambda: list(map(_check_schema, tools)))


def _check_schema(tool: ListedTool) -> ListedTool:
    if not tool.is_available:
        return tool
    fault = _fault_in(json.dumps(tool.definition.parameters))
    return tool._replace(refusal=unusable_arguments(fault)) if fault else tool


@lru_cache(maxsize=1024)
def _fault_in(schema: str) -> str | None:
    """Return why a schema is unusable: a fault or an English text; None if it is usable.

    APIs refuse a whole request if one of its schemas is unusable.
    """
    try:
        require_schema(json.loads(schema))
    except RecursionError:
        return ServerFault.TOO_DEEP
    except UnusablePatternError:
        return None  # the server checks its arguments itself
    except UnusableSchemaError as error:
        return str(error)
    return None
