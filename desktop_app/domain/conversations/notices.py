"""Notices under an answer about how it was made: a code and parameters, and their sentences.

A notice without a code is a sentence that an earlier version stored, or that an import brought.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.error_text import happened_text
from desktop_app.domain.errors import Param


class NoticeCode(StrEnum):
    """The notices that this version gives."""

    ASKED_SEPARATELY = "asked_separately"
    BACKGROUND_REFUSED = "background_refused"
    COST_OF_ALL = "cost_of_all"
    COST_WITH_FIRST = "cost_with_first"
    FILES_AS_TEXT = "files_as_text"
    FROM_BATCH = "from_batch"
    IMAGES_NOT_SEEN = "images_not_seen"
    INSTANT_RETIRED = "instant_retired"
    MAY_GO_ON = "may_go_on"
    MODEL_ENDS = "model_ends"
    MODEL_GONE = "model_gone"
    MODEL_STILL_LISTED = "model_still_listed"
    NOT_ALL_SHOWN = "not_all_shown"
    READ_IN_PARTS = "read_in_parts"
    REASONING_LEFT_OUT = "reasoning_left_out"
    SETTING_LEFT_OUT = "setting_left_out"
    SETTING_REFUSED = "setting_refused"
    STOPPED_UNNAMED = "stopped_unnamed"
    STREAM_REFUSED = "stream_refused"
    SUMMARY_REFUSED = "summary_refused"
    WHOLE_IN_FILE = "whole_in_file"


_SENTENCES: Final = {
    NoticeCode.ASKED_SEPARATELY: (
        "{provider} gave one answer only: this one was asked for by itself, and its input counts "
        "again."
    ),
    NoticeCode.BACKGROUND_REFUSED: (
        "{provider} does not run this in the background; it ends with the connection."
    ),
    NoticeCode.COST_OF_ALL: (
        "Tokens and cost are for all {count} versions, which were asked for at once."
    ),
    NoticeCode.COST_WITH_FIRST: "Its tokens and cost are counted with the first version's.",
    NoticeCode.FILES_AS_TEXT: "{provider} was sent the text of {names}, not the file.",
    NoticeCode.FROM_BATCH: "Answered in a batch job.",
    NoticeCode.IMAGES_NOT_SEEN: (
        "{model} does not see pictures: it was told the name alone of {names}."
    ),
    NoticeCode.INSTANT_RETIRED: (
        "Instant is no longer served there: GPT-5.2 with effort none answers instead."
    ),
    NoticeCode.MAY_GO_ON: (
        "{provider} could not be told to stop: the run may go on there, and be billed."
    ),
    NoticeCode.MODEL_ENDS: "{model} ends on {day}. Choose another model before.",
    NoticeCode.MODEL_GONE: "{model} is gone: {provider} shut it down on {day}.",
    NoticeCode.MODEL_STILL_LISTED: "{model} was to end on {day}; {provider} still lists it.",
    NoticeCode.NOT_ALL_SHOWN: (
        "Only the beginning is shown: the answer is too long for the window. "
        "Copy and Export include all that was kept."
    ),
    NoticeCode.READ_IN_PARTS: "Read in parts for {cost}.",
    NoticeCode.REASONING_LEFT_OUT: (
        "{provider} could not read the reasoning behind earlier answers; it was left out."
    ),
    NoticeCode.SETTING_LEFT_OUT: (
        "{provider} refused the setting “{setting}” before; the answer was made without it."
    ),
    NoticeCode.SETTING_REFUSED: (
        "{provider} refused the setting “{setting}”; the answer was made without it."
    ),
    NoticeCode.STOPPED_UNNAMED: (
        "It was stopped before {provider} had named the run, which cannot be called off: it may "
        "go on there, and be billed."
    ),
    NoticeCode.STREAM_REFUSED: (
        "{provider} does not stream to this account; the answer came as a whole."
    ),
    NoticeCode.SUMMARY_REFUSED: "{provider} gives this account no summary of the reasoning.",
    NoticeCode.WHOLE_IN_FILE: (
        "This is the beginning of a very long answer. The attached file {name} has all of it."
    ),
}


_CODES: Final = frozenset(NoticeCode)


@dataclass(frozen=True, slots=True)
class AnswerNotice:
    """A notice, or the reason of an error, with the values for the placeholders of its sentence."""

    code: NoticeCode | Reason
    params: tuple[tuple[str, Param], ...] = ()

    def __str__(self) -> str:
        if isinstance(self.code, Reason):
            return happened_text(self.code, dict(self.params))
        return _SENTENCES[self.code].format(**dict(self.params))


NoticeText = AnswerNotice | str


def notice(code: NoticeCode, **params: str) -> AnswerNotice:
    """Return a notice."""
    return AnswerNotice(code, tuple(params.items()))


def notice_to_json(value: NoticeText) -> object:
    """Return a notice ready for JSON."""
    if isinstance(value, str):
        return value
    return {"code": value.code.value, "params": dict(value.params)}


def notice_from_json(value: object) -> NoticeText:
    """Return the notice in `value`.

    Raises:
        LookupError, TypeError, ValueError: it is none.
    """
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        raise TypeError("a notice is not a text")
    code = value["code"]
    known = NoticeCode(code) if code in _CODES else Reason(code)
    made = AnswerNotice(known, tuple(dict(value["params"]).items()))
    if not all(isinstance(value, str | int) for _, value in made.params):
        raise TypeError("parameters of a notice are neither texts nor numbers")
    str(made)  # all of them are there
    return made
