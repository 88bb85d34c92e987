"""Errors as they are stored: with messages, batch jobs and collections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from desktop_app.domain.error_reasons import Reason, coded_sentences, remedy_of_sentence
from desktop_app.domain.error_text import WINDOW, Surface, environment_surface, remedy_segments
from desktop_app.domain.errors import ErrorDescription, Param, UserFacingError
from desktop_app.domain.places import LinkedText, plain_text
from desktop_app.domain.remedy import Remedy


@dataclass(frozen=True, slots=True)
class ErrorNote(ErrorDescription):
    """An error as it is stored.

    Attributes:
        details: as in UserFacingError.
        code: of the error's class, or INCOMPLETE or REFUSED of conversation.py; "" if unknown.
        is_of_environment: environment variables configure the provider. It is not stored.
    """

    reason: Reason | str
    remedy: Remedy | str = ""
    details: str = ""
    code: str = ""
    params: Mapping[str, Param] = field(default_factory=dict)
    is_of_environment: bool = False
    because: ErrorNote | None = None
    hint: str = ""

    def __post_init__(self) -> None:
        if type(self.remedy) is str and self.remedy:
            object.__setattr__(self, "remedy", remedy_of_sentence(self.remedy))
        if type(self.reason) is str:
            reason, remedy = coded_sentences(self.reason, self.hint or self.remedy, self.params)
            object.__setattr__(self, "reason", reason)
            object.__setattr__(self, "remedy", remedy)
            object.__setattr__(self, "hint", "")

    def remedy_segments_on(self, surface: Surface) -> LinkedText:
        """Return the sentence on what to do for a surface, with links."""
        surface = environment_surface(surface) if self.is_of_environment else surface
        return remedy_segments(self, surface)

    def remedy_on(self, surface: Surface) -> str:
        """Return the sentence on what to do for a surface."""
        return plain_text(self.remedy_segments_on(surface))

    @property
    def what_to_do(self) -> str:
        """Return the sentence on what to do, as the window shows it."""
        return self.remedy_on(WINDOW)


def note_from_error(error: UserFacingError) -> ErrorNote:
    """Return the form in which an error is stored."""
    return ErrorNote(
        error.reason,
        remedy=error.remedy,
        details=error.all_details,
        code=error.code,
        params=dict(error.params),
        because=note_from_error(error.because) if error.because else None,
    )


def error_from_note(note: ErrorNote) -> UserFacingError:
    """Return an error with the sentences of a note, to be raised or reported."""
    return UserFacingError(
        note.reason,
        note.params,
        remedy=note.remedy,
        details=note.details,
        because=error_from_note(note.because) if note.because else None,
    )
