"""Checks an answer: its text, or its JSON against a schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from desktop_app.domain.evaluation.case_error import CaseError, error_at
from desktop_app.domain.evaluation.evaluation_case import (
    Check,
    CheckKind,
    EvaluationCase,
    is_passed,
    json_of,
)
from desktop_app.i18n.translation import N_, tr


class PatternSearch(Protocol):
    """Searches a text with a regular expression, for a limited time."""

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return {"found": bool} or {"error": str}; None if it took too long."""


def failure_of(check: Check, answer: str, patterns: PatternSearch) -> str:
    """Return why an answer fails a check that needs no judge; "" if it passes."""
    if check.is_negated:
        plain = replace(check, is_negated=False)
        why = failure_of(plain, answer, patterns)
        if not why:
            return check.label
        # A search that was too slow has decided nothing.
        is_undecided = plain.kind is CheckKind.REGEX and why != plain.label
        return why.replace(plain.label, check.label, 1) if is_undecided else ""
    if check.kind is CheckKind.REGEX:
        said = patterns.ask({"pattern": check.value, "text": answer})
        if said is None or "found" not in said:
            return f"{check.label} ({'too slow' if said is None else said.get('error')})"
        return "" if said["found"] is True else check.label
    if check.kind is not CheckKind.SCHEMA:
        return "" if is_passed(check, answer) else check.label
    # Takes 60 ms, and few cases need it.
    from jsonschema import Draft202012Validator, SchemaError, ValidationError
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    try:
        value = json_of(answer)
    except (ValueError, RecursionError):
        return f"{check.label} (not JSON)"
    try:
        Draft202012Validator.check_schema(check.value)
        # With a registry of its own, a schema's references are never fetched.
        Draft202012Validator(check.value, registry=Registry()).validate(value)
    except ValidationError as error:
        return f"{check.label} ({error.message})"
    except (SchemaError, Unresolvable, RecursionError) as error:
        return f"{check.label} (unusable schema: {error})"
    return ""


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
