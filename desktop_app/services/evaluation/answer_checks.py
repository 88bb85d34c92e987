"""Checks an answer: its text, or its JSON against a schema."""

from __future__ import annotations

from desktop_app.domain.evaluation.evaluation_case import Check, CheckKind, json_of, passes


def failure_of(check: Check, answer: str) -> str:
    """Return why an answer fails a check that needs no judge; "" if it passes."""
    if check.kind is not CheckKind.SCHEMA:
        return "" if passes(check, answer) else check.label
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
