"""Errors of messages as JSON, for the store and for exported files."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.remedy import Remedy


def error_to_json(note: ErrorNote) -> dict[str, Any]:
    """Return an error ready for JSON, with codes instead of sentences."""
    return {
        "code": note.code,
        **_code_or_text("reason", "what_happened", note.reason),
        **_code_or_text("remedy", "what_to_do", note.remedy),
        "params": dict(note.params),
        "details": note.details,
        **({"because": error_to_json(note.because)} if note.because else {}),
    }


def _code_or_text(name: str, text_name: str, value: Reason | Remedy | str) -> dict[str, str]:
    return {name: value.value} if isinstance(value, Enum) else {text_name: value}


def error_from_json(value: Mapping[str, Any]) -> ErrorNote:
    """Return the error in `value`.

    Raises:
        LookupError, TypeError, ValueError, AttributeError: it is not an error.
    """
    if not isinstance(value, Mapping):
        raise TypeError("an error is not an object")
    remedy = value.get("remedy")
    because = value.get("because")  # a quoted error quotes no other
    note = ErrorNote(
        reason=Reason(value["reason"]) if "reason" in value else value["what_happened"],
        remedy=value.get("what_to_do", "") if remedy is None else Remedy(remedy),
        details=value.get("details", ""),
        code=value.get("code", ""),
        params=dict(value.get("params", {})),
        because=None if because is None else error_from_json({**because, "because": None}),
    )
    if not all(isinstance(each, str | int) for each in note.params.values()):
        raise TypeError("a parameter of an error is neither text nor number")
    note.sentences  # noqa: B018 - raises if a parameter is missing
    return note
