"""Reads LibreChat's export of a conversation as JSON, or a list of such conversations.

Its messages are a list, or, if exported as "recursive", a tree whose nodes have `children`. In
both, `parentMessageId` names the parent; for the first message it is a row of zeros. The text of a
message is in `text`, or in newer versions in the parts of `content`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from desktop_app.domain.conversations.conversation import Role
from desktop_app.domain.conversations.message_parts import Part, ReasoningPart, TextPart
from desktop_app.exchange.importers.imported_conversation import (
    FindFile,
    ImportedConversation,
    attached_note,
    attached_notes,
    ended_call,
    mapping_at,
    objects_at,
    seconds_of,
    text_at,
    value_at,
)
from desktop_app.exchange.importers.message_tree import Node, SourceConversation, build_conversation


def is_conversation(value: Any) -> bool:
    messages = value_at(value, "messages"), value_at(value, "messagesTree")
    has_messages = any(isinstance(listed, list) for listed in messages)
    has_roles = any("role" in each for each in objects_at(value, "messages"))  # another program's
    return has_messages and not has_roles and isinstance(value_at(value, "conversationId"), str)


def read_conversation(value: Mapping[str, Any], _find_file: FindFile) -> ImportedConversation:
    nodes: dict[str, Node] = {}
    previous_id: str | None = None
    stack = [*objects_at(value, "messages"), *objects_at(value, "messagesTree")][::-1]
    while stack:
        message = stack.pop()
        stack += objects_at(message, "children")[::-1]
        # Nodes without ids, as in exports without branches, form a single path.
        node_id = text_at(message, "messageId")
        parent = text_at(message, "parentMessageId") or (None if node_id else previous_id)
        node_id = node_id or f"#{len(nodes)}"
        nodes[node_id] = _parse_node(node_id, parent, message)
        previous_id = node_id
    # The newest message. If times are equal, as in exports without times, the last one.
    newest = max([*nodes.values()][::-1], key=lambda node: node.seconds or 0, default=None)
    source = SourceConversation(
        "librechat",
        text_at(value, "conversationId"),
        title=text_at(value, "title"),
        leaf=None if newest is None else newest.id,
        model=text_at(value, "options", "model"),
        instructions=text_at(value, "options", "promptPrefix")
        or text_at(value, "options", "system"),
    )
    return build_conversation(source, nodes.values())


def _parse_node(node_id: str, parent: str | None, message: Mapping[str, Any]) -> Node:
    is_from_user = message.get("isCreatedByUser", text_at(message, "sender") == "User") is True
    return Node(
        node_id,
        parent,
        Role.USER if is_from_user else Role.ASSISTANT,
        (*attached_notes(objects_at(message, "files"), "filename"), *_parse_content(message)),
        seconds=seconds_of(message.get("createdAt")),
        model="" if is_from_user else text_at(message, "model"),
        is_complete=message.get("unfinished") is not True and message.get("error") is not True,
    )


def _parse_content(message: Mapping[str, Any]) -> list[Part]:
    parts: list[Part] = []
    for part in objects_at(message, "content"):
        if thought := _text_or_value(part, "think"):
            parts.append(ReasoningPart(thought))
        elif call := mapping_at(part, "tool_call"):
            name, output = text_at(call, "name"), text_at(call, "output")
            parts.append(ended_call(text_at(call, "id"), name, call.get("args"), output))
        elif text := _text_or_value(part, "text") or _text_or_value(part, "error"):
            parts.append(TextPart(text))
        elif name := text_at(part, "image_file", "filename"):
            parts.append(attached_note(name))
    text = text_at(message, "text")
    if text.strip() and not any(isinstance(part, TextPart) for part in parts):
        parts.append(TextPart(text))
    return parts


def _text_or_value(part: Mapping[str, Any], key: str) -> str:
    """Return the text under a key of a part, which may be in an object with a `value`."""
    return text_at(part, key) or text_at(part, key, "value")
