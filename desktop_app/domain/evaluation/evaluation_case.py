"""The cases of an evaluation, and the checks of their answers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import Any, Final

from desktop_app.domain.answering.generation import Examples
from desktop_app.domain.evaluation.case_error import CaseError, CaseFault

# Digits of a name, as in "v2" or "GPT-4", are not a number.
_NUMBER: Final = re.compile(
    r"(?<![\w.])(?<![A-Za-z][-+])[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w])"
)
_FENCED: Final = re.compile(r"\A\s*```[\w-]*\n(.*)\n```\s*\Z", re.DOTALL)


class CheckKind(StrEnum):
    """The kind of comparison that a check makes."""

    CONTAINS = "contains"
    REGEX = "regex"
    EQUALS = "equals"
    NUMBER = "number"
    SCHEMA = "schema"
    RUBRIC = "rubric"
    CONTAINS_ANY = "contains_any"
    STARTS_WITH_ANY = "starts_with_any"


_KINDS_WITH_TEXTS: Final = (CheckKind.CONTAINS_ANY, CheckKind.STARTS_WITH_ANY)


@dataclass(frozen=True)
class Check:
    """A check of an answer.

    Attributes:
        value: a text; for `number` a number, for `schema` a JSON schema, for `…_any` texts.
        within: the tolerance of `number`.
        ignores_case: whether `contains` and `contains_any` ignore case.
        is_negated: True if an answer passes when the comparison fails; never for `rubric`.
    """

    kind: CheckKind
    value: Any
    within: float = 0.0
    ignores_case: bool = False
    is_negated: bool = False


@dataclass(frozen=True)
class EvaluationCase:
    """A question with checks of its answer.

    Attributes:
        files: the paths of the attached files.
        instructions, examples: the case's own. Without them (None and ()), those of the evaluation
            apply.
    """

    id: str
    input: str
    files: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    instructions: str | None = None
    examples: Examples = ()


def check_from_json(row: object) -> Check:
    """Return the check in `row`, such as `{"contains": "text"}`.

    Raises:
        CaseError: `row` is not a check.
    """
    if not isinstance(row, Mapping):
        raise CaseError(CaseFault.CHECK_NOT_AN_OBJECT)
    kinds_and_values = dict(row)
    within = kinds_and_values.pop("within", 0.0)
    ignores_case = kinds_and_values.pop("ignore_case", False)
    is_negated = kinds_and_values.pop("not", False)
    if len(kinds_and_values) != 1:
        kinds = ", ".join(map(str, kinds_and_values))
        if not kinds:
            raise CaseError(CaseFault.CHECK_WITHOUT_KIND)
        raise CaseError(CaseFault.CHECK_WITH_SEVERAL_KINDS, kinds=kinds)
    name, value = next(iter(kinds_and_values.items()))
    try:
        kind = CheckKind(name)
    except ValueError:
        raise CaseError(CaseFault.UNKNOWN_CHECK, name=name) from None
    if not _is_number(within) or within < 0 or not isinstance(ignores_case, bool):
        raise CaseError(CaseFault.CHECK_OPTION_WRONG)
    if not isinstance(is_negated, bool) or (is_negated and kind is CheckKind.RUBRIC):
        raise CaseError(CaseFault.NEGATION_WRONG)
    _require_value(kind, value)
    return Check(
        kind, value, within=float(within), ignores_case=ignores_case, is_negated=is_negated
    )


def _require_value(kind: CheckKind, value: object) -> None:
    if kind is CheckKind.NUMBER:
        fits = _is_number(value)
    elif kind is CheckKind.SCHEMA:
        fits = isinstance(value, dict | bool)
    elif kind in _KINDS_WITH_TEXTS:
        fits = isinstance(value, list) and all(isinstance(text, str) for text in value)
    else:
        fits = isinstance(value, str)
    if not fits:
        raise CaseError(CaseFault.CHECK_VALUE_WRONG, name=kind.value)
    if kind is CheckKind.REGEX:
        try:
            re.compile(str(value))
        except (re.error, OverflowError, RecursionError) as error:
            raise CaseError(CaseFault.PATTERN_INVALID, value=str(value), why=str(error)) from error


def _is_number(value: object) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return isfinite(value)
    except OverflowError:  # an integer beyond the range of floats
        return False


def matches_text(check: Check, answer: str) -> bool:
    """Return True if the comparison of a check succeeds, as if it were not negated.

    A `number` check succeeds if any number in the answer is within the tolerance.

    Raises:
        ValueError: the check is a schema, a rubric or a regular expression.
    """
    match check.kind:
        case CheckKind.CONTAINS:
            return _contains(answer, check.value, check.ignores_case)
        case CheckKind.CONTAINS_ANY:
            return any(_contains(answer, text, check.ignores_case) for text in check.value)
        case CheckKind.STARTS_WITH_ANY:
            return answer.lstrip().startswith(tuple(text.lstrip() for text in check.value))
        case CheckKind.EQUALS:
            return answer.strip() == str(check.value).strip()
        case CheckKind.NUMBER:
            # The last term allows for the rounding of floats.
            return any(
                abs(number - check.value) <= check.within + 1e-12 * abs(check.value)
                for number in numbers_in(answer)
            )
    raise ValueError(f"{check.kind} is not a comparison of texts or numbers")


def _contains(answer: str, text: str, ignores_case: bool) -> bool:
    return text.casefold() in answer.casefold() if ignores_case else text in answer


def numbers_in(text: str) -> list[float]:
    """Return the numbers in a text. Commas group digits.

    >>> numbers_in("1,234.5 of −3 and 2e3, not v2")
    [1234.5, -3.0, 2000.0]
    """
    plain = text.replace("−", "-")
    return [float(match[0].replace(",", "")) for match in _NUMBER.finditer(plain)]


def json_of(answer: str) -> Any:
    """Return the JSON value of an answer, with or without a code fence.

    Raises:
        ValueError, RecursionError: it is not JSON, or it is nested too deeply.
    """
    fenced = _FENCED.match(answer)
    return json.loads(fenced[1] if fenced else answer)
