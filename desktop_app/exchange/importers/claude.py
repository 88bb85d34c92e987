"""Reads Claude's data export: `conversations.json`, alone or in the archive that Anthropic sends.

Anthropic does not document the format; the fields are those that exports of 2024 to 2026 have in
common. Older exports name no parents: their messages are one path. Of attached files, the export
has only names and the text of documents. Documents are calls of tools: `artifacts` {command, id,
title, type, language, content, old_str, new_str}; since late 2025 `create_file` {path, file_text}
and `str_replace` {path, old_str, new_str}. Whole ones are shown as documents.

A design chat is a file of its own, in the folder `design_chats`: {uuid, title, project: {name},
created_at, updated_at, messages}. A message is {uuid, role: user|assistant, created_at, content},
and `content` a text or {content, contentBlocks, attachments}. If there are blocks, `content` in it
only repeats their texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from desktop_app.domain.conversations.message_parts import (
    AttachmentFile,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
)
from desktop_app.exchange.importers.imported_conversation import (
    FindFile,
    ImportedConversation,
    add_document,
    attached_note,
    ended_call,
    json_text,
    mapping_at,
    objects_at,
    seconds_of,
    text_at,
    unknown_content,
    value_at,
)
from desktop_app.exchange.importers.message_list import with_role
from desktop_app.exchange.importers.message_tree import Node, SourceConversation, build_conversation
from desktop_app.exchange.importers.written_documents import (
    DocumentChange,
    as_markdown,
    inserted,
    language_of,
    made,
    replaced,
)

# Blocks of these kinds may be empty; of other kinds, an empty text means that they are not known.
_EMPTY_KINDS: Final = {"", "text", "thinking", "token_budget", "flag"}
_FILE_TOOLS: Final = (
    *("create_file", "str_replace", "insert"),
    *("str_replace_editor", "str_replace_based_edit_tool"),
)
_PASTED_NAME: Final = "pasted.txt"


def is_conversation(value: Any) -> bool:
    return _is_design_chat(value) or isinstance(value_at(value, "chat_messages"), list)


def _is_design_chat(value: Any) -> bool:
    """Return True for a design chat. The chats of other programs have no blocks in a content."""
    messages = objects_at(value, "messages")
    is_design = "project" in value if isinstance(value, dict) else False
    is_design = is_design or any("contentBlocks" in mapping_at(m, "content") for m in messages)
    return is_design and bool(messages) and isinstance(value_at(value, "uuid"), str)


def read_conversation(value: Mapping[str, Any], _find_file: FindFile) -> ImportedConversation:
    title = text_at(value, "name")
    messages = objects_at(value, "chat_messages")
    if _is_design_chat(value):
        names = (text_at(value, "project", "name"), text_at(value, "title"))
        title = ": ".join(filter(None, names))
        chat = objects_at(value, "messages")
        messages = [part for message in chat for part in _split_design_message(message)]
    source = SourceConversation(
        "claude",
        text_at(value, "uuid") or f"{value.get('created_at')} {title}",
        title=title,
        created=seconds_of(value.get("created_at")),
        updated=seconds_of(value.get("updated_at")),
        leaf=text_at(value, "current_leaf_message_uuid"),
        model=text_at(value, "model"),
        pinned=value.get("is_starred") is True,
    )
    files: dict[str, AttachmentFile] = {}
    return build_conversation(source, _parse_nodes(messages, files), files.values())


def _parse_nodes(
    messages: list[Mapping[str, Any]], files: dict[str, AttachmentFile]
) -> Iterator[Node]:
    previous_id: str | None = None
    for number, message in enumerate(messages):
        node_id = text_at(message, "uuid") or f"#{number}"
        node = Node(
            node_id,
            text_at(message, "parent_message_uuid") or previous_id,
            parts=(*_parse_attachments(message, files), *_parse_content(message)),
            seconds=seconds_of(message.get("created_at")),
            changes=tuple(_document_changes(message)),
        )
        yield with_role(node, text_at(message, "sender"))
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
            yield attached_note(name)
        seen_names.add(name)


def _parse_content(message: Mapping[str, Any]) -> list[Part]:
    parts: list[Part] = []
    document_ids: set[str] = set()
    index_by_call: dict[str, int] = {}
    # An answer also has a `text`, in which placeholders stand for the blocks that are not text.
    for block in objects_at(message, "content") or [{"text": message.get("text")}]:
        kind = text_at(block, "type")
        block_id = text_at(block, "id")
        if thought := text_at(block, "thinking"):
            parts.append(ReasoningPart(thought))
        elif (text := text_at(block, "text")).strip():
            parts.append(TextPart(text))
        elif (document := _document_markdown(block)).strip():
            document_ids.add(block_id)
            parts.append(TextPart(document))
        elif kind == "tool_use":
            index_by_call[block_id] = len(parts)
            written = mapping_at(block, "input")
            parts.append(ended_call(block_id, text_at(block, "name"), written, ""))
        elif kind == "tool_result":
            call_id = text_at(block, "tool_use_id")
            # The result of a document's call says only that it was made.
            if call_id not in document_ids:
                index = index_by_call.get(call_id, len(parts))
                call = parts[index] if index < len(parts) else None
                parts[index : index + 1] = [_with_result(call, call_id, block)]
        elif kind not in _EMPTY_KINDS:
            parts.append(TextPart(unknown_content(kind)))
    return parts


def _with_result(call: Part | None, call_id: str, block: Mapping[str, Any]) -> Part:
    """Return a call with its result, or only a result if the export lacks the call."""
    content = block.get("content")
    texts = (
        filter(None, (text_at(item, "title"), text_at(item, "text"), text_at(item, "url")))
        for item in objects_at(block, "content")
    )
    text = content if isinstance(content, str) else "\n\n".join(map("\n".join, texts)).strip()
    is_failed = block.get("is_error") is True
    if isinstance(call, ToolCallPart):
        return ended_call(call_id, call.name, call.arguments, text, is_failed=is_failed)
    return ended_call(call_id, text_at(block, "name"), None, text, is_failed=is_failed)


def _document_changes(message: Mapping[str, Any]) -> Iterator[DocumentChange]:
    """Yield the changes of documents that the calls of a message made, without failed ones."""
    blocks = objects_at(message, "content")
    failed_ids = {text_at(b, "tool_use_id") for b in blocks if b.get("is_error") is True}
    for block in blocks:
        if text_at(block, "type") != "tool_use" or text_at(block, "id") in failed_ids - {""}:
            continue
        if change := _document_change(block):
            yield change


def _document_change(block: Mapping[str, Any]) -> DocumentChange | None:
    """Return the change that a call makes, if it is of a tool that writes documents."""
    tool, written = text_at(block, "name"), mapping_at(block, "input")
    old, new = text_at(written, "old_str"), text_at(written, "new_str")
    if tool == "artifacts":
        document = text_at(written, "id")
        if body := text_at(written, "content"):
            is_prose = text_at(written, "type") == "text/markdown"
            language = "" if is_prose else text_at(written, "language") or None
            return made(document or text_at(block, "id"), text_at(written, "title"), body, language)
        return replaced(document, old, new) if old else None
    path = text_at(written, "path")
    if tool not in _FILE_TOOLS or not path:
        return None
    if body := text_at(written, "file_text"):
        return made(path, PurePosixPath(path).name, body, language_of(path))
    line = written.get("insert_line")
    if isinstance(line, int):
        return inserted(path, line, new or text_at(written, "insert_text"))
    return replaced(path, old, new) if old else None


def _document_markdown(block: Mapping[str, Any]) -> str:
    """Return the whole document that a call writes, as Markdown, or ""."""
    change = _document_change(block)
    if change is None or not change.is_whole:
        return ""
    return as_markdown(change.title, change.change("") or "", change.language)


# ---------------------------------------------------------------------- design chats


def _split_design_message(message: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a message as `conversations.json` would contain it.

    If the user spoke during an answer, yield its parts and what was said.
    """
    content = mapping_at(message, "content")
    sender = "human" if text_at(message, "role") == "user" else text_at(message, "role")
    base = {"sender": sender, "created_at": message.get("created_at")}
    attachments = [
        {"file_name": text_at(item, "name"), "extracted_content": text_at(item, "content")}
        for item in objects_at(content, "attachments")
    ]
    # The other parts have no ids: they are identified by their places.
    start: Mapping[str, Any] = {**base, "uuid": message.get("uuid"), "attachments": attachments}
    blocks: list[Mapping[str, Any]] = []
    text = text_at(message, "content") or text_at(content, "content")
    for block in objects_at(content, "contentBlocks"):
        if text_at(block, "type") != "user_interjection":
            blocks += _convert_design_block(block)
            continue
        said = text_at(block, "message") or text_at(block, "message", "content")
        yield {**start, "content": blocks}
        yield {**base, "sender": "human", "text": said}
        start = base
        blocks = []
        text = ""
    yield {**start, "content": blocks, "text": text}


def _convert_design_block(block: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the blocks that other conversations have for a block of a design chat."""
    kind = text_at(block, "type")
    if kind == "thinking":
        return [{"type": kind, "thinking": text_at(block, "text")}]
    if kind == "error":
        return [{"type": "text", "text": f"[Error: {text_at(block, 'message')}]"}]
    if kind != "tool_call":
        return [block]
    call = mapping_at(block, "toolCall")
    call_id = text_at(call, "id")
    output = json_text(call.get("output"))
    return [
        {"type": "tool_use", "id": call_id, "name": call.get("name"), "input": call.get("input")},
        {"type": "tool_result", "tool_use_id": call_id, "content": output},
    ]
