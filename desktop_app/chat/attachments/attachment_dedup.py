"""Removes repeated documents from a request that already contains them in full.

Each request decides anew which copy is left out: once a compaction has removed the first copy, the
second is sent in full. The stored question never changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from desktop_app.chat.attachments.file_attachments import is_file
from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.conversations.message_parts import DocumentPart, Part
from desktop_app.domain.models.model_catalog import FileInputs

P = TypeVar("P", bound=Part)


def deduplicate_messages(
    messages: Iterable[Message], files: FileInputs | None
) -> Iterator[Message]:
    """Yield the messages of a request with each document in full only once.

    Later copies are reduced to their names.

    Args:
        files: the documents that the provider takes as files; None if it takes none.
    """
    names_by_key: dict[object, str] = {}
    for message in messages:
        parts = _name_repeats(message.parts, names_by_key, files)
        is_same = all(new is old for new, old in zip(parts, message.parts, strict=True))
        yield message if is_same else replace(message, parts=tuple(parts))


def deduplicate_parts(
    messages: Iterable[Message], parts: Sequence[P], files: FileInputs | None
) -> list[P]:
    """Return the parts of a question, reduced to their names if `messages` contain them."""
    if not any(isinstance(part, DocumentPart) for part in parts):
        return list(parts)  # avoids a pass over thousands of `messages`
    names_by_key: dict[object, str] = {}
    for message in messages:
        _name_repeats(message.sent_parts, names_by_key, files)
    return _name_repeats(parts, names_by_key, files)


def _name_repeats(
    parts: Sequence[P], names_by_key: dict[object, str], files: FileInputs | None
) -> list[P]:
    """Return `parts`, reduced to names if `names_by_key` has them; add the others to it."""
    return [_named_if_repeated(part, names_by_key, files) for part in parts]


def _named_if_repeated(part: P, names_by_key: dict[object, str], files: FileInputs | None) -> P:
    if not isinstance(part, DocumentPart) or part.in_parts or part.by_tools:
        return part
    image_key = (part.detail, part.pictured) if part.image_pages else ()
    key = (part.sha256, part.chosen and part.chosen.spans, is_file(part, files), image_key)
    if key in names_by_key:
        return replace(part, again_as=names_by_key[key])
    names_by_key[key] = part.name
    return part
