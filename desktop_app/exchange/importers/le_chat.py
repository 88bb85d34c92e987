"""Reads Mistral's export of Le Chat: a file `chat-ID.json` for each conversation.

The file is the list of its messages, in no order; `contentChunks` repeats `content` with what it
cites. Source: Superkikim/nexus-ai-chat-importer (lechat-types.ts, lechat-converter.ts), November
2026.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from desktop_app.domain.conversations.message_parts import Part, TextPart
from desktop_app.exchange.importers.imported_conversation import (
    LOST_IMAGE,
    FindFile,
    ImportedConversation,
    attached_notes,
    ended_call,
    json_text,
    objects_at,
    seconds_of,
    text_at,
    unknown_content,
)
from desktop_app.exchange.importers.message_list import with_role
from desktop_app.exchange.importers.message_tree import Node, SourceConversation, build_conversation

_SHOWN_ELSEWHERE = ("reference", "custom_element")


def conversations_in(value: Any) -> list[Any]:
    """Return the messages of a list by their chats."""
    chats: dict[str, list[Any]] = {}
    items = value if isinstance(value, list) else []
    if not any(isinstance(each, dict) and "contentChunks" in each for each in items):
        return []
    for item in items:
        if (chat_id := text_at(item, "chatId")) and text_at(item, "role"):
            chats.setdefault(chat_id, []).append(item)
    return [{"id": chat_id, "messages": messages} for chat_id, messages in chats.items()]


def read_conversation(value: Mapping[str, Any], _find_file: FindFile) -> ImportedConversation:
    messages = objects_at(value, "messages")
    nodes: list[Node] = []
    for message in sorted(messages, key=lambda each: seconds_of(each.get("createdAt")) or 0.0):
        node = Node(
            text_at(message, "id") or f"#{len(nodes)}",
            nodes[-1].id if nodes else None,
            parts=tuple(_parts_of(message)),
            seconds=seconds_of(message.get("createdAt")),
            model=text_at(message, "model"),
        )
        nodes.append(with_role(node, text_at(message, "role")))
    return build_conversation(SourceConversation("le-chat", text_at(value, "id")), nodes)


def _parts_of(message: Mapping[str, Any]) -> Iterator[Part]:
    yield from attached_notes(objects_at(message, "files"), "name")
    texts: list[str] = []
    for chunk in objects_at(message, "contentChunks"):
        kind = text_at(chunk, "type")
        if kind == "tool_call":
            arguments, result = chunk.get("publicArguments"), json_text(chunk.get("publicResult"))
            is_failed = chunk.get("success") is False
            name = text_at(chunk, "name")
            yield ended_call(text_at(chunk, "id"), name, arguments, result, is_failed=is_failed)
        elif kind == "image_url":
            texts.append(LOST_IMAGE)
        elif text := text_at(chunk, "text"):
            texts.append(text)
        elif kind not in ("text", *_SHOWN_ELSEWHERE):
            texts.append(unknown_content(kind))
    text = "".join(texts) or text_at(message, "content")
    if text.strip():
        yield TextPart(text)
