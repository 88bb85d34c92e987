"""Converts the internal markup of ChatGPT's texts: source marks, and documents of its canvas.

Marks are between U+E200 and U+E201, their fields separated by U+E202; U+E203, U+E204 and U+E206
enclose the words that a mark refers to. In place of a mark, ChatGPT shows the text of its entry in
`content_references`, or links to the entry's `items` if it has no text; the mark of an entity
contains the entity's name. Until 2024, a mark was 【11†words】, and its source in `citations`. A
message to the canvas tool is JSON: {name, type, content}, or for a change {updates: [{pattern,
replacement}]}. The JSON may lack its closing brackets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from desktop_app.domain.code_fence import fenced
from desktop_app.exchange.importers.imported_conversation import (
    mapping_at,
    objects_at,
    parse_json,
    text_at,
)

CANVAS_TOOLS: Final = "canmore."
"""The start of the names of the tools that write to the canvas."""
# A mark ends before the next opening: searching the rest for the end of each of a million openings
# would take hours. The second alternative is a mark that the end of the answer cuts off.
_CITATION_MARK: Final = re.compile("\ue200([^\ue200\ue201]*)\ue201|\ue200[^\ue200\ue201\\s]*\\Z")
_OLD_CITATION_MARK: Final = re.compile("【([0-9]+)(?::[0-9]+)?†[^【】]*】")
_ENCLOSING: Final = re.compile("[\ue203\ue204\ue206]")
# Characters that the texts of marks may have in all: a short mark with a long text, repeated often,
# would fill the memory.
_MAX_ADDED_CHARS: Final = 1 << 20
_ADDRESS: Final = re.compile(r"https?://[^\s()<>]+")
_WHOLE_DOCUMENT_PATTERNS: Final = (".*", "(?s).*", "[\\s\\S]*")


def without_marks(text: str, metadata: Mapping[str, Any]) -> str:
    """Return `text` with its marks replaced by their texts.

    Unknown marks are removed, unless they are old ones, which are readable.
    """
    has_marks = "\ue200" in text
    has_old_marks = "†" in text
    if not has_marks and not has_old_marks:
        return text
    text_by_mark = {
        text_at(reference, "matched_text"): _text_of_reference(reference)
        for reference in objects_at(metadata, "content_references")
    }
    characters_left = _MAX_ADDED_CHARS

    def affordable(text: str, otherwise: str = "") -> str:
        nonlocal characters_left
        characters_left -= len(text)
        return text if characters_left > 0 else otherwise

    def replacement(match: re.Match[str]) -> str:
        text_of_mark = text_by_mark.get(match[0], "")
        return affordable(text_of_mark or _entity_name(match[1] or ""))

    if has_old_marks:
        source_by_number = _old_sources(metadata)

        def old_replacement(match: re.Match[str]) -> str:
            text_of_mark = text_by_mark.get(match[0]) or source_by_number.get(match[1], match[0])
            return affordable(text_of_mark, match[0])

        text = _OLD_CITATION_MARK.sub(old_replacement, text)
    if has_marks:
        text = _ENCLOSING.sub("", _CITATION_MARK.sub(replacement, text))
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
    """Return the sources of old marks by number."""
    sources = {}
    for citation in objects_at(metadata, "citations"):
        source = mapping_at(citation, "metadata")
        number = mapping_at(source, "extra").get("cited_message_idx")
        source_text = _text_of_reference(source) or text_at(source, "title")
        if not source_text:
            continue
        if not source_text.startswith("("):  # links have parentheses already
            source_text = f"({source_text})"
        sources[str(number)] = source_text
    return sources


def _entity_name(mark: str) -> str:
    """Return the name in `entity` U+E202 `["kind", "name", …]`."""
    kind, _, values_json = mark.partition("\ue202")
    value = parse_json(values_json) if kind == "entity" else None
    values = value if isinstance(value, list) else []
    return str(values[1]) if len(values) > 1 else ""


def canvas_document(message: Mapping[str, Any]) -> str:
    """Return the document that a message writes to the canvas, as Markdown, or ""."""
    if not text_at(message, "recipient").startswith(CANVAS_TOOLS):
        return ""
    content = mapping_at(message, "content")
    text = text_at(content, "text")
    parts = content.get("parts")
    if not text and isinstance(parts, list):
        text = next((part for part in parts if isinstance(part, str)), "")
    value = parse_json(text) or parse_json(f"{text}]}}")  # it may lack its closing brackets
    if not isinstance(value, Mapping):
        return ""
    written = text_at(value, "content")
    updates = objects_at(value, "updates")
    # A change of a part is left out: the result would need the document before.
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
