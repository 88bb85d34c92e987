"""Checks schemas, and values and answers against them (JSON Schema, draft 2020-12)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_MOST_PROBLEMS: Final = 5
_LONGEST_REASON: Final = 300


class UnusableSchemaError(Exception):
    """A schema that nothing can be checked against, with the reason in English."""


@dataclass(frozen=True)
class SchemaProblem:
    """A place where a value does not match: a JSON path, and the reason in English."""

    path: str
    reason: str


@dataclass(frozen=True)
class CheckedAnswer:
    """An answer's value, None if it does not match; the problems say why."""

    value: Any = None
    problems: tuple[SchemaProblem, ...] = ()


def require_schema(schema: object) -> Mapping[str, Any]:
    """Return a valid schema. Raises UnusableSchemaError."""
    # Takes 60 ms, and most answers need none.
    from jsonschema import Draft202012Validator, SchemaError
    from jsonschema.exceptions import best_match

    if not isinstance(schema, dict):
        raise UnusableSchemaError("it is not a JSON object")
    try:
        found = best_match(
            Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema)
        )
    except (SchemaError, RecursionError) as error:
        raise UnusableSchemaError(type(error).__name__) from error
    if found is not None:
        raise UnusableSchemaError(f"{found.json_path}: {found.message[:_LONGEST_REASON]}")
    schema_problems(schema, None)  # finds references that lead nowhere
    return schema


def schema_problems(schema: Mapping[str, Any], value: Any) -> tuple[SchemaProblem, ...]:
    """Return why a value does not match; () if it does. Raises UnusableSchemaError."""
    from jsonschema import Draft202012Validator, SchemaError
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    # An empty registry: a reference to an address must not be fetched.
    validator = Draft202012Validator(schema, registry=Registry())
    problems: list[SchemaProblem] = []
    try:
        for error in validator.iter_errors(value):
            problems.append(SchemaProblem(error.json_path, error.message[:_LONGEST_REASON]))
            if len(problems) == _MOST_PROBLEMS:
                break
    except (SchemaError, Unresolvable, RecursionError, TypeError, ValueError) as error:
        raise UnusableSchemaError(type(error).__name__) from error
    return tuple(problems)


def check_answer(schema: Mapping[str, Any], text: str) -> CheckedAnswer:
    """Check an answer against a valid schema. Takes a while: call it in a thread."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        return CheckedAnswer(None, (SchemaProblem("$", f"not valid JSON: {error}"),))
    try:
        problems = schema_problems(schema, value)
    except UnusableSchemaError as error:
        problems = (SchemaProblem("$", f"the schema cannot be used: {error}"),)
    return CheckedAnswer(None if problems else value, problems)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
