"""Reads ChatGPT's data export: `conversations.json`, alone or in the archive that OpenAI sends.

A conversation is a tree under `mapping`; its shown path ends at `current_node`. OpenAI does not
document the format; the fields are those that exports of 2023 to 2026 have in common.
`content_type` is the kind of a node's content; if it is unknown, only the text is read. Images are
files of the archive whose names begin with the id in `asset_pointer`. A message to a tool has its
name as `recipient`, and the tool's answer as `author`; like ChatGPT, this program folds both.

Marks in texts are between U+E200 and U+E201, their fields separated by U+E202; U+E203, U+E204 and
U+E206 enclose the words that a mark refers to. In place of a mark, ChatGPT shows the text of its
entry in `content_references`, or links to the entry's `items` if it has no text; the mark of an
entity contains the entity's name. Until 2024, a mark was 【11†words】, and its source in
`citations`. A message to the canvas tool is JSON: {name, type, content}, or for a change {updates:
[{pattern, replacement}]}. The JSON may lack its closing brackets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from desktop_app.exchange.importers.imported_conversation import (
    LOST_IMAGE,
    FindFile,
    ImportedConversation,
    add_image,
    attached_note,
    ended_call,
    list_at,
    mapping_at,
    objects_at,
    parse_json,
    seconds_of,
    text_at,
    unknown_content,
    value_at,
)
from desktop_app.exchange.importers.message_tree import Node, SourceConversation, build_conversation
from desktop_app.exchange.importers.written_documents import (
    DocumentChange,
    as_markdown,
    is_whole_pattern,
    made,
    substituted,
)

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
_CANVAS_TOOLS: Final = "canmore."
"""The start of the names of the tools that write to the canvas."""
# A mark ends before the next opening: searching the rest for the end of each of a million openings
# would take hours. The second alternative is a mark that the end of the answer cuts off.
_CITATION_MARK: Final = re.compile("\ue200([^\ue200\ue201]*)\ue201|\ue200[^\ue200\ue201\\s]*\\Z")
_OLD_CITATION_MARK: Final = re.compile("【([0-9]+)(?::[0-9]+)?†[^【】]*】")
_ENCLOSING: Final = re.compile("[\ue203\ue204\ue206]")
_ADDRESS: Final = re.compile(r"https?://[^\s()<>]+")


def is_conversation(value: Any) -> bool:
    """Return True for a conversation of ChatGPT's: it has a tree of messages."""
    return isinstance(value_at(value, "mapping"), Mapping)


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
        instructions="\n\n".join(_instructions(mapping)),
    )
    return build_conversation(source, nodes, files.values())


def _instructions(mapping: Mapping[str, Any]) -> Iterator[str]:
    """Yield the system messages, of a custom GPT or a project."""
    for node in mapping.values():
        message = mapping_at(node, "message")
        # The text of such a message says only that the user's instructions are no longer available.
        is_placeholder = value_at(message, "metadata", "is_user_system_message") is True
        if text_at(message, "author", "role") == "system" and not is_placeholder:
            for part in list_at(message, "content", "parts"):
                if isinstance(part, str) and part.strip():
                    yield part


def _parse_node(
    key: str, node: Mapping[str, Any], find_file: FindFile, files: dict[str, AttachmentFile]
) -> Node:
    """Return a node. Reasoning, and calls of tools with their results, are in its `pending`."""
    parent = text_at(node, "parent") or None
    message = mapping_at(node, "message")
    state = value_at(message, "metadata", "chatgpt_sdk", "widget_state")
    if isinstance(state, str):
        state = parse_json(state)
    message = mapping_at(state, "report_message") or message  # of a deep research
    content = mapping_at(message, "content")
    metadata = mapping_at(message, "metadata")
    author = text_at(message, "author", "role")
    kind = text_at(content, "content_type")
    if (
        author not in ("user", "assistant", "tool")
        or metadata.get("is_visually_hidden_from_conversation") is True
        or text_at(message, "author", "name").startswith(_CANVAS_TOOLS)
        or kind in _LEFT_OUT_KINDS
    ):
        # ChatGPT writes of no other author: what is said there would be lost without a word.
        is_known = author in ("user", "assistant", "tool", "system") or node.get("message") is None
        return Node(key, parent, None if is_known else Role.ASSISTANT)
    base_node = Node(
        key,
        parent,
        seconds=seconds_of(message.get("create_time")),
        model=text_at(metadata, "model_slug"),
        is_complete=text_at(message, "status") in ("", "finished_successfully"),
        changes=_canvas_changes(message),
    )
    if kind == "thoughts":
        thoughts = (
            "\n\n".join(filter(None, (text_at(thought, "summary"), text_at(thought, "content"))))
            for thought in objects_at(content, "thoughts")
        )
        thoughts = (_without_marks(thought, metadata) for thought in thoughts)
        return replace(base_node, pending=tuple(ReasoningPart(t) for t in thoughts if t))
    document = _canvas_document(base_node.changes)
    attached = objects_at(metadata, "attachments")
    names = {text_at(item, "id"): text_at(item, "name") for item in attached}

    def image(pointer: str) -> Part:
        file_id = pointer.rpartition("/")[2]
        file = find_file(file_id)
        if file is None:
            return TextPart(LOST_IMAGE)
        return add_image(names.get(file_id) or file[0], file[1], files)

    is_call = author == "assistant" and text_at(message, "recipient") not in ("", "all")
    # The input and output of tools stay as they are.
    is_raw = author == "tool" or (is_call and not document)
    parts: list[Part] = [TextPart(document)]
    if not document:
        parts = _parse_parts(content, image, is_raw=is_raw)
    outputs = objects_at(metadata, "aggregate_result", "messages")  # of code, such as plots
    parts += [image(pointer) for each in outputs if (pointer := text_at(each, "image_url"))]
    if author != "user":
        parts = [
            TextPart(_without_marks(part.text, metadata)) if isinstance(part, TextPart) else part
            for part in parts
        ]
    # Attached images are in the content itself.
    notes = [
        attached_note(name)
        for item in attached
        if (name := text_at(item, "name"))
        and not (
            kind == "multimodal_text"
            and (text_at(item, "mime_type") or text_at(item, "mimeType")).startswith("image/")
        )
    ]
    parts = [*notes, *(part for part in parts if part != TextPart(""))]
    if not is_raw:
        role: Role | None = Role.USER if author == "user" else Role.ASSISTANT
        if not parts and isinstance(content.get("parts", ""), list | str) and kind in _TEXT_KINDS:
            role = None  # ChatGPT shows nothing, too
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


def _tool_part(key: str, message: Mapping[str, Any], text: str) -> ToolCallPart:
    """Return a call, or only the result of one.

    Args:
        key: the node's id, which becomes the id of the call.
        text: the input or output of the tool.
    """
    kind = text_at(message, "content", "content_type")
    if text_at(message, "author", "role") == "tool":
        is_failed = kind == "system_error"
        return ended_call(key, text_at(message, "author", "name"), None, text, is_failed=is_failed)
    arguments: str | dict[str, str] = text
    if not isinstance(parse_json(text), Mapping):  # arguments have to be an object
        arguments = {"code": text} if kind == "code" else {"input": text}
    return ended_call(key, text_at(message, "recipient"), arguments, result="")


def _parse_parts(
    content: Mapping[str, Any], image: Callable[[str], Part], *, is_raw: bool
) -> list[Part]:
    """Return the parts of a content, with code in fences unless it is raw.

    Args:
        image: returns the part of an image, given its pointer.
    """
    kind = text_at(content, "content_type")
    if kind in ("code", "execution_output") and not is_raw:
        text = text_at(content, "text")
        language = text_at(content, "language") if kind == "code" else ""
        if language == "unknown":  # ChatGPT's own word
            language = ""
        return [TextPart(fenced(text, language))] if text else []
    listed = content.get("parts")
    source_parts = listed if isinstance(listed, list) else [content]
    parts: list[Part] = []
    has_recording = False
    for source in source_parts:
        if text_at(source, "content_type") in _RECORDING_KINDS:
            has_recording = True  # its transcript is another part
        elif pointer := text_at(source, "asset_pointer"):
            parts.append(image(pointer))
        else:
            text = source if isinstance(source, str) else _text_of(source)
            if text.strip():
                parts.append(TextPart(text))
    return parts or [TextPart(_RECORDING)] * has_recording


def _text_of(part: Any) -> str:
    if not isinstance(part, Mapping):
        return ""
    text = text_at(part, "text") or text_at(part, "result")
    text = "\n\n".join(filter(None, (text_at(part, "title"), text, text_at(part, "url"))))
    kind = text_at(part, "content_type")
    return text if text or kind in _TEXT_KINDS else unknown_content(kind)


# ---------------------------------------------------------------------- marks and documents


def _without_marks(text: str, metadata: Mapping[str, Any]) -> str:
    """Return `text` with its marks replaced by their texts.

    Unknown marks are removed, unless they are old ones, which are readable.
    """
    text_by_mark = {
        text_at(reference, "matched_text"): _text_of_reference(reference)
        for reference in objects_at(metadata, "content_references")
    }
    if "†" in text:
        sources = _old_sources(metadata)
        text = _OLD_CITATION_MARK.sub(
            lambda mark: text_by_mark.get(mark[0]) or sources.get(mark[1], mark[0]), text
        )
    if "\ue200" in text:
        text = _CITATION_MARK.sub(
            lambda mark: text_by_mark.get(mark[0]) or _entity_name(mark[1] or ""), text
        )
        text = _ENCLOSING.sub("", text)
    return text


def _text_of_reference(reference: Mapping[str, Any]) -> str:
    """Return the text that ChatGPT shows for a reference, or links to its sources."""
    if text := text_at(reference, "alt"):
        return text
    sources = objects_at(reference, "items") or [reference]
    links = dict.fromkeys(filter(None, map(_source_link, sources)))
    return f"({', '.join(links)})" if links else text_at(reference, "name")


def _source_link(source: Mapping[str, Any]) -> str:
    """Return a link to a source as Markdown, "" if it has no address."""
    address = text_at(source, "url")
    name = text_at(source, "attribution") or text_at(source, "title") or address
    name = " ".join(name.split()).replace("[", "\\[").replace("]", "\\]")
    return f"[{name}]({address})" if _ADDRESS.fullmatch(address) else ""


def _old_sources(metadata: Mapping[str, Any]) -> dict[str, str]:
    sources = {}
    for citation in objects_at(metadata, "citations"):
        source = mapping_at(citation, "metadata")
        text = _text_of_reference(source) or text_at(source, "title")
        if text:
            number = str(value_at(source, "extra", "cited_message_idx"))
            sources[number] = text if text.startswith("(") else f"({text})"
    return sources


def _entity_name(mark: str) -> str:
    """Return the name in `entity` U+E202 `["kind", "name", …]`."""
    kind, _, values_json = mark.partition("\ue202")
    values = parse_json(values_json) if kind == "entity" else None
    return str(values[1]) if isinstance(values, list) and len(values) > 1 else ""


def _canvas_changes(message: Mapping[str, Any]) -> tuple[DocumentChange, ...]:
    if not text_at(message, "recipient").startswith(_CANVAS_TOOLS):
        return ()
    parts = (part for part in list_at(message, "content", "parts") if isinstance(part, str))
    text = text_at(message, "content", "text") or next(parts, "")
    value = parse_json(text) or parse_json(f"{text}]}}")  # it may lack its closing brackets
    if body := text_at(value, "content"):
        kind, _, language = text_at(value, "type").partition("/")
        name = text_at(value, "name")
        return (made(name, name, body, (language or None) if kind == "code" else ""),)
    return tuple(map(_canvas_change, objects_at(value, "updates")))


def _canvas_change(update: Mapping[str, Any]) -> DocumentChange:
    pattern, replacement = text_at(update, "pattern"), text_at(update, "replacement")
    if is_whole_pattern(pattern):
        return DocumentChange("", lambda _body: replacement, is_whole=True)
    is_multiple = update.get("multiple") is True
    return DocumentChange("", substituted(pattern, replacement, is_multiple=is_multiple))


def _canvas_document(changes: Sequence[DocumentChange]) -> str:
    """Return the whole document that a message writes to the canvas, as Markdown, or ""."""
    if len(changes) != 1 or not changes[0].is_whole:
        return ""
    change = changes[0]
    is_made = bool(change.title or change.language is not None)
    language = change.language if is_made else ""
    return as_markdown(change.title, change.change("") or "", language)
