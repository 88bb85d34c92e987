"""The status below an unfinished answer: a code and parameters."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from math import ceil

from desktop_app.domain.error_note import ErrorNote, note_from_error
from desktop_app.domain.errors import Param, UserFacingError
from desktop_app.domain.value import Value
from desktop_app.i18n.formatting import duration
from desktop_app.i18n.translation import N_, paragraph, tr, tr_filled


class StatusCode(Enum):
    """A status and its sentence. It is never stored."""

    LOADING = N_("Loading {model}…")
    WAITING = N_("Waiting for {model}.")
    WAITING_FOR_PERMISSION = N_("Waiting for your permission…")
    RECONNECTING = N_("Reconnecting to {provider}.")
    SILENT = N_("No data from {provider} for {seconds} s. The model may still be reasoning.")
    WOKEN = N_("The computer was asleep. Checking the connection to {provider}.")
    RUN_QUEUED = N_("Queued at {provider}. Checked every {seconds} s.")
    RUN_QUEUED_LONG = N_(
        "Queued at {provider} for {minutes} min. It may never start: stop it and try again."
    )
    RUN_STARTED = N_("Running at {provider}. Checked every {seconds} s.")
    RUN_UNREACHED = N_("Can’t reach {provider}. The response continues there.")
    READING = N_("Reading in parts: {done} of {total}.")
    READING_WITH_COST = N_("Reading in parts: {done} of {total} · {spent} so far.")
    READING_OF_COST = N_("Reading in parts: {done} of {total} · {spent} so far, of about {cost}.")
    MERGING = N_("Combining notes: {done} of {total}.")
    MERGING_WITH_COST = N_("Combining notes: {done} of {total} · {spent} so far.")
    MERGING_OF_COST = N_("Combining notes: {done} of {total} · {spent} so far, of about {cost}.")


class AnswerStatus(Value, frozen=True):
    """A status with the values for the placeholders of its sentence.

    Attributes:
        seconds_left: the time until it is over, as measured; None if unknown.
    """

    code: StatusCode
    params: Mapping[str, Param]
    seconds_left: float | None = None

    @property
    def sentences(self) -> str:
        sentence = tr_filled(self.code.value, self.params)
        if self.seconds_left is None:
            return sentence
        left = tr("About {time} left.", time=duration(self.seconds_left, digits=0))
        return paragraph(sentence, left)


Status = AnswerStatus | ErrorNote


def answer_status(code: StatusCode, **params: Param) -> AnswerStatus:
    return AnswerStatus(code, params)


def status_of(error: UserFacingError, hint: str = "") -> ErrorNote:
    """Return the status of an answer that continues after an error."""
    return note_from_error(error.with_hint(hint).copy_with(details=""))


def status_text(status: Status | None, seconds: float = 0) -> str:
    """Return a status as text.

    Args:
        seconds: the time until the request is sent again; 0 if it is not.
    """
    text = "" if status is None else status.sentences
    if not seconds:
        return text
    return tr("{reason} Trying again in {seconds} s.", reason=text, seconds=ceil(seconds))
