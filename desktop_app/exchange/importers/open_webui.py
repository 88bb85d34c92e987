"""Reads Open WebUI's export of chats: a list of rows, each with a `chat`.

`chat.history.messages` is a tree by id, and `currentId` the end of the shown path. Older exports
have only a list, `chat.messages`. Answers contain reasoning as `<details type="reasoning">`, and
calls of tools as `<details type="tool_calls" name="" arguments="" result="">`. A failed answer has
an `error`, often with `content`. An export contains the text of files, and the bytes of images in
`data:` URLs.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from desktop_app.domain.conversations.conversation import Role
from desktop_app.domain.conversations.message_parts import (
    AttachmentFile,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
)
from desktop_app.exchange.importers.imported_conversation import (
    LOST_IMAGE,
    ImportedConversation,
    add_document,
    add_image,
    ended_call,
    mapping_at,
    objects_at,
    parse_json,
    seconds_of,
    text_at,
)
from desktop_app.exchange.importers.message_tree import Node, SourceConversation, build_conversation

_ROLES: Final = {"user": Role.USER, "assistant": Role.ASSISTANT}
_DETAILS_OPENING: Final = re.compile('<details type="(reasoning|tool_calls)"')
_ATTRIBUTE: Final = re.compile(r'\b(id|name|arguments|result)="([^"]*)"')
_SUMMARY: Final = re.compile(r"\s*(?:<summary>[^<]*</summary>)?")
_DETAILS_CLOSING: Final = "</details>"
_SPACES: Final = re.compile(r"\s*")
_MAX_IMAGE_CHARS: Final = 86 << 20  # in Base64: 64 MB of bytes
_QUOTE_MARK: Final = re.compile(r"^&gt; ?|^> ?", re.MULTILINE)


def is_conversation(value: Any) -> bool:
    """Return True if `value` is a row of the export, or a chat without its row."""
    if not isinstance(value, Mapping):
        return False
    chat = _chat_of(value)
    return isinstance(chat.get("history"), Mapping) or isinstance(chat.get("messages"), list)


def read_conversation(value: Mapping[str, Any]) -> ImportedConversation:
    """Return the conversation of a chat."""
    chat = _chat_of(value)
    files: dict[str, AttachmentFile] = {}
    tree = mapping_at(mapping_at(chat, "history"), "messages")
    nodes = _nodes_of_tree(tree, files) or _nodes_of_list(chat, files)
    current = text_at(mapping_at(chat, "history"), "currentId")
    models = chat.get("models")
    model = next((m for m in models if isinstance(m, str)), "") if isinstance(models, list) else ""
    # The oldest rows have their time in `timestamp`.
    times = (value.get("created_at"), chat.get("timestamp"), value.get("timestamp"))
    created = next((seconds for seconds in map(seconds_of, times) if seconds), None)
    title = text_at(value, "title") or text_at(chat, "title")
    source = SourceConversation(
        "open-webui",
        text_at(value, "id") or text_at(chat, "id") or f"{created} {title}",
        title=title,
        created=created,
        updated=seconds_of(value.get("updated_at")),
        leaf=current or (nodes[-1].id if nodes else None),
        model=model,
        pinned=value.get("pinned") is True,
        archived=value.get("archived") is True,
        instructions=text_at(mapping_at(chat, "params"), "system"),
    )
    return build_conversation(source, nodes, files.values())


def _chat_of(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the chat in a row, or the value itself if it has none."""
    return mapping_at(value, "chat") or value


def _nodes_of_tree(messages: Mapping[str, Any], files: dict[str, AttachmentFile]) -> list[Node]:
    return [
        _parse_node(str(key), text_at(message, "parentId") or None, message, files)
        for key, message in messages.items()
        if isinstance(message, Mapping)
    ]


def _nodes_of_list(chat: Mapping[str, Any], files: dict[str, AttachmentFile]) -> list[Node]:
    nodes: list[Node] = []
    for number, message in enumerate(objects_at(chat, "messages")):
        previous_id = nodes[-1].id if nodes else None
        nodes.append(
            _parse_node(text_at(message, "id") or str(number), previous_id, message, files)
        )
    return nodes


def _parse_node(
    key: str, parent: str | None, message: Mapping[str, Any], files: dict[str, AttachmentFile]
) -> Node:
    role = _ROLES.get(text_at(message, "role"))
    text = text_at(message, "content")
    attached = (_attached_part(item, files) for item in objects_at(message, "files"))
    parts = [part for part in attached if part is not None]
    parts += _parse_answer(text) if role is Role.ASSISTANT else [TextPart(text)]
    if error := text_at(mapping_at(message, "error"), "content"):
        parts.append(TextPart(f"[Error: {error}]"))
    parts = [part for part in parts if not isinstance(part, TextPart) or part.text.strip()]
    return Node(
        key,
        parent,
        role,
        tuple(parts),
        seconds=seconds_of(message.get("timestamp")),
        model=text_at(message, "model"),
        is_complete=message.get("done") is not False,
    )


def _parse_answer(text: str) -> Iterator[Part]:
    """Yield the text of an answer, and the reasoning and calls in its `<details>` elements."""
    # An expression for a whole element would search the rest of the text for the end of each
    # unclosed opening: hours for a million of them.
    position = 0
    while opening := _DETAILS_OPENING.search(text, position):
        tag_end = text.find(">", opening.end()) + 1
        closing = text.find(_DETAILS_CLOSING, tag_end) if tag_end else -1
        if closing < 0:
            break
        yield TextPart(text[position : opening.start()].rstrip())
        if opening[1] == "tool_calls":
            yield _parse_call(text[opening.end() : tag_end])
        else:
            summary = _SUMMARY.match(text, tag_end, closing)
            thought = text[summary.end() if summary else tag_end : closing]
            if thought := _QUOTE_MARK.sub("", html.unescape(thought)).strip():
                yield ReasoningPart(thought)
        spaces = _SPACES.match(text, closing + len(_DETAILS_CLOSING))
        position = spaces.end() if spaces else closing
    yield TextPart(text[position:])


def _parse_call(tag: str) -> ToolCallPart:
    """Return the call in the attributes of a tag, of which some are JSON."""
    attributes = {key: html.unescape(value) for key, value in _ATTRIBUTE.findall(tag)}
    arguments = parse_json(attributes.get("arguments", ""))
    result = parse_json(attributes.get("result", ""))
    return ended_call(
        attributes.get("id", ""),
        attributes.get("name", ""),
        attributes.get("arguments", "") if arguments is None else arguments,
        result if isinstance(result, str) else attributes.get("result", ""),
    )


def _attached_part(item: Mapping[str, Any], files: dict[str, AttachmentFile]) -> Part | None:
    inner = mapping_at(item, "file")
    name = text_at(item, "name") or text_at(inner, "filename")
    if text_at(item, "type") == "image":
        data = _decode_data_url(text_at(item, "url"))
        return add_image(name or "picture", data, files) if data else TextPart(LOST_IMAGE)
    text = text_at(mapping_at(inner, "data"), "content")
    if name and text.strip():
        return add_document(name, text, files)
    return TextPart(f"[Attached: {name}]") if name else None


def _decode_data_url(address: str) -> bytes:
    """Return the bytes of an image in a `data:` URL; b"" for other URLs and damaged data."""
    head, _, body = address.partition(",")
    if not (head.startswith("data:image/") and head.endswith(";base64")):
        return b""
    if len(body) > _MAX_IMAGE_CHARS:
        return b""
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        return b""
