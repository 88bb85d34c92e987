"""Converts design chats of Claude's data export to the form of its other conversations.

A design chat is a file of its own, in the folder `design_chats`: {uuid, title, project: {name},
created_at, updated_at, messages}. A message is {uuid, role: user|assistant, created_at, content},
and `content` a text or {content, contentBlocks, attachments}. If there are blocks, `content` in it
only repeats their texts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from desktop_app.exchange.importers.imported_conversation import mapping_at, objects_at, text_at


def is_design_chat(value: Any) -> bool:
    """Return True for a design chat. The chats of Open WebUI have an `id`, but no `uuid`."""
    return (
        isinstance(value, Mapping)
        and isinstance(value.get("uuid"), str)
        and isinstance(value.get("messages"), list)
    )


def conversation_of(chat: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the conversation of a design chat, as `conversations.json` would contain it."""
    names = (text_at(mapping_at(chat, "project"), "name"), text_at(chat, "title"))
    messages: list[Mapping[str, Any]] = []
    for message in objects_at(chat, "messages"):
        messages += _split_message(message)
    return {
        "uuid": chat["uuid"],
        "name": ": ".join(filter(None, names)),
        "created_at": chat.get("created_at"),
        "updated_at": chat.get("updated_at"),
        "chat_messages": messages,
    }


def _split_message(message: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a message. If the user spoke during an answer, yield its parts and what was said."""
    content = mapping_at(message, "content")
    sender = "human" if text_at(message, "role") == "user" else text_at(message, "role")
    base = {"sender": sender, "created_at": message.get("created_at")}
    attachments = [
        {"file_name": text_at(item, "name"), "extracted_content": text_at(item, "content")}
        for item in objects_at(content, "attachments")
    ]
    # The other parts have no ids: they are identified by their places.
    start: Mapping[str, Any] = {**base, "uuid": message.get("uuid"), "attachments": attachments}
    blocks: list[Mapping[str, Any]] = []
    text = text_at(message, "content") or text_at(content, "content")
    for block in objects_at(content, "contentBlocks"):
        if text_at(block, "type") != "user_interjection":
            blocks += _convert_block(block)
            continue
        said = text_at(block, "message") or text_at(mapping_at(block, "message"), "content")
        yield {**start, "content": blocks}
        yield {**base, "sender": "human", "text": said}
        start = base
        blocks = []
        text = ""
    yield {**start, "content": blocks, "text": text}


def _convert_block(block: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the blocks that other conversations have for a block of a design chat."""
    kind = text_at(block, "type")
    if kind == "thinking":
        return [{"type": kind, "thinking": text_at(block, "text")}]
    if kind == "error":
        return [{"type": "text", "text": f"[Error: {text_at(block, 'message')}]"}]
    if kind != "tool_call":
        return [block]
    call = mapping_at(block, "toolCall")
    call_id = text_at(call, "id")
    output = call.get("output")
    if output is not None and not isinstance(output, str):
        output = json.dumps(output, ensure_ascii=False)
    return [
        {"type": "tool_use", "id": call_id, "name": call.get("name"), "input": call.get("input")},
        {"type": "tool_result", "tool_use_id": call_id, "content": output},
    ]
