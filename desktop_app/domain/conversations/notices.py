"""Notices about how an answer was made: a code and parameters, and their sentences.

A notice without a code is a sentence that was imported.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import Final

from desktop_app.domain.errors import Param, sentence
from desktop_app.domain.text_enum import TextEnum, coded
from desktop_app.domain.value import Value
from desktop_app.i18n.formatting import day
from desktop_app.i18n.translation import N_, tr_filled, tr_plural


class NoticeCode(TextEnum):
    """The code of a notice, with its sentence. It is stored, so no name ever changes."""

    BACKGROUND_REFUSED = coded(
        N_("{provider} doesn’t support background mode. Keep Repartee open.")
    )
    BEGINNING_SENT = coded(N_("Only the beginning is sent, and tools read the rest: {names}"))
    CALL_IN_TEXT = coded(
        N_("The text contains a tool call that {provider} didn’t pass on, so it didn’t run: {name}")
    )
    CALLS_LEFT_OUT = coded(
        N_("Only the first {limit} searches or calls are kept. {count} more aren’t shown.")
    )
    CALLS_AS_TEXT = coded(
        N_("{provider} refused earlier tool calls as they were, so they were sent as text.")
    )
    COST_AT_LEAST = coded(N_("The price of a part of this response is unknown. It costs more."))
    EFFORT_REPLACED = coded(
        N_("{provider} rejected effort {effort}. It responded with effort {used}.")
    )
    EVENTS_SKIPPED = coded(
        N_("Data from {provider} couldn’t be read and was skipped ({count}). Text may be missing.")
    )
    FILE_MISSING = coded(N_("{provider} doesn’t offer “{name}” for download."))
    FILE_NOT_FETCHED = coded(
        N_("“{name}” couldn’t be fetched from {provider}, where it is deleted soon.")
    )
    FILE_NOT_KEPT = coded(N_("“{name}” wasn’t kept, because the conversation isn’t saved."))
    FILE_TOO_LARGE = coded(N_("“{name}” wasn’t fetched. It exceeds {limit} MB."))
    FILES_AS_TEXT = coded(N_("{provider} received the text of {names}, not the file."))
    FROM_BATCH = coded(N_("From a batch job."))
    GRAMMAR_USED = coded(N_("Grammar: {syntax}"))
    IMAGE_NOT_KEPT = coded(N_("An image in the response wasn’t kept."))
    IMAGES_NOT_SEEN = coded(
        N_("{model} doesn’t support images. It received only the name of {names}.")
    )
    INPUT_CUT = coded(
        N_(
            "{provider} counted only {tokens} input tokens and probably left out part of the "
            "input. Increase the model’s context window or send less."
        )
    )
    INSTANT_RETIRED = coded(
        N_("Instant is no longer available. GPT-5.2 without reasoning responds instead.")
    )
    ITEMS_SKIPPED = coded(N_("{provider} sent content that Repartee can’t show: {kinds}"))
    KINDS_SKIPPED = coded(N_("Unknown data from {provider} was skipped: {kinds}"))
    MAY_BE_STORED = coded(
        N_("{provider} can’t be told not to store conversations, so it may keep this one.")
    )
    MAY_GO_ON = coded(N_("Couldn’t stop the response at {provider}. You may be charged for it."))
    MODEL_ENDS = coded(N_("{model} ends on {day}. Choose another model before then."))
    MODEL_GONE = coded(N_("{provider} shut down {model} on {day}."))
    MODEL_STILL_LISTED = coded(
        N_("{model} was due to end on {day}, but {provider} still lists it.")
    )
    NOT_ALL_SHOWN = coded(
        N_("Only the beginning is shown. Copy and Export include everything that was kept.")
    )
    NOTES_SENT = coded(N_("Notes"))
    READ_IN_PARTS = coded(N_("Read in parts for {cost}."))
    REASONING_LEFT_OUT = coded(
        N_("{provider} couldn’t read the reasoning behind earlier responses, so it was skipped.")
    )
    REPAIRED = coded(N_("Asked again because the previous response didn’t match."))
    SCHEMA_PROBLEM = coded(N_("The response doesn’t match the schema. {path}: {reason}"))
    SCHEMA_USED = coded(N_("Schema: {name}"))
    REVIEW_CORRECTED = coded(N_("Corrected"))
    REVIEW_REJECTED = coded(N_("Rejected"))
    REVIEW_REVIEWED = coded(N_("Reviewed"))
    SETTING_LEFT_OUT = coded(N_("Responded without “{setting}”, which {provider} rejected before."))
    SETTING_LOWERED = coded(
        N_("“{setting}” was lowered to {value}, the most that {model} supports.")
    )
    SETTING_NEEDS_EFFORT = coded(
        N_("“{setting}” wasn’t sent. {model} supports it only with effort {efforts}.")
    )
    SETTING_NOT_IN_API = coded(N_("“{setting}” wasn’t sent. The {api} doesn’t support it."))
    SETTING_NOT_SUPPORTED = coded(N_("“{setting}” wasn’t sent. {model} doesn’t support it."))
    SETTINGS_TRIED = coded(
        N_("{provider} rejected the request at first. It responded without “{settings}”.")
    )
    SETTING_RAISED = coded(
        N_("“{setting}” was raised to {value}, the least that the {api} supports.")
    )
    SEARCH_DOMAINS_REFUSED = coded(
        N_("{provider} doesn’t limit searches to domains, so it searched all of the web.")
    )
    SEARCH_LOCATION_REFUSED = coded(N_("{provider} searched without your location."))
    SETTING_REFUSED = coded(N_("Responded without “{setting}”, which {provider} rejected."))
    STOPPED_UNNAMED = coded(
        N_("Stopped here, but {provider} may finish and charge for the response.")
    )
    STREAM_REFUSED = coded(N_("{provider} doesn’t offer streaming for this account."))
    SUMMARY_REFUSED = coded(N_("{provider} doesn’t offer reasoning summaries for this account."))
    TOOLS_MISSING = coded(N_("These tools weren’t available: {names}."))
    TOOLS_REFUSED = coded(
        N_("Responded without tools, which {provider} rejected. It says: {words}")
    )


_WITH_NOTE: Final = {
    NoticeCode.REVIEW_CORRECTED: N_("Corrected: {note}"),
    NoticeCode.REVIEW_REJECTED: N_("Rejected: {note}"),
    NoticeCode.REVIEW_REVIEWED: N_("Reviewed: {note}"),
}
_EDITED: Final = N_("Edited by you")
_EDITED_WITH_NOTE: Final = N_("Edited by you: {note}")


class AnswerNotice(Value, frozen=True):
    """A notice, with the values for its sentence.

    Attributes:
        code: its code, or the message of an error that it repeats.
    """

    code: NoticeCode | str
    params: tuple[tuple[str, Param], ...] = ()

    def __str__(self) -> str:
        params = dict(self.params)
        if not isinstance(self.code, NoticeCode):
            return sentence(self.code, params)
        text = self.code.text
        if self.code is NoticeCode.NOTES_SENT:
            return tr_plural("{count} note", "{count} notes", len(note_ids(self)))
        if self.code in _WITH_NOTE:
            is_edited = bool(params.get("original"))  # see `Review.original`
            if params.get("note"):
                text = _EDITED_WITH_NOTE if is_edited else _WITH_NOTE[self.code]
            elif is_edited:
                text = _EDITED
        return tr_filled(text, _with_local_day(params))


def _with_local_day(params: dict[str, Param]) -> dict[str, Param]:
    """Return the values with `day`, such as 2026-08-10, in the form of the user's locale."""
    with suppress(KeyError, TypeError, ValueError):  # an imported notice may have another text
        return {**params, "day": day(date.fromisoformat(params["day"]))}  # type: ignore[arg-type]
    return params


NoticeText = AnswerNotice | str


def notice(code: NoticeCode, **params: str) -> AnswerNotice:
    """Return a notice with the values for its sentence."""
    return AnswerNotice(code, tuple(params.items()))


def is_detail(text: NoticeText) -> bool:
    """Return True if a notice is one of the answer's details: nothing that the user lacks."""
    details = (NoticeCode.KINDS_SKIPPED, NoticeCode.NOTES_SENT)
    return isinstance(text, AnswerNotice) and text.code in details


def is_of_schema(text: NoticeText) -> bool:
    """Return True if a notice names the schema of the answer."""
    return isinstance(text, AnswerNotice) and text.code is NoticeCode.SCHEMA_USED


def note_ids(text: NoticeText) -> list[str]:
    """Return the ids of the notes that an answer was made with, if the notice names them."""
    if not isinstance(text, AnswerNotice) or text.code is not NoticeCode.NOTES_SENT:
        return []
    return str(dict(text.params).get("ids", "")).split()


def notice_to_json(value: NoticeText) -> object:
    if isinstance(value, str):
        return value
    name = "code" if isinstance(value.code, NoticeCode) else "message"
    return {name: str(value.code), "params": dict(value.params)}


def notice_from_json(value: object) -> NoticeText:
    """Return the notice in `value`.

    Raises:
        LookupError, TypeError, ValueError: it is not a notice.
    """
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        raise TypeError("a notice is neither a text nor an object")
    code = NoticeCode(value["code"]) if "code" in value else value["message"]
    if not isinstance(code, str):
        raise TypeError("the message of a notice is not a text")
    answer_notice = AnswerNotice(code, tuple(dict(value["params"]).items()))
    if not all(isinstance(value, str | int) for _, value in answer_notice.params):
        raise TypeError("parameters of a notice are neither texts nor numbers")
    str(answer_notice)  # raises if a parameter is missing
    return answer_notice
