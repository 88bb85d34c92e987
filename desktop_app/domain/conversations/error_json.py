"""Errors of messages as JSON, for the store and for exported files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from desktop_app.domain.conversations.conversation import ErrorNote
from desktop_app.domain.conversations.legacy_sentences import (
    legacy_error_code,
    legacy_kept,
    legacy_remedy,
)
from desktop_app.domain.errors import Kept, Remedy


def error_to_json(note: ErrorNote) -> dict[str, Any]:
    """Return an error ready for JSON: what has a code without its sentence."""
    return {
        "code": note.code,
        "what_happened": note.what_happened,
        **_value("kept", "what_was_kept", note.kept),
        **_value("remedy", "what_to_do", note.remedy),
        "params": dict(note.params),
        "details": note.details,
    }


def _value(name: str, text_name: str, value: Kept | Remedy | str) -> dict[str, str]:
    return {text_name: value} if isinstance(value, str) else {name: value.value}


def error_from_json(value: Mapping[str, Any]) -> ErrorNote:
    """Return the error in `value`, also as earlier versions wrote it.

    Raises:
        LookupError, TypeError, ValueError: it is none.
    """
    kept, remedy = value.get("kept"), value.get("remedy")
    code = value["code"] if "code" in value else legacy_error_code(value.get("kind", ""))
    is_old = "code" not in value
    kept_words, words = value.get("what_was_kept", ""), value.get("what_to_do", "")
    return ErrorNote(
        value["what_happened"],
        (legacy_kept(kept_words) if is_old else kept_words) if kept is None else Kept(kept),
        (legacy_remedy(words) if is_old else words) if remedy is None else Remedy(remedy),
        value.get("details", ""),
        code,
        tuple(dict(value.get("params", {})).items()),
    )
