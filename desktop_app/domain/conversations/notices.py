"""Notices about how an answer was made: a code and parameters, and their sentences.

A notice without a code is a sentence that an earlier version stored, or that was imported.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.error_text import happened_text
from desktop_app.domain.errors import Param, with_words
from desktop_app.i18n.formatting import day
from desktop_app.i18n.translation import N_, tr_filled


class NoticeCode(StrEnum):
    """The code of a notice."""

    ASKED_SEPARATELY = "asked_separately"
    BACKGROUND_REFUSED = "background_refused"
    BEGINNING_SENT = "beginning_sent"
    COST_OF_ALL = "cost_of_all"
    COST_WITH_FIRST = "cost_with_first"
    FILES_AS_TEXT = "files_as_text"
    FROM_BATCH = "from_batch"
    GRAMMAR_USED = "grammar_used"
    IMAGE_NOT_KEPT = "image_not_kept"
    IMAGES_NOT_SEEN = "images_not_seen"
    INPUT_CUT = "input_cut"
    INSTANT_RETIRED = "instant_retired"
    MAY_GO_ON = "may_go_on"
    MODEL_ENDS = "model_ends"
    MODEL_GONE = "model_gone"
    MODEL_STILL_LISTED = "model_still_listed"
    NOT_ALL_SHOWN = "not_all_shown"
    READ_IN_PARTS = "read_in_parts"
    REASONING_LEFT_OUT = "reasoning_left_out"
    REPAIRED = "repaired"
    SCHEMA_PROBLEM = "schema_problem"
    SCHEMA_USED = "schema_used"
    REVIEW_CORRECTED = "review_corrected"
    REVIEW_REJECTED = "review_rejected"
    REVIEW_REVIEWED = "review_reviewed"
    SETTING_LEFT_OUT = "setting_left_out"
    SETTING_LOWERED = "setting_lowered"
    SETTING_NEEDS_EFFORT = "setting_needs_effort"
    SETTING_NOT_IN_API = "setting_not_in_api"
    SETTING_NOT_SUPPORTED = "setting_not_supported"
    SETTING_RAISED = "setting_raised"
    SETTING_REFUSED = "setting_refused"
    STOPPED_UNNAMED = "stopped_unnamed"
    STREAM_REFUSED = "stream_refused"
    SUMMARY_REFUSED = "summary_refused"
    TOOLS_MISSING = "tools_missing"
    TOOLS_REFUSED = "tools_refused"
    WHOLE_IN_FILE = "whole_in_file"


_SENTENCES: Final = {
    NoticeCode.ASKED_SEPARATELY: N_(
        "{provider} gave only one response. This one was requested separately, so its "
        "input is charged again."
    ),
    NoticeCode.BACKGROUND_REFUSED: N_(
        "{provider} doesn’t support background mode. Keep Repartee open."
    ),
    NoticeCode.BEGINNING_SENT: N_("Only the beginning is sent, and tools read the rest: {names}"),
    NoticeCode.COST_OF_ALL: N_("Tokens and cost are for all {count} versions."),
    NoticeCode.COST_WITH_FIRST: N_("Tokens and cost are included in the first version."),
    NoticeCode.FILES_AS_TEXT: N_("{provider} received the text of {names}, not the file."),
    NoticeCode.FROM_BATCH: N_("From a batch job."),
    NoticeCode.GRAMMAR_USED: N_("Grammar: {syntax}"),
    NoticeCode.IMAGE_NOT_KEPT: N_("An image in the response wasn’t kept."),
    NoticeCode.IMAGES_NOT_SEEN: N_(
        "{model} doesn’t support images. It received only the name of {names}."
    ),
    NoticeCode.INPUT_CUT: N_(
        "{provider} counted only {tokens} input tokens and probably left out part of the input. "
        "Increase the model’s context window or send less."
    ),
    NoticeCode.INSTANT_RETIRED: N_(
        "Instant is no longer available. GPT-5.2 without reasoning responds instead."
    ),
    NoticeCode.MAY_GO_ON: N_(
        "Couldn’t stop the response at {provider}. You may be charged for it."
    ),
    NoticeCode.MODEL_ENDS: N_("{model} ends on {day}. Choose another model before then."),
    NoticeCode.MODEL_GONE: N_("{provider} shut down {model} on {day}."),
    NoticeCode.MODEL_STILL_LISTED: N_(
        "{model} was due to end on {day}, but {provider} still lists it."
    ),
    NoticeCode.NOT_ALL_SHOWN: N_(
        "Only the beginning is shown. Copy and Export include everything that was kept."
    ),
    NoticeCode.READ_IN_PARTS: N_("Read in parts for {cost}."),
    NoticeCode.REASONING_LEFT_OUT: N_(
        "{provider} couldn’t read the reasoning behind earlier responses, so it was skipped."
    ),
    NoticeCode.REPAIRED: N_("Asked again because the previous response didn’t match."),
    NoticeCode.SCHEMA_PROBLEM: N_("The response doesn’t match the schema. {path}: {reason}"),
    NoticeCode.SCHEMA_USED: N_("Schema: {name}"),
    NoticeCode.REVIEW_CORRECTED: N_("Corrected"),
    NoticeCode.REVIEW_REJECTED: N_("Rejected"),
    NoticeCode.REVIEW_REVIEWED: N_("Reviewed"),
    NoticeCode.SETTING_LEFT_OUT: N_(
        "Responded without “{setting}”, which {provider} rejected before."
    ),
    NoticeCode.SETTING_LOWERED: N_(
        "“{setting}” was lowered to {value}, the most that {model} supports."
    ),
    NoticeCode.SETTING_NEEDS_EFFORT: N_(
        "“{setting}” wasn’t sent. {model} supports it only with effort {efforts}."
    ),
    NoticeCode.SETTING_NOT_IN_API: N_("“{setting}” wasn’t sent. The {api} doesn’t support it."),
    NoticeCode.SETTING_NOT_SUPPORTED: N_("“{setting}” wasn’t sent. {model} doesn’t support it."),
    NoticeCode.SETTING_RAISED: N_(
        "“{setting}” was raised to {value}, the least that the {api} supports."
    ),
    NoticeCode.SETTING_REFUSED: N_("Responded without “{setting}”, which {provider} rejected."),
    NoticeCode.STOPPED_UNNAMED: N_(
        "Stopped here, but {provider} may finish and charge for the response."
    ),
    NoticeCode.STREAM_REFUSED: N_("{provider} doesn’t offer streaming for this account."),
    NoticeCode.SUMMARY_REFUSED: N_(
        "{provider} doesn’t offer reasoning summaries for this account."
    ),
    NoticeCode.TOOLS_MISSING: N_("These tools weren’t available: {names}."),
    NoticeCode.TOOLS_REFUSED: N_(
        "Responded without tools, which {provider} rejected. It says: {words}"
    ),
    NoticeCode.WHOLE_IN_FILE: N_(
        "This is the beginning of a very long response. The attached file {name} has all of it."
    ),
}


_WITH_NOTE: Final = {
    NoticeCode.REVIEW_CORRECTED: N_("Corrected: {note}"),
    NoticeCode.REVIEW_REJECTED: N_("Rejected: {note}"),
    NoticeCode.REVIEW_REVIEWED: N_("Reviewed: {note}"),
}
_EDITED: Final = N_("Edited by you")
_EDITED_WITH_NOTE: Final = N_("Edited by you: {note}")

_CODES: Final = frozenset(NoticeCode)


@dataclass(frozen=True, slots=True)
class AnswerNotice:
    """A notice, or the reason of an error, with the values for its sentence."""

    code: NoticeCode | Reason
    params: tuple[tuple[str, Param], ...] = ()
    because: AnswerNotice | None = None  # the placeholder {words} quotes it

    @property
    def what_happened(self) -> str:
        """Return the sentence of the notice."""
        return str(self)

    def __str__(self) -> str:
        if isinstance(self.code, Reason):
            return happened_text(self.code, with_words(dict(self.params), self.because))
        params = dict(self.params)
        sentence = _SENTENCES[self.code]
        if self.code in _WITH_NOTE:
            is_edited = bool(params.get("original"))
            if params.get("note"):
                sentence = _EDITED_WITH_NOTE if is_edited else _WITH_NOTE[self.code]
            elif is_edited:
                sentence = _EDITED
        return tr_filled(sentence, _shown(params))


def _shown(params: dict[str, Param]) -> dict[str, Param]:
    """Return the values with `day`, stored as 2026-08-10, as the user's locale writes it."""
    with suppress(KeyError, TypeError, ValueError):  # earlier versions stored English dates
        return {**params, "day": day(date.fromisoformat(params["day"]))}  # type: ignore[arg-type]
    return params


NoticeText = AnswerNotice | str


def notice(code: NoticeCode, **params: str) -> AnswerNotice:
    """Return a notice with a code and its parameters."""
    return AnswerNotice(code, tuple(params.items()))


def notice_of_error(note: ErrorNote) -> NoticeText:
    """Return a notice with the sentence on what happened in an error."""
    if not isinstance(note.reason, Reason):
        return note.reason
    because = notice_of_error(note.because) if note.because else None
    params = dict(note.params)
    if isinstance(because, str):  # a foreign sentence
        return AnswerNotice(note.reason, tuple({**params, "words": because}.items()))
    return AnswerNotice(note.reason, tuple(params.items()), because)


def notice_to_json(value: NoticeText) -> object:
    """Return a notice ready for JSON."""
    if isinstance(value, str):
        return value
    because = {} if value.because is None else {"because": notice_to_json(value.because)}
    return {"code": value.code.value, "params": dict(value.params), **because}


def notice_from_json(value: object) -> NoticeText:
    """Return the notice in `value`.

    Raises:
        LookupError, TypeError, ValueError: it is not a notice.
    """
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        raise TypeError("a notice is not a text")
    code = value["code"]
    known = NoticeCode(code) if code in _CODES else Reason(code)
    because = value.get("because")  # a quoted notice quotes no other
    quoted = None if because is None else notice_from_json({**because, "because": None})
    if isinstance(quoted, str):
        raise TypeError("a notice quotes a sentence")
    made = AnswerNotice(known, tuple(dict(value["params"]).items()), quoted)
    if not all(isinstance(value, str | int) for _, value in made.params):
        raise TypeError("parameters of a notice are neither texts nor numbers")
    str(made)  # raises if a parameter is missing
    return made
