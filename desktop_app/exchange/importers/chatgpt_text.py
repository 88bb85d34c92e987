"""Converts the internal markup of ChatGPT's texts: source marks, and documents of its canvas.

Marks are between U+E200 and U+E201, their fields separated by U+E202. ChatGPT shows the text in
`content_references` in place of a mark; the mark of an entity contains the entity's name. A
message to the canvas tool is JSON: {name, type, content}, or for a change
{updates: [{pattern, replacement}]}.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from desktop_app.domain.code_fence import fenced
from desktop_app.exchange.importers.imported_conversation import mapping_at, objects_at, text_at

CANVAS_TOOLS: Final = "canmore."
"""The start of the names of the tools that write to the canvas."""
# It stops at the next opening: to search a million openings for an end would take hours.
_MARK: Final = re.compile("\ue200([^\ue200\ue201]*)\ue201")
# The most characters that marks may add: a short mark with a long text would fill the memory.
_MAX_ADDED_CHARS: Final = 1 << 20
_WHOLE_DOCUMENT_PATTERNS: Final = (".*", "(?s).*", "[\\s\\S]*")


def without_marks(text: str, metadata: Mapping[str, Any]) -> str:
    """Return `text` with its marks replaced by their texts; unknown marks are removed."""
    if "\ue200" not in text:
        return text
    text_by_mark = {
        text_at(reference, "matched_text"): text_at(reference, "alt")
        for reference in objects_at(metadata, "content_references")
    }
    characters_left = _MAX_ADDED_CHARS

    def replacement(found: re.Match[str]) -> str:
        nonlocal characters_left
        words = text_by_mark[found[0]] if found[0] in text_by_mark else _entity_name(found[1])
        characters_left -= len(words)
        return words if characters_left > 0 else ""

    return _MARK.sub(replacement, text)


def _entity_name(mark: str) -> str:
    """Return the name in `entity` U+E202 `["kind", "name", …]`."""
    kind, _, fields = mark.partition("\ue202")
    value = _json(fields) if kind == "entity" else None
    named = value if isinstance(value, list) else []
    return str(named[1]) if len(named) > 1 else ""


def canvas_document(message: Mapping[str, Any]) -> str:
    """Return the document that a message writes to the canvas, as Markdown, or ""."""
    if not text_at(message, "recipient").startswith(CANVAS_TOOLS):
        return ""
    content = mapping_at(message, "content")
    parts = content.get("parts")
    text = next((p for p in parts if isinstance(p, str)), "") if isinstance(parts, list) else ""
    value = _json(text_at(content, "text") or text)
    if not isinstance(value, Mapping):
        return ""
    written = text_at(value, "content")
    updates = objects_at(value, "updates")
    if (
        not written
        and len(updates) == 1
        and text_at(updates[0], "pattern") in _WHOLE_DOCUMENT_PATTERNS
    ):
        written = text_at(updates[0], "replacement")
    if not written:
        return ""
    code, _, language = text_at(value, "type").partition("/")
    name = text_at(value, "name")
    body = fenced(written, language) if code == "code" else written
    return f"**{name}**\n\n{body}" if name else body


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
