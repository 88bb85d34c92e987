"""Reads the conversations of LM Studio, each a `.conversation.json` in its folder.

A message has `versions`, of which `currentlySelected` is shown; all are kept. An answer is a
`multiStep` version, whose `steps` of the type contentBlock have a `content`; the `style` of a
thought is `thinking`. Sources: YorkieDev/lm-studio-conversation-converter and issue 69 of
doolijb/serene-pub, November 2026.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from desktop_app.domain.conversations.message_parts import (
    AttachmentFile,
    Part,
    ReasoningPart,
    TextPart,
    text_of,
)
from desktop_app.exchange.importers.imported_conversation import (
    FindFile,
    ImportedConversation,
    add_image,
    attached_note,
    list_at,
    objects_at,
    seconds_of,
    text_at,
    value_at,
)
from desktop_app.exchange.importers.message_list import content_parts, with_role
from desktop_app.exchange.importers.message_tree import Node, SourceConversation, build_conversation


def is_conversation(value: Any) -> bool:
    """Return True for messages with versions."""
    return any(objects_at(message, "versions") for message in objects_at(value, "messages"))


def read_conversation(value: Mapping[str, Any], find_file: FindFile) -> ImportedConversation:
    files: dict[str, AttachmentFile] = {}
    nodes: list[Node] = []
    parent: str | None = None
    for number, message in enumerate(objects_at(value, "messages")):
        versions = objects_at(message, "versions")
        for position, version in enumerate(versions):
            step = next(iter(objects_at(version, "steps")), version)
            node = Node(
                f"{number}.{position}",
                parent,
                parts=tuple(_parts_of(version, find_file, files)),
                model=text_at(version, "senderInfo", "senderName")
                or text_at(step, "genInfo", "identifier"),
            )
            nodes.append(with_role(node, text_at(version, "role")))
        if versions:
            selected = value_at(message, "currentlySelected")
            is_known = isinstance(selected, int) and 0 <= selected < len(versions)
            parent = f"{number}.{selected if is_known else len(versions) - 1}"
    source = SourceConversation(
        "lm-studio",
        # The file alone has an id: its name.
        f"{value.get('createdAt')} {text_at(value, 'name')}",
        title=text_at(value, "name"),
        created=seconds_of(value.get("createdAt")),
        updated=seconds_of(value.get("assistantLastMessagedAt")),
        leaf=parent,
        model=text_at(value, "lastUsedModel", "identifier"),
        pinned=value.get("pinned") is True,
        instructions=_instructions(value),
    )
    return build_conversation(source, nodes, files.values())


def _instructions(value: Mapping[str, Any]) -> str:
    fields = objects_at(value, "perChatPredictionConfig", "fields")
    values = {text_at(field, "key"): text_at(field, "value") for field in fields}
    return text_at(value, "systemPrompt") or values.get("llm.prediction.systemPrompt", "")


def _parts_of(
    version: Mapping[str, Any], find_file: FindFile, files: dict[str, AttachmentFile]
) -> Iterator[Part]:
    for step in objects_at(version, "steps") or [version]:
        contents: list[Any] = []
        for item in list_at(step, "content") or [step.get("content")]:
            if text_at(item, "type") != "file":
                contents.append(item)
                continue
            name = text_at(item, "fileIdentifier") or text_at(item, "name") or "file"
            file = find_file(name)
            is_image = text_at(item, "fileType") == "image" and file is not None
            yield add_image(name, file[1], files) if is_image and file else attached_note(name)
        parts = list(content_parts(contents, files))
        if text_at(step, "style", "type") == "thinking":
            thought = text_of(part for part in parts if isinstance(part, TextPart))
            parts = [ReasoningPart(thought)] if thought else []
        yield from parts
