"""Checks schemas, and checks values and answers against them (JSON Schema).

Without "$schema", a schema is one of draft 2020-12.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.domain.value import Value
from desktop_app.i18n.translation import N_

if TYPE_CHECKING:
    import jsonschema_rs

_MAX_PROBLEMS: Final = 5
_MAX_REASON_CHARS: Final = 300
_MAX_STEPS: Final = 100_000
"""Steps of a check that follows every reference. Forty definitions that each refer to the next one
twice would keep the program busy for days, and nothing can interrupt the library."""
_BACKTRACK_LIMIT: Final = 100_000
"""The library matches in linear time, except for lookaround, which is given up after this."""
_MAX_NUMBER_CHARS: Final = 30
# Small models put JSON into a fence, and some servers leave the reasoning in the text.
_WRAPPED: Final = lazy_pattern(
    r"\s*(?:<(think|thinking|reasoning)>.*?</\1>\s*)?"
    r"(?:```(?:json)?[ \t]*\n(?P<fenced>.*)\n?```|(?P<plain>[{\[].*[}\]]))\s*",
    re.DOTALL | re.IGNORECASE,
)


class FormFault(StrEnum):
    """A fault of a schema or grammar: a text that follows a colon in a sentence."""

    TOO_LONG = N_("it is too long")
    TOO_DEEP = N_("it is nested too deeply")
    TOO_SLOW = N_("it takes too long to check")
    NOT_AN_OBJECT = N_("it is not a JSON object")


class UnusableSchemaError(UserFacingError):
    """A schema that nothing can be checked against.

    Its message is a `FormFault`, or the words of the library.
    """

    code = "unusable_schema"


class UnusablePatternError(UnusableSchemaError):
    """A schema with a regular expression that the library does not know."""


class SchemaProblem(Value, frozen=True):
    """A place where a value does not match: a JSON path, and the reason in English."""

    path: str
    reason: str


class CheckedAnswer(Value, frozen=True):
    """The value of an answer, and the result of its check.

    Attributes:
        value: None if the answer does not match the schema. JSON's null is None, too.
        problems: the reasons why it does not match; () if it does.
    """

    value: Any = None
    problems: tuple[SchemaProblem, ...] = ()


def require_schema(schema: object) -> Mapping[str, Any]:
    """Return a valid schema. Raises UnusableSchemaError."""
    if not isinstance(schema, dict):
        raise UnusableSchemaError(FormFault.NOT_AN_OBJECT)
    _compile(schema)
    return schema


def schema_problems(schema: Mapping[str, Any] | bool, value: Any) -> tuple[SchemaProblem, ...]:
    """Return up to _MAX_PROBLEMS reasons why a value does not match; () if it does.

    Raises:
        UnusableSchemaError: nothing can be checked against the schema.
    """
    errors = islice(_compile(schema).iter_errors(value), _MAX_PROBLEMS)
    try:
        return tuple(
            SchemaProblem(_json_path(error.instance_path), error.message[:_MAX_REASON_CHARS])
            for error in errors
        )
    except ValueError as error:  # the value is nested too deeply for the library
        return (SchemaProblem("$", str(error)[:_MAX_REASON_CHARS]),)


def _compile(schema: Mapping[str, Any] | bool) -> jsonschema_rs.Validator:
    import jsonschema_rs

    options = jsonschema_rs.FancyRegexOptions(backtrack_limit=_BACKTRACK_LIMIT)
    try:
        validator = jsonschema_rs.validator_for(
            dict(schema) if isinstance(schema, Mapping) else schema,
            pattern_options=options,
            retriever=_refuse_to_fetch,
        )
        steps = _count_steps(schema, schema, {})
    except jsonschema_rs.ValidationError as error:
        reason = f"{_json_path(error.instance_path)}: {error.message[:_MAX_REASON_CHARS]}"
        is_pattern = error.message.endswith('is not a "regex"')
        raise (UnusablePatternError if is_pattern else UnusableSchemaError)(reason) from error
    except ValueError as error:
        raise UnusableSchemaError(str(error)[:_MAX_REASON_CHARS]) from error
    except RecursionError as error:
        raise UnusableSchemaError(FormFault.TOO_DEEP) from error
    if steps > _MAX_STEPS:
        raise UnusableSchemaError(FormFault.TOO_SLOW)
    return validator


def _refuse_to_fetch(uri: str) -> Any:
    raise ValueError(f"{uri[:_MAX_REASON_CHARS]} is outside the schema")


def _count_steps(part: Any, root: Any, counts: dict[str, int]) -> int:
    """Return the parts of a schema, counted again at every reference to them.

    Args:
        counts: of the targets of references. One that refers to itself counts once: how often it
            is checked depends on the value.
    """
    if isinstance(part, list):
        return sum(_count_steps(element, root, counts) for element in part)
    if not isinstance(part, Mapping):
        return 0
    steps = 1 + sum(
        _count_steps(member, root, counts) for key, member in part.items() if key != "$defs"
    )
    reference = part.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/"):
        if reference not in counts:
            counts[reference] = 0
            counts[reference] = _count_steps(_target(root, reference), root, counts)
        steps += counts[reference]
    return steps


def _target(root: Any, reference: str) -> Any:
    target = root
    for word in reference.removeprefix("#/").split("/"):
        name = word.replace("~1", "/").replace("~0", "~")
        target = target.get(name) if isinstance(target, Mapping) else None
    return target


def _json_path(path: Iterator[str | int] | list[str | int]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


def check_answer(schema: Mapping[str, Any], text: str) -> CheckedAnswer:
    """Check an answer against a valid schema. Takes a while: call it in a thread."""
    try:
        value = decode(json_of_answer(text))
    except RecursionError:
        return CheckedAnswer(None, (SchemaProblem("$", "not valid JSON: nested too deeply"),))
    except ValueError as error:
        return CheckedAnswer(None, (SchemaProblem("$", f"not valid JSON: {error}"),))
    try:
        problems = schema_problems(schema, value)
    except UnusableSchemaError as error:
        problems = (SchemaProblem("$", f"the schema cannot be used: {error}"),)
    return CheckedAnswer(None if problems else value, problems)


def json_of_answer(text: str) -> str:
    """Return the JSON of an answer that is in a fence or behind reasoning, else the text.

    >>> json_of_answer('<think>An object?</think>\\n```json\\n{"a": 1}\\n```')
    '{"a": 1}'
    """
    wrapped = _WRAPPED.fullmatch(text)
    return wrapped["fenced"] or wrapped["plain"] if wrapped else text


def decode(text: str) -> Any:
    """Return the value of a JSON text.

    Raises:
        ValueError: it is not JSON, or has a number that is too large.
        RecursionError: it is nested too deeply.
    """
    return json.loads(text, parse_constant=_refuse_constant, parse_float=_parse_finite)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _parse_finite(text: str) -> float:
    if math.isinf(value := float(text)):
        raise ValueError(f"{text[:_MAX_NUMBER_CHARS]} is too large")
    return value
