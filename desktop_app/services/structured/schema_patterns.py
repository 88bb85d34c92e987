"""The patterns of schemas, which are regular expressions of ECMAScript with Unicode properties.

Python's `re` lacks \\p{L} and has no time limit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import regex
from jsonschema import FormatChecker, ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable

MATCH_TIMEOUT_S: Final = 1.0
"""The time limit of one match, in seconds."""
_MAX_ITEMS: Final = 20_000
"""The limit on characters and on `_count_items`; 20,000 items take 6 MB."""
_TOKEN: Final = re.compile(
    r"\\. | \[\^?\]?(?:\\.|[^]\\])*+(?:\]|\\?\Z) | \{(?P<count>\s*\d[\d\s]*)(?:,[\d\s]*)?\} | .",
    re.DOTALL | re.VERBOSE,
)


@lru_cache(maxsize=32)
def _compile(pattern: str) -> regex.Pattern[str]:
    """Compile a pattern. Raises ValueError if it is invalid or too large."""
    if len(pattern) > _MAX_ITEMS or _count_items(pattern) > _MAX_ITEMS:
        raise ValueError("the pattern is too large")
    try:
        return regex.compile(pattern, cache_pattern=False)
    except regex.error as error:
        raise ValueError(str(error)) from error


def _count_items(pattern: str) -> int:
    r"""Return the number of items of a compiled pattern; a{1000} compiles to 1,000 items.

    >>> _count_items(r"(\d{3}[()]){20}")
    80
    """
    counts = [0]  # of the pattern, then of each open group in the group before it
    last_count = 0  # of the last item or group, which a repetition repeats
    for token in _TOKEN.finditer(pattern):
        if token[0] == "(":
            counts.append(0)
        elif token[0] == ")" and len(counts) > 1:
            last_count = counts.pop()
            counts[-1] += last_count
        elif token["count"]:
            repetitions = max(1, int("".join(token["count"].split())))
            counts[-1] += last_count * (repetitions - 1)
            last_count *= repetitions
        else:
            last_count = 1
            counts[-1] += 1
    return sum(counts)


def _has_match(pattern: str, text: str) -> bool:
    return _compile(pattern).search(text, timeout=MATCH_TIMEOUT_S) is not None


def pattern_checker() -> FormatChecker:
    """Return a checker of the format "regex"."""
    checker = FormatChecker(())
    checker.checks("regex", raises=ValueError)(_is_pattern)
    return checker


def _is_pattern(value: object) -> bool:
    """Return True. Raises ValueError if `value` is a text that is not a valid pattern."""
    return not isinstance(value, str) or bool(_compile(value))


def _check_pattern(
    validator: Any, pattern: str, value: Any, _schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if not validator.is_type(value, "string"):
        return
    try:
        if not _has_match(pattern, value):
            yield ValidationError(f"{value!r} does not match {pattern!r}")
    except TimeoutError:
        yield ValidationError(f"matching {pattern!r} takes too long")


def _check_pattern_properties(
    validator: Any, patterns: Mapping[str, Any], value: Any, _schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if not validator.is_type(value, "object"):
        return
    for pattern, subschema in patterns.items():
        for key, member in value.items():
            try:
                if _has_match(pattern, key):
                    yield from validator.descend(member, subschema, path=key, schema_path=pattern)
            except TimeoutError:
                yield ValidationError(f"matching {pattern!r} takes too long")


def _check_additional_properties(
    validator: Any, subschema: Any, value: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if not validator.is_type(value, "object"):
        return
    properties = schema.get("properties", {})
    patterns = schema.get("patternProperties", {})
    try:
        extra_keys = [
            key
            for key in value
            if key not in properties and not any(_has_match(pattern, key) for pattern in patterns)
        ]
    except TimeoutError:
        return  # the check of the pattern itself reports that
    if subschema is False and extra_keys:
        names = ", ".join(map(repr, extra_keys))
        yield ValidationError(f"Additional properties are not allowed ({names} unexpected)")
    elif isinstance(subschema, Mapping):
        for key in extra_keys:
            yield from validator.descend(value[key], subschema, path=key)


PATTERN_KEYWORDS: Final[Mapping[str, Callable[..., Iterator[ValidationError]]]] = {
    "pattern": _check_pattern,
    "patternProperties": _check_pattern_properties,
    "additionalProperties": _check_additional_properties,
}
