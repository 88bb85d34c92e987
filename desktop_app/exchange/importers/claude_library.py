"""Reads what Claude's data export has besides conversations: projects and memories.

Projects are in `projects.json`, or each in a file of the folder `projects`: {uuid, name,
description, prompt_template, docs: [{filename, content}], created_at}. Memories are in
`memories.json` or the folder `memories`: {conversations_memory, project_memories: {uuid: text}},
texts of many paragraphs. Conversations do not say which project they belong to.

Source: threads of users about exports of 2026 (nexus-ai-chat-importer #22, claude-code #40411).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from desktop_app.domain import bounds
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.conversation import Folder, now
from desktop_app.domain.derived_id import derived_id
from desktop_app.domain.graphemes import shorten
from desktop_app.domain.remembered_note import MAX_NOTE_CHARS, RememberedNote
from desktop_app.exchange.importers.imported_conversation import (
    ImportedFolder,
    objects_at,
    seconds_of,
    text_at,
    time_from_seconds,
    value_at,
)

_SENTENCE_END: Final = re.compile(r"(?<=[.!?。！？])\s+")
_EMPHASIS: Final = re.compile(r"\*\*|__")
_HEADING: Final = re.compile(r"(?:#{1,6}\s+(.+)|\*\*([^*]+)\*\*:?)")
_MAX_TEXT_CHARS: Final = 1_000_000


def is_project(value: Any) -> bool:
    is_named = bool(text_at(value, "uuid") and text_at(value, "name"))
    return is_named and (isinstance(value_at(value, "docs"), list) or "prompt_template" in value)


def is_memory(value: Any) -> bool:
    return isinstance(value, Mapping) and not value.keys().isdisjoint(
        ("conversations_memory", "project_memories")
    )


def read_project(value: Mapping[str, Any]) -> ImportedFolder:
    """Return a project as a folder, with its description as a note that is off."""
    folder_id = _folder_id(text_at(value, "uuid"))
    created = time_from_seconds(seconds_of(value.get("created_at"))) or now()
    instructions = text_at(value, "prompt_template").strip()
    name = bounds.checked_name(shorten(" ".join(text_at(value, "name").split()), 100))
    folder = Folder(folder_id, name, created, overrides=Overrides(instructions or None))
    documents = tuple(
        (text_at(doc, "filename"), text_at(doc, "content"))
        for doc in objects_at(value, "docs")
        if text_at(doc, "content").strip()
    )
    return ImportedFolder(
        folder, documents, tuple(_notes(text_at(value, "description"), folder_id))
    )


def read_memory(value: Mapping[str, Any]) -> Iterator[RememberedNote]:
    """Yield memories as notes that are off."""
    yield from _notes(text_at(value, "conversations_memory"), None)
    projects = value_at(value, "project_memories")
    for project, text in projects.items() if isinstance(projects, dict) else ():
        if isinstance(text, str):
            yield from _notes(text, _folder_id(str(project)))


def _folder_id(project: str) -> str:
    return derived_id("claude", "project", project)


def _notes(text: str, folder_id: str | None) -> Iterator[RememberedNote]:
    """Yield a text of paragraphs as notes, as few as their greatest length allows."""
    for note in _packed(_sentences(text[:_MAX_TEXT_CHARS])):
        id_ = derived_id("claude", "memory", folder_id or "", note)
        yield RememberedNote(id_, note, now(), folder_id, is_off=True)


def _sentences(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the sentences of a text on one line each, and whether each begins a section."""
    heading = ""
    for paragraph in filter(None, (each.strip() for each in text.split("\n"))):
        if found := _HEADING.fullmatch(paragraph):
            heading = (found[1] or found[2]).strip(" :")
            continue
        is_new = bool(heading)
        line = _EMPHASIS.sub("", paragraph)
        line = f"{heading}: {line}" if heading else line
        heading = ""
        for sentence in _SENTENCE_END.split(line):
            for start in range(0, len(sentence), MAX_NOTE_CHARS):
                yield sentence[start : start + MAX_NOTE_CHARS], is_new
                is_new = False
    if heading:
        yield heading[:MAX_NOTE_CHARS], True


def _packed(sentences: Iterator[tuple[str, bool]]) -> Iterator[str]:
    note = ""
    for sentence, is_new in sentences:
        joined = f"{note} {sentence}".strip()
        if note and (is_new or len(joined) > MAX_NOTE_CHARS):
            yield note
            joined = sentence
        note = joined
    if note:
        yield note
