"""Checks an answer: its text, or its JSON against a schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from desktop_app.domain.evaluation.case_error import CaseError, error_at
from desktop_app.domain.evaluation.evaluation_case import (
    Check,
    CheckKind,
    EvaluationCase,
    is_passed,
    json_of,
)
from desktop_app.domain.evaluation.failed_check import FailedCheck, FailureReason
from desktop_app.i18n.translation import N_, tr


class PatternSearch(Protocol):
    """Searches a text with a regular expression, for a limited time."""

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return {"found": bool} or {"error": str}; None if it took too long."""


def failure_of(check: Check, answer: str, patterns: PatternSearch) -> FailedCheck | None:
    """Return why an answer fails a check that needs no judge; None if it passes."""
    failure = _failure_of_comparison(check, answer, patterns)
    if check.is_negated and (failure is None or failure.reason.is_decided):
        return FailedCheck.of(check) if failure is None else None
    return failure


def _failure_of_comparison(
    check: Check, answer: str, patterns: PatternSearch
) -> FailedCheck | None:
    """Return why the comparison of a check fails, as if it were not negated."""
    if check.kind is CheckKind.REGEX:
        said = patterns.ask({"pattern": check.value, "text": answer})
        if said is None:
            return FailedCheck.of(check, FailureReason.TOO_SLOW)
        if "found" not in said:
            return FailedCheck.of(check, FailureReason.UNUSABLE_PATTERN, str(said.get("error")))
        return None if said["found"] is True else FailedCheck.of(check)
    if check.kind is not CheckKind.SCHEMA:
        return None if is_passed(check, answer) else FailedCheck.of(check)
    # Takes 60 ms, and few cases need it.
    from jsonschema import Draft202012Validator, SchemaError, ValidationError
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    try:
        value = json_of(answer)
    except (ValueError, RecursionError):
        return FailedCheck.of(check, FailureReason.NOT_JSON)
    try:
        Draft202012Validator.check_schema(check.value)
        # With a registry of its own, a schema's references are never fetched.
        Draft202012Validator(check.value, registry=Registry()).validate(value)
    except ValidationError as error:
        return FailedCheck.of(check, words=error.message)
    except (SchemaError, Unresolvable, RecursionError) as error:
        return FailedCheck.of(check, FailureReason.UNUSABLE_SCHEMA, str(error))
    return None


def require_schemas(cases: Iterable[EvaluationCase]) -> None:
    """Refuse cases with a schema that no answer could be checked with.

    Raises:
        CaseError: names the case and the reason.
    """
    schemas = [
        (case, check.value)
        for case in cases
        for check in case.checks
        if check.kind is CheckKind.SCHEMA
    ]
    if not schemas:
        return
    from jsonschema import Draft202012Validator, SchemaError

    for case, schema in schemas:
        try:
            Draft202012Validator.check_schema(schema)
        except (SchemaError, RecursionError) as error:
            why = str(getattr(error, "message", error))
            wrong = CaseError(N_("the schema can’t be used: {why}"), why=why)
            raise error_at(tr("case {number}", number=case.id), wrong) from error
