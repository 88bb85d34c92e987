"""Reads Cherry Studio's backup: `data.json`, alone or in its archive.

The messages of a topic are in `indexedDB.topics`, their texts in `message_blocks` (before version 3
of the backup, in `content`). The names of topics and the prompts of assistants are JSON in JSON in
JSON, under `persist:cherry-studio` in `localStorage`. Answers of several models to one question
share its id in `askId`; `foldSelected` is shown. Backups since version 6 are copies of a database
directory, which are not read. Source: CherryHQ/cherry-studio (BackupService.ts, newMessage.ts),
November 2026.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from desktop_app.domain.code_fence import fenced
from desktop_app.domain.conversations.conversation import Role
from desktop_app.domain.conversations.message_parts import (
    AttachmentFile,
    Part,
    ReasoningPart,
    TextPart,
)
from desktop_app.exchange.importers.imported_conversation import (
    LOST_IMAGE,
    FindFile,
    ImportedConversation,
    add_data_url,
    add_image,
    attached_note,
    ended_call,
    json_text,
    list_at,
    mapping_at,
    objects_at,
    parse_json,
    seconds_of,
    text_at,
    unknown_content,
    value_at,
)
from desktop_app.exchange.importers.message_list import ROLES, text_parts, with_role
from desktop_app.exchange.importers.message_tree import Node, SourceConversation, build_conversation


def conversations_in(value: Any) -> list[Any]:
    """Return the topics of a backup, each with its blocks and what its assistant says of it."""
    database = value_at(value, "indexedDB")
    topics = objects_at(database, "topics")
    if isinstance(database, list):  # version 1
        rows = [row for row in database if text_at(row, "key").startswith("topic:")]
        topics = [mapping_at(row, "value") for row in rows]
    blocks: dict[str, list[Mapping[str, Any]]] = {}
    for block in objects_at(database, "message_blocks"):
        blocks.setdefault(text_at(block, "messageId"), []).append(block)
    facts = _facts_of_topics(value)
    return [
        {
            **facts.get(text_at(topic, "id"), {}),
            "id": text_at(topic, "id"),
            "messages": [
                {**message, "blocks": _in_order(message, blocks)}
                for message in objects_at(topic, "messages")
            ],
        }
        for topic in topics
    ]


def _in_order(
    message: Mapping[str, Any], blocks: Mapping[str, list[Mapping[str, Any]]]
) -> list[Mapping[str, Any]]:
    """Return the blocks of a message in the order in which it lists them."""
    own_blocks = blocks.get(text_at(message, "id"), [])
    places = {each: place for place, each in enumerate(list_at(message, "blocks")) if each.__hash__}
    return sorted(own_blocks, key=lambda block: places.get(text_at(block, "id"), len(places)))


def _facts_of_topics(value: Any) -> dict[str, dict[str, Any]]:
    stored = parse_json(text_at(value, "localStorage", "persist:cherry-studio"))
    state = parse_json(text_at(stored, "assistants"))
    assistants = [mapping_at(state, "defaultAssistant"), *objects_at(state, "assistants")]
    return {
        text_at(topic, "id"): {
            **topic,
            "prompt": text_at(topic, "prompt") or text_at(assistant, "prompt"),
            "model": text_at(assistant, "model", "id"),
        }
        for assistant in assistants
        for topic in objects_at(assistant, "topics")
    }


def read_conversation(value: Mapping[str, Any], find_file: FindFile) -> ImportedConversation:
    files: dict[str, AttachmentFile] = {}
    nodes: list[Node] = []
    parent: str | None = None
    question: str | None = None
    for number, message in enumerate(objects_at(value, "messages")):
        role = ROLES.get(text_at(message, "role"))
        node_id = text_at(message, "id") or f"#{number}"
        is_sibling = role is Role.ASSISTANT and text_at(message, "askId") == question
        node = Node(
            node_id,
            question if is_sibling and question else parent,
            parts=tuple(_parts_of(message, find_file, files)),
            seconds=seconds_of(message.get("createdAt")),
            model=text_at(message, "model", "id") or text_at(message, "modelId"),
            is_complete=text_at(message, "status") in ("", "success"),
        )
        nodes.append(with_role(node, text_at(message, "role")))
        if role is Role.USER:
            question = node_id
        if not is_sibling or parent == question or message.get("foldSelected") is True:
            parent = node_id
    source = SourceConversation(
        "cherry-studio",
        text_at(value, "id"),
        title=text_at(value, "name"),
        created=seconds_of(value.get("createdAt")),
        updated=seconds_of(value.get("updatedAt")),
        leaf=parent,
        model=text_at(value, "model"),
        pinned=value.get("pinned") is True,
        instructions=text_at(value, "prompt"),
    )
    return build_conversation(source, nodes, files.values())


def _parts_of(
    message: Mapping[str, Any], find_file: FindFile, files: dict[str, AttachmentFile]
) -> Iterator[Part]:
    for block in objects_at(message, "blocks"):
        yield from _block_parts(block, find_file, files)
    if not objects_at(message, "blocks"):  # an old backup
        for file in objects_at(message, "files"):
            yield from _file_parts(file, find_file, files)
        if thought := text_at(message, "reasoning_content").strip():
            yield ReasoningPart(thought)
        yield from text_parts(text_at(message, "content"))


def _block_parts(
    block: Mapping[str, Any], find_file: FindFile, files: dict[str, AttachmentFile]
) -> Iterator[Part]:
    kind, text = text_at(block, "type"), text_at(block, "content")
    if kind == "thinking":
        if text.strip():
            yield ReasoningPart(text.strip())
    elif kind == "code":
        yield TextPart(fenced(text, text_at(block, "language")))
    elif kind == "tool":
        response = mapping_at(block, "metadata", "rawMcpToolResponse")
        name = text_at(block, "toolName") or text_at(response, "tool", "name")
        arguments = block.get("arguments") or response.get("arguments")
        result = json_text(block.get("content") or response.get("response"))
        is_failed = text_at(block, "status") == "error"
        yield ended_call(text_at(block, "toolId"), name, arguments, result, is_failed=is_failed)
    elif kind in ("image", "file"):
        image = add_data_url(text_at(block, "url"), "", files)
        if image is not None:
            yield image
        elif file := mapping_at(block, "file"):
            yield from _file_parts(file, find_file, files)
        else:
            yield TextPart(LOST_IMAGE)
    elif kind == "error":
        if words := text_at(block, "error", "message"):
            yield TextPart(f"[Error: {words}]")
    elif kind == "citation":
        found = value_at(block, "response", "results")
        rows = objects_at(found, "results") or objects_at(block, "response", "results")
        if links := [url for row in rows if (url := text_at(row, "url"))]:
            yield ended_call("", "web_search", None, "\n".join(links))
    elif text.strip():
        yield from text_parts(text)
    elif kind and kind not in ("main_text", "unknown"):
        yield TextPart(unknown_content(kind))


def _file_parts(
    file: Mapping[str, Any], find_file: FindFile, files: dict[str, AttachmentFile]
) -> Iterator[Part]:
    """Yield an image of the archive, or the name of another file."""
    name = text_at(file, "origin_name") or text_at(file, "name") or "file"
    found = find_file(text_at(file, "id")) if text_at(file, "type") == "image" else None
    yield attached_note(name) if found is None else add_image(name, found[1], files)
