"""Reads and validates the arguments of a call."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from desktop_app.domain.tools.tool import ToolDefinition, ToolError

LONGEST_ARGUMENTS: Final = 1 << 20
"""Characters."""
_MOST_PROBLEMS: Final = 5
_LONGEST_PROBLEM: Final = 300


def parse_arguments(tool: ToolDefinition, text: str) -> Any:
    """Return the arguments of a call: an object, or the text for a custom tool.

    Takes a while for long arguments: call it in a thread.

    Raises:
        ToolError: they are not what the tool takes, in words for the model.
    """
    if len(text) > LONGEST_ARGUMENTS:
        raise ToolError(f"The arguments are longer than {LONGEST_ARGUMENTS} characters.")
    if tool.is_custom:
        return text
    try:
        arguments = json.loads(text or "{}", parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as exc:
        raise ToolError(f"The arguments are not valid JSON: {exc}") from exc
    if not isinstance(arguments, dict):
        raise ToolError("The arguments are not a JSON object.")
    problems = _problems(tool.parameters, arguments, is_foreign=bool(tool.source))
    if problems:
        raise ToolError("The arguments do not match the schema:\n" + "\n".join(problems))
    return arguments


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _problems(schema: Mapping[str, Any], value: Any, *, is_foreign: bool) -> list[str]:
    # Takes 60 ms, and most answers call no tool.
    from jsonschema import Draft202012Validator, SchemaError
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    # A server's pattern could keep Python's matcher busy for years.
    checked = _without_patterns(schema) if is_foreign else dict(schema)
    # An empty registry: a reference to an address must not be fetched.
    validator = Draft202012Validator(checked, registry=Registry())
    problems: list[str] = []
    try:
        for error in validator.iter_errors(value):
            problems.append(f"{error.json_path}: {error.message[:_LONGEST_PROBLEM]}")
            if len(problems) == _MOST_PROBLEMS:
                break
    except (SchemaError, Unresolvable, RecursionError, TypeError, ValueError) as exc:
        raise ToolError(f"The tool’s schema cannot be used: {type(exc).__name__}") from exc
    return problems


def _without_patterns(schema: Any) -> Any:
    if isinstance(schema, Mapping):
        left_out = ("pattern", "patternProperties")
        return {
            key: _without_patterns(value)
            for key, value in schema.items()
            if key not in left_out or (key == "pattern" and not isinstance(value, str))
        }
    if isinstance(schema, list):
        return [_without_patterns(each) for each in schema]
    return schema
