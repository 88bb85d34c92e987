"""Reads and validates the arguments of a call."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from desktop_app.domain.tools.tool import ToolDefinition, ToolError
from desktop_app.services.structured.schema_check import UnusableSchemaError, schema_problems

LONGEST_ARGUMENTS: Final = 1 << 20
"""Characters."""


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
    # A server's pattern could keep Python's matcher busy for years.
    checked = _without_patterns(schema) if is_foreign else dict(schema)
    try:
        problems = schema_problems(checked, value)
    except UnusableSchemaError as exc:
        raise ToolError(f"The tool’s schema cannot be used: {exc}") from exc
    return [f"{problem.path}: {problem.reason}" for problem in problems]


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
