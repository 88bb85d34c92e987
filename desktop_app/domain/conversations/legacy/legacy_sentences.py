"""Converts sentences that earlier versions stored and exported to codes.

The sentences are in `legacy_sentences.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from desktop_app.domain.conversations.notices import NoticeCode, NoticeText, notice
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import Param
from desktop_app.domain.remedy import Remedy
from desktop_app.domain.spending.cost import UsageScope

_MAX_NOTICE_CHARS: Final = 1000
_MAX_ERROR_CHARS: Final = 1000
_SENTENCE_END: Final = re.compile(r"(?<=[.…]) ")
_COST_WITH_FIRST: Final = "Its tokens and cost are counted with the first version's."
_COST_OF_ALL: Final = "Tokens and cost are for all "

LEGACY: Final = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
_REMEDIES: Final = {Remedy(code): sentence for code, sentence in LEGACY["remedies"].items()}
_REMEDY_OF: Final = {sentence: remedy for remedy, sentence in _REMEDIES.items()}


def legacy_usage_scope(notices: Iterable[object]) -> UsageScope:
    """Return the usage scope of an answer with these notices."""
    for sentence in notices:
        if sentence == _COST_WITH_FIRST:
            return UsageScope.FIRST
        if isinstance(sentence, str) and sentence.startswith(_COST_OF_ALL):
            return UsageScope.ALL
    return UsageScope.OWN


def legacy_error_code(kind: str) -> str:
    """Return the code of an error that was stored with the name of its class; "" if unknown."""
    return str(LEGACY["classes"].get(kind, ""))


def legacy_error(note: ErrorNote) -> ErrorNote:
    """Return an error with codes instead of sentences; a sentence without a code stays."""
    remedy = note.remedy
    if isinstance(remedy, str):
        remedy = _REMEDY_OF.get(remedy, remedy)
    note = replace(note, remedy=remedy)
    if isinstance(note.reason, Reason) or len(note.reason) > _MAX_ERROR_CHARS:
        return note
    for reason, patterns in _error_patterns():
        if match := next(filter(None, (p.fullmatch(note.reason) for p in patterns)), None):
            params = {**match.groupdict(), **note.params}
            own_remedy = _own_remedy(remedy, _usual_remedy(reason), params)
            return replace(note, reason=reason, remedy=own_remedy, params=params)
    return note


def _usual_remedy(reason: Reason) -> Remedy | str:
    remedy_code: str = LEGACY["usual_remedy"].get(reason, "")
    return Remedy(remedy_code) if remedy_code in LEGACY["remedies"] else remedy_code


def _own_remedy(
    remedy: Remedy | str, usual_remedy: Remedy | str, params: Mapping[str, Param]
) -> Remedy | str:
    """Return the remedy of an error: "" for the usual one of its reason, NONE if it has none.

    If neither the error nor its reason has a remedy, return "".
    """
    if not remedy:
        return Remedy.NONE if usual_remedy else ""
    template = _REMEDIES.get(usual_remedy, "") if isinstance(usual_remedy, Remedy) else usual_remedy
    is_usual = remedy == usual_remedy or remedy == template.format_map(_KnownParams(params))
    return "" if is_usual else remedy


class _KnownParams(dict[str, Param]):
    """Parameters of a template. An unknown one becomes "{}", which matches no stored remedy."""

    def __missing__(self, name: str) -> str:
        return "{}"


def legacy_text_error(text: str) -> ErrorNote:
    """Return the error of a text with up to three sentences, which were stored in one column.

    The sentences say what happened, what was kept and what to do. The last two are optional.
    """
    sentences = _SENTENCE_END.split(text) if len(text) <= _MAX_ERROR_CHARS else [text]
    for count in range(1, len(sentences) + 1):
        note = legacy_error(ErrorNote(" ".join(sentences[:count])))
        if isinstance(note.reason, Reason):
            with_remedy = _with_remedy(note, note.reason, " ".join(sentences[count:]))
            if with_remedy is not None:
                return with_remedy
    return ErrorNote(text)


def _with_remedy(note: ErrorNote, reason: Reason, other_text: str) -> ErrorNote | None:
    """Return the error with the remedy in `other_text`; None if that remedy is unknown.

    `other_text` is the text after what happened; it may begin with what was kept.
    """
    for sentence in LEGACY["kept"]:
        if other_text == sentence or other_text.startswith(f"{sentence} "):
            other_text = other_text[len(sentence) + 1 :]
            break
    remedy: Remedy | str = note.remedy
    if other_text:
        remedy = _own_remedy(
            _REMEDY_OF.get(other_text, other_text), _usual_remedy(reason), note.params
        )
        if isinstance(remedy, str) and remedy:
            return None
    return replace(note, remedy=remedy)


def legacy_notice(sentence: str) -> NoticeText:
    """Return the notice of a sentence, or the sentence if it has no code."""
    # Matching takes the square of the length, and a foreign file may contain any sentence.
    if len(sentence) > _MAX_NOTICE_CHARS:
        return sentence
    for code, pattern in _notice_patterns():
        if match := pattern.fullmatch(sentence):
            return notice(code, **match.groupdict())
    return sentence


@cache
def _error_patterns() -> list[tuple[Reason, tuple[re.Pattern[str], ...]]]:
    detailed_sentences = LEGACY["fuller"]
    return [
        (
            Reason(code),
            tuple(map(_compile_template, filter(None, (detailed_sentences.get(code), sentence)))),
        )
        for code, sentence in LEGACY["errors"].items()
    ]


@cache
def _notice_patterns() -> list[tuple[NoticeCode, re.Pattern[str]]]:
    return [
        (NoticeCode(code), _compile_template(template))
        for code, template in LEGACY["notices"].items()
    ]


def _compile_template(template: str) -> re.Pattern[str]:
    names = re.compile(r"\{(\w+)\}")
    pieces = names.split(template)
    patterns = (f"(?P<{piece}>.+)" if n % 2 else re.escape(piece) for n, piece in enumerate(pieces))
    return re.compile("".join(patterns), re.DOTALL)
