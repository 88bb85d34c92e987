"""Reads ChatGPT's data export: `conversations.json`, alone or in the archive that OpenAI sends.

A conversation is a tree under `mapping`; its shown path ends at `current_node`. OpenAI does not
document the format; the fields are those that exports of 2023 to 2026 have in common.
`content_type` is the kind of a node's content; if it is unknown, only the text is read. Images are
files of the archive whose names begin with the id in `asset_pointer`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from desktop_app.domain.code_fence import fenced
from desktop_app.domain.conversations.conversation import Role
from desktop_app.domain.conversations.message_parts import (
    AttachmentFile,
    Part,
    ReasoningPart,
    TextPart,
)
from desktop_app.exchange.importers.chatgpt_text import CANVAS_TOOLS, canvas_document, without_marks
from desktop_app.exchange.importers.imported_conversation import (
    LOST_IMAGE,
    ImportedConversation,
    add_image,
    mapping_at,
    objects_at,
    seconds_of,
    text_at,
)
from desktop_app.exchange.importers.message_tree import Node, Source, build_conversation

FindFile = Callable[[str], tuple[str, bytes] | None]
"""Returns name and bytes of a file by its id, or None if the export lacks it."""

# ChatGPT shows these kinds of content in its own notes, or not at all.
_LEFT_OUT_KINDS: Final = {"user_editable_context", "model_editable_context", "reasoning_recap"}


def is_conversation(value: Any) -> bool:
    """Return True for a conversation of ChatGPT's: it has a tree of messages."""
    return isinstance(value, Mapping) and isinstance(value.get("mapping"), Mapping)


def read_conversation(value: Mapping[str, Any], find_file: FindFile) -> ImportedConversation:
    """Return the conversation; `find_file` finds its images."""
    mapping = mapping_at(value, "mapping")
    files: dict[str, AttachmentFile] = {}
    nodes = [
        _node(str(key), node, find_file, files)
        for key, node in mapping.items()
        if isinstance(node, Mapping)
    ]
    source_id = text_at(value, "conversation_id") or text_at(value, "id")
    source = Source(
        "chatgpt",
        source_id or f"{value.get('create_time')} {text_at(value, 'title')}",
        title=text_at(value, "title"),
        created=seconds_of(value.get("create_time")),
        updated=seconds_of(value.get("update_time")),
        leaf=text_at(value, "current_node"),
        model=text_at(value, "default_model_slug"),
        pinned=value.get("is_starred") is True,
        archived=value.get("is_archived") is True,
        instructions=_instructions(mapping),
    )
    return build_conversation(source, nodes, files.values())


def _node(
    key: str, node: Mapping[str, Any], find_file: FindFile, files: dict[str, AttachmentFile]
) -> Node:
    parent = text_at(node, "parent") or None
    message = mapping_at(node, "message")
    content, metadata = mapping_at(message, "content"), mapping_at(message, "metadata")
    author = text_at(mapping_at(message, "author"), "role")
    kind = text_at(content, "content_type")
    is_hidden = metadata.get("is_visually_hidden_from_conversation") is True
    is_canvas_result = text_at(mapping_at(message, "author"), "name").startswith(CANVAS_TOOLS)
    if (
        author not in ("user", "assistant", "tool")
        or is_hidden
        or is_canvas_result
        or kind in _LEFT_OUT_KINDS
    ):
        return Node(key, parent)
    seconds = seconds_of(message.get("create_time"))
    if kind == "thoughts":
        thoughts = tuple(ReasoningPart(t) for t in _thoughts(content) if t)
        return Node(key, parent, reasoning=thoughts, seconds=seconds)
    role = Role.USER if author == "user" else Role.ASSISTANT
    document, find_named = canvas_document(message), _with_names(find_file, metadata)
    parts = [TextPart(document)] if document else _parts(content, find_named, files)
    parts = [_readable_part(part, metadata) for part in parts]
    return Node(
        key,
        parent,
        role,
        (*_attachment_notes(metadata, content), *(p for p in parts if p != TextPart(""))),
        seconds=seconds,
        model=text_at(metadata, "model_slug"),
        is_complete=text_at(message, "status") in ("", "finished_successfully"),
    )


def _readable_part(part: Part, metadata: Mapping[str, Any]) -> Part:
    return TextPart(without_marks(part.text, metadata)) if isinstance(part, TextPart) else part


def _thoughts(content: Mapping[str, Any]) -> list[str]:
    return [
        "\n\n".join(word for word in (text_at(t, "summary"), text_at(t, "content")) if word)
        for t in objects_at(content, "thoughts")
    ]


def _parts(
    content: Mapping[str, Any], find_file: FindFile, files: dict[str, AttachmentFile]
) -> list[Part]:
    kind = text_at(content, "content_type")
    if kind in ("code", "execution_output"):
        language = text_at(content, "language") if kind == "code" else ""
        text = text_at(content, "text")
        return [TextPart(fenced(text, "" if language == "unknown" else language))] if text else []
    parts = content.get("parts")
    found: list[Part] = []
    for part in parts if isinstance(parts, list) else [content]:
        if _is_recording(part):
            continue  # its transcript is another part
        if isinstance(part, Mapping) and text_at(part, "asset_pointer"):
            found.append(_image_part(text_at(part, "asset_pointer"), find_file, files))
        else:
            text = part if isinstance(part, str) else _text_of(part)
            if text.strip():
                found.append(TextPart(text))
    return found


def _is_recording(part: Any) -> bool:
    return isinstance(part, Mapping) and text_at(part, "content_type") == "audio_asset_pointer"


def _text_of(part: Any) -> str:
    if not isinstance(part, Mapping):
        return ""
    text = text_at(part, "text") or text_at(part, "result")
    address = text_at(part, "url")
    return "\n\n".join(word for word in (text, address) if word)


def _with_names(find_file: FindFile, metadata: Mapping[str, Any]) -> FindFile:
    """Return a `find_file` that prefers the names under `metadata` to those in the archive."""
    attached = objects_at(metadata, "attachments")
    names = {text_at(item, "id"): text_at(item, "name") for item in attached}

    def find_named(file_id: str) -> tuple[str, bytes] | None:
        found = find_file(file_id)
        return found and (names.get(file_id) or found[0], found[1])

    return find_named


def _image_part(pointer: str, find_file: FindFile, files: dict[str, AttachmentFile]) -> Part:
    found = find_file(pointer.rpartition("/")[2])
    return add_image(*found, files) if found is not None else TextPart(LOST_IMAGE)


def _attachment_notes(metadata: Mapping[str, Any], content: Mapping[str, Any]) -> list[Part]:
    """Return notes with the names of attached files; images are in the content itself."""
    names = [
        text_at(item, "name")
        for item in objects_at(metadata, "attachments")
        if not _mime_type(item).startswith("image/")
        or text_at(content, "content_type") != "multimodal_text"
    ]
    return [TextPart(f"[Attached: {name}]") for name in names if name]


def _mime_type(item: Mapping[str, Any]) -> str:
    return text_at(item, "mime_type") or text_at(item, "mimeType")


def _instructions(mapping: Mapping[str, Any]) -> str:
    """Return the system messages, of a custom GPT or a project; "" if the export has none."""
    texts = []
    for node in mapping.values():
        message = mapping_at(node, "message") if isinstance(node, Mapping) else {}
        if text_at(mapping_at(message, "author"), "role") != "system":
            continue
        parts = mapping_at(message, "content").get("parts")
        parts = parts if isinstance(parts, list) else []
        texts += [part for part in parts if isinstance(part, str) and part.strip()]
    return "\n\n".join(texts)
