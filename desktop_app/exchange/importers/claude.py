"""Reads Claude's data export: `conversations.json`, alone or in the archive that Anthropic sends.

Anthropic does not document the format; the fields are those that exports of 2024 to 2026 have in
common. Older exports name no parents: their messages are one path. Of attached files, the export
has only names and the text of documents. Artifacts are calls of a tool, but are shown as documents.
Design chats have a form of their own (see `claude_design`).
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
    ToolCallPart,
)
from desktop_app.exchange.importers.claude_design import conversation_of, is_design_chat
from desktop_app.exchange.importers.imported_conversation import (
    ImportedConversation,
    add_document,
    ended_call,
    mapping_at,
    objects_at,
    seconds_of,
    text_at,
    unknown_content,
)
from desktop_app.exchange.importers.message_tree import Node, SourceConversation, build_conversation

_ROLES: Final = {"human": Role.USER, "assistant": Role.ASSISTANT}
# Blocks of these kinds may be empty; of other kinds, an empty text means that they are not known.
_EMPTY_KINDS: Final = {"", "text", "thinking", "token_budget", "flag"}
_PASTED_NAME: Final = "pasted.txt"
_MARKDOWN: Final = "text/markdown"


def is_conversation(value: Any) -> bool:
    """Return True for a conversation of Claude's."""
    return is_design_chat(value) or (
        isinstance(value, Mapping) and isinstance(value.get("chat_messages"), list)
    )


def read_conversation(value: Mapping[str, Any]) -> ImportedConversation:
    """Return the conversation."""
    if is_design_chat(value):
        value = conversation_of(value)
    files: dict[str, AttachmentFile] = {}
    source = SourceConversation(
        "claude",
        text_at(value, "uuid") or f"{value.get('created_at')} {text_at(value, 'name')}",
        title=text_at(value, "name"),
        created=seconds_of(value.get("created_at")),
        updated=seconds_of(value.get("updated_at")),
        leaf=text_at(value, "current_leaf_message_uuid"),
        model=text_at(value, "model"),
        pinned=value.get("is_starred") is True,
    )
    nodes = _parse_nodes(objects_at(value, "chat_messages"), files)
    return build_conversation(source, nodes, files.values())


def _parse_nodes(
    messages: list[Mapping[str, Any]], files: dict[str, AttachmentFile]
) -> Iterator[Node]:
    previous_id: str | None = None
    for number, message in enumerate(messages):
        node_id = text_at(message, "uuid") or f"#{number}"
        yield Node(
            node_id,
            text_at(message, "parent_message_uuid") or previous_id,
            _ROLES.get(text_at(message, "sender")),
            (*_parse_attachments(message, files), *_parse_content(message)),
            seconds=seconds_of(message.get("created_at")),
        )
        previous_id = node_id


def _parse_attachments(
    message: Mapping[str, Any], files: dict[str, AttachmentFile]
) -> Iterator[Part]:
    seen_names: set[str] = set()
    for item in (*objects_at(message, "attachments"), *objects_at(message, "files")):
        name = text_at(item, "file_name")
        text = text_at(item, "extracted_content")
        if text.strip():
            yield add_document(name or _PASTED_NAME, text, files)
        elif name and name not in seen_names:  # `files` repeats documents without their text
            yield TextPart(f"[Attached: {name}]")
        seen_names.add(name)


def _parse_content(message: Mapping[str, Any]) -> list[Part]:
    parts: list[Part] = []
    index_by_call: dict[str, int | None] = {}  # of the call in `parts`; None for an artifact
    # An answer also has a `text`, in which placeholders stand for the blocks that are not text.
    for block in objects_at(message, "content") or [{"text": message.get("text")}]:
        kind = text_at(block, "type")
        if thought := text_at(block, "thinking"):
            parts.append(ReasoningPart(thought))
        elif (text := text_at(block, "text")).strip():
            parts.append(TextPart(text))
        elif (artifact := _artifact_markdown(block)).strip():
            index_by_call[text_at(block, "id")] = None
            parts.append(TextPart(artifact))
        elif kind == "tool_use":
            index_by_call[text_at(block, "id")] = len(parts)
            written = mapping_at(block, "input")
            parts.append(ended_call(text_at(block, "id"), text_at(block, "name"), written, ""))
        elif kind == "tool_result":
            _add_result(block, parts, index_by_call)
        elif kind not in _EMPTY_KINDS:
            parts.append(TextPart(unknown_content(kind)))
    return parts


def _add_result(
    block: Mapping[str, Any], parts: list[Part], index_by_call: Mapping[str, int | None]
) -> None:
    """Add a result to its call. An artifact needs none: it says only that the artifact was made."""
    call_id = text_at(block, "tool_use_id")
    content = block.get("content")
    items = objects_at(block, "content")
    text = content if isinstance(content, str) else "\n\n".join(map(_result_text, items)).strip()
    is_failed = block.get("is_error") is True
    if call_id not in index_by_call:
        parts.append(ended_call(call_id, text_at(block, "name"), None, text, is_failed=is_failed))
    elif (index := index_by_call[call_id]) is not None:
        call = parts[index]
        if isinstance(call, ToolCallPart):
            parts[index] = ended_call(call_id, call.name, call.arguments, text, is_failed=is_failed)


def _result_text(item: Mapping[str, Any]) -> str:
    texts = (text_at(item, "title"), text_at(item, "text"), text_at(item, "url"))
    return "\n".join(word for word in texts if word)


def _artifact_markdown(block: Mapping[str, Any]) -> str:
    """Return the document that a call of the artifacts tool writes, as Markdown, or ""."""
    written = mapping_at(block, "input")
    text = text_at(written, "content")
    if text_at(block, "name") != "artifacts" or not text:
        return ""
    is_markdown = text_at(written, "type") == _MARKDOWN
    body = text if is_markdown else fenced(text, text_at(written, "language"))
    title = text_at(written, "title")
    return f"**{title}**\n\n{body}" if title else body
