"""Reads the export of a chat room of OpenRouter, of the versions orpg.1.0 to orpg.3.0.

The messages are an object by id; the models are in `characters`, whose `description` is the system
prompt. Since 3.0, a message is in the tree of `parentMessageId`, and its texts are `items` in the
form of the Responses API; before, it is one text, and the messages are in the order of their time.
Source: artisticMink/OpenRouterImportForSillyTavern, November 2026.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from desktop_app.domain.conversations.conversation import Role
from desktop_app.domain.conversations.message_parts import AttachmentFile, Part, ReasoningPart
from desktop_app.exchange.importers.imported_conversation import (
    FindFile,
    ImportedConversation,
    list_at,
    mapping_at,
    objects_at,
    seconds_at,
    stable_id,
    text_at,
    value_at,
)
from desktop_app.exchange.importers.message_list import content_parts, text_parts
from desktop_app.exchange.importers.message_tree import Node, SourceConversation, build_conversation

_TIME_NAMES: Final = ("createdAt", "updatedAt")


def is_conversation(value: Any) -> bool:
    return text_at(value, "version").startswith("orpg.") and bool(mapping_at(value, "messages"))


def read_conversation(value: Mapping[str, Any], _find_file: FindFile) -> ImportedConversation:
    files: dict[str, AttachmentFile] = {}
    items = mapping_at(value, "items")
    characters = mapping_at(value, "characters")
    rows = [(key, row) for key, row in mapping_at(value, "messages").items() if mapping_at(row)]
    rows.sort(key=lambda each: seconds_at(each[1], *_TIME_NAMES) or 0.0)
    is_tree = any(text_at(row, "parentMessageId") for _, row in rows)
    nodes: list[Node] = []
    for key, row in rows:
        character = text_at(row, "characterId")
        is_user = text_at(row, "type") == "user" or character.lower() == "user"
        parent = text_at(row, "parentMessageId") or None
        nodes.append(
            Node(
                key,
                parent if is_tree else nodes[-1].id if nodes else None,
                Role.USER if is_user else Role.ASSISTANT,
                tuple(_parts_of(row, items, files)),
                seconds=seconds_at(row, *_TIME_NAMES),
                model=text_at(characters, character, "model"),
            )
        )
    prompts = (text_at(each, "description") for each in characters.values())
    models = (text_at(each, "model") for each in characters.values())
    source = SourceConversation(
        "openrouter",
        text_at(value, "id") or stable_id([key for key, _ in rows]),
        title=text_at(value, "title"),
        model=next(filter(None, models), ""),
        instructions=next(filter(None, prompts), ""),
    )
    return build_conversation(source, nodes, files.values())


def _parts_of(
    row: Mapping[str, Any], items: Mapping[str, Any], files: dict[str, AttachmentFile]
) -> Iterator[Part]:
    if thought := text_at(row, "reasoning").strip():
        yield ReasoningPart(thought)
    yield from text_parts(text_at(row, "content"))
    for reference in objects_at(row, "items"):
        data = value_at(items, text_at(reference, "id"), "data")
        if text_at(data, "type") == "reasoning":
            texts = (text_at(each, "text") for each in list_at(data, "content"))
            if thought := "".join(texts).strip():
                yield ReasoningPart(thought)
        else:
            yield from content_parts(value_at(data, "content"), files)
