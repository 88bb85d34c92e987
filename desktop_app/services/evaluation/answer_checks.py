"""Checks answers: their text, or their JSON against a schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from desktop_app.domain.evaluation.case_error import (
    CaseError,
    CaseFault,
    CasePlace,
    PlaceKind,
    located_error,
)
from desktop_app.domain.evaluation.evaluation_case import (
    Check,
    CheckKind,
    EvaluationCase,
    json_of,
    matches_text,
)
from desktop_app.domain.evaluation.failed_check import FailedCheck, FailureReason
from desktop_app.services.structured.schema_check import (
    UnusableSchemaError,
    require_schema,
    schema_problems,
)


class PatternSearch(Protocol):
    """Search of a text with a regular expression, for a limited time."""

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return {"found": bool} or {"error": str}; None if it took too long."""


def failure_of(check: Check, answer: str, patterns: PatternSearch) -> FailedCheck | None:
    """Return why an answer fails a check that needs no judge; None if it passes."""
    failure = _failure_of_comparison(check, answer, patterns)
    # Negation turns success and mismatch around. A check that cannot be made fails either way.
    if check.is_negated and (failure is None or failure.reason.is_mismatch):
        return FailedCheck.from_check(check) if failure is None else None
    return failure


def _failure_of_comparison(
    check: Check, answer: str, patterns: PatternSearch
) -> FailedCheck | None:
    """Return why the comparison of a check fails, ignoring negation; None if it succeeds."""
    if check.kind is CheckKind.REGEX:
        reply = patterns.ask({"pattern": check.value, "text": answer})
        if reply is None:
            return FailedCheck.from_check(check, FailureReason.TOO_SLOW)
        if "found" not in reply:
            return FailedCheck.from_check(
                check, FailureReason.UNUSABLE_PATTERN, str(reply.get("error"))
            )
        return None if reply["found"] is True else FailedCheck.from_check(check)
    if check.kind is not CheckKind.SCHEMA:
        return None if matches_text(check, answer) else FailedCheck.from_check(check)
    try:
        value = json_of(answer)
    except (ValueError, RecursionError):
        return FailedCheck.from_check(check, FailureReason.NOT_JSON)
    try:
        problems = schema_problems(_object_schema(check.value), value)
    except UnusableSchemaError as error:
        return FailedCheck.from_check(check, FailureReason.UNUSABLE_SCHEMA, str(error))
    return FailedCheck.from_check(check, explanation=problems[0].reason) if problems else None


def require_schemas(cases: Iterable[EvaluationCase]) -> None:
    """Raise CaseError if the schema of a check is invalid."""
    for case in cases:
        for schema in (check.value for check in case.checks if check.kind is CheckKind.SCHEMA):
            try:
                _object_schema(schema)
            except UnusableSchemaError as error:
                case_error = CaseError(CaseFault.SCHEMA_UNUSABLE, why=str(error))
                raise located_error(CasePlace(PlaceKind.CASE, case.id), case_error) from error


def _object_schema(schema: object) -> Mapping[str, Any]:
    """Return a valid schema as an object; `true` allows any value, `false` none."""
    if isinstance(schema, bool):
        return {} if schema else {"not": {}}
    return require_schema(schema)
