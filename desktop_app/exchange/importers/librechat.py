"""Reads LibreChat's export of a conversation as JSON, or a list of such conversations.

Its messages are a list, or, if exported as "recursive", a tree whose nodes have `children`. In
both, `parentMessageId` names the parent; for the first message it is a row of zeros. The text of a
message is in `text`, or in newer versions in the parts of `content`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from desktop_app.domain.conversations.conversation import Role
from desktop_app.domain.conversations.message_parts import Part, ReasoningPart, TextPart
from desktop_app.exchange.importers.imported_conversation import (
    ImportedConversation,
    ended_call,
    mapping_at,
    objects_at,
    seconds_of,
    text_at,
)
from desktop_app.exchange.importers.message_tree import Node, SourceConversation, build_conversation


def is_conversation(value: Any) -> bool:
    """Return True for a conversation of LibreChat's."""
    return (
        isinstance(value, Mapping)
        and isinstance(value.get("conversationId"), str)
        and (isinstance(value.get("messages"), list) or isinstance(value.get("messagesTree"), list))
    )


def read_conversation(value: Mapping[str, Any]) -> ImportedConversation:
    """Return the conversation."""
    roots = [*objects_at(value, "messages"), *objects_at(value, "messagesTree")]
    nodes = {node.id: node for node in _parse_nodes(roots)}
    options = mapping_at(value, "options")
    # The newest message. If times are equal, as in exports without times, the last one.
    newest = max([*nodes.values()][::-1], key=lambda node: node.seconds or 0, default=None)
    source = SourceConversation(
        "librechat",
        text_at(value, "conversationId"),
        title=text_at(value, "title"),
        created=None,
        updated=None,
        leaf=None if newest is None else newest.id,
        model=text_at(options, "model"),
        instructions=text_at(options, "promptPrefix") or text_at(options, "system"),
    )
    return build_conversation(source, nodes.values())


def _parse_nodes(roots: list[Mapping[str, Any]]) -> Iterator[Node]:
    """Yield the nodes. Nodes without ids, as in exports without branches, form a single path."""
    previous_id: str | None = None
    for number, message in enumerate(_with_descendants(roots)):
        node = _parse_node(message)
        yield node if node.id else replace(node, id=f"#{number}", parent=node.parent or previous_id)
        previous_id = node.id or f"#{number}"


def _with_descendants(roots: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    stack = roots[::-1]
    while stack:
        message = stack.pop()
        yield message
        stack += objects_at(message, "children")[::-1]


def _parse_node(message: Mapping[str, Any]) -> Node:
    is_from_user = message.get("isCreatedByUser", text_at(message, "sender") == "User") is True
    role = Role.USER if is_from_user else Role.ASSISTANT
    parts = _parse_content(message)
    names = [text_at(item, "filename") for item in objects_at(message, "files")]
    return Node(
        text_at(message, "messageId"),
        text_at(message, "parentMessageId") or None,
        role,
        (*(TextPart(f"[Attached: {name}]") for name in names if name), *parts),
        seconds=seconds_of(message.get("createdAt")),
        model=text_at(message, "model") if role is Role.ASSISTANT else "",
        is_complete=message.get("unfinished") is not True and message.get("error") is not True,
    )


def _parse_content(message: Mapping[str, Any]) -> tuple[Part, ...]:
    parts: list[Part] = []
    for part in objects_at(message, "content"):
        if thought := _text_or_value(part, "think"):
            parts.append(ReasoningPart(thought))
        elif call := mapping_at(part, "tool_call"):
            arguments = call.get("args")
            name = text_at(call, "name")
            parts.append(ended_call(text_at(call, "id"), name, arguments, text_at(call, "output")))
        elif text := _text_or_value(part, "text") or _text_or_value(part, "error"):
            parts.append(TextPart(text))
        elif name := text_at(mapping_at(part, "image_file"), "filename"):
            parts.append(TextPart(f"[Attached: {name}]"))
    text = text_at(message, "text")
    if text.strip() and not any(isinstance(part, TextPart) for part in parts):
        parts.append(TextPart(text))
    return tuple(parts)


def _text_or_value(part: Mapping[str, Any], key: str) -> str:
    """Return the text under a key of a part, which may be in an object with a `value`."""
    return text_at(part, key) or text_at(mapping_at(part, key), "value")
