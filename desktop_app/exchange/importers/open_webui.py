"""Reads Open WebUI's export of chats: a list of rows, each with a `chat`.

`chat.history.messages` is a tree by id, and `currentId` the end of the shown path. Older exports
have only a list, `chat.messages`. Answers contain reasoning as `<details type="reasoning">`, and
calls of tools as `<details type="tool_calls" name="" arguments="" result="">`. Since 0.10, an
answer is in `output`, items in the form of OpenAI's Responses, and `content` may be empty. A failed
answer has an `error`, often with `content`. An export contains the text of files, and the bytes of
images in `data:` URLs.
"""

from __future__ import annotations

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
    text_of,
)
from desktop_app.exchange.importers.imported_conversation import (
    LOST_IMAGE,
    FindFile,
    ImportedConversation,
    add_data_url,
    add_document,
    attached_note,
    ended_call,
    list_at,
    mapping_at,
    objects_at,
    parse_json,
    seconds_of,
    text_at,
    value_at,
)
from desktop_app.exchange.importers.message_list import ROLES, content_parts, parents_of, with_role
from desktop_app.exchange.importers.message_tree import Node, SourceConversation, build_conversation

_DETAILS_OPENING: Final = re.compile('<details type="(reasoning|tool_calls)"')
_ATTRIBUTE: Final = re.compile(r'\b(id|name|arguments|result)="([^"]*)"')
_SUMMARY: Final = re.compile(r"\s*(?:<summary>[^<]*</summary>)?")
_DETAILS_CLOSING: Final = "</details>"
_SPACES: Final = re.compile(r"\s*")
_QUOTE_MARK: Final = re.compile(r"^&gt; ?|^> ?", re.MULTILINE)


def is_conversation(value: Any) -> bool:
    """Return True if `value` is a row of the export, or a chat without its row."""
    chat = mapping_at(value, "chat") or value
    is_tree = isinstance(value_at(chat, "history"), Mapping)
    # Without its row, a chat of the oldest exports is told from other lists by its models.
    is_list = isinstance(value_at(chat, "messages"), list)
    return is_tree or (
        is_list and (chat is not value or isinstance(value_at(chat, "models"), list))
    )


def read_conversation(value: Mapping[str, Any], _find_file: FindFile) -> ImportedConversation:
    chat = mapping_at(value, "chat") or value
    files: dict[str, AttachmentFile] = {}
    nodes = [
        _parse_node(str(key), text_at(message, "parentId") or None, message, files)
        for key, message in mapping_at(chat, "history", "messages").items()
        if isinstance(message, Mapping)
    ]
    if not nodes:
        messages = objects_at(chat, "messages")
        parents = parents_of(messages)
        for number, message in enumerate(messages):
            key = text_at(message, "id") or str(number)
            above = parents[number] if parents else nodes[-1].id if nodes else None
            nodes.append(_parse_node(key, above, message, files))
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
        leaf=text_at(chat, "history", "currentId") or (nodes[-1].id if nodes else None),
        model=next((m for m in list_at(chat, "models") if isinstance(m, str)), ""),
        pinned=value.get("pinned") is True,
        archived=value.get("archived") is True,
        instructions=text_at(chat, "params", "system"),
    )
    return build_conversation(source, nodes, files.values())


def _parse_node(
    key: str, parent: str | None, message: Mapping[str, Any], files: dict[str, AttachmentFile]
) -> Node:
    role = ROLES.get(text_at(message, "role"))
    text = text_at(message, "content")
    parts = [part for item in objects_at(message, "files") for part in _attached(item, files)]
    parts += _answer_of(message, files) if role is Role.ASSISTANT else [TextPart(text)]
    if error := text_at(message, "error", "content"):
        parts.append(TextPart(f"[Error: {error}]"))
    node = Node(
        key,
        parent,
        parts=tuple(parts),
        seconds=seconds_of(message.get("timestamp")),
        model=text_at(message, "model"),
        is_complete=message.get("done") is not False,
    )
    return with_role(node, text_at(message, "role"))


def _answer_of(message: Mapping[str, Any], files: dict[str, AttachmentFile]) -> list[Part]:
    """Return the parts of an answer; the items have those that the text lacks."""
    parts = [*_parse_answer(text_at(message, "content"))]
    items = [*content_parts(list_at(message, "output"), files)]
    if not text_of(parts).strip():
        return items or parts
    if any(not isinstance(part, TextPart) for part in parts):
        return parts
    return [*(part for part in items if not isinstance(part, TextPart)), *parts]


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


def _attached(item: Mapping[str, Any], files: dict[str, AttachmentFile]) -> Iterator[Part]:
    """Yield the part of an attached file, if the file has a name or is an image."""
    name = text_at(item, "name") or text_at(item, "file", "filename")
    text = text_at(item, "file", "data", "content")
    if text_at(item, "type") == "image":
        yield add_data_url(text_at(item, "url"), name, files) or TextPart(LOST_IMAGE)
    elif name:
        yield add_document(name, text, files) if text.strip() else attached_note(name)
