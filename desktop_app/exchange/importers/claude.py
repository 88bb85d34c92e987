"""Reads Claude's data export: `conversations.json`, alone or in the archive that Anthropic sends.

Anthropic does not document the format; the fields are those that exports of 2024 to 2026 have in
common. Older exports name no parents: their messages are one path. Of attached files, the export
has only names and the text of documents. Calls of tools are left out, except for artifacts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from desktop_app.domain.code_fence import fenced
from desktop_app.domain.conversations.conversation import Role
from desktop_app.domain.conversations.message_parts import (
    AttachmentFile,
    Part,
    ReasoningPart,
    TextPart,
)
from desktop_app.exchange.importers.imported_conversation import (
    ImportedConversation,
    add_document,
    mapping_at,
    objects_at,
    seconds_of,
    text_at,
)
from desktop_app.exchange.importers.message_tree import Node, Source, build_conversation

_ROLES: Final = {"human": Role.USER, "assistant": Role.ASSISTANT}
_PASTED_NAME: Final = "pasted.txt"
_MARKDOWN: Final = "text/markdown"


def is_conversation(value: Any) -> bool:
    """Return True for a conversation of Claude's."""
    return isinstance(value, Mapping) and isinstance(value.get("chat_messages"), list)


def read_conversation(value: Mapping[str, Any]) -> ImportedConversation:
    """Return the conversation."""
    files: dict[str, AttachmentFile] = {}
    source = Source(
        "claude",
        text_at(value, "uuid") or f"{value.get('created_at')} {text_at(value, 'name')}",
        title=text_at(value, "name"),
        created=seconds_of(value.get("created_at")),
        updated=seconds_of(value.get("updated_at")),
        leaf=text_at(value, "current_leaf_message_uuid"),
        model=text_at(value, "model"),
    )
    nodes = _nodes(objects_at(value, "chat_messages"), files)
    return build_conversation(source, nodes, files.values())


def _nodes(messages: list[Mapping[str, Any]], files: dict[str, AttachmentFile]) -> Iterator[Node]:
    previous_id: str | None = None
    for number, message in enumerate(messages):
        node_id = text_at(message, "uuid") or f"#{number}"
        yield Node(
            node_id,
            text_at(message, "parent_message_uuid") or previous_id,
            _ROLES.get(text_at(message, "sender")),
            (*_attached_parts(message, files), *_content_parts(message)),
            seconds=seconds_of(message.get("created_at")),
        )
        previous_id = node_id


def _attached_parts(message: Mapping[str, Any], files: dict[str, AttachmentFile]) -> Iterator[Part]:
    for item in (*objects_at(message, "attachments"), *objects_at(message, "files")):
        name, text = text_at(item, "file_name"), text_at(item, "extracted_content")
        if text.strip():
            yield add_document(name or _PASTED_NAME, text, files)
        elif name:
            yield TextPart(f"[Attached: {name}]")


def _content_parts(message: Mapping[str, Any]) -> Iterator[Part]:
    # An answer also has a `text`, in which placeholders stand for the blocks that are not text.
    for block in objects_at(message, "content") or [{"text": message.get("text")}]:
        if thought := text_at(block, "thinking"):
            yield ReasoningPart(thought)
        elif (text := text_at(block, "text") or _artifact(block)).strip():
            yield TextPart(text)


def _artifact(block: Mapping[str, Any]) -> str:
    """Return the document that a call of the artifacts tool writes, as Markdown, or ""."""
    written = mapping_at(block, "input")
    text = text_at(written, "content")
    if text_at(block, "name") != "artifacts" or not text:
        return ""
    is_markdown = text_at(written, "type") == _MARKDOWN
    body = text if is_markdown else fenced(text, text_at(written, "language"))
    title = text_at(written, "title")
    return f"**{title}**\n\n{body}" if title else body
