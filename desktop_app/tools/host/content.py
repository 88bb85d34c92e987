"""Converts a server's lists and results to plain values of bounded size, for the parent.

The results are read as JSON, not by the SDK's models: these refuse a whole list for one tool that
is off the specification, and a whole result for one block that they do not know.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any, Final

from desktop_app.domain.tools.tool import IMAGE_TYPES, MAX_RESULT_CHARS
from desktop_app.tools.host.failure_text import HostError
from desktop_app.tools.servers.tool_server import ServerFault

MAX_LISTED: Final = 1000
MAX_NAME_CHARS: Final = 256
MAX_DESCRIPTION_CHARS: Final = 4000
MAX_SCHEMA_CHARS: Final = 100_000
MAX_RESOURCE_CHARS: Final = 10 << 20
"""The maximum characters of a resource: of its text, or of its data in base64."""
MAX_IMAGES: Final = 8
MAX_IMAGE_CHARS: Final = 10 << 20
"""The maximum characters of all images of a result, in base64."""

Row = Mapping[str, Any]


def tools_to_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the tools. If a tool's schema is unusable, `fault` says why, `parameters` is empty.

    A tool that runs as a task only is left out: this program has no tasks.
    """
    return [
        _tool_to_json(row)
        for row in rows
        if _object(row, "execution").get("taskSupport") != "required"
    ]


def _tool_to_json(row: Row) -> dict[str, Any]:
    schema = row.get("inputSchema")
    fault = ""
    try:
        if not isinstance(schema, dict):
            fault = "inputSchema: it is not an object"
        elif len(json.dumps(schema)) > MAX_SCHEMA_CHARS:
            fault = ServerFault.TOO_LONG
    except RecursionError:
        fault = ServerFault.TOO_DEEP
    hints = _object(row, "annotations")
    return {
        "name": _text(row, "name"),
        "description": _text(row, "description", "title", limit=MAX_DESCRIPTION_CHARS),
        "parameters": {} if fault else schema,
        "fault": fault,
        "reads_only": hints.get("readOnlyHint"),
        "reaches_out": hints.get("openWorldHint"),
    }


def resources_to_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the resources."""
    return [
        {
            "uri": _text(row, "uri", limit=MAX_DESCRIPTION_CHARS),
            "name": _text(row, "title", "name"),
            "description": _text(row, "description", limit=MAX_DESCRIPTION_CHARS),
            "media_type": _text(row, "mimeType"),
        }
        for row in rows
    ]


def prompts_to_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the prompts."""
    return [
        {
            "name": _text(row, "name"),
            "title": _text(row, "title", "name"),
            "description": _text(row, "description", limit=MAX_DESCRIPTION_CHARS),
            "arguments": [
                {
                    "name": _text(argument, "name"),
                    "description": _text(argument, "description", limit=MAX_DESCRIPTION_CHARS),
                    "required": argument.get("required") is True,
                }
                for argument in objects(row, "arguments")
            ],
        }
        for row in rows
    ]


def resource_to_json(result: Row) -> dict[str, Any]:
    """Return the first part of a resource: its text, or its data in base64.

    Raises:
        HostError: it is empty, too long or not base64.
    """
    for part in objects(result, "contents"):
        kind, name = ("text", "text") if isinstance(part.get("text"), str) else ("base64", "blob")
        data = _text(part, name, limit=MAX_RESOURCE_CHARS + 1)
        if len(data) > MAX_RESOURCE_CHARS:
            raise HostError(ServerFault.TOO_LONG)
        if kind == "base64" and not _is_base64(data):
            raise HostError("its reply is not valid: contents.0.blob")
        return {"kind": kind, "data": data, "media_type": _text(part, "mimeType")}
    raise HostError(ServerFault.EMPTY)


def prompt_to_json(result: Row) -> dict[str, Any]:
    """Return the text of a prompt, which joins its messages."""
    texts = [_text_of_block(_object(row, "content")) for row in objects(result, "messages")]
    return {"text": "\n\n".join(filter(None, texts))[:MAX_RESULT_CHARS]}


def call_result_to_json(result: Row) -> dict[str, Any]:
    """Return a result's text, cut at MAX_RESULT_CHARS, its length, its images, and if it failed."""
    blocks = objects(result, "content")
    text = "\n\n".join(filter(None, map(_text_of_block, blocks)))
    if not text and result.get("structuredContent") is not None:
        text = json.dumps(result["structuredContent"], ensure_ascii=False)
    images: list[dict[str, str]] = []
    chars_left = MAX_IMAGE_CHARS
    for block in blocks:
        source = _object(block, "resource") or block
        data = source.get("blob" if "resource" in block else "data")
        media_type = _text(source, "mimeType")
        if media_type not in IMAGE_TYPES or not isinstance(data, str) or len(images) == MAX_IMAGES:
            continue
        if data and len(data) <= chars_left and _is_base64(data):
            images.append({"media_type": media_type, "data": data})
            chars_left -= len(data)
    return {
        "text": text[:MAX_RESULT_CHARS],
        "length": len(text),
        "images": images,
        "failed": result.get("isError") is True,
    }


def _text_of_block(block: Row) -> str:
    """Return a block of content as text for a model; "" for one of an unknown type."""
    kind = block.get("type")
    if kind == "text":
        return _text(block, "text", limit=None)
    if kind == "resource":
        resource = _object(block, "resource")
        if isinstance(resource.get("text"), str):
            return _text(resource, "text", limit=None)
        return f"[{_text(resource, 'mimeType') or 'data'}: {_text(resource, 'uri')}]"
    if kind == "resource_link":
        return f"[{_text(block, 'title', 'name')}: {_text(block, 'uri')}]"
    return f"[{_text(block, 'mimeType') or kind}]" if kind in ("image", "audio") else ""


def objects(row: Row, name: str) -> list[Row]:
    """Return the objects of a list, at most MAX_LISTED."""
    value = row.get(name)
    rows = value[:MAX_LISTED] if isinstance(value, list) else []
    return [row for row in rows if isinstance(row, dict)]


def _object(row: Row, name: str) -> Row:
    value = row.get(name)
    return value if isinstance(value, dict) else {}


def _text(row: Row, *names: str, limit: int | None = MAX_NAME_CHARS) -> str:
    """Return the first of these fields that is a text and not empty, up to the limit."""
    values = (row.get(name) for name in names)
    text = next((value for value in values if isinstance(value, str) and value), "")
    return text[:limit].encode("utf-8", "replace").decode()


def _is_base64(data: str) -> bool:
    try:
        b64decode(data)
    except ValueError:
        return False
    return True
