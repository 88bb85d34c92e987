"""Reads the threads of Jan: `thread.json` beside `messages.jsonl`, in an archive of its folder.

`messages.jsonl` alone has no title. A text is `{"value": …}` in a part; the model of an answer is
in its `metadata`. Source: janhq/jan (core/src/types/message and thread), November 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from desktop_app.exchange.importers.imported_conversation import (
    FindFile,
    ImportedConversation,
    objects_at,
    seconds_of,
    text_at,
    value_at,
)
from desktop_app.exchange.importers.message_list import from_messages
from desktop_app.exchange.importers.message_tree import SourceConversation

THREAD: Final = "thread.json"
MESSAGES: Final = "messages.jsonl"
"""The names of the files of a thread."""


def conversations_in(value: Any) -> list[Any]:
    """Return the threads of a list of messages; a thread itself may be one of the items."""
    threads: dict[str, dict[str, Any]] = {}
    facts: dict[str, Mapping[str, Any]] = {}
    for item in value if isinstance(value, list) else []:
        if thread_id := text_at(item, "thread_id"):
            thread = threads.setdefault(thread_id, {"id": thread_id, "messages": []})
            thread["messages"].append(item)
        elif objects_at(item, "assistants") or text_at(item, "object") == "thread":
            facts[text_at(item, "id")] = item
    return [{**facts.get(thread_id, {}), **thread} for thread_id, thread in threads.items()]


def read_conversation(value: Mapping[str, Any], _find_file: FindFile) -> ImportedConversation:
    assistant = next(iter(objects_at(value, "assistants")), {})
    messages = [
        {"model": text_at(value_at(message, "metadata"), "modelId"), **message}
        for message in objects_at(value, "messages")
    ]
    source = SourceConversation(
        "jan",
        text_at(value, "id"),
        title=text_at(value, "title"),
        created=seconds_of(value.get("created")),
        updated=seconds_of(value.get("updated")),
        model=text_at(assistant, "model", "id") or text_at(value, "model", "id"),
        instructions=text_at(assistant, "instructions"),
    )
    return from_messages(source, messages)
