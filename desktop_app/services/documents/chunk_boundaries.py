"""The chunk boundaries of a document's first reading, stored with the notes on the chunks.

Otherwise a token ratio learned while reading would move the boundaries, and every note would be
made and billed again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Final

from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.domain.documents.extracted_document import TextChunk
from desktop_app.services.documents.note_taking import ReadingTask

# The end of a part moves back to one of these borders, strongest first.
_BORDERS: Final = ("\n\n", "\n", ". ", "。", " ")
# It moves by at most this share of a part, an arbitrary number.
_MAX_MOVED_SHARE: Final = 0.3


def chunks_key(task: ReadingTask, document: DocumentPart) -> str:
    """Return the key of a document's chunks for a task."""
    taker = task.note_taker
    effort = taker.effort.value if taker.effort else ""
    selected_spans = document.chosen.spans if document.chosen else ()
    pages = [page.number for page in document.pictured]
    key_parts: list[object] = ["chunks", taker.profile.id, taker.model.id, effort, task.prompt]
    key_parts += [document.sha256, document.detail, pages, [list(span) for span in selected_spans]]
    return hashlib.sha256(json.dumps(key_parts).encode()).hexdigest()


def chunks_to_json(chunks: Sequence[TextChunk]) -> str:
    """Return chunks as JSON."""
    return json.dumps([[chunk.start, chunk.end, chunk.tokens] for chunk in chunks])


def chunks_from_json(text: str | None, length: int) -> list[TextChunk] | None:
    """Return stored chunks; None if they do not cover a text of `length` characters exactly."""
    if text is None:
        return None
    try:
        chunks = [TextChunk(*map(int, row)) for row in json.loads(text)]
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None
    covered_end = 0
    for chunk in chunks:
        if chunk.start != covered_end or chunk.end <= covered_end or chunk.tokens < 0:
            return None
        covered_end = chunk.end
    if not chunks or covered_end != length:
        return None
    return chunks


def even_parts(text: str, size: int) -> list[tuple[int, int]]:
    """Return the ranges of parts of at most `size` characters, ending at borders if possible."""
    parts = []
    start = 0
    while len(text) - start > size:
        end = start + size
        earliest = end - int(size * _MAX_MOVED_SHARE)
        for border in _BORDERS:
            border_start = text.rfind(border, earliest, end)
            if border_start > start:
                end = border_start + len(border)
                break
        parts.append((start, end))
        start = end
    if start < len(text):
        parts.append((start, len(text)))
    return parts
