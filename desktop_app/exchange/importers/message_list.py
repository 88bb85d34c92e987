"""Reads lists of messages in the form of OpenAI's API, which many programs and data sets use.

A message has a `role` and a `content`, a text or a list of parts with a `type`. Thoughts are in
`reasoning_content` or `reasoning`, a part of their own, or before `</think>`; calls are in
`tool_calls`, their results in messages of the role `tool`. Source: OpenAI's description of Chat
Completions and of the JSONL for fine-tuning (`{"messages": […]}` a line), November 2026. Programs
that describe no form of their own (Msty) are read if they export such messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
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
    FindFile,
    ImportedConversation,
    add_data_url,
    attached_note,
    attached_notes,
    ended_call,
    json_text,
    mapping_at,
    objects_at,
    seconds_at,
    stable_id,
    text_at,
    unknown_content,
)
from desktop_app.exchange.importers.message_tree import Node, SourceConversation, build_conversation

ROLES: Final = {
    "user": Role.USER,
    "human": Role.USER,
    "assistant": Role.ASSISTANT,
    "ai": Role.ASSISTANT,
    "model": Role.ASSISTANT,
}
"""The roles of messages by their names, in lower case."""
_SYSTEM_ROLES: Final = ("system", "developer")
_ALL_ROLES: Final = (*ROLES, *_SYSTEM_ROLES, "tool")
_MAX_DEPTH: Final = 4  # of the objects and lists around conversations: {"data": {"chats": [{…}]}}
_TIME_NAMES: Final = ("createdAt", "created_at", "timestamp", "create_time", "updatedAt")
_THOUGHT_NAMES: Final = ("reasoning_content", "reasoningContent", "reasoning")
_THOUGHT_KINDS: Final = ("reasoning", "thinking", "think")
_CALL_KINDS: Final = ("tool-call", "tool_call")
_IMAGE_KINDS: Final = ("image", "image_url", "input_image")
_FILE_KINDS: Final = ("file", "input_file", "document")
_TEXT_KINDS: Final = ("", "text", "input_text", "output_text", "info", "refusal")
_THOUGHT_OPENING: Final = "<think>"
_THOUGHT_CLOSING: Final = "</think>"


def is_conversation(value: Any) -> bool:
    """Return True for an object with messages that have a role."""
    return any(text_at(message, "role") for message in objects_at(value, "messages"))


def conversations_in(value: Any, depth: int = _MAX_DEPTH) -> list[Any]:
    """Return the conversations somewhere in a value, which may be their messages alone."""
    if is_conversation(value):
        return [value]
    if not isinstance(value, list | Mapping) or not depth:
        return []
    inner = value if isinstance(value, list) else value.values()
    if value and all(text_at(each, "role").lower() in _ALL_ROLES for each in inner):
        return [{"messages": [*inner]}]
    return [found for each in inner for found in conversations_in(each, depth - 1)]


def read_conversation(value: Mapping[str, Any], _find_file: FindFile) -> ImportedConversation:
    source = SourceConversation(
        "messages",
        text_at(value, "id") or text_at(value, "conversation_id") or stable_id(value["messages"]),
        title=text_at(value, "title") or text_at(value, "name"),
        created=seconds_at(value, "created_at", "createdAt"),
        updated=seconds_at(value, "updated_at", "updatedAt"),
        model=text_at(value, "model"),
        instructions=text_at(value, "system_prompt") or text_at(value, "system"),
    )
    return from_messages(source, objects_at(value, "messages"))


def from_messages(
    source: SourceConversation, messages: Iterable[Mapping[str, Any]]
) -> ImportedConversation:
    """Return a conversation whose messages follow each other."""
    files: dict[str, AttachmentFile] = {}
    messages = list(messages)
    nodes = chain_of(messages, files)
    instructions = source.instructions or instructions_of(messages)
    return build_conversation(replace(source, instructions=instructions), nodes, files.values())


def instructions_of(messages: Iterable[Mapping[str, Any]]) -> str:
    """Return the system prompt in a list of messages."""
    texts = (
        part.text
        for message in messages
        if text_at(message, "role").lower() in _SYSTEM_ROLES
        for part in parts_of(message, {})
        if isinstance(part, TextPart) and part.text.strip()
    )
    return "\n\n".join(dict.fromkeys(texts))


def chain_of(
    messages: Iterable[Mapping[str, Any]],
    files: dict[str, AttachmentFile],
    parent: str | None = None,
    prefix: str = "",
) -> list[Node]:
    """Return a node for each message, each the child of the one before.

    Args:
        parent: the node above the first message.
        prefix: precedes the numbers that messages without ids get.
    """
    messages = list(messages)
    results = {
        text_at(message, "tool_call_id"): _text_of(parts_of(message, {}))
        for message in messages
        if text_at(message, "role") == "tool" and text_at(message, "tool_call_id")
    }
    nodes: list[Node] = []
    known_ids: set[str] = set()
    for number, message in enumerate(messages):
        role = ROLES.get(text_at(message, "role").lower())
        if role is None and text_at(message, "role") != "tool":
            continue  # a system prompt
        calls = [_parse_call(call, results) for call in objects_at(message, "tool_calls")]
        parts = list(parts_of(message, files))
        if role is None:
            result = results.pop(text_at(message, "tool_call_id"), None)
            # The results of known calls were taken out when their calls were read.
            name = text_at(message, "name")
            calls = [] if result is None else [ended_call("", name, None, result)]
            parts = []
        node_id = text_at(message, "id") or text_at(message, "uuid")
        if not node_id or node_id in known_ids:
            node_id = f"{prefix}#{number}"
        known_ids.add(node_id)
        is_text = any(not isinstance(part, ReasoningPart) for part in parts)
        pending = [part for part in parts if isinstance(part, ReasoningPart)] if not is_text else []
        nodes.append(
            Node(
                node_id,
                parent,
                role if is_text else None,
                tuple(parts) if is_text else (),
                (*pending, *calls),
                seconds=seconds_at(message, *_TIME_NAMES),
                model=text_at(message, "model") or text_at(message, "modelId"),
                is_complete=message.get("generating") is not True,
            )
        )
        parent = node_id
    return nodes


def parts_of(message: Mapping[str, Any], files: dict[str, AttachmentFile]) -> Iterator[Part]:
    """Yield the parts of a message: its attachments, thoughts, texts and images."""
    files_of_message = (*objects_at(message, "files"), *objects_at(message, "attachments"))
    yield from attached_notes(files_of_message, "name", "filename")
    for name in _THOUGHT_NAMES:
        if thought := text_at(message, name).strip():
            yield ReasoningPart(thought)
            break
    content = message.get("contentParts") or message.get("content") or message.get("text")
    yield from content_parts(content, files)
    if error := text_at(message, "error") or text_at(message, "error", "message"):
        yield TextPart(f"[Error: {error}]")


def content_parts(content: Any, files: dict[str, AttachmentFile]) -> Iterator[Part]:
    """Yield the parts of a content, which is a text or a list of texts and typed parts."""
    for item in content if isinstance(content, list) else [content]:
        if isinstance(item, str):
            yield from text_parts(item)
        elif isinstance(item, Mapping):
            yield from _typed_part(item, files)


def text_parts(text: str) -> Iterator[Part]:
    """Yield a text, its thought as a part of its own."""
    opening = text.lstrip()
    if opening.startswith(_THOUGHT_OPENING) and _THOUGHT_CLOSING in opening:
        thought, _, text = opening.removeprefix(_THOUGHT_OPENING).partition(_THOUGHT_CLOSING)
        if thought.strip():
            yield ReasoningPart(thought.strip())
        text = text.lstrip()
    if text.strip():
        yield TextPart(text)


def _typed_part(item: Mapping[str, Any], files: dict[str, AttachmentFile]) -> Iterator[Part]:
    kind = text_at(item, "type")
    text = text_at(item, "text") or text_at(item, "text", "value") or text_at(item, kind)
    name = text_at(item, "name") or text_at(item, "filename") or text_at(item, "file", "filename")
    if kind in _THOUGHT_KINDS:
        if text.strip():
            yield ReasoningPart(text.strip())
    elif kind in _CALL_KINDS:
        call_id = text_at(item, "toolCallId") or text_at(item, "tool_call_id")
        tool = text_at(item, "toolName") or text_at(item, "tool_name")
        arguments = item.get("args", item.get("input"))
        result = item.get("result", item.get("output"))
        is_failed = text_at(item, "state") == "error"
        yield ended_call(call_id, tool, arguments, json_text(result), is_failed=is_failed)
    elif kind in _IMAGE_KINDS:
        url = (
            text_at(item, "image_url", "url") or text_at(item, "image_url") or text_at(item, "url")
        )
        yield add_data_url(url, name, files) or TextPart(LOST_IMAGE)
    elif kind in _FILE_KINDS:
        yield attached_note(name or kind)
    elif text:
        yield from text_parts(text)
    elif kind not in _TEXT_KINDS:
        yield TextPart(unknown_content(kind))


def _parse_call(call: Mapping[str, Any], results: dict[str, str]) -> ToolCallPart:
    call_id = text_at(call, "id")
    function = mapping_at(call, "function") or call
    result = results.pop(call_id, "")
    return ended_call(call_id, text_at(function, "name"), function.get("arguments"), result)


def _text_of(parts: Iterable[Part]) -> str:
    return "\n".join(part.text for part in parts if isinstance(part, TextPart))
