"""Converts a server's lists and results to plain values of bounded size, for the parent."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from mcp import types

from desktop_app.domain.tools.server_fault import ServerFault
from desktop_app.domain.tools.tool import MAX_RESULT_CHARS
from desktop_app.tool_servers.host.checked_tools import FAULT, MAX_LISTED
from desktop_app.tool_servers.host.failure_text import HostError

MAX_NAME_CHARS: Final = 256
MAX_DESCRIPTION_CHARS: Final = 4000
MAX_SCHEMA_CHARS: Final = 100_000
MAX_RESOURCE_CHARS: Final = 10 << 20
"""The maximum characters of a resource: of its text, or of its data in base64."""


def tools_to_json(pages: Sequence[Iterable[types.Tool]]) -> list[dict[str, Any]]:
    """Return the tools. If a tool's schema is unusable, `fault` says why, `parameters` is empty."""
    return [_tool_to_json(tool) for tool in _first_rows(pages)]


def _tool_to_json(tool: types.Tool) -> dict[str, Any]:
    schema = tool.input_schema
    size = len(json.dumps(schema))
    fault = str((tool.meta or {}).get(FAULT, ""))[:MAX_DESCRIPTION_CHARS]
    if size > MAX_SCHEMA_CHARS:
        fault = ServerFault.TOO_LONG
    hints = tool.annotations or types.ToolAnnotations()
    return {
        "name": tool.name[:MAX_NAME_CHARS],
        "description": (tool.description or tool.title or "")[:MAX_DESCRIPTION_CHARS],
        "parameters": {} if fault else schema,
        "fault": fault,
        "reads_only": hints.read_only_hint,
        "reaches_out": hints.open_world_hint,
    }


def resources_to_json(pages: Sequence[Iterable[types.Resource]]) -> list[dict[str, Any]]:
    """Return the resources."""
    return [
        {
            "uri": resource.uri[:MAX_DESCRIPTION_CHARS],
            "name": (resource.title or resource.name)[:MAX_NAME_CHARS],
            "description": (resource.description or "")[:MAX_DESCRIPTION_CHARS],
            "media_type": (resource.mime_type or "")[:MAX_NAME_CHARS],
        }
        for resource in _first_rows(pages)
    ]


def prompts_to_json(pages: Sequence[Iterable[types.Prompt]]) -> list[dict[str, Any]]:
    """Return the prompts."""
    return [
        {
            "name": prompt.name[:MAX_NAME_CHARS],
            "title": (prompt.title or prompt.name)[:MAX_NAME_CHARS],
            "description": (prompt.description or "")[:MAX_DESCRIPTION_CHARS],
            "arguments": [
                {
                    "name": argument.name[:MAX_NAME_CHARS],
                    "description": (argument.description or "")[:MAX_DESCRIPTION_CHARS],
                    "required": bool(argument.required),
                }
                for argument in (prompt.arguments or [])[:MAX_LISTED]
            ],
        }
        for prompt in _first_rows(pages)
    ]


def _first_rows(pages: Sequence[Iterable[Any]]) -> Iterator[Any]:
    return islice((row for page in pages for row in page), MAX_LISTED)


def resource_to_json(result: types.ReadResourceResult) -> dict[str, Any]:
    """Return the first part of a resource: its text, or its data in base64.

    Raises:
        HostError: it is empty, too long or not base64.
    """
    for part in result.contents:
        if isinstance(part, types.TextResourceContents):
            kind = "text"
            data = part.text.encode("utf-8", "replace").decode()
        else:
            kind = "base64"
            data = part.blob
        if len(data) > MAX_RESOURCE_CHARS:
            raise HostError(ServerFault.TOO_LONG)
        if kind == "base64":
            _require_base64(data)
        return {"kind": kind, "data": data, "media_type": (part.mime_type or "")[:MAX_NAME_CHARS]}
    raise HostError(ServerFault.EMPTY)


def _require_base64(data: str) -> None:
    try:
        b64decode(data)
    except ValueError as error:
        raise HostError(f"its reply is not valid: {error}") from None


def prompt_to_json(result: types.GetPromptResult) -> dict[str, Any]:
    """Return the text of a prompt, which joins its messages."""
    texts = [_text_of_block(message.content) for message in result.messages]
    return {"text": "\n\n".join(text for text in texts if text)[:MAX_RESULT_CHARS]}


def call_result_to_json(result: types.CallToolResult) -> dict[str, Any]:
    """Return a result's text, cut at MAX_RESULT_CHARS, its full length, and if the call failed."""
    block_texts = [_text_of_block(block) for block in result.content]
    text = "\n\n".join(block_text for block_text in block_texts if block_text)
    if not text and result.structured_content is not None:
        text = json.dumps(result.structured_content, ensure_ascii=False)
    return {"text": text[:MAX_RESULT_CHARS], "length": len(text), "failed": result.is_error}


def _text_of_block(block: Any) -> str:
    """Return a block of content as text for a model."""
    if isinstance(block, types.TextContent):
        return block.text
    if isinstance(block, types.EmbeddedResource):
        resource = block.resource
        if isinstance(resource, types.TextResourceContents):
            return resource.text
        return f"[{resource.mime_type or 'data'}: {resource.uri}]"
    if isinstance(block, types.ResourceLink):
        return f"[{block.title or block.name}: {block.uri}]"
    kind = getattr(block, "mime_type", "") or getattr(block, "type", "content")
    return f"[{kind}, {len(getattr(block, 'data', ''))} characters of base64, not shown]"
