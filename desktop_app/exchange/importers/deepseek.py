"""Reads DeepSeek's data export: `conversations.json`, alone or in the archive.

As in ChatGPT's export, a conversation is a tree under `mapping`, but a message has no author: it
has `fragments` of the types REQUEST, THINK and RESPONSE, in exports of 2025 `content` and
`reasoning_content`. Sources: issue 82 of nexus-ai-chat-importer, and the converters
xionglongztz/DeepSeekDataExporter and goodbu/Deepseek-md-, November 2026.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from desktop_app.domain.conversations.conversation import Role
from desktop_app.domain.conversations.message_parts import Part, ReasoningPart, TextPart
from desktop_app.exchange.importers.imported_conversation import (
    FindFile,
    ImportedConversation,
    attached_notes,
    ended_call,
    mapping_at,
    objects_at,
    seconds_of,
    text_at,
)
from desktop_app.exchange.importers.message_list import ROLES
from desktop_app.exchange.importers.message_tree import Node, SourceConversation, build_conversation


def is_conversation(value: Any) -> bool:
    """Return True for a tree of messages without authors."""
    nodes = mapping_at(value, "mapping").values()
    messages = [message for node in nodes if (message := mapping_at(node, "message"))]
    return (
        any("fragments" in message for message in messages)
        or bool(text_at(value, "inserted_at"))
        or (bool(messages) and not any("author" in message for message in messages))
    )


def read_conversation(value: Mapping[str, Any], _find_file: FindFile) -> ImportedConversation:
    mapping = mapping_at(value, "mapping")
    nodes: dict[str, Node] = {}
    for key, node in mapping.items():
        message = mapping_at(node, "message")
        role = _role_of(key, mapping) if message else None
        nodes[key] = Node(
            key,
            text_at(node, "parent") or None,
            role,
            tuple(_parts_of(message)),
            seconds=seconds_of(message.get("inserted_at")),
            model="" if role is Role.USER else text_at(message, "model"),
        )
    source = SourceConversation(
        "deepseek",
        text_at(value, "id") or f"{value.get('inserted_at')} {text_at(value, 'title')}",
        title=text_at(value, "title"),
        created=seconds_of(value.get("inserted_at")),
        updated=seconds_of(value.get("updated_at")),
        leaf=text_at(value, "current_node"),
    )
    return build_conversation(source, nodes.values())


def _role_of(key: str, mapping: Mapping[str, Any]) -> Role:
    """Return who wrote a message: as its fragments or its role say, else they take turns."""
    message = mapping_at(mapping, key, "message")
    if kinds := [text_at(each, "type") for each in objects_at(message, "fragments")]:
        return Role.USER if "REQUEST" in kinds else Role.ASSISTANT
    if role := ROLES.get(text_at(message, "role").lower()):
        return role
    depth = 0
    seen = {key}
    parent = text_at(mapping.get(key), "parent")
    while parent and parent not in seen:
        seen.add(parent)
        depth += bool(mapping_at(mapping, parent, "message"))
        parent = text_at(mapping.get(parent), "parent")
    return Role.ASSISTANT if depth % 2 else Role.USER


def _parts_of(message: Mapping[str, Any]) -> Iterator[Part]:
    yield from attached_notes(objects_at(message, "files"), "file_name", "name")
    fragments = objects_at(message, "fragments") or [
        {"type": "THINK", "content": message.get("reasoning_content")},
        {"type": "RESPONSE", "content": message.get("content")},
    ]
    for fragment in fragments:
        kind, text = text_at(fragment, "type"), text_at(fragment, "content")
        if kind == "THINK" and text.strip():
            yield ReasoningPart(text.strip())
        elif text.strip():
            yield TextPart(text)
        elif results := objects_at(fragment, "results"):
            links = (text_at(each, "url") or text_at(each, "title") for each in results)
            yield ended_call("", kind.lower(), None, "\n".join(filter(None, links)))
