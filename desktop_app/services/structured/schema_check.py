"""Checks schemas, and checks values and answers against them (JSON Schema, draft 2020-12)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, DecimalException
from typing import TYPE_CHECKING, Any, Final

from desktop_app.domain.errors import UserFacingError
from desktop_app.services.structured.form_fault import FormFault
from desktop_app.services.structured.stepped_json import decode

if TYPE_CHECKING:
    from jsonschema import ValidationError

_MAX_PROBLEMS: Final = 5
_MAX_REASON_CHARS: Final = 300
_MAX_DIGITS: Final = 700
"""Enough for the quotient of the largest and the smallest float, so that a remainder is exact."""
# Errors of the validator, for example if a reference leads to something that is not a schema.
_NO_SCHEMA_ERRORS: Final = (AttributeError, TypeError, ValueError, OverflowError, re.error)


class UnusableSchemaError(UserFacingError):
    """A schema that nothing can be checked against.

    Its reason is a `FormFault`, or the words of a library.
    """

    code = "unusable_schema"


@dataclass(frozen=True)
class SchemaProblem:
    """A place where a value does not match: a JSON path, and the reason in English."""

    path: str
    reason: str


@dataclass(frozen=True)
class CheckedAnswer:
    """The value of an answer, and the result of its check.

    Attributes:
        value: None if the answer does not match the schema. JSON's null is None, too.
        problems: the reasons why it does not match; () if it does.
    """

    value: Any = None
    problems: tuple[SchemaProblem, ...] = ()


def require_schema(schema: object) -> Mapping[str, Any]:
    """Return a valid schema. Raises UnusableSchemaError."""
    # This import takes 60 ms, and most answers need no schema.
    from jsonschema import Draft202012Validator, SchemaError
    from jsonschema.exceptions import best_match

    from desktop_app.services.structured.schema_patterns import pattern_checker

    if not isinstance(schema, dict):
        raise UnusableSchemaError(FormFault.NOT_AN_OBJECT)
    # Without the format checker, an unusable regular expression would be noticed only when an
    # answer is checked.
    validator = Draft202012Validator(
        Draft202012Validator.META_SCHEMA, format_checker=pattern_checker()
    )
    try:
        found = best_match(validator.iter_errors(schema))
    except RecursionError as error:
        raise UnusableSchemaError(FormFault.ENDLESS) from error
    except (SchemaError, OverflowError) as error:
        raise UnusableSchemaError(type(error).__name__) from error
    if found is not None:
        raise UnusableSchemaError(f"{found.json_path}: {found.message[:_MAX_REASON_CHARS]}")
    _require_references(schema)
    schema_problems(schema, None)  # finds references that go in circles
    return schema


def _require_references(schema: Mapping[str, Any]) -> None:
    """Raise UnusableSchemaError if a reference leads nowhere.

    The check of an answer might not notice: it follows only the references that it needs.
    """
    from jsonschema.validators import SPECIFICATIONS
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    reference = ""
    try:
        root = DRAFT202012.create_resource(schema)
        waiting = [(root, SPECIFICATIONS.resolver_with_root(root))]
        while waiting:
            resource, resolver = waiting.pop()
            if isinstance(resource.contents, Mapping):
                for key in ("$ref", "$dynamicRef"):
                    if key in resource.contents:
                        reference = resource.contents[key]
                        resolver.lookup(reference)
            inner = resource.subresources()
            waiting += [(each, resolver.in_subresource(each)) for each in inner]
    # ValueError: a malformed address, or a word as the index of a list.
    except (Unresolvable, ValueError) as error:
        raise _leads_nowhere(reference) from error


def _leads_nowhere(reference: str) -> UnusableSchemaError:
    shown = reference[:_MAX_REASON_CHARS]
    return UnusableSchemaError(FormFault.LEADS_NOWHERE, reference=shown)


def schema_problems(schema: Mapping[str, Any] | bool, value: Any) -> tuple[SchemaProblem, ...]:
    """Return up to _MAX_PROBLEMS reasons why a value does not match; () if it does.

    Raises UnusableSchemaError.
    """
    from jsonschema import Draft202012Validator, SchemaError, validators
    from jsonschema.exceptions import UnknownType
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    from desktop_app.services.structured.schema_patterns import PATTERN_KEYWORDS

    # An empty registry: a reference to an address must not be fetched.
    own = {"multipleOf": _multiple_of, **PATTERN_KEYWORDS}
    kind = validators.extend(Draft202012Validator, own)
    validator = kind(schema, registry=Registry())
    problems: list[SchemaProblem] = []
    try:
        for error in validator.iter_errors(value):
            problems.append(SchemaProblem(error.json_path, error.message[:_MAX_REASON_CHARS]))
            if len(problems) == _MAX_PROBLEMS:
                break
    except Unresolvable as error:
        raise _leads_nowhere(error.ref) from error
    except RecursionError as error:
        raise UnusableSchemaError(FormFault.ENDLESS) from error
    except (SchemaError, UnknownType, *_NO_SCHEMA_ERRORS) as error:
        raise UnusableSchemaError(type(error).__name__) from error
    return tuple(problems)


def _multiple_of(
    validator: Any, divisor: Any, value: Any, _schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """Check multiples by decimal digits: as binary fractions, 0.07 is not a multiple of 0.01."""
    from jsonschema import ValidationError

    if not validator.is_type(value, "number"):
        return
    rest: int | Decimal
    try:
        if isinstance(value, int) and isinstance(divisor, int):  # of any number of digits
            rest = value % divisor
        else:
            rest = Context(prec=_MAX_DIGITS).remainder(Decimal(repr(value)), Decimal(repr(divisor)))
    except (DecimalException, ZeroDivisionError):  # DecimalException: also of an infinite value
        rest = 1
    if rest:
        yield ValidationError(f"{value!r} is not a multiple of {divisor!r}")


def check_answer(schema: Mapping[str, Any], text: str) -> CheckedAnswer:
    """Check an answer against a valid schema. Takes a while: call it in a thread."""
    try:
        value = decode(text)
    except RecursionError:
        return CheckedAnswer(None, (SchemaProblem("$", "not valid JSON: nested too deeply"),))
    except ValueError as error:
        return CheckedAnswer(None, (SchemaProblem("$", f"not valid JSON: {error}"),))
    try:
        problems = schema_problems(schema, value)
    except UnusableSchemaError as error:
        problems = (SchemaProblem("$", f"the schema cannot be used: {error}"),)
    return CheckedAnswer(None if problems else value, problems)
