"""Reads ChatGPT's data export: `conversations.json`, alone or in the archive that OpenAI sends.

A conversation is a tree under `mapping`; its shown path ends at `current_node`. OpenAI does not
document the format; the fields are those that exports of 2023 to 2026 have in common.
`content_type` is the kind of a node's content; if it is unknown, only the text is read. Images are
files of the archive whose names begin with the id in `asset_pointer`. A message to a tool has its
name as `recipient`, and the tool's answer as `author`; like ChatGPT, this program folds both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from desktop_app.domain.code_fence import fenced
from desktop_app.domain.conversations.conversation import Role
from desktop_app.domain.conversations.message_parts import (
    AttachmentFile,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    text_of,
)
from desktop_app.exchange.importers.chatgpt_text import CANVAS_TOOLS, canvas_document, without_marks
from desktop_app.exchange.importers.imported_conversation import (
    LOST_IMAGE,
    ImportedConversation,
    add_image,
    ended_call,
    mapping_at,
    objects_at,
    parse_json,
    seconds_of,
    text_at,
    unknown_content,
)
from desktop_app.exchange.importers.message_tree import Node, SourceConversation, build_conversation

FindFile = Callable[[str], tuple[str, bytes] | None]
"""Returns name and bytes of a file by its id, or None if the export lacks it."""

# ChatGPT shows these kinds of content in its own notes, or not at all.
_LEFT_OUT_KINDS: Final = {"user_editable_context", "model_editable_context", "reasoning_recap"}
_RECORDING_KINDS: Final = {"audio_asset_pointer", "real_time_user_audio_video_asset_pointer"}
# These kinds of content may be empty. If another kind has no text that is found here, a note names
# the kind that was not understood.
_TEXT_KINDS: Final = {
    *("", "text", "multimodal_text", "code", "execution_output", "audio_transcription"),
    *("tether_browsing_display", "tether_quote", "system_error"),
}
_RECORDING: Final = "[A recording without a transcript]"


def is_conversation(value: Any) -> bool:
    """Return True for a conversation of ChatGPT's: it has a tree of messages."""
    return isinstance(value, Mapping) and isinstance(value.get("mapping"), Mapping)


def read_conversation(value: Mapping[str, Any], find_file: FindFile) -> ImportedConversation:
    """Return the conversation; `find_file` finds its images."""
    mapping = mapping_at(value, "mapping")
    files: dict[str, AttachmentFile] = {}  # by hash; `_parse_node` adds images
    nodes = [
        _parse_node(str(key), node, find_file, files)
        for key, node in mapping.items()
        if isinstance(node, Mapping)
    ]
    source_id = text_at(value, "conversation_id") or text_at(value, "id")
    source = SourceConversation(
        "chatgpt",
        source_id or f"{value.get('create_time')} {text_at(value, 'title')}",
        title=text_at(value, "title"),
        created=seconds_of(value.get("create_time")),
        updated=seconds_of(value.get("update_time")),
        leaf=text_at(value, "current_node"),
        model=text_at(value, "default_model_slug"),
        pinned=value.get("is_starred") is True or bool(seconds_of(value.get("pinned_time"))),
        archived=value.get("is_archived") is True,
        instructions=_find_instructions(mapping),
    )
    return build_conversation(source, nodes, files.values())


def _parse_node(
    key: str, node: Mapping[str, Any], find_file: FindFile, files: dict[str, AttachmentFile]
) -> Node:
    """Return a node. Reasoning, and calls of tools with their results, are in its `pending`."""
    parent = text_at(node, "parent") or None
    message = _shown_message(mapping_at(node, "message"))
    content = mapping_at(message, "content")
    metadata = mapping_at(message, "metadata")
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
    base_node = Node(
        key,
        parent,
        seconds=seconds_of(message.get("create_time")),
        model=text_at(metadata, "model_slug"),
        is_complete=text_at(message, "status") in ("", "finished_successfully"),
    )
    if kind == "thoughts":
        thoughts = (without_marks(thought, metadata) for thought in _parse_thoughts(content))
        reasoning = tuple(ReasoningPart(thought) for thought in thoughts if thought)
        return replace(base_node, pending=reasoning)
    document = canvas_document(message)
    find_named = _with_names(find_file, metadata)
    is_call = author == "assistant" and text_at(message, "recipient") not in ("", "all")
    # The input and output of tools stay as they are.
    is_raw = author == "tool" or (is_call and not document)
    parts: list[Part] = [TextPart(document)] if document else []
    if not document:
        parts = _parse_parts(content, find_named, files, is_raw=is_raw)
    parts += _generated_images(metadata, find_named, files)
    if author != "user":
        parts = [_strip_marks(part, metadata) for part in parts]
    parts = [part for part in parts if part != TextPart("")]
    parts = [*_attachment_notes(metadata, content), *parts]
    if not is_raw:
        role = Role.USER if author == "user" else Role.ASSISTANT
        return replace(base_node, role=role, parts=tuple(parts))
    # The text of a call or a result is folded; images, and notes of lost ones, are shown.
    images = [
        part for part in parts if not isinstance(part, TextPart) or part == TextPart(LOST_IMAGE)
    ]
    text = text_of(part for part in parts if part not in images)
    return replace(
        base_node,
        role=Role.ASSISTANT if images else None,
        parts=tuple(images),
        pending=(_tool_part(key, message, text),) if text else (),
    )


def _shown_message(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the message, or the report of a deep research that it contains."""
    state = mapping_at(mapping_at(message, "metadata"), "chatgpt_sdk").get("widget_state")
    if isinstance(state, str):
        state = parse_json(state)
    report = mapping_at(state, "report_message") if isinstance(state, Mapping) else {}
    return report or message


def _tool_part(key: str, message: Mapping[str, Any], text: str) -> ToolCallPart:
    """Return a call, or only the result of one.

    Args:
        key: the node's id, which becomes the id of the call.
        text: the input or output of the tool.
    """
    author = mapping_at(message, "author")
    kind = text_at(mapping_at(message, "content"), "content_type")
    if text_at(author, "role") == "tool":
        is_failed = kind == "system_error"
        return ended_call(key, text_at(author, "name"), None, text, is_failed=is_failed)
    arguments: str | dict[str, str] = text
    if not isinstance(parse_json(text), Mapping):  # arguments have to be an object
        arguments = {"code": text} if kind == "code" else {"input": text}
    return ended_call(key, text_at(message, "recipient"), arguments, result="")


def _strip_marks(part: Part, metadata: Mapping[str, Any]) -> Part:
    """Return a part; of a text, without ChatGPT's marks (see `chatgpt_text.without_marks`)."""
    return TextPart(without_marks(part.text, metadata)) if isinstance(part, TextPart) else part


def _parse_thoughts(content: Mapping[str, Any]) -> list[str]:
    return [
        "\n\n".join(filter(None, (text_at(thought, "summary"), text_at(thought, "content"))))
        for thought in objects_at(content, "thoughts")
    ]


def _parse_parts(
    content: Mapping[str, Any],
    find_file: FindFile,
    files: dict[str, AttachmentFile],
    *,
    is_raw: bool,
) -> list[Part]:
    """Return the parts of a content, with code in fences unless it is raw."""
    kind = text_at(content, "content_type")
    if kind in ("code", "execution_output") and not is_raw:
        text = text_at(content, "text")
        if not text:
            return []
        language = text_at(content, "language") if kind == "code" else ""
        if language == "unknown":  # ChatGPT's own word
            language = ""
        return [TextPart(fenced(text, language))]
    listed = content.get("parts")
    source_parts = listed if isinstance(listed, list) else [content]
    parts: list[Part] = []
    for source in source_parts:
        if _is_recording(source):
            continue  # its transcript is another part
        if isinstance(source, Mapping) and text_at(source, "asset_pointer"):
            parts.append(_image_part(text_at(source, "asset_pointer"), find_file, files))
        else:
            text = source if isinstance(source, str) else _text_of(source)
            if text.strip():
                parts.append(TextPart(text))
    if not parts and any(map(_is_recording, source_parts)):
        parts.append(TextPart(_RECORDING))
    return parts


def _generated_images(
    metadata: Mapping[str, Any], find_file: FindFile, files: dict[str, AttachmentFile]
) -> list[Part]:
    """Return the images that code has made."""
    outputs = objects_at(mapping_at(metadata, "aggregate_result"), "messages")
    pointers = [text_at(each, "image_url") for each in outputs]
    return [_image_part(pointer, find_file, files) for pointer in pointers if pointer]


def _is_recording(part: Any) -> bool:
    return isinstance(part, Mapping) and text_at(part, "content_type") in _RECORDING_KINDS


def _text_of(part: Any) -> str:
    if not isinstance(part, Mapping):
        return ""
    text = text_at(part, "text") or text_at(part, "result")
    paragraphs = (text_at(part, "title"), text, text_at(part, "url"))
    text_and_source = "\n\n".join(filter(None, paragraphs))
    kind = text_at(part, "content_type")
    is_known = text_and_source or kind in _TEXT_KINDS
    return text_and_source if is_known else unknown_content(kind)


def _with_names(find_file: FindFile, metadata: Mapping[str, Any]) -> FindFile:
    """Return a `find_file` that prefers the names under `metadata` to those in the archive."""
    attached = objects_at(metadata, "attachments")
    names = {text_at(item, "id"): text_at(item, "name") for item in attached}

    def find_named(file_id: str) -> tuple[str, bytes] | None:
        file = find_file(file_id)
        if file is None:
            return None
        name_in_archive, data = file
        return names.get(file_id) or name_in_archive, data

    return find_named


def _image_part(pointer: str, find_file: FindFile, files: dict[str, AttachmentFile]) -> Part:
    file = find_file(pointer.rpartition("/")[2])
    return add_image(*file, files) if file is not None else TextPart(LOST_IMAGE)


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


def _find_instructions(mapping: Mapping[str, Any]) -> str:
    """Return the system messages, of a custom GPT or a project; "" if the export has none."""
    texts = []
    for node in mapping.values():
        message = mapping_at(node, "message") if isinstance(node, Mapping) else {}
        if text_at(mapping_at(message, "author"), "role") != "system":
            continue
        # The text of such a message says only that the user's instructions are no longer available.
        if mapping_at(message, "metadata").get("is_user_system_message") is True:
            continue
        parts = mapping_at(message, "content").get("parts")
        parts = parts if isinstance(parts, list) else []
        texts += [part for part in parts if isinstance(part, str) and part.strip()]
    return "\n\n".join(texts)
