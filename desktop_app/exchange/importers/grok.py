"""Reads xAI's export of Grok: `prod-grok-backend.json`, alone or in its archive.

It has `conversations`, each with its facts in `conversation`, and `responses`, each a `response`.
Its time is a text, or a number of milliseconds in MongoDB's form. Sources: codeface-io/mac-stack
and hugoamorales/grok_export_toolkit, November 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from desktop_app.domain.conversations.conversation import Role
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.exchange.importers.imported_conversation import (
    FindFile,
    ImportedConversation,
    attached_note,
    list_at,
    mapping_at,
    objects_at,
    seconds_of,
    text_at,
    value_at,
)
from desktop_app.exchange.importers.message_list import ROLES, text_parts, with_role
from desktop_app.exchange.importers.message_tree import Node, SourceConversation, build_conversation


def conversations_in(value: Any) -> list[Any]:
    listed = objects_at(value, "conversations")
    return listed if any(map(is_conversation, listed)) else []


def is_conversation(value: Any) -> bool:
    return any(mapping_at(each, "response") for each in objects_at(value, "responses"))


def read_conversation(value: Mapping[str, Any], _find_file: FindFile) -> ImportedConversation:
    nodes: list[Node] = []
    known_ids: set[str] = set()
    for number, row in enumerate(objects_at(value, "responses")):
        response = mapping_at(row, "response")
        parent = text_at(response, "parent_response_id")
        is_answer = ROLES.get(text_at(response, "sender").lower()) is Role.ASSISTANT
        names = (
            each if isinstance(each, str) else text_at(each, "name")
            for each in list_at(response, "file_attachments")
        )
        text = text_at(response, "message")
        node = Node(
            text_at(response, "_id") or f"#{number}",
            parent if parent in known_ids else nodes[-1].id if nodes else None,
            parts=(
                *(attached_note(name) for name in names if name),
                *(text_parts(text) if is_answer else [TextPart(text)]),
            ),
            seconds=_seconds_of(response.get("create_time")),
            model=text_at(response, "model"),
            is_complete=response.get("partial") is not True,
        )
        nodes.append(with_role(node, text_at(response, "sender")))
        known_ids.add(nodes[-1].id)
    facts = mapping_at(value, "conversation")
    source = SourceConversation(
        "grok",
        text_at(facts, "id") or f"{facts.get('create_time')} {text_at(facts, 'title')}",
        title=text_at(facts, "title"),
        created=_seconds_of(facts.get("create_time")),
        updated=_seconds_of(facts.get("modify_time")),
        leaf=nodes[-1].id if nodes else None,
        pinned=facts.get("starred") is True,
    )
    return build_conversation(source, nodes)


def _seconds_of(value: Any) -> float | None:
    """Return a time in seconds; MongoDB writes `{"$date": {"$numberLong": "1700000000000"}}`."""
    date = value_at(value, "$date")
    number = value_at(date, "$numberLong")
    if isinstance(number, str) and number.lstrip("-").isdecimal() and len(number) < 20:
        return int(number) / 1000
    return seconds_of(value if date is None else date)
