"""Reads Chatbox's exported data: `chat-sessions-list`, and each session under `session:ID`.

The oldest exports have the sessions in a list, `chat-sessions`; newer archives have a session in a
file. Earlier topics of a session are its `threads`, which become conversations. Other versions of
what follows a message are in `messageForksHash` under its id; of their lists, the empty one at
`position` stands for what the session shows. Pictures are elsewhere, under a `storageKey`. Sources:
chatboxai/chatbox (src/shared/types/session.ts) and CherryHQ/cherry-studio (ChatBoxImporter.ts),
November 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from desktop_app.domain.conversations.message_parts import AttachmentFile
from desktop_app.exchange.importers.imported_conversation import (
    FindFile,
    ImportedConversation,
    mapping_at,
    objects_at,
    seconds_of,
    text_at,
)
from desktop_app.exchange.importers.message_list import chain_of, instructions_of
from desktop_app.exchange.importers.message_tree import SourceConversation, build_conversation


def conversations_in(value: Any) -> list[Any]:
    """Return the sessions of an export, or of a session's own file, and their earlier topics."""
    listed = objects_at(value, "chat-sessions-list")
    sessions: list[Mapping[str, Any]] = [
        {**entry, **mapping_at(value, f"session:{text_at(entry, 'id')}")} for entry in listed
    ]
    sessions += objects_at(value, "chat-sessions")
    if not sessions and is_conversation(value):
        sessions = [value]
    return [
        {"id": text_at(topic, "id"), "name": text_at(topic, "name") or text_at(session, "name")}
        | {key: topic.get(key) or session.get(key) for key in ("settings", "starred", "createdAt")}
        | {"messages": objects_at(topic, "messages")}
        | {"messageForksHash": mapping_at(session, "messageForksHash")}
        for session in sessions
        for topic in [session, *objects_at(session, "threads")]
    ]


def is_conversation(value: Any) -> bool:
    return any("contentParts" in message for message in objects_at(value, "messages"))


def read_conversation(value: Mapping[str, Any], _find_file: FindFile) -> ImportedConversation:
    """Return the conversation of a session or of an earlier topic."""
    messages = objects_at(value, "messages")
    files: dict[str, AttachmentFile] = {}
    session_id = text_at(value, "id")
    nodes = chain_of(messages, files)
    leaf = nodes[-1].id if nodes else None
    known_ids = {node.id for node in nodes}
    forks = dict(mapping_at(value, "messageForksHash"))
    while reached := [key for key in forks if key in known_ids]:
        for key in reached:
            for number, fork in enumerate(objects_at(forks.pop(key), "lists")):
                branch = chain_of(objects_at(fork, "messages"), files, key, f"{key}.{number}")
                nodes += (node for node in branch if node.id not in known_ids)
                known_ids |= {node.id for node in branch}
    source = SourceConversation(
        "chatbox",
        session_id or f"{value.get('createdAt')} {text_at(value, 'name')}",
        title=text_at(value, "name"),
        created=seconds_of(value.get("createdAt")),
        leaf=leaf,
        model=text_at(value, "settings", "modelId") or text_at(value, "settings", "model"),
        pinned=value.get("starred") is True,
        instructions=instructions_of(messages),
    )
    return build_conversation(source, nodes, files.values())
