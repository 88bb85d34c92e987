"""Open WebUI's export of chats: a list of rows, each with its `chat`.

`chat.history.messages` is a tree by id, `currentId` the end of the path shown; exports from before
the tree hold only a list, `chat.messages`. Answers of reasoning models carry their reasoning as
`<details type="reasoning">` at their beginning.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any, Final

from desktop_app.domain.conversation import Role
from desktop_app.domain.parts import Part, ReasoningPart, TextPart
from desktop_app.exchange.imported import (
    ImportedConversation,
    Node,
    grow,
    mapping_at,
    objects_at,
    refused,
    seconds_of,
    text_at,
)

SOURCE: Final = "open-webui"
_ROLES: Final = {"user": Role.USER, "assistant": Role.ASSISTANT}
_REASONING: Final = re.compile(
    r'<details type="reasoning"[^>]*>\s*(?:<summary>[^<]*</summary>)?(.*?)</details>\s*', re.DOTALL
)
_NONE: Final[tuple[ReasoningPart, ...]] = ()
_QUOTED: Final = re.compile(r"^&gt; ?|^> ?", re.MULTILINE)


def is_open_webui(value: Any) -> bool:
    """Whether this JSON is a list of Open WebUI's chats, or one of them."""
    first = value[0] if isinstance(value, list) and value else value
    if not isinstance(first, Mapping):
        return False
    chat = _chat(first)
    return isinstance(chat.get("history"), Mapping) or isinstance(chat.get("messages"), list)


def read_conversation(value: Any) -> ImportedConversation:
    """One chat of the list.

    Raises:
        ImportRefusedError: it has no messages.
    """
    if not is_open_webui(value):
        raise refused("A chat in the file is none of Open WebUI's.")
    chat = _chat(value)
    nodes = _tree(mapping_at(mapping_at(chat, "history"), "messages")) or _list(chat)
    current = text_at(mapping_at(chat, "history"), "currentId")
    models = chat.get("models")
    model = next((m for m in models if isinstance(m, str)), "") if isinstance(models, list) else ""
    created = seconds_of(value.get("created_at")) or seconds_of(chat.get("timestamp"))
    title = text_at(value, "title") or text_at(chat, "title")
    conversation, messages = grow(
        SOURCE,
        text_at(value, "id") or text_at(chat, "id") or f"{created} {title}",
        nodes,
        title=title,
        created=created,
        updated=seconds_of(value.get("updated_at")),
        leaf=current or (nodes[-1].id if nodes else None),
        model=model,
        pinned=value.get("pinned") is True,
        archived=value.get("archived") is True,
        instructions=text_at(mapping_at(chat, "params"), "system"),
    )
    return ImportedConversation(conversation, messages)


def _chat(value: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping_at(value, "chat") or value


def _tree(messages: Mapping[str, Any]) -> list[Node]:
    return [
        _node(str(key), text_at(message, "parentId") or None, message)
        for key, message in messages.items()
        if isinstance(message, Mapping)
    ]


def _list(chat: Mapping[str, Any]) -> list[Node]:
    nodes: list[Node] = []
    for number, message in enumerate(objects_at(chat, "messages")):
        above = nodes[-1].id if nodes else None
        nodes.append(_node(text_at(message, "id") or str(number), above, message))
    return nodes


def _node(key: str, parent: str | None, message: Mapping[str, Any]) -> Node:
    role = _ROLES.get(text_at(message, "role"))
    text, reasoning = text_at(message, "content"), _NONE
    if role is Role.ASSISTANT:
        text, reasoning = _without_reasoning(text)
    parts: list[Part] = [TextPart(f"[Attached: {name}]") for name in _file_names(message)]
    if text.strip():
        parts.append(TextPart(text))
    return Node(
        key,
        parent,
        role,
        tuple(parts),
        reasoning=reasoning,
        seconds=seconds_of(message.get("timestamp")),
        model=text_at(message, "model"),
        is_whole=message.get("done") is not False,
    )


def _without_reasoning(text: str) -> tuple[str, tuple[ReasoningPart, ...]]:
    thoughts = (_QUOTED.sub("", html.unescape(match)).strip() for match in _REASONING.findall(text))
    found = tuple(ReasoningPart(thought) for thought in thoughts if thought)
    return _REASONING.sub("", text), found


def _file_names(message: Mapping[str, Any]) -> list[str]:
    names = (
        text_at(item, "name") or text_at(mapping_at(item, "file"), "filename")
        for item in objects_at(message, "files")
    )
    return [name for name in names if name]
