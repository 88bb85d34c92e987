"""Reads TypingMind's export: the chats in `data.chats`.

Sources: the import of enricoros/big-AGI (typingmind.schema.ts) and the schema in
ponti/hominem, written from exports, November 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from desktop_app.exchange.importers.imported_conversation import (
    FindFile,
    ImportedConversation,
    objects_at,
    seconds_of,
    text_at,
)
from desktop_app.exchange.importers.message_list import from_messages
from desktop_app.exchange.importers.message_tree import SourceConversation


def conversations_in(value: Any) -> list[Any]:
    chats = objects_at(value, "data", "chats") or objects_at(value, "chats")
    return chats if any(map(is_conversation, chats)) else []


def is_conversation(value: Any) -> bool:
    return bool(text_at(value, "chatID")) and bool(objects_at(value, "messages"))


def read_conversation(value: Mapping[str, Any], _find_file: FindFile) -> ImportedConversation:
    source = SourceConversation(
        "typingmind",
        text_at(value, "chatID"),
        title=text_at(value, "chatTitle"),
        created=seconds_of(value.get("createdAt")),
        updated=seconds_of(value.get("updatedAt")),
        model=text_at(value, "model") or text_at(value, "modelInfo", "id"),
        instructions=text_at(value, "chatParams", "systemMessage"),
    )
    return from_messages(source, objects_at(value, "messages"))
