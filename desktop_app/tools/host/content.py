"""Converts a server's lists and results to plain values of bounded size, for the parent.

The results are read as JSON, not by the SDK's models: these refuse a whole list for one tool that
is off the specification, and a whole result for one block that they do not know.
"""

from __future__ import annotations

import json
import mimetypes
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from desktop_app.documents.embedded_data import data_note, without_embedded_data
from desktop_app.domain.documents.document_types import DOCUMENT_FORMATS
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
MAX_DOCUMENTS: Final = 8
MAX_DOCUMENT_CHARS: Final = 10 << 20
"""The maximum characters of all documents of a result, in base64."""
MAX_USER_CHARS: Final = 20_000
"""The maximum characters of a result that are meant for the user alone."""
_TEXT_TYPES: Final = ("application/json", "application/javascript", "application/xml")
_TEXT_SUFFIXES: Final = ("+json", "+xml")
_MAX_FILE_NAME_CHARS: Final = 100

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
    blocks = (block for row in objects(result, "messages") for block in _content(row))
    texts = map(_text_of_block, blocks)
    return {"text": "\n\n".join(filter(None, texts))[:MAX_RESULT_CHARS]}


def linked_uris(result: Row) -> list[str]:
    """Return the addresses of the resources to which a result links, without repetitions."""
    links = (b for b in _blocks(result, for_user=False) if b.get("type") == "resource_link")
    return list(dict.fromkeys(uri for link in links if (uri := _text(link, "uri", limit=None))))


def call_result_to_json(
    result: Row, linked: Mapping[str, Sequence[Row]] | None = None
) -> dict[str, Any]:
    """Return a result: its parts for the model, and what is meant for the user alone.

    A part is a text, or a document with `name`, `media_type` and `data` in base64. The texts are
    cut at MAX_RESULT_CHARS; `length` is that of all of them.

    Args:
        linked: the contents of resources by the addresses that the result has.
    """
    converter = _ResultConverter(linked or {})
    for block in _blocks(result, for_user=False):
        converter.add(block)
    shown = [note for block in _blocks(result, for_user=True) if (note := _text_of_block(block))]
    _add_structure(converter, result, shown)
    return {
        "parts": converter.parts,
        "length": converter.length,
        "images": converter.images,
        "for_user": "\n\n".join(shown)[:MAX_USER_CHARS],
        "failed": result.get("isError") is True,
    }


def _add_structure(converter: _ResultConverter, result: Row, shown: Sequence[str]) -> None:
    """Add the structured content of a result, unless its texts are the same.

    Many servers put a summary into the text, and the data here alone.
    """
    structure = result.get("structuredContent")
    if structure is None:
        return
    texts = [text for block in _blocks(result, for_user=False) if (text := _text_of_block(block))]
    if _is_said(structure, texts):
        return
    if not shown:
        converter.add_text(json.dumps(structure, ensure_ascii=False))
    elif texts:  # it may have the rest, too
        converter.add_text("[Structured content is left out: a part is for the user alone.]")


def _is_said(structure: object, texts: Sequence[str]) -> bool:
    """Return True if texts are the structure as JSON, or its only value.

    SDKs wrap what is not an object: 5 becomes {"result": 5}, and a list a text for each item.
    """
    values = [structure]
    if isinstance(structure, dict) and len(structure) == 1:
        values += structure.values()
    return any(
        any(_is_same(text, value) for text in texts)
        or (
            isinstance(value, list)
            and len(value) == len(texts) > 0
            and all(map(_is_same, texts, value))
        )
        for value in values
    )


def _is_same(text: str, value: object) -> bool:
    try:
        return text == value or bool(json.loads(text) == value)
    except (ValueError, RecursionError):
        return False


class _ResultConverter:
    """The parts and images of a result, of bounded size.

    Attributes:
        length: the characters of all texts, also of what was cut.
    """

    def __init__(self, linked: Mapping[str, Sequence[Row]]) -> None:
        self.parts: list[str | dict[str, str]] = []
        self.images: list[dict[str, str]] = []
        self.length = 0
        self._linked = linked
        self._image_chars = MAX_IMAGE_CHARS
        self._document_chars = MAX_DOCUMENT_CHARS
        self._document_count = 0

    def add(self, block: Row) -> None:
        kind = block.get("type")
        if kind == "resource":
            self._add_resource(_object(block, "resource"))
            return
        self.add_text(_text_of_block(block))
        if kind == "image":
            self._keep_image(_text(block, "mimeType"), block.get("data"))
        elif kind == "resource_link":
            for resource in self._linked.get(_text(block, "uri", limit=None), ()):
                self._add_resource(resource)

    def add_text(self, text: str) -> None:
        """Add a text, as far as there is room for it."""
        if not text:
            return
        text = without_embedded_data(text)
        if room := MAX_RESULT_CHARS - min(self.length, MAX_RESULT_CHARS):
            self.parts.append(text[:room])
        self.length += len(text)

    def _add_resource(self, resource: Row) -> None:
        data, media_type = resource.get("blob"), _text(resource, "mimeType")
        if self._is_document(resource, media_type):
            self._document_count += 1
            self._document_chars -= len(str(data))
            name = _file_name(_text(resource, "uri"), media_type)
            self.parts.append({"name": name, "media_type": media_type, "data": str(data)})
            return
        self.add_text(_text_of_resource(resource))
        self._keep_image(media_type, data)

    def _is_document(self, resource: Row, media_type: str) -> bool:
        data = resource.get("blob")
        return (
            isinstance(data, str)
            and not isinstance(resource.get("text"), str)
            and _is_readable(media_type)
            and self._document_count < MAX_DOCUMENTS
            and len(data) <= self._document_chars
            and _is_base64(data)
        )

    def _keep_image(self, media_type: str, data: object) -> None:
        if media_type not in IMAGE_TYPES or not isinstance(data, str) or not data:
            return
        if len(self.images) < MAX_IMAGES and len(data) <= self._image_chars and _is_base64(data):
            self.images.append({"media_type": media_type, "data": data})
            self._image_chars -= len(data)


def _blocks(result: Row, *, for_user: bool) -> list[Row]:
    """Return the blocks of a result for the user alone, or the others."""
    return [block for block in _content(result) if _is_for_user(block) is for_user]


def _content(row: Row) -> list[Row]:
    """Return the blocks of a result or a message, which may also have one block, or a text."""
    content = row.get("content")
    blocks = content[:MAX_LISTED] if isinstance(content, list) else [content]
    rows = ({"type": "text", "text": each} if isinstance(each, str) else each for each in blocks)
    return [row for row in rows if isinstance(row, dict) and row]


def _is_for_user(block: Row) -> bool:
    audience = _object(block, "annotations").get("audience")
    return isinstance(audience, list) and "user" in audience and "assistant" not in audience


def _is_readable(media_type: str) -> bool:
    """Return True for a text, and for the documents that can be read."""
    base_type = media_type.partition(";")[0].strip().lower()
    return (
        base_type.startswith("text/")
        or base_type in _TEXT_TYPES
        or base_type.endswith(_TEXT_SUFFIXES)
        or base_type in DOCUMENT_FORMATS
    )


def _file_name(uri: str, media_type: str) -> str:
    """Return the last part of an address, with a suffix."""
    try:
        name = unquote(urlsplit(uri).path).rstrip("/").rpartition("/")[2]
    except ValueError:
        name = ""
    name = name[-_MAX_FILE_NAME_CHARS:] or "document"
    if "." in name:
        return name
    return name + (mimetypes.guess_extension(media_type.partition(";")[0].strip()) or "")


def _text_of_block(block: Row) -> str:
    """Return a block of content as text; for one of an unknown type, its type and its text."""
    kind = block.get("type")
    if kind == "text":
        return _text(block, "text", limit=None)
    if kind == "resource":
        return _text_of_resource(_object(block, "resource"))
    if kind == "resource_link":
        return f"[{_text(block, 'title', 'name')}: {_text(block, 'uri')}]"
    if kind in ("image", "audio"):
        return data_note(_text(block, "mimeType") or str(kind), _size_of(block.get("data")))
    note = f"[Content of an unknown type: {_text(block, 'type') or 'none'}]"
    text = _text(block, "text", limit=None)
    return f"{note}\n{text}" if text else note


def _text_of_resource(resource: Row) -> str:
    if isinstance(resource.get("text"), str):
        return _text(resource, "text", limit=None)
    size = _size_of(resource.get("blob"))
    return data_note(_text(resource, "mimeType"), size, _text(resource, "uri"))


def _size_of(data: object) -> int:
    return len(data.rstrip("=")) * 3 // 4 if isinstance(data, str) else 0


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


def short_text(value: object) -> str:
    """Return a text of the server of at most MAX_NAME_CHARS; "" if it is none."""
    return _text({"value": value}, "value")


def _is_base64(data: str) -> bool:
    try:
        b64decode(data)
    except ValueError:
        return False
    return True
