"""Checks schemas, and checks values and answers against them (JSON Schema, draft 2020-12)."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, DecimalException
from functools import partial
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
MAX_SCHEMA_S: Final = 2.0
"""Seconds of processor time that the check of a schema may take. One of 100 KB takes 1 s."""
MAX_VALUE_S: Final = 30.0
"""Seconds of processor time that the check of a value may take.

Forty definitions that each refer to the next one twice would take forever.
"""
# Errors of the validator, for example if a reference leads to something that is not a schema.
_VALIDATOR_ERRORS: Final = (AttributeError, TypeError, ValueError, OverflowError, re.error)


class UnusableSchemaError(UserFacingError):
    """A schema that nothing can be checked against.

    Its reason is a `FormFault`, or the words of a library.
    """

    code = "unusable_schema"


class _TooSlowError(Exception):
    """A check has taken too long."""


class _TimeLimit:
    """A limit on the processor time of this thread, from now on.

    Nobody can end a thread from outside, and the program's exit waits for its threads.
    """

    def __init__(self, seconds: float) -> None:
        self._deadline = time.thread_time() + seconds

    def require_time(self) -> None:
        """Raise _TooSlowError if the time is over."""
        if time.thread_time() > self._deadline:
            raise _TooSlowError

    def limit_keyword(self, check: Callable[..., Any]) -> Callable[..., Any]:
        """Return a keyword's check that raises _TooSlowError once the time is over."""

        def limited(*arguments: Any) -> Any:
            self.require_time()
            return check(*arguments)

        return limited


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
    validator_class = _validator_class(_TimeLimit(MAX_SCHEMA_S))
    # Without the format checker, an unusable regular expression would be noticed only when an
    # answer is checked.
    validator = validator_class(Draft202012Validator.META_SCHEMA, format_checker=pattern_checker())
    try:
        mismatch = best_match(validator.iter_errors(schema))
    except RecursionError as error:
        raise UnusableSchemaError(FormFault.ENDLESS) from error
    except _TooSlowError as error:
        raise UnusableSchemaError(FormFault.TOO_SLOW) from error
    except (SchemaError, OverflowError) as error:
        raise UnusableSchemaError(type(error).__name__) from error
    if mismatch is not None:
        raise UnusableSchemaError(f"{mismatch.json_path}: {mismatch.message[:_MAX_REASON_CHARS]}")
    _require_references(schema)
    schema_problems(schema, None, MAX_SCHEMA_S)  # finds references that go in circles
    return schema


def _validator_class(
    limit: _TimeLimit, own_checks: Mapping[str, Callable[..., Any]] | None = None
) -> Any:
    """Return a class of validators with a time limit.

    Args:
        own_checks: by keyword, in place of the library's.
    """
    from jsonschema import Draft202012Validator, validators

    unique = partial(_unique_items, limit)
    checks = {**Draft202012Validator.VALIDATORS, "uniqueItems": unique, **(own_checks or {})}
    limited_checks = {name: limit.limit_keyword(check) for name, check in checks.items()}
    validator_class: Any = validators.extend(Draft202012Validator, limited_checks)
    attributes = [
        (attribute.name, attribute.alias)
        for attribute in validator_class.__attrs_attrs__
        if attribute.init
    ]

    def evolve(validator: Any, **changes: Any) -> Any:
        values = {alias: getattr(validator, name) for name, alias in attributes}
        return validator_class(**{**values, **changes})

    # The library's `evolve` would take a class without the limit for a part of the schema that has
    # "$schema".
    validator_class.evolve = evolve
    return validator_class


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
        pending = [(root, SPECIFICATIONS.resolver_with_root(root))]
        while pending:
            resource, resolver = pending.pop()
            if isinstance(resource.contents, Mapping):
                for key in ("$ref", "$dynamicRef"):
                    if key in resource.contents:
                        reference = resource.contents[key]
                        resolver.lookup(reference)
            inner = resource.subresources()
            pending += [
                (subresource, resolver.in_subresource(subresource)) for subresource in inner
            ]
    # ValueError: a malformed address, or a word as the index of a list.
    except (Unresolvable, ValueError) as error:
        raise _unresolvable_error(reference) from error


def _unresolvable_error(reference: str) -> UnusableSchemaError:
    shortened = reference[:_MAX_REASON_CHARS]
    return UnusableSchemaError(FormFault.LEADS_NOWHERE, reference=shortened)


def schema_problems(
    schema: Mapping[str, Any] | bool, value: Any, limit_s: float = MAX_VALUE_S
) -> tuple[SchemaProblem, ...]:
    """Return up to _MAX_PROBLEMS reasons why a value does not match; () if it does.

    Args:
        limit_s: the processor time that the check may take, in seconds.

    Raises:
        UnusableSchemaError: also if the check takes too long.
    """
    from jsonschema import SchemaError
    from jsonschema.exceptions import UnknownType
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    from desktop_app.services.structured.schema_patterns import PATTERN_KEYWORDS

    # An empty registry: a reference to an address must not be fetched.
    own_checks = {"multipleOf": _multiple_of, **PATTERN_KEYWORDS}
    validator = _validator_class(_TimeLimit(limit_s), own_checks)(schema, registry=Registry())
    problems: list[SchemaProblem] = []
    try:
        for error in validator.iter_errors(value):
            problems.append(SchemaProblem(error.json_path, error.message[:_MAX_REASON_CHARS]))
            if len(problems) == _MAX_PROBLEMS:
                break
    except Unresolvable as error:
        raise _unresolvable_error(error.ref) from error
    except RecursionError as error:
        raise UnusableSchemaError(FormFault.ENDLESS) from error
    except _TooSlowError as error:
        raise UnusableSchemaError(FormFault.TOO_SLOW) from error
    except (SchemaError, UnknownType, *_VALIDATOR_ERRORS) as error:
        raise UnusableSchemaError(type(error).__name__) from error
    return tuple(problems)


def _unique_items(
    limit: _TimeLimit, validator: Any, is_unique: bool, value: Any, _schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """Check that items are unique. The library compares each with all others."""
    from jsonschema import ValidationError

    if not is_unique or not validator.is_type(value, "array"):
        return
    identities: set[Hashable] = set()
    for item in value:
        limit.require_time()  # numbers may be chosen so that all have the same hash
        identities.add(_identity(item))
    if len(identities) < len(value):
        yield ValidationError(f"{value!r} has non-unique elements")


def _identity(value: Any) -> Hashable:
    """Return a value that is equal only for the same JSON value: 1 is 1.0, but not true."""
    if isinstance(value, dict):
        return frozenset((name, _identity(member)) for name, member in value.items())
    if isinstance(value, list):
        return tuple(map(_identity, value))
    return isinstance(value, bool), value


def _multiple_of(
    validator: Any, divisor: Any, value: Any, _schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """Check multiples by decimal digits: as binary fractions, 0.07 is not a multiple of 0.01."""
    from jsonschema import ValidationError

    if not validator.is_type(value, "number"):
        return
    remainder: int | Decimal
    try:
        if isinstance(value, int) and isinstance(divisor, int):  # of any number of digits
            remainder = value % divisor
        else:
            remainder = Context(prec=_MAX_DIGITS).remainder(
                Decimal(repr(value)), Decimal(repr(divisor))
            )
    except (DecimalException, ZeroDivisionError):  # DecimalException: also of an infinite value
        remainder = 1
    if remainder:
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
