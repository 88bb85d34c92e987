"""Calls of tools that the provider runs itself."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from desktop_app.domain.answering.stream_events import FileCited, HostedCall
from desktop_app.domain.conversations.message_parts import ToolCallPart
from desktop_app.domain.tools.tool import ToolCallState
from desktop_app.providers.http import json_fields

HOSTED_ITEMS: Final = {
    "web_search_call": "web_search",
    "file_search_call": "file_search",
    "code_interpreter_call": "code_interpreter",
    "image_generation_call": "image_generation",
}
"""The tool by the type of the output items that are its calls."""
SEARCH_SOURCES: Final = "web_search_call.action.sources"
"""The pages that a search has read, besides those that the text cites."""
INCLUDE_FIELDS: Final = {
    "web_search": SEARCH_SOURCES,
    "file_search": "file_search_call.results",
    "code_interpreter": "code_interpreter_call.outputs",
}
"""The parts of a tool's results that the provider sends only if the request asks for them."""
MAX_NAME_CHARS: Final = 255
"""The characters of a file's name, as in most file systems."""
MAX_BASE64_CHARS: Final = 16 * 1024 * 1024
_MAX_HEAD_CHARS: Final = 100
_ACTION_FIELDS: Final = ("type", "query", "url", "pattern")


def cited_files(annotations: Iterable[Mapping[str, Any]]) -> Iterator[FileCited]:
    """Yield the files in containers that these annotations cite."""
    for each in annotations:
        if json_fields.text(each, "type") != "container_file_citation":
            continue
        container_id = json_fields.name(each, "container_id")
        file_id = json_fields.name(each, "file_id")
        name = PurePosixPath(json_fields.text(each, "filename").strip()).name
        if container_id and file_id:
            yield FileCited(container_id, file_id, name[:MAX_NAME_CHARS] or file_id)


def code_images(item: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield the images that code made at the provider."""
    if json_fields.text(item, "type") == "code_interpreter_call":
        for output in json_fields.rows(item, "outputs"):
            if image := decode_image(json_fields.text(output, "url")):
                yield image


def pages_read(item: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the pages that a search has read, as far as the provider names them."""
    if json_fields.text(item, "type") != "web_search_call":
        return []
    action = json_fields.mapping(item, "action")
    opened = [action] if json_fields.text(action, "url") else []  # a page that was opened
    return [*json_fields.rows(action, "sources"), *opened]


def files_found(item: Mapping[str, Any]) -> list[str]:
    """Return the names of the files that a search in files has found, one for each result."""
    return [json_fields.text(each, "filename") for each in json_fields.rows(item, "results")]


def hosted_call(call_id: str, item: Mapping[str, Any]) -> HostedCall:
    """Return a call from its output item."""
    tool = HOSTED_ITEMS[json_fields.text(item, "type")]
    result, image = "", b""
    match tool:
        case "web_search":
            action = json_fields.mapping(item, "action")
            texts = {name: json_fields.text(action, name) for name in _ACTION_FIELDS}
            arguments: dict[str, Any] = {name: text for name, text in texts.items() if text}
            queries = json_fields.texts(action, "queries")
            if queries and "query" not in arguments:
                arguments["queries"] = queries
        case "file_search":
            arguments = {"queries": json_fields.texts(item, "queries")}
            result = "\n".join(dict.fromkeys(filter(None, files_found(item))))
        case "code_interpreter":
            container = json_fields.text(item, "container_id")
            arguments = {"code": json_fields.text(item, "code"), "container": container}
            logs = (json_fields.text(each, "logs") for each in json_fields.rows(item, "outputs"))
            result = "\n".join(filter(None, logs))
        case _:
            arguments = {"prompt": json_fields.text(item, "revised_prompt")}
            facts = {name: json_fields.text(item, name) for name in ("quality", "size")}
            arguments |= {name: text for name, text in facts.items() if text}
            image = decode_image(json_fields.text(item, "result"))
            # Of a picture that the provider blocked.
            result = json_fields.text(json_fields.mapping(item, "error"), "message")
    failed = json_fields.text(item, "status") in ("failed", "incomplete")
    call = ToolCallPart(
        call_id,
        tool,
        json.dumps(arguments, ensure_ascii=False),
        state=ToolCallState.FAILED if failed else ToolCallState.DONE,
        result=result,
        is_hosted=True,
    )
    return HostedCall(call, image)


def decode_image(text: str) -> bytes:
    """Return an image from Base64 or a Base64 data URL; b"" if it is invalid or too large."""
    head, _, encoded = text[:_MAX_HEAD_CHARS].partition(";base64,")
    if encoded and head.startswith("data:image/"):
        text = text[len(head) + len(";base64,") :]
    if not text or len(text) > MAX_BASE64_CHARS:
        return b""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
