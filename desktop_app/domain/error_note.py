"""Errors as they are stored: with messages, batch jobs and collections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from desktop_app.domain.bounds import converted
from desktop_app.domain.error_text import WINDOW, Surface, environment_surface, hint_segments
from desktop_app.domain.errors import ErrorDescription, Param, UserFacingError
from desktop_app.domain.places import LinkedText, plain_text
from desktop_app.domain.value import Value


class ErrorNote(ErrorDescription, Value, frozen=True):
    """An error as it is stored.

    Attributes:
        details: as in UserFacingError.
        code: of the error's class, or INCOMPLETE or REFUSED of conversation.py; "" if unknown.
        is_of_environment: environment variables configure the provider. It is not stored.
    """

    message: str
    hint: str = ""
    details: str = ""
    code: str = ""
    params: Mapping[str, Param] = {}
    is_of_environment: bool = False

    def hint_segments_on(self, surface: Surface) -> LinkedText:
        """Return the sentence on what to do for a surface, with links."""
        surface = environment_surface(surface) if self.is_of_environment else surface
        return hint_segments(self, surface)

    def hint_on(self, surface: Surface) -> str:
        """Return the sentence on what to do for a surface."""
        return plain_text(self.hint_segments_on(surface))

    @property
    def what_to_do(self) -> str:
        """Return the sentence on what to do, as the window shows it."""
        return self.hint_on(WINDOW)


def note_from_error(error: UserFacingError) -> ErrorNote:
    """Return the form in which an error is stored."""
    return ErrorNote(
        error.message, error.hint, error.all_details, error.code, params=dict(error.params)
    )


def error_from_note(note: ErrorNote) -> UserFacingError:
    """Return an error with the sentences of a note, to be raised or reported."""
    return UserFacingError(note.message, note.hint, params=note.params, details=note.details)


def error_to_json(note: ErrorNote) -> dict[str, Any]:
    """Return an error ready for JSON, for the store and for exported files."""
    return {
        "code": note.code,
        "message": note.message,
        "hint": note.hint,
        "params": dict(note.params),
        "details": note.details,
    }


def error_from_json(value: Mapping[str, Any]) -> ErrorNote:
    """Return the error in `value`.

    Raises:
        ValueError: it is not an error.
    """
    return converted(value, ErrorNote)
