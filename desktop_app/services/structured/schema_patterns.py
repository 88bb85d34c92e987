"""The patterns of schemas, which are regular expressions of ECMAScript with Unicode properties.

Python's `re` lacks \\p{L} and has no time limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import regex
from jsonschema import FormatChecker, ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable

MATCH_S: Final = 1.0
"""The time that one match may take."""


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> regex.Pattern[str]:
    try:
        return regex.compile(pattern)
    except regex.error as error:
        raise ValueError(str(error)) from error


def _is_found(pattern: str, text: str) -> bool:
    return _compiled(pattern).search(text, timeout=MATCH_S) is not None


def pattern_checker() -> FormatChecker:
    """Return a checker of the format "regex"."""
    checker = FormatChecker(())

    checker.checks("regex", raises=ValueError)(_is_pattern)
    return checker


def _is_pattern(value: object) -> bool:
    """Return True unless `value` is an invalid pattern, for which ValueError is raised."""
    return not isinstance(value, str) or bool(_compiled(value))


def _pattern(
    validator: Any, pattern: str, value: Any, _schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if not validator.is_type(value, "string"):
        return
    try:
        if not _is_found(pattern, value):
            yield ValidationError(f"{value!r} does not match {pattern!r}")
    except TimeoutError:
        yield ValidationError(f"matching {pattern!r} takes too long")


def _pattern_properties(
    validator: Any, patterns: Mapping[str, Any], value: Any, _schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if not validator.is_type(value, "object"):
        return
    for pattern, below in patterns.items():
        for key, each in value.items():
            try:
                if _is_found(pattern, key):
                    yield from validator.descend(each, below, path=key, schema_path=pattern)
            except TimeoutError:
                yield ValidationError(f"matching {pattern!r} takes too long")


def _additional_properties(
    validator: Any, below: Any, value: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if not validator.is_type(value, "object"):
        return
    named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    try:
        others = [
            key
            for key in value
            if key not in named and not any(_is_found(pattern, key) for pattern in patterns)
        ]
    except TimeoutError:
        return  # the pattern's own check says so
    if below is False and others:
        names = ", ".join(map(repr, others))
        yield ValidationError(f"Additional properties are not allowed ({names} unexpected)")
    elif isinstance(below, Mapping):
        for key in others:
            yield from validator.descend(value[key], below, path=key)


PATTERN_KEYWORDS: Final[Mapping[str, Callable[..., Iterator[ValidationError]]]] = {
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
}
